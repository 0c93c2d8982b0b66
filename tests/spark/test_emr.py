"""A year as a job of EMR Serverless: asked for once, and what is asked for is a command that runs."""

import importlib.util
import os
import shlex
import subprocess
import sys
import uuid
from pathlib import Path
from types import ModuleType
from typing import Any

import boto3
import polars as pl
import pyspark
import pytest
from moto import mock_aws

from flight_lines import flights, kaggle_csv
from tarmac.engines.java import find_java

ROOT = Path(__file__).resolve().parents[2]


def _load(name: str) -> ModuleType:
    path = ROOT / "deploy" / "spark" / f"{name}.py"
    spec = importlib.util.spec_from_file_location(f"deploy_spark_{name}", path)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


emr = _load("emr")
ROLE = "arn:aws:iam::123456789012:role/job"


@pytest.fixture
def client(monkeypatch: pytest.MonkeyPatch) -> Any:
    """moto's EMR Serverless, which answers as the service does and runs nothing."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    with mock_aws():
        yield boto3.client("emr-serverless", region_name="us-east-1")


def job_on(client: Any, **changed: Any) -> Any:
    """A job on a new application."""
    application = client.create_application(
        name="tarmac", releaseLabel="emr-7.0.0", type="SPARK"
    )  # moto knows no Spark 4
    # moto, unlike the service, lists no jobs of an application that never had one.
    another = {"clientToken": str(uuid.uuid4()), "executionRoleArn": ROLE, "name": "another"}
    client.start_job_run(applicationId=application["applicationId"], **another)
    usual = {"application": application["applicationId"], "role": ROLE}
    usual |= {"artifacts": "s3://artifacts/1", "lake": "s3://lake", "year": 2009, "run_id": "scheduled__2010-01-01"}
    return emr.Job(**usual | changed)


def test_a_caller_that_died_finds_its_job_again(client: Any) -> None:
    """It is not asked for a second time."""
    job = job_on(client)
    assert emr.start_or_find(client, job) == emr.start_or_find(client, job)
    runs = client.list_job_runs(applicationId=job.application)["jobRuns"]
    assert [run["name"] for run in runs].count(job.name) == 1


def test_another_run_or_year_is_another_job(client: Any) -> None:
    """Its name says so."""
    job = job_on(client)
    others = [job_on(client, application=job.application, **other) for other in ({"year": 2010}, {"run_id": "manual"})]
    assert len({emr.start_or_find(client, each) for each in (job, *others)}) == 3


def test_a_job_that_was_stopped_is_asked_for_anew(client: Any) -> None:
    """With another token: the service answers a known one with the job that failed."""
    job = job_on(client)
    first = emr.start_or_find(client, job)
    client.cancel_job_run(applicationId=job.application, jobRunId=first)
    assert job.request(0)["clientToken"] != job.request(1)["clientToken"]
    assert emr.start_or_find(client, job) != first


@pytest.mark.spark
@pytest.mark.slow
def test_what_is_asked_for_runs_under_spark_submit(client: Any, tmp_path: Path) -> None:
    """The entry point and the arguments that the service was given, with a lake of this machine's."""
    bronze = tmp_path / "lake" / "01_bronze" / "2009.csv"
    bronze.parent.mkdir(parents=True)
    bronze.write_bytes(kaggle_csv(flights(300)))
    job = job_on(client, lake=str(tmp_path / "lake"))
    started = emr.start_or_find(client, job)
    run = client.get_job_run(applicationId=job.application, jobRunId=started)["jobRun"]
    driver = run["jobDriver"]["sparkSubmit"]
    given = dict(word.split("=", 1) for word in shlex.split(driver["sparkSubmitParameters"])[1::2])
    assert given["spark.archives"] == "s3://artifacts/1/environment.tar.gz#environment"
    submit = str(Path(pyspark.__path__[0]) / "bin" / "spark-submit")
    entry = ROOT / "deploy" / "spark" / Path(driver["entryPoint"]).name
    environment = {"JAVA_HOME": find_java(tmp_path), "PYSPARK_PYTHON": sys.executable, "SPARK_LOCAL_IP": "127.0.0.1"}
    done = subprocess.run(
        [
            submit,
            "--master",
            "local[2]",
            "--conf",
            "spark.ui.enabled=false",
            str(entry),
            *driver["entryPointArguments"],
        ],
        env=os.environ | environment | {"TARMAC_HOME": str(tmp_path / "home")},
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    assert pl.read_parquet(tmp_path / "lake/02_silver/year/2009/2009_02_silver.parquet").height == 300
