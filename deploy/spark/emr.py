"""A year as a job of EMR Serverless: what is asked for, and how it is found again instead of being asked for twice."""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

STOPPED = frozenset({"FAILED", "CANCELLED", "CANCELLING"})
PYTHON = "./environment/bin/python"


@dataclass(frozen=True, kw_only=True)
class Job:
    """One run of `tarmac` for one year on an EMR Serverless application.

    `artifacts` is where job.py and environment.tar.gz are, as s3://bucket/prefix. `run_id` names the attempt that a
    scheduler makes: the same one, asked for again, is the same job.
    """

    application: str
    role: str
    artifacts: str
    lake: str
    year: int
    run_id: str
    steps: tuple[str, ...] = ("silver",)
    executors: int = 4
    minutes: int = 120

    @property
    def name(self) -> str:
        """What the job is called there; the same for the same year, steps and run."""
        return f"tarmac-{'-'.join(self.steps)}-{self.year}-{uuid.uuid5(uuid.NAMESPACE_URL, self.run_id).hex[:12]}"

    def request(self, attempt: int) -> dict[str, Any]:
        """StartJobRun's parameters. Attempts have tokens of their own, or the service would answer with a failed job."""
        return {
            "applicationId": self.application,
            "clientToken": str(uuid.uuid5(uuid.NAMESPACE_URL, f"{self.name}/{attempt}")),
            "executionRoleArn": self.role,
            "name": self.name,
            "executionTimeoutMinutes": self.minutes,
            "jobDriver": {
                "sparkSubmit": {
                    "entryPoint": f"{self.artifacts}/job.py",
                    "entryPointArguments": self.arguments(),
                    "sparkSubmitParameters": " ".join(f"--conf {k}={v}" for k, v in self.settings().items()),
                }
            },
        }

    def arguments(self) -> list[str]:
        """The command line of the job."""
        (step,) = self.steps if len(self.steps) == 1 else ("run",)
        return [step, "--year", str(self.year), "--lake", self.lake, "--engine", "spark", "--quiet"]

    def settings(self) -> Mapping[str, str]:
        """Spark's: the packed environment on driver and executors, and how many of these there may be."""
        return {
            "spark.archives": f"{self.artifacts}/environment.tar.gz#environment",
            "spark.emr-serverless.driverEnv.PYSPARK_DRIVER_PYTHON": PYTHON,
            "spark.emr-serverless.driverEnv.PYSPARK_PYTHON": PYTHON,
            "spark.emr-serverless.driverEnv.TARMAC_HOME": "/tmp/tarmac",  # noqa: S108 - a container of its own
            "spark.executorEnv.PYSPARK_PYTHON": PYTHON,
            "spark.executor.cores": "4",
            "spark.executor.memory": "8g",
            "spark.executor.memoryOverhead": "6g",
            "spark.driver.cores": "4",
            "spark.driver.memory": "8g",
            "spark.dynamicAllocation.maxExecutors": str(self.executors),
        }


def start_or_find(client: Any, job: Job) -> str:
    """The id of the job: of the one that runs or has succeeded under this name, else of a new one.

    `client` is boto3's for emr-serverless. Called again after its caller died, it gives the same id.
    """
    pages = client.get_paginator("list_job_runs").paginate(applicationId=job.application)
    same = [run for page in pages for run in page["jobRuns"] if run.get("name") == job.name]
    alive = [run["id"] for run in same if run["state"] not in STOPPED]
    if alive:
        return str(alive[0])
    return str(client.start_job_run(**job.request(attempt=len(same)))["jobRunId"])
