"""Whole runs of the yearly DAG, in this process: real S3 protocol, real Postgres, real mail."""

from collections.abc import Callable
from typing import Any

from conftest import Deployment, Mailbox
from flight_lines import flights, kaggle_csv


def put_bronze(deployment: Deployment, text: bytes, name: str = "2009.csv") -> None:
    deployment.s3.put_object(Bucket="lake", Key=f"01_bronze/{name}", Body=text)


def test_a_year_goes_from_the_lake_to_the_warehouse(
    deployment: Deployment, mailbox: Mailbox, run_dag: Callable[..., Any]
) -> None:
    put_bronze(deployment, kaggle_csv(flights(800)))
    run = run_dag("etl_ml_pipeline", 2009, detectors=["disruption", "isolation_forest"])
    assert str(run.state) == "success"
