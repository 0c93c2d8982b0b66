"""A year as a job of EMR Serverless: its request, and how a retry finds a job that was already started."""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tarmac.errors import InputError

STOPPED = frozenset({"FAILED", "CANCELLED", "CANCELLING"})
PYTHON = "./environment/bin/python"


@dataclass(frozen=True, kw_only=True)
class Cluster:
    """Where jobs run: the application, the role, the location of their files, and the most executors per job.

    `artifacts` is the s3://bucket/prefix of job.py and environment.tar.gz.
    """

    application: str
    role: str
    artifacts: str
    executors: int


@dataclass(frozen=True, kw_only=True)
class Job:
    """One run of job.py. A request with equal `arguments` and equal `input` is the same job."""

    cluster: Cluster
    label: str
    arguments: Sequence[str]
    input: str
    settings: Mapping[str, str]
    minutes: int = 120

    @property
    def name(self) -> str:
        """The job's name in EMR Serverless."""
        told = "\n".join((*self.arguments, self.input))
        return f"tarmac-{self.label}-{uuid.uuid5(uuid.NAMESPACE_URL, told).hex[:12]}"

    def request(self, attempt: int) -> dict[str, Any]:
        """StartJobRun's parameters. Each attempt has its own token; otherwise the service would return the failed job.

        Raises:
            InputError: a setting contains a blank, which the service treats as its end.
        """
        settings = self._spark_settings()
        for name, value in settings.items():
            if value.split() != [value]:
                raise InputError(
                    f"{name} would be {value!r}, and EMR Serverless accepts no setting that is empty or has a blank. "
                    "Give the folder or prefix that it names another name."
                )
        return {
            "applicationId": self.cluster.application,
            "clientToken": str(uuid.uuid5(uuid.NAMESPACE_URL, f"{self.name}/{attempt}")),
            "executionRoleArn": self.cluster.role,
            "name": self.name,
            "executionTimeoutMinutes": self.minutes,
            "jobDriver": {
                "sparkSubmit": {
                    "entryPoint": f"{self.cluster.artifacts}/job.py",
                    "entryPointArguments": list(self.arguments),
                    "sparkSubmitParameters": " ".join(f"--conf {k}={v}" for k, v in settings.items()),
                }
            },
        }

    def _spark_settings(self) -> Mapping[str, str]:
        """Spark's settings: the packed environment on driver and executors, Tarmac's settings, and the most executors."""
        driver = {
            "PYSPARK_DRIVER_PYTHON": PYTHON,
            "PYSPARK_PYTHON": PYTHON,
            "TARMAC_HOME": "/tmp/tarmac",  # noqa: S108 - a container of its own
        }
        return {
            "spark.archives": f"{self.cluster.artifacts}/environment.tar.gz#environment",
            **{
                f"spark.emr-serverless.driverEnv.{name}": value
                for name, value in (driver | dict(self.settings)).items()
            },
            "spark.executorEnv.PYSPARK_PYTHON": PYTHON,
            "spark.executor.cores": "4",
            "spark.executor.memory": "8g",
            "spark.executor.memoryOverhead": "6g",
            "spark.driver.cores": "4",
            "spark.driver.memory": "8g",
            "spark.dynamicAllocation.maxExecutors": str(self.cluster.executors),
        }


def find(client: Any, job: Job) -> tuple[str | None, int]:
    """The id of the running or successful job with this name, if any, and the number of stopped ones.

    `client` is boto3's for emr-serverless.
    """
    pages = client.get_paginator("list_job_runs").paginate(applicationId=job.cluster.application)
    same = [run for page in pages for run in page["jobRuns"] if run.get("name") == job.name]
    alive = [str(run["id"]) for run in same if run["state"] not in STOPPED]
    return (alive[0] if alive else None), len(same) - len(alive)
