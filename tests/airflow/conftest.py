"""A real Airflow for the tests of the DAGs, without its servers: its own home, database, S3, warehouse and mail server."""

import json
import os
import shutil
import tempfile
import uuid
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.airflow_deployment import DAGS, Deployment, Mailbox, supervised
from tests.support.ports import free_port
from tests.support.s3_server import S3Server, empty_bucket

if TYPE_CHECKING:
    from airflow.models.dagrun import DagRun

HOME = Path(tempfile.mkdtemp(prefix="tarmac-airflow-test-"))

# Airflow reads its settings when it is imported, which no module here does at its top.
os.environ |= {
    "AIRFLOW_HOME": str(HOME),
    "AIRFLOW__CORE__DAGS_FOLDER": str(DAGS),
    "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
    "AIRFLOW__CORE__UNIT_TEST_MODE": "False",
    "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{HOME}/airflow.db",
    "AIRFLOW__API__BASE_URL": "http://airflow.test",
    "AIRFLOW__API_AUTH__JWT_SECRET": "of these tests alone",
    "AIRFLOW__LOGGING__LOGGING_LEVEL": "WARNING",
    "AWS_EC2_METADATA_DISABLED": "true",
    "AWS_CONFIG_FILE": str(HOME / "none"),
    "AWS_SHARED_CREDENTIALS_FILE": str(HOME / "none"),
}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Airflow and its providers warn of much that is not ours to mend."""
    for item in items:
        item.add_marker(pytest.mark.filterwarnings("default"))


def pytest_unconfigure() -> None:
    """Leave nothing behind."""
    shutil.rmtree(HOME, ignore_errors=True)


@pytest.fixture(scope="session")
def metadata() -> None:
    """Airflow's own database, empty and migrated."""
    from airflow.utils.db import initdb

    initdb()


@pytest.fixture(scope="session")
def dags() -> dict[str, Any]:
    """All DAGs by their id, as Airflow finds them in the folder."""
    return _parsed()


# Anew for each test: what a run in this process is asked for stays in its DAG's params, for the next run as well.
@pytest.fixture
def hasty_dags() -> dict[str, Any]:
    """The same, but that their tasks' tries do not wait minutes for each other; the rest of the policy is as it is."""
    found = _parsed()
    for task in (task for dag in found.values() for task in dag.tasks):
        settings = task.partial_kwargs if task.is_mapped else vars(task)
        settings |= {"retry_delay": timedelta(0), "retry_exponential_backoff": 0}
    return found


def _parsed() -> dict[str, Any]:
    from airflow.dag_processing.dagbag import BundleDagBag

    bag = BundleDagBag(dag_folder=DAGS, bundle_path=DAGS, bundle_name="dags-folder")
    assert bag.import_errors == {}
    return dict(bag.dags)


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """The URL of a Postgres server of our own."""
    from tarmac.warehouse.embedded import embedded_server

    with tempfile.TemporaryDirectory(prefix="tarmac-test-") as home, embedded_server(Path(home)) as url:
        yield url


@pytest.fixture
def mailbox(monkeypatch: pytest.MonkeyPatch) -> Iterator[Mailbox]:
    """An SMTP server that keeps what it is given, as the connection smtp_default."""
    from aiosmtpd.controller import Controller

    box = Mailbox()
    port = free_port()
    controller = Controller(box, hostname="127.0.0.1", port=port, ready_timeout=60)
    controller.start()
    monkeypatch.setenv(
        "AIRFLOW_CONN_SMTP_DEFAULT",
        json.dumps(
            {
                "conn_type": "smtp",
                "host": "127.0.0.1",
                "port": port,
                "extra": {"disable_ssl": True, "disable_tls": True, "from_email": "airflow@tarmac.test"},
            }
        ),
    )
    yield box
    controller.stop()


@pytest.fixture
def deployment(
    s3_server: S3Server, postgres: str, metadata: None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Iterator[Deployment]:
    """An empty lake and warehouse of the test's own, told to Airflow as an operator would: by variables and connections."""
    import boto3
    import psycopg

    name = f"test_{uuid.uuid4().hex}"
    keys = (s3_server.access_key, s3_server.secret_key)
    s3 = boto3.client(
        "s3",
        endpoint_url=s3_server.url,
        region_name="us-east-1",
        aws_access_key_id=keys[0],
        aws_secret_access_key=keys[1],
    )
    for variable, value in _settings(s3_server, postgres, name, tmp_path / "scratch").items():
        monkeypatch.setenv(variable, value)
    with psycopg.connect(postgres, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
        s3.create_bucket(Bucket="lake")
        yield Deployment(s3=s3, warehouse=postgres.replace("/postgres?", f"/{name}?"), scratch=tmp_path / "scratch")
        empty_bucket(s3, "lake")
        s3.delete_bucket(Bucket="lake")
        s3.close()
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


def _settings(server: S3Server, postgres: str, database: str, scratch: Path) -> dict[str, str]:
    import psycopg

    s3 = {
        "conn_type": "aws",
        "login": server.access_key,
        "password": server.secret_key,
        "extra": {"endpoint_url": server.url, "region_name": "us-east-1"},
    }
    host = psycopg.conninfo.conninfo_to_dict(postgres)["host"]
    warehouse = {"conn_type": "postgres", "host": host, "login": "postgres", "schema": database}
    return {
        "AIRFLOW_CONN_S3_CONN": json.dumps(s3),
        "AIRFLOW_CONN_POSTGRES_CONN": json.dumps(warehouse),
        "AIRFLOW_VAR_DATA_LAKE_BUCKET": "lake",
        "AIRFLOW_VAR_LOCAL_PATH": str(scratch),
        "AIRFLOW_VAR_FAIL_EMAIL": "operator@tarmac.test",
        "AIRFLOW_VAR_LAST_YEAR": "2018",
    }


@pytest.fixture
def with_a_supervisor(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a DAG's callback ask for XComs, as it may in the dag processor: `dag.test` runs it without a supervisor."""
    from airflow.models.dagrun import DagRun

    own = DagRun.execute_dag_callbacks
    monkeypatch.setattr(DagRun, "execute_dag_callbacks", supervised()(own))


@pytest.fixture
def run_dag(hasty_dags: dict[str, Any], metadata: None, with_a_supervisor: None) -> Callable[..., "DagRun"]:
    """A function that runs a whole DAG once for the year's date, in this process, and returns its run."""

    def run(dag_id: str, date: int, **conf: Any) -> "DagRun":
        return hasty_dags[dag_id].test(logical_date=datetime(date + 1, 1, 1, tzinfo=UTC), run_conf=conf)

    return run
