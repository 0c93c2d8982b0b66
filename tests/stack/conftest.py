"""One running Airflow for all tests of a session: Postgres, the four services, S3, and three simulated years in bronze."""

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import boto3
import pytest

from deploy.airflow.preparing import ADMIN
from deploy.airflow.stack import AirflowStack
from deploy.airflow.workspace import Workspace
from tests.support.airflow_api import AirflowApi, wait_until
from tests.support.machine import need_environment
from tests.support.ports import free_port
from tests.support.s3_server import S3Server
from tests.support.stack_sites import YEARS, Site, make_bronze, run_undisturbed

QUICK = {
    # What an operator waits for in minutes, a test waits for in seconds.
    "AIRFLOW__CORE__MAX_TASK_RETRY_DELAY": "1",
    "AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT": "30",
    "AIRFLOW__SCHEDULER__SCHEDULER_IDLE_SLEEP_TIME": "0.2",
    # The DAGs do not change while they are tested.
    "AIRFLOW__DAG_PROCESSOR__MIN_FILE_PROCESS_INTERVAL": "3600",
}


@pytest.fixture(scope="session")
def bronze(tmp_path_factory: pytest.TempPathFactory) -> dict[int, Path]:
    """A file of simulated flights for each year."""
    return make_bronze(tmp_path_factory.mktemp("bronze"))


@pytest.fixture(scope="session")
def undisturbed(bronze: dict[int, Path], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """What the command line makes of the same years, without Airflow, in a folder."""
    folder = tmp_path_factory.mktemp("undisturbed")
    with (
        tempfile.TemporaryDirectory(prefix="tarmac-test-") as home,
        run_undisturbed(bronze, folder, Path(home)) as site,
    ):
        yield site


@pytest.fixture(scope="session")
def site(s3_server: S3Server, bronze: dict[int, Path], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A bucket of our own with the years in bronze; its warehouse is a Postgres apart from Airflow's own."""
    keys = s3_server.environment(tmp_path_factory.mktemp("aws"))
    client = boto3.client(
        "s3",
        endpoint_url=s3_server.url,
        aws_access_key_id=s3_server.access_key,
        aws_secret_access_key=s3_server.secret_key,
        region_name="us-east-1",
    )
    client.create_bucket(Bucket="stack")
    for file in bronze.values():
        client.upload_file(str(file), "stack", f"01_bronze/{file.name}")
    with (
        tempfile.TemporaryDirectory(prefix="tarmac-test-") as home,
        Site.with_warehouse(Path(home), lake="s3://stack", environment=keys, client=client) as made,
    ):
        yield made
    client.close()


@pytest.fixture(scope="session")
def airflow() -> None:
    """Asked for first, so that a machine without Airflow makes no lake for it."""
    need_environment(".venv-airflow", "airflow")


@pytest.fixture(scope="session")
def stack(airflow: None, site: Site) -> Iterator[AirflowStack]:
    """Airflow from an empty metadata database; at the end none of its processes may be left."""
    with tempfile.TemporaryDirectory(prefix="tarmac-test-") as home:
        workspace = Workspace(
            home=Path(home),
            lake=site.lake,
            warehouse=site.warehouse,
            port=free_port(),
            environment={**os.environ, **site.environment, **QUICK},
        )
        stack = AirflowStack(workspace, print)
        with stack:
            yield stack
        assert stack.processes() == []


@pytest.fixture(scope="session")
def api(stack: AirflowStack) -> AirflowApi:
    """A session with its api-server."""
    return AirflowApi.sign_in(stack.url, ADMIN, stack.password)


@pytest.fixture(scope="session")
def catch_up(stack: AirflowStack, api: AirflowApi) -> dict[int, str]:
    """The first runs that catch-up made, by year, once those of our years and of the one after have ended."""
    wait_until(api.has_dag, "the DAG to be parsed")
    api.set_variable("last_year", str(max(YEARS)))
    api.pause(False)
    for ended in range(1, len(YEARS) + 2):
        wait_until(lambda count=ended: api.count_ended() >= count, f"the end of {ended} years")
    return {int(run["data_interval_start"][:4]): run["dag_run_id"] for run in api.runs()[: len(YEARS) + 1]}


@pytest.fixture(scope="session")
def backfilled(catch_up: dict[int, str]) -> dict[int, str]:
    """The runs of our years."""
    return {year: catch_up[year] for year in YEARS}
