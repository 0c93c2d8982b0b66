"""A year as a job of EMR Serverless: asked for once, found again. tests/airflow runs what is asked for."""

import importlib.util
import sys
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

import boto3
import pytest
from moto import mock_aws

from tarmac.errors import InputError

PATH = Path(__file__).resolve().parents[2] / "dags" / "tarmac_dags" / "emr.py"


def _load() -> ModuleType:
    # The DAGs' folder is not on this environment's path: the rest of it needs Airflow.
    spec = importlib.util.spec_from_file_location("dags_emr", PATH)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


emr = _load()


@pytest.fixture
def client(monkeypatch: pytest.MonkeyPatch) -> Any:
    """moto's EMR Serverless, which answers as the service does and runs nothing."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    with mock_aws():
        yield boto3.client("emr-serverless", region_name="us-east-1")


@pytest.fixture
def job(client: Any) -> Any:
    """A job on an application that has had another."""
    # moto knows no Spark 4, and lists no jobs of an application that never had one.
    application = client.create_application(name="tarmac", releaseLabel="emr-7.0.0", type="SPARK")["applicationId"]
    cluster = emr.Cluster(
        application=application, role="arn:aws:iam::123456789012:role/job", artifacts="s3://artifacts/1", executors=4
    )
    made = emr.Job(
        cluster=cluster, label="silver-gold-2009", arguments=("run", "--year=2009"), input="2009.csv etag", settings={}
    )
    client.start_job_run(**replace(made, label="another").request(0))
    return made


def start(client: Any, job: Any) -> str:
    found, stopped = emr.find(client, job)
    return str(found or client.start_job_run(**job.request(stopped))["jobRunId"])


def test_a_job_that_runs_or_has_succeeded_is_found_again(client: Any, job: Any) -> None:
    """By its name, which says the year and what is different about it."""
    assert emr.find(client, job) == (None, 0)
    assert start(client, job) == start(client, job)
    names = [run["name"] for run in client.list_job_runs(applicationId=job.cluster.application)["jobRuns"]]
    assert [name.startswith("tarmac-silver-gold-2009-") for name in names] == [False, True]


def test_other_arguments_or_another_input_are_another_job(client: Any, job: Any) -> None:
    """So a new bronze, or a plan that was read again, is worked at."""
    others = [replace(job, arguments=("run", "--year=2010")), replace(job, input="2009.csv another")]
    assert len({start(client, each) for each in (job, *others)}) == 3


def test_a_job_that_was_stopped_is_asked_for_anew(client: Any, job: Any) -> None:
    """With another token: the service answers a known one with the job that failed."""
    first = start(client, job)
    client.cancel_job_run(applicationId=job.cluster.application, jobRunId=first)
    assert job.request(0)["clientToken"] != job.request(1)["clientToken"]
    assert start(client, job) != first


def test_settings_go_to_the_driver_and_the_environment_to_all(client: Any, job: Any) -> None:
    """As the service's own names for them have it."""
    asked = replace(job, settings={"TARMAC_SILVER_FOLDER": "02"}).request(0)["jobDriver"]["sparkSubmit"]
    assert asked["entryPoint"] == "s3://artifacts/1/job.py"
    for each in (
        "spark.emr-serverless.driverEnv.TARMAC_SILVER_FOLDER=02",
        "spark.archives=s3://artifacts/1/environment.tar.gz#environment",
        "spark.executorEnv.PYSPARK_PYTHON=./environment/bin/python",
        "spark.dynamicAllocation.maxExecutors=4",
    ):
        assert f"--conf {each}" in asked["sparkSubmitParameters"]


def test_a_setting_with_a_blank_is_refused(job: Any) -> None:
    """The service would cut it there and take the rest for another word."""
    with pytest.raises(InputError, match=r"driverEnv.TARMAC_SILVER_FOLDER would be 'my silver'"):
        replace(job, settings={"TARMAC_SILVER_FOLDER": "my silver"}).request(0)
