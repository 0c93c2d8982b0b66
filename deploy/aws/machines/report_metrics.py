#!/usr/bin/python3
"""Report this machine's disk usage in per cent to CloudWatch, and on Airflow's machine the number of recently failed runs."""

import os
import shutil
from pathlib import Path
from typing import Any

import boto3

METADATA = Path("/run/tarmac/metadata_url")
"""Only on Airflow's machine: the URL of its own database from outside the containers."""
NAMESPACE = "Tarmac"
FAILED_RUNS = "SELECT count(*) FROM dag_run WHERE state = 'failed' AND end_date > now() - interval '6 minutes'"
"""Slightly more than the timer's five, so that no failure is missed; one counted twice is still one alarm."""


def main() -> None:
    """Send the metrics. A value that cannot be measured is not sent, and the alarm on missing data reports it."""
    client = boto3.client("cloudwatch", endpoint_url=os.environ.get("AWS_ENDPOINT_URL"))
    environment = {"Name": "Environment", "Value": os.environ["TARMAC_ENVIRONMENT"]}
    machine = {"Name": "Machine", "Value": os.environ["TARMAC_MACHINE"]}
    disk = shutil.disk_usage("/")
    _send(client, "DiskUsed", 100 * disk.used / disk.total, "Percent", [machine, environment])
    if METADATA.exists():
        _send(client, "FailedRuns", count_failed_runs(METADATA.read_text(encoding="utf-8")), "Count", [environment])


def count_failed_runs(metadata: str) -> int:
    """The runs of Airflow's DAGs that ended as failed in the last minutes; `metadata` is the URL of Airflow's database."""
    import psycopg

    with psycopg.connect(metadata) as connection:
        row = connection.execute(FAILED_RUNS).fetchone()
    return int(row[0]) if row else 0


def _send(client: Any, name: str, value: float, unit: str, dimensions: list[dict[str, str]]) -> None:
    data = {"MetricName": name, "Value": value, "Unit": unit, "Dimensions": dimensions}
    client.put_metric_data(Namespace=NAMESPACE, MetricData=[data])


if __name__ == "__main__":
    main()
