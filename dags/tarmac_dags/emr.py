"""A year as a job of EMR Serverless: what is asked for, and how it is found again instead of being asked for twice."""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tarmac.errors import InputError

STOPPED = frozenset({"FAILED", "CANCELLED", "CANCELLING"})
PYTHON = "./environment/bin/python"


@dataclass(frozen=True, kw_only=True)
class Cluster:
    """Where jobs run: an application and a role for them, their files, and how many executors one may have.

    `artifacts` is where job.py and environment.tar.gz are, as s3://bucket/prefix.
    """

    application: str
    role: str
    artifacts: str
    executors: int


@dataclass(frozen=True, kw_only=True)
class Job:
    """One run of job.py. Equal `arguments`, and an equal `input`, asked for again, are the same job."""

    cluster: Cluster
    label: str
    arguments: Sequence[str]
    input: str
    settings: Mapping[str, str]
    minutes: int = 120

    @property
    def name(self) -> str:
        """What the job is called there."""
        told = "\n".join((*self.arguments, self.input))
        return f"tarmac-{self.label}-{uuid.uuid5(uuid.NAMESPACE_URL, told).hex[:12]}"

    def request(self, attempt: int) -> dict[str, Any]:
        """StartJobRun's parameters. Attempts have tokens of their own, or the service would answer with a failed job.

        Raises:
            InputError: a setting holds a blank, which ends it where the service reads them.
        """
        settings = self._spark_settings()
        for name, value in settings.items():
            if value.split() != [value]:
                raise InputError(
                    f"{name} would be {value!r}, and EMR Serverless takes no setting that is empty or has a blank. "
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
        """The packed environment on driver and executors, Tarmac's own settings, and how many executors there may be."""
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
    """The id of the job that runs or has succeeded under this name, if any, and how many were stopped under it.

    `client` is boto3's for emr-serverless.
    """
    pages = client.get_paginator("list_job_runs").paginate(applicationId=job.cluster.application)
    same = [run for page in pages for run in page["jobRuns"] if run.get("name") == job.name]
    alive = [str(run["id"]) for run in same if run["state"] not in STOPPED]
    return (alive[0] if alive else None), len(same) - len(alive)
