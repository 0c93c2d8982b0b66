"""What machines do at their start: scripts that are sound, and that run in a Debian root as far as they can without AWS."""

import base64
import hashlib
import json
import subprocess

import pytest
import yaml

from deploy.aws.machines import environment
from tests.support.machine import ROOT, need

MACHINES = ROOT / "deploy" / "aws" / "machines"
SCRIPTS = sorted(path.name for path in MACHINES.glob("*.sh"))


@pytest.mark.parametrize("name", SCRIPTS)
def test_a_script_is_sound_for_shellcheck(name):
    need("shellcheck")
    script = f"deploy/aws/machines/{name}"
    done = subprocess.run(["shellcheck", "-x", script], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


@pytest.mark.slow
def test_every_machine_has_a_script_of_its_name(templates):
    """tarmac-start runs the script that the machine is named after."""
    names = {name for template in templates.values() for name in template.names("EC2::Instance")}
    assert names == set(SCRIPTS_OF_MACHINES)
    for name in names:
        assert (MACHINES / f"{name}.sh").stat().st_mode & 0o111


SCRIPTS_OF_MACHINES = {name.removesuffix(".sh") for name in SCRIPTS} - {"boot", "common"}

MACHINE = {
    "TARMAC_BUCKET": "lake",
    "AWS_DEFAULT_REGION": "us-east-1",
    "AIRFLOW_ADDRESS": "203.0.113.9/airflow",
    "SUPERSET_ADDRESS": "203.0.113.9/dashboards",
    "DATABASE_HOST": "database-ml.example",
    "DATABASE_AUTHORITY": "/etc/tarmac/public/rds.pem",
    "SECRET_DATABASE_MASTER": "arn:…:rds!db",
}
SECRETS = {
    "SECRET_AIRFLOW_KEYS": "a" * 64,
    "SECRET_AIRFLOW_ADMIN": "airflow-admin",
    "SECRET_SUPERSET_KEYS": "s" * 64,
    "SECRET_SUPERSET_ADMIN": "superset-admin",
    "SECRET_DATABASE_MASTER": json.dumps({"username": "postgres", "password": "any'thing\\"}),
    **{
        f"SECRET_DATABASE_{name.upper()}": json.dumps({"username": name, "password": f"pw-{name}"})
        for name in environment.USERS
    },
}


def test_superset_reads_the_results_as_the_dashboards_user_and_owns_its_own_database():
    values = environment.superset(MACHINE, SECRETS.__getitem__)
    tls = "sslmode=verify-full&sslrootcert=/etc/tarmac/public/rds.pem"
    assert values["SUPERSET_WAREHOUSE_URL"] == (
        f"postgresql://tarmac_dashboards:pw-tarmac_dashboards@database-ml.example:5432/tarmac?{tls}"
    )
    assert (
        values["SUPERSET_METADATA_URL"] == f"postgresql://superset:pw-superset@database-ml.example:5432/superset?{tls}"
    )
    assert values["SUPERSET_APP_ROOT"] == "/dashboards"


def test_superset_on_a_host_of_its_own_is_at_its_root():
    values = environment.superset(MACHINE | {"SUPERSET_ADDRESS": "superset.example.com"}, SECRETS.__getitem__)
    assert values["SUPERSET_APP_ROOT"] == "/"


def without_rds(machine: dict[str, str]) -> dict[str, str]:
    given = {
        name: value for name, value in machine.items() if name not in ("SECRET_DATABASE_MASTER", "DATABASE_AUTHORITY")
    }
    return given | {"DATABASE_HOST": "127.0.0.1"}


def test_airflows_secrets_are_the_files_that_compose_names():
    """One left out would stop every container."""
    compose = ROOT / "deploy" / "compose" / "compose.yaml"
    named = set(yaml.safe_load(compose.read_text(encoding="utf-8"))["secrets"])
    assert set(environment.airflow(MACHINE, SECRETS.__getitem__)) == named


def test_airflows_keys_are_derived_from_one_secret_and_none_gives_another():
    """Fernet wants 32 bytes in base64; the same secret gives the same keys at every start."""
    values = environment.airflow(MACHINE, SECRETS.__getitem__)
    keys = [values[name] for name in ("fernet_key", "api_secret_key", "jwt_secret", "postgres_password")]
    assert len(set(keys)) == 4
    assert len(base64.urlsafe_b64decode(keys[0])) == 32
    assert values == environment.airflow(MACHINE, SECRETS.__getitem__)
    assert not {hashlib.sha256(b"a" * 64).hexdigest(), "a" * 64} & set(keys)


def test_results_go_to_rds_by_a_checked_way():
    values = environment.airflow(MACHINE, SECRETS.__getitem__)
    tls = "sslmode=verify-full&sslrootcert=/etc/tarmac/public/rds.pem"
    assert values["warehouse_url"] == f"postgresql://tarmac:pw-tarmac@database-ml.example:5432/tarmac?{tls}"


def test_without_rds_the_results_are_in_airflows_own_postgres_and_its_owner_makes_the_users():
    machine = without_rds(MACHINE)
    values, given = (
        environment.airflow(machine, SECRETS.__getitem__),
        environment.database(machine, SECRETS.__getitem__),
    )
    assert values["postgres_password"] == "pw-tarmac"
    assert values["warehouse_url"] == "postgresql://tarmac:pw-tarmac@postgres:5432/tarmac?sslmode=disable"
    assert given["connection"] == {"host": "127.0.0.1", "sslmode": "disable"}
    assert given["master"] == {"username": "tarmac", "password": "pw-tarmac"}


def test_with_rds_the_master_is_what_its_secret_says():
    """Its password may hold any character: it goes as JSON, never as a line."""
    given = environment.database(MACHINE, SECRETS.__getitem__)
    assert given["master"] == {"username": "postgres", "password": "any'thing\\"}
    assert set(given["users"]) == set(environment.USERS)


@pytest.mark.parametrize("value", ['with"quote', "with$dollar", "with`tick", "back\\slash", "line\nbreak"])
def test_a_value_that_an_environment_file_cannot_hold_is_refused(value):
    with pytest.raises(ValueError, match="NAME holds a character that an environment file cannot"):
        environment.to_line("NAME", value)


def test_a_line_means_the_same_to_a_shell(tmp_path):
    """The URL holds ? and &, which a shell would take for its own."""
    url = environment.superset(MACHINE, SECRETS.__getitem__)["SUPERSET_WAREHOUSE_URL"]
    file = tmp_path / "lines.env"
    file.write_text(environment.to_line("URL", url), encoding="utf-8")
    said = subprocess.run(["sh", "-c", f'. {file} && printf %s "$URL"'], capture_output=True, text=True, check=True)
    assert said.stdout == url
