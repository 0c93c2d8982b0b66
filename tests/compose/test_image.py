"""The image, as far as it can be had without an engine: what it copies is there and let in, and its parts work together."""

import fnmatch
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
import yaml
from cryptography.fernet import Fernet

from tarmac.warehouse.embedded import embedded_server
from tests.support.ports import free_port

ROOT = Path(__file__).resolve().parents[2]
HERE = ROOT / "deploy" / "compose"
PATIENCE = 600


def test_what_the_image_copies_is_there_and_let_in() -> None:
    """The list of what is let in is that of what is copied."""
    copied = [
        source
        for line in re.findall(r"^COPY (?!--from)(.+)$", (HERE / "Dockerfile").read_text(), flags=re.MULTILINE)
        for source in line.split()[:-1]
    ]
    let_in = [line[1:] for line in (HERE / "Dockerfile.dockerignore").read_text().splitlines() if line[0] == "!"]
    assert sorted(set(copied)) == sorted(let_in)
    tracked = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout.split()
    for source in copied:
        assert any(file == source or fnmatch.fnmatch(file, f"{source}/*") for file in tracked), source


def test_everything_in_the_image_is_checked_by_its_hash_and_nothing_runs_as_root() -> None:
    """And the installer is the one of the Makefile."""
    text = (HERE / "Dockerfile").read_text()
    assert "pip sync --python /opt/venv --require-hashes" in text
    assert re.findall(r"UV_VERSION=(\S+)", text) == re.findall(
        r"^UV_VERSION := (\S+)", (ROOT / "Makefile").read_text(), re.M
    )
    assert re.findall(r"^USER (\S+)", text, flags=re.MULTILINE) == ["50000:0"]


@pytest.mark.slow
def test_tarmac_is_built_from_what_the_image_is_given(tmp_path: Path) -> None:
    """Its wheel needs LICENSE, pyproject.toml, README.md and src alone, and holds the whole package."""
    for part in ("LICENSE", "pyproject.toml", "README.md"):
        shutil.copy(ROOT / part, tmp_path)
    # Whatever runs beside these tests may be writing bytecode: a file that is listed may be gone when it is read.
    shutil.copytree(ROOT / "src", tmp_path / "src", ignore=shutil.ignore_patterns("__pycache__"))
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", tmp_path / "out"],
        cwd=tmp_path, check=True, capture_output=True,
    )  # fmt: skip
    (wheel,) = (tmp_path / "out").glob("*.whl")
    inside = set(zipfile.ZipFile(wheel).namelist())
    modules = {str(file.relative_to(ROOT / "src")) for file in (ROOT / "src/tarmac").rglob("*.py")}
    assert modules <= inside


@pytest.mark.slow
@pytest.mark.nightly
def test_the_services_of_the_image_start_in_their_order_and_become_healthy(tmp_path: Path) -> None:
    """Their own commands and variables, in Airflow's environment instead of the image: prepare twice, then the api-server."""
    program = ROOT / ".venv-airflow/bin/python"
    subprocess.run(["make", "--quiet", ".venv-airflow/.ready"], cwd=ROOT, check=True)
    with tempfile.TemporaryDirectory(prefix="tarmac-test-") as home, embedded_server(Path(home)) as server:
        services, port = yaml.safe_load((HERE / "compose.yaml").read_text())["services"], free_port()
        environment = _environment(services["prepare"]["environment"], tmp_path, server, port)
        for _ in range(2):
            _prepare(program, environment, tmp_path)
        _assert_prepared(server, Fernet((tmp_path / "secrets/fernet_key").read_bytes()))
        healthy = [str(program), *services["api-server"]["healthcheck"]["test"][2:]]
        assert subprocess.run(healthy, env=environment, capture_output=True, check=False).returncode == 1
        command = [word if word != "8080" else str(port) for word in services["api-server"]["command"]]
        with _running([str(program.with_name(command[0])), *command[1:]], environment, tmp_path / "api-server.log"):
            limit = time.monotonic() + PATIENCE
            while subprocess.run(healthy, env=environment, capture_output=True, check=False).returncode:
                assert time.monotonic() < limit, (tmp_path / "api-server.log").read_text()[-2000:]
                time.sleep(0.5)
            scheduler = subprocess.run(
                [*healthy, "scheduler"], env=environment, capture_output=True, text=True, check=False
            )
            assert (scheduler.returncode, "scheduler: {" in scheduler.stderr) == (1, True)


def _environment(given: dict[str, str], folder: Path, server: str, port: int) -> dict[str, str]:
    """The container's variables, with this test's folder for /run/secrets and for what the image makes."""
    secrets = folder / "secrets"
    (folder / "compose").mkdir()
    subprocess.run(["cp", HERE / "make-secrets.sh", folder / "compose"], check=True)
    subprocess.run(["sh", folder / "compose/make-secrets.sh"], check=True, capture_output=True)
    (folder / "compose/secrets").rename(secrets)
    database = server.replace("//postgres@/postgres", "//postgres@/airflow")
    (secrets / "metadata_url").write_text(database.replace("postgresql:", "postgresql+psycopg2:"))
    (secrets / "warehouse_url").write_text(server.replace("//postgres@/postgres", "//postgres@/tarmac"))
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute("CREATE DATABASE airflow")
    settings = (ROOT / "deploy/airflow/settings.env").read_text().splitlines()
    shared = dict(line.split("=", 1) for line in settings if line and not line.startswith("#"))
    ours = {
        name: str(value).replace("/run/secrets", str(secrets))
        for name, value in given.items()
        if "${" not in str(value)
    }
    return (
        shared
        | ours
        | {
            "AIRFLOW__CORE__EXECUTION_API_SERVER_URL": f"http://127.0.0.1:{port}/execution/",
            "AIRFLOW__API__BASE_URL": f"http://127.0.0.1:{port}",
            "AIRFLOW_HOME": str(folder / "airflow"),
            "AIRFLOW__CORE__DAGS_FOLDER": str(ROOT / "dags"),
            "TARMAC_HOME": str(folder / "home"),
            "TARMAC_LAKE": "/lake",
            "TARMAC_EMR_APPLICATION": "00fexample",
            "TARMAC_EMR_ROLE": "",
            "PYTHONPATH": str(ROOT),
            "PATH": os.environ["PATH"],
            "HOME": str(folder),
        }
    )


def _prepare(program: Path, environment: dict[str, str], folder: Path) -> None:
    script = (
        "import os, sys; from pathlib import Path; from deploy.compose.prepare import prepare; "
        "sys.exit(prepare(Path(sys.argv[1]), os.environ))"
    )
    done = subprocess.run(
        [program, "-c", script, folder / "secrets"], env=environment, capture_output=True, text=True, check=False,
        timeout=PATIENCE,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]


def _assert_prepared(server: str, key: Fernet) -> None:
    with psycopg.connect(server.replace("//postgres@/postgres", "//postgres@/airflow")) as connection:
        assert connection.execute("SELECT username FROM ab_user").fetchall() == [("admin",)]
        assert connection.execute("SELECT conn_id FROM connection").fetchall() == [("postgres_conn",)]
        rows = connection.execute('SELECT "key", val FROM variable').fetchall()
    variables = {name: key.decrypt(value).decode() for name, value in rows}
    assert {"data_lake_bucket", "local_path", "last_year", "db_table"} <= set(variables)
    assert (variables["emr_application"], variables["emr_role"]) == ("00fexample", "")
    with psycopg.connect(server.replace("//postgres@/postgres", "//postgres@/tarmac")) as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)


@contextmanager
def _running(command: list[str], environment: dict[str, str], log: Path) -> Iterator[None]:
    """A server and its workers, gone after the block."""
    with log.open("wb") as out:
        server = subprocess.Popen(command, env=environment, stdout=out, stderr=out, start_new_session=True)
    try:
        yield
    finally:
        os.killpg(server.pid, 9)
        server.wait()
