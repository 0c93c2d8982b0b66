"""One file has Airflow's settings; what runs Airflow adds to it only what its workspace decides."""

import json
import re
from pathlib import Path

import pytest

from deploy.airflow.connections import to_connections, without_keys
from deploy.airflow.preparing import to_commands, to_variables
from deploy.airflow.state import State
from deploy.airflow.workspace import ROOT, Workspace, read_shared_settings, to_environment

SHARED = ROOT / "deploy" / "airflow" / "settings.env"
OF_ITS_OWN = {"AIRFLOW__SCHEDULER__SCHEDULER_HEALTH_CHECK_SERVER_PORT"}
"""What the local stack alone decides: several may run on one machine."""


def announced() -> set[str]:
    """What settings.env says that each workspace adds."""
    return set(re.findall(r"^#   (AIRFLOW\w+)", SHARED.read_text(encoding="utf-8"), flags=re.MULTILINE))


def test_the_local_stack_adds_only_what_the_settings_file_announces(tmp_path: Path) -> None:
    """So whoever reads the file knows all of it."""
    workspace = Workspace(home=tmp_path, lake=str(tmp_path), environment={})
    given = to_environment(workspace, State(folder=tmp_path), "postgresql://postgres@/postgres?host=/tmp")
    ours = {name for name in given if name.startswith("AIRFLOW")}
    assert ours == set(read_shared_settings()) | announced() | OF_ITS_OWN


def test_the_settings_file_holds_no_secret_and_no_setting_of_a_place() -> None:
    """It is committed, and the same everywhere."""
    assert not set(read_shared_settings()) & announced()
    assert not [name for name in read_shared_settings() if re.search("SECRET|PASSWORD|_KEY$|_CONN$", name)]


def test_keys_of_aws_go_into_the_connection_and_nowhere_else() -> None:
    """A process's variables can be read by whoever can read its log of a crash; a connection is encrypted."""
    given = {"AWS_ACCESS_KEY_ID": "who", "AWS_SECRET_ACCESS_KEY": "what", "AWS_ENDPOINT_URL": "http://s3", "HOME": "/"}
    connection = to_connections("s3://lake", "postgresql://u:p%40w@db:5433/flights?sslmode=require", given)
    assert (connection["s3_conn"]["login"], connection["s3_conn"]["password"]) == ("who", "what")
    assert without_keys(given) == {"AWS_ENDPOINT_URL": "http://s3", "HOME": "/"}


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("postgresql://u:p%40w@db:5433/flights", {"host": "db", "port": 5433, "login": "u", "password": "p@w"}),
        ("postgresql://postgres@/postgres?host=%2Ftmp%2Fdata", {"host": "/tmp/data", "login": "postgres"}),
    ],
)
def test_a_warehouse_url_becomes_the_fields_of_a_connection(url: str, expected: dict[str, object]) -> None:
    """Percent-encoded parts are decoded, and a socket's folder is a host."""
    assert expected.items() <= to_connections("/lake", url, {})["postgres_conn"].items()


def test_variables_of_spark_are_written_where_they_are_given_and_left_alone_elsewhere(tmp_path: Path) -> None:
    """An empty one would overwrite what an operator has set; the DAG reads these very names."""
    given = {"TARMAC_EMR_APPLICATION": "00f", "TARMAC_EMR_ROLE": "arn:r", "TARMAC_EMR_ARTIFACTS": "s3://lake/x"}
    always = {"data_lake_bucket": "s3://lake", "local_path": str(tmp_path)}
    spark = {"emr_application": "00f", "emr_role": "arn:r", "emr_artifacts": "s3://lake/x"}
    assert to_variables("s3://lake", tmp_path, given) == always | spark
    assert to_variables("s3://lake", tmp_path, dict.fromkeys(given, "")) == always
    assert to_variables("s3://lake", tmp_path, {}) == always
    known = json.loads((ROOT / "airflow" / "variables.json").read_text(encoding="utf-8"))
    assert set(spark) <= set(known)


def test_what_a_place_decides_is_written_after_the_defaults_that_leave_changes_alone(tmp_path: Path) -> None:
    """A user is made where there is none; a password that begins with a dash is one word with its option."""
    connections = {"postgres_conn": {"conn_type": "postgres"}}
    ours = {"data_lake_bucket": "s3://lake"}
    given = {"variables": ours, "connections": connections}
    commands = to_commands(tmp_path, defaults=Path("/defaults.json"), new_password="-secret", **given)
    assert [command[:2] for command in commands] == [
        ["db", "migrate"],
        ["users", "create"],
        ["variables", "import"],
        ["variables", "import"],
        ["connections", "import"],
    ]
    assert "--password=-secret" in commands[1]
    assert commands[2][2:] == ["--action-on-existing-key", "skip", "/defaults.json"]
    assert [json.loads(Path(command[-1]).read_text()) for command in commands[3:]] == [ours, connections]
    again = to_commands(tmp_path, defaults=None, new_password=None, **given)
    assert again == [commands[0], *commands[3:]]
