"""The machines' scripts, run to their end in a throw-away Debian root, with moto for S3 and Secrets Manager.

The root is this machine's own below a layer in memory (or the one that TARMAC_DEBIAN_ROOT names, as debootstrap makes it): apt,
openssl and nginx are real. tests/aws/root/ says what is stood in for.
"""

import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import boto3
import pytest
from moto.server import ThreadedMotoServer

from deploy.aws.machines.environment import USERS
from tests.support.machine import need

ROOT = Path(__file__).resolve().parents[2]
INSIDE = Path(__file__).with_name("root")
MACHINES = {"airflow": "lab", "superset": "lab", "nginx": "lab", "bastion-host": "lab", "tarmac": "min"}
KEYS = {"aws_access_key_id": "key", "aws_secret_access_key": "secret", "region_name": "us-east-1"}

MOUNT = """set -e
mount -t tmpfs tmpfs "$1"
mkdir "$1/upper" "$1/work" "$1/root"
mount -t overlay overlay -o "lowerdir=$2,upperdir=$1/upper,workdir=$1/work" "$1/root"
mount -t proc proc "$1/root/proc"
mount --rbind /dev "$1/root/dev"
mount --bind "$3" "$1/root/mnt"
cp --dereference /etc/resolv.conf "$1/root/etc/resolv.conf"
exec chroot "$1/root" /bin/bash /mnt/inside.sh
"""

pytestmark = [pytest.mark.slow, pytest.mark.nightly]


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    """moto's server, where no test before left anything."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


def _given(reference: str) -> str:
    """What CloudFormation would put in a reference's place; a secret is found by its logical id."""
    known = {"AWS::Region": "us-east-1", "LakeBucket": "lake", "AddressesAddress": "203.0.113.9"}
    known |= {"SparkApplication": "00fexample", "SparkJobRole": "arn:aws:iam::123456789012:role/job"}
    return next((value for name, value in known.items() if reference.startswith(name)), reference)


def _user_data(templates, with_spark, folder: Path) -> set[str]:
    """Each machine's user data as a file, Airflow's with Spark; returns the names of the secrets that they know."""
    (folder / "user-data").mkdir()
    for machine, environment in MACHINES.items():
        template = with_spark.template(environment) if machine == "airflow" else templates[environment]
        script = template.user_data(machine)
        script = re.sub(r"<([A-Za-z0-9.:]+)>", lambda reference: _given(reference[1]), script)
        (folder / "user-data" / machine).write_text(script, encoding="utf-8")
    scripts = "".join(path.read_text(encoding="utf-8") for path in (folder / "user-data").iterdir())
    return set(re.findall(r"^SECRET_\w+=(\S+)$", scripts, re.MULTILINE))


def _fill(endpoint: str, secrets: set[str], archive: Path) -> None:
    s3 = boto3.client("s3", endpoint_url=endpoint, **KEYS)
    s3.create_bucket(Bucket="lake")
    s3.upload_file(str(archive), "lake", "releases/tarmac.tar.gz")
    manager = boto3.client("secretsmanager", endpoint_url=endpoint, **KEYS)
    for name in secrets:
        user = next(
            (user for user in USERS if re.search(rf"(Warehouse|Trial){user.replace('_', '')}[0-9A-F]{{8}}", name)), None
        )
        value = "airflow-admin-secret" if "airflowadmin" in name else f"{name}-secret"
        if user or "MasterUserSecret" in name:
            value = json.dumps({"username": user or "postgres", "password": f"pw{user}"})
        manager.create_secret(Name=name, SecretString="superset-admin-secret" if "supersetadmin" in name else value)


@pytest.fixture(scope="session")
def own_mounts() -> None:
    """Asked for first, and of the widest scope, so that nothing is synthesized in vain."""
    need("unshare")
    if os.geteuid() != 0:
        pytest.skip("needs root, which alone may mount")


@pytest.fixture(scope="module")
def ran(own_mounts, templates, with_spark, endpoint, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of what the scripts left behind."""
    folder, layer = tmp_path_factory.mktemp("exchange"), tmp_path_factory.mktemp("layer")
    archive = folder / "tarmac.tar.gz"
    subprocess.run(["make", "-s", "release", f"ARCHIVE={archive}"], cwd=ROOT, check=True, capture_output=True)
    _fill(endpoint, _user_data(templates, with_spark, folder), archive)
    shutil.copytree(INSIDE, folder, dirs_exist_ok=True)
    lower = os.environ.get("TARMAC_DEBIAN_ROOT", "/")
    own = ["unshare", "--mount", "--pid", "--fork", "--kill-child", "--propagation", "private"]
    if (
        subprocess.run([*own, "mount", "-t", "tmpfs", "tmpfs", str(layer)], check=False, capture_output=True).returncode
        != 0
    ):
        pytest.skip("needs the right to mount, which this container lacks")
    keys = {f"{name.upper()}": value for name, value in KEYS.items() if name != "region_name"}
    done = subprocess.run(
        [*own, "bash", "-c", MOUNT, "mount", str(layer), lower, str(folder)],
        env={"PATH": os.environ["PATH"], "HOME": "/root", "AWS_ENDPOINT_URL": endpoint, **keys},
        capture_output=True,
        text=True,
        check=False,
        timeout=900,
    )
    logs = "".join(f"--- {path.name}\n{path.read_text()}" for path in sorted(folder.glob("*.log")))
    assert done.returncode == 0, f"{done.stdout[-3000:]}\n{done.stderr[-3000:]}\n{logs[-6000:]}"
    return folder


def calls(ran: Path, machine: str) -> list[str]:
    text = (ran / "calls").read_text(encoding="utf-8")
    return text.partition(f"# {machine}\n")[2].partition("\n# ")[0].splitlines()


def test_user_data_installs_the_service_that_does_the_rest(ran):
    text = (ran / "calls").read_text(encoding="utf-8").partition("# airflow")[0]
    assert text.splitlines() == [
        "systemctl daemon-reload",
        "systemctl enable tarmac.service",
        "systemctl start --no-block tarmac.service",
    ]


def test_the_release_is_unpacked_once_for_all_starts(ran):
    """Five starts, one release."""
    [release] = (ran / "releases").read_text(encoding="utf-8").split()
    assert (ran / "current").read_text(encoding="utf-8").strip() == f"/opt/tarmac/releases/{release}"


def test_airflows_machine_makes_the_users_and_starts_the_containers(ran):
    said = calls(ran, "airflow")
    [users] = [line for line in said if line.startswith("docker run")]
    assert users.endswith("tarmac-airflow:local python /release/deploy/aws/machines/database_users.py")
    up = next(line for line in said if line.endswith("up --detach --remove-orphans --wait"))
    assert "--env-file /run/tarmac/compose.env" in up
    assert said.index(users) < said.index(up), "Airflow finds its users made"
    assert "systemctl start tarmac-metrics.timer" in said


def test_supersets_machine_prepares_and_starts_its_services(ran):
    said = calls(ran, "superset")
    assert [line for line in said if line.startswith("make") and ".venv-superset/.ready" in line]
    assert "systemctl restart superset-web superset-worker" in said


def test_nginx_speaks_to_both_applications_by_the_authorities_they_published(ran, endpoint):
    """nginx itself finds the configuration sound; the keys never left their machines."""
    configuration = (ran / "nginx.conf").read_text(encoding="utf-8")
    assert "server airflow.tarmac.internal:8080;" in configuration or "server 1" in configuration
    assert "systemctl reload-or-restart nginx" in calls(ran, "nginx")
    s3 = boto3.client("s3", endpoint_url=endpoint, **KEYS)
    kept = {one["Key"] for one in s3.list_objects_v2(Bucket="lake")["Contents"]}
    assert kept == {"certificates/airflow.crt", "certificates/superset.crt", "releases/tarmac.tar.gz"}
    for application in ("airflow", "superset"):
        text = s3.get_object(Bucket="lake", Key=f"certificates/{application}.crt")["Body"].read().decode()
        assert text.startswith("-----BEGIN CERTIFICATE-----")
        assert "PRIVATE" not in text


def test_the_one_machine_does_what_the_three_do(ran):
    said = calls(ran, "tarmac")
    order = ["systemctl restart superset-web superset-worker", "systemctl reload-or-restart nginx"]
    assert [line for line in said if line in order] == order
    assert [line for line in said if line.endswith("up --detach --remove-orphans --wait")]
    given = json.loads((ran / "docker-read").read_text(encoding="utf-8"))
    assert given["connection"] == {"host": "127.0.0.1", "sslmode": "disable"}
    assert set(given["users"]) == set(USERS)


def told_to_compose(ran: Path, machine: str) -> dict[str, str]:
    lines = (ran / f"compose-{machine}.env").read_text(encoding="utf-8").splitlines()
    return dict(line.split("=", 1) for line in lines)


def test_compose_is_told_where_jobs_run_and_nothing_where_there_is_no_spark(ran):
    """An empty value makes no variable of Airflow."""
    names = ("TARMAC_EMR_APPLICATION", "TARMAC_EMR_ROLE", "TARMAC_EMR_ARTIFACTS")
    told = {machine: [told_to_compose(ran, machine)[name] for name in names] for machine in ("airflow", "tarmac")}
    assert told == {
        "airflow": ["00fexample", "arn:aws:iam::123456789012:role/job", "s3://lake/releases/spark"],
        "tarmac": ["", "", ""],
    }


def test_what_compose_is_told_holds_addresses_and_no_secret(ran):
    told = told_to_compose(ran, "tarmac")
    assert told["AIRFLOW_BASE_URL"] == "https://203.0.113.9/airflow"
    assert (told["AIRFLOW_PATH"], told["TARMAC_LAKE"]) == ("/airflow", "s3://lake")
    assert int(told["TARMAC_UID"]) > 0


def test_secrets_are_root_s_in_memory_and_nowhere_on_the_disk(ran):
    """Neither in the values of the user data, nor in a file that stays."""
    modes = (ran / "modes").read_text(encoding="utf-8").splitlines()
    files = [
        "admin_password",
        "api_secret_key",
        "fernet_key",
        "jwt_secret",
        "metadata_url",
        "postgres_password",
        "warehouse_url",
    ]
    expected = [
        "compose.env 644 root",
        "metadata_url 600 root",
        "superset.env 600 root",
        *(f"{file} 400 tarmac" for file in files),
    ]
    assert sorted(modes) == sorted(expected)
    assert (ran / "leaks").read_text(encoding="utf-8") == ""
    for machine in MACHINES:
        values = (ran / f"machine-{machine}.env").read_text(encoding="utf-8")
        assert "-secret\n" not in values
        assert "pw" not in values
