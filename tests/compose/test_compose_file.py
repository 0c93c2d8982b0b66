"""The compose file as its own tool reads it: whole, pinned, in order, without a secret, and with the shared settings alone."""

import base64
import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.support.machine import ROOT, find, need

HERE = ROOT / "deploy" / "compose"
SERVICES = ("scheduler", "dag-processor", "triggerer")
"""Airflow's, after the api-server."""


@pytest.fixture(scope="module")
def compose() -> list[str]:
    """The command of whichever compose there is: the plugin, or Debian's docker-compose."""
    plugin = find("docker") and subprocess.run(["docker", "compose", "version"], capture_output=True, check=False)
    return ["docker", "compose"] if plugin and plugin.returncode == 0 else [need("docker-compose")]


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """The folder as an operator has it after the first two steps: with .env and secrets."""
    folder = Path(shutil.copytree(HERE, tmp_path / "deploy/compose"))
    (tmp_path / "deploy/airflow").mkdir()
    shutil.copy(ROOT / "deploy/airflow/settings.env", tmp_path / "deploy/airflow")
    example = (folder / ".env.example").read_text()
    (folder / ".env").write_text(example.replace("TARMAC_UID=\n", f"TARMAC_UID={os.getuid()}\n"))
    need("openssl")
    subprocess.run(["sh", folder / "make-secrets.sh"], check=True, capture_output=True)
    return folder


@pytest.fixture
def resolved(compose: list[str], copy: Path) -> dict[str, Any]:
    """The file as compose understands it, which also checks it against the specification's schema."""
    answer = _config(compose, copy)
    assert answer.returncode == 0, answer.stderr
    return dict(yaml.safe_load(answer.stdout))


def test_a_word_that_the_specification_does_not_know_is_refused(compose: list[str], copy: Path) -> None:
    """So the check above can fail."""
    file = copy / "compose.yaml"
    file.write_text(file.read_text().replace("    shm_size:", "    shm_sise:"))
    answer = _config(compose, copy)
    assert answer.returncode != 0
    assert "shm_sise" in answer.stderr


def test_without_env_it_says_what_to_set(compose: list[str], copy: Path) -> None:
    """Rather than run as somebody else."""
    (copy / ".env").unlink()
    answer = _config(compose, copy)
    assert answer.returncode != 0
    assert "Set TARMAC_UID in .env to the output of: id -u" in answer.stderr


def test_the_services_are_those_of_the_local_stack(resolved: dict[str, Any]) -> None:
    """No Redis, no worker, no Flower; `prepare` ends before the others start."""
    assert set(resolved["services"]) == {"postgres", "prepare", "api-server", *SERVICES}


def test_services_start_in_the_order_in_which_they_need_each_other(resolved: dict[str, Any]) -> None:
    """And each says by itself whether it is healthy."""
    waits = {name: _conditions(service) for name, service in resolved["services"].items()}
    healthy, ended = "service_healthy", "service_completed_successfully"
    assert waits["postgres"] == {}
    assert waits["prepare"] == {"postgres": healthy}
    assert waits["api-server"] == {"postgres": healthy, "prepare": ended}
    assert all(waits[name] == {"postgres": healthy, "prepare": ended, "api-server": healthy} for name in SERVICES)
    checked = {name for name, service in resolved["services"].items() if "healthcheck" in service}
    assert checked == set(resolved["services"]) - {"prepare"}


def test_every_airflow_service_has_the_shared_settings_and_adds_only_what_they_announce(
    resolved: dict[str, Any],
) -> None:
    """deploy/airflow/settings.env is the one source; secrets come by a command that reads a file."""
    text = (ROOT / "deploy/airflow/settings.env").read_text()
    shared = dict(line.split("=", 1) for line in text.splitlines() if line and not line.startswith("#"))
    announced = set(re.findall(r"^#   (AIRFLOW\w+)", text, flags=re.MULTILINE))
    # The image says these two itself.
    announced -= {"AIRFLOW_HOME", "AIRFLOW__CORE__DAGS_FOLDER"}
    for name in ("prepare", "api-server", *SERVICES):
        given = {key: str(value) for key, value in resolved["services"][name]["environment"].items()}
        assert shared.items() <= given.items()
        added = {key.removesuffix("_CMD") for key in set(given) - set(shared) if key.startswith("AIRFLOW")}
        assert added == announced


def test_no_secret_is_in_a_variable(resolved: dict[str, Any], copy: Path) -> None:
    """Every one is a file, and each service has those that it reads."""
    text = yaml.safe_dump(resolved)
    for file in (copy / "secrets").iterdir():
        assert file.read_text() not in text
    for name, service in resolved["services"].items():
        given = {secret["source"] if isinstance(secret, dict) else secret for secret in service.get("secrets", [])}
        read = set(re.findall(r"/run/secrets/(\w+)", str(service["environment"])))
        assert read <= given, name
        assert given - read <= ({"warehouse_url", "admin_password"} if name == "prepare" else set())


def test_where_jobs_on_spark_run_is_told_to_prepare_alone(compose: list[str], copy: Path) -> None:
    """It writes Airflow's variables of them; what .env leaves out is empty."""
    names = ["TARMAC_EMR_APPLICATION", "TARMAC_EMR_ARTIFACTS", "TARMAC_EMR_ROLE"]
    for given in (dict.fromkeys(names, ""), {name: f"s3://{name}/x:y" for name in names}):
        with (copy / ".env").open("a") as file:
            file.writelines(f"{name}={value}\n" for name, value in given.items() if value)
        answer = _config(compose, copy)
        told = {
            name: {key: value for key, value in service["environment"].items() if "EMR" in key}
            for name, service in yaml.safe_load(answer.stdout)["services"].items()
        }
        assert told.pop("prepare") == given
        assert not any(told.values())


def test_images_are_pinned_and_ports_are_this_machines_alone(resolved: dict[str, Any]) -> None:
    """Also the one from which Tarmac's image is built; that one is built here and never pulled."""
    images = {service["image"] for service in resolved["services"].values()}
    images |= set(re.findall(r"^FROM (\S+)", (HERE / "Dockerfile").read_text(), flags=re.MULTILINE))
    assert len(images) == 3
    images.remove("tarmac-airflow:local")
    assert all(re.search(r":\d+\.\d+(\.\d+)?(-[a-z-]+)?$", image) for image in images), images
    ports = [str(port) for service in resolved["services"].values() for port in service.get("ports", [])]
    assert len(ports) == 2
    assert all(port.startswith("127.0.0.1:") for port in ports)


def test_services_come_back_keep_few_logs_and_have_no_rights(resolved: dict[str, Any]) -> None:
    """What a machine that nobody watches needs."""
    for name, service in resolved["services"].items():
        assert service["restart"] == ("no" if name == "prepare" else "unless-stopped")
        assert service["logging"]["options"] == {"max-file": "5", "max-size": "10m"}
        assert service["security_opt"] == ["no-new-privileges:true"]
        if name != "postgres":
            assert service["cap_drop"] == ["ALL"]
            assert service["user"] == f"{os.getuid()}:0"


def test_secrets_are_made_once_for_their_owner_alone(copy: Path, resolved: dict[str, Any]) -> None:
    """Made again, they would lock everybody out of the database."""
    made = {file.name: file.read_text() for file in (copy / "secrets").iterdir()}
    assert set(made) == set(resolved["secrets"])
    assert {file.stat().st_mode & 0o777 for file in (copy / "secrets").iterdir()} == {0o600}
    assert len(set(made.values())) == len(made)
    assert len(base64.urlsafe_b64decode(made["fernet_key"])) == 32
    assert made["postgres_password"] in made["metadata_url"]
    again = subprocess.run(["sh", copy / "make-secrets.sh"], capture_output=True, text=True, check=False)
    assert again.returncode == 2
    assert "is there already" in again.stderr
    assert made == {file.name: file.read_text() for file in (copy / "secrets").iterdir()}


def _conditions(service: dict[str, Any]) -> dict[str, str]:
    return {name: how["condition"] for name, how in service.get("depends_on", {}).items()}


def _config(command: list[str], folder: Path) -> subprocess.CompletedProcess[str]:
    kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    return subprocess.run(
        [*command, "-f", "compose.yaml", "config"], cwd=folder, env=kept, capture_output=True, text=True, check=False
    )
