"""EMR Serverless on this machine: moto simulates the service, and a job's request is run by spark-submit here."""

import os
import re
import shlex
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import boto3
import pytest

ROOT = Path(__file__).resolve().parents[2]
ROLE = "arn:aws:iam::123456789012:role/job"
DRIVER_VARIABLE = re.compile(r"spark\.emr-serverless\.driverEnv\.(TARMAC_\w+)")


@dataclass(kw_only=True)
class StandIn:
    """The service's address, its one application, and the requested jobs."""

    url: str
    application: str
    home: Path
    jobs: list[Any] = field(default_factory=list)
    threads: list[threading.Thread] = field(default_factory=list)

    def started(self, job: Any) -> None:
        """Run the job after the caller has received its answer, as the service does."""
        job.state = "RUNNING"
        self.jobs.append(job)
        thread = threading.Thread(target=self._run, args=[job])
        self.threads.append(thread)
        thread.start()

    def _run(self, job: Any) -> None:
        asked = job.job_driver["sparkSubmit"]
        given = dict(word.split("=", 1) for word in shlex.split(asked["sparkSubmitParameters"])[1::2])
        told = {found[1]: value for name, value in given.items() if (found := DRIVER_VARIABLE.fullmatch(name))}
        done = subprocess.run(
            [
                ROOT / ".venv/bin/spark-submit",
                *("--master", "local[2]", "--conf", "spark.ui.enabled=false"),
                ROOT / "deploy/spark" / Path(asked["entryPoint"]).name,
                *asked["entryPointArguments"],
            ],
            env=os.environ | told | self._environment(),
            capture_output=True,
            text=True,
            check=False,
            timeout=900,
        )
        exceptions = "; ".join(line for line in done.stdout.splitlines() if "Error" in line)
        job.state_details = (
            f"Job failed, please check complete logs in configured logging destination. ExitCode: {done.returncode}. "
            f"Last few exceptions: {exceptions}"
            if done.returncode
            else ""
        )
        job.state = "FAILED" if done.returncode else "SUCCESS"

    def _environment(self) -> dict[str, str]:
        python = str(ROOT / ".venv/bin/python")
        java = (
            "import pathlib, sys, tarmac.engines.spark.java as java; print(java.find_java(pathlib.Path(sys.argv[1])))"
        )
        found = subprocess.run([python, "-c", java, self.home], capture_output=True, text=True, check=True)
        return {
            "JAVA_HOME": found.stdout.strip(),
            "PYSPARK_PYTHON": python,
            "PYSPARK_DRIVER_PYTHON": python,
            "SPARK_LOCAL_IP": "127.0.0.1",
            "TARMAC_HOME": str(self.home),
        }


@contextmanager
def emr_serverless(home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[StandIn]:
    """A service with an application that has stopped after being idle."""
    from moto.emrserverless.models import EMRServerlessBackend, emrserverless_backends
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    url = f"http://{host}:{port}"
    keys = {"aws_access_key_id": "testing", "aws_secret_access_key": "testing"}
    client = boto3.client("emr-serverless", endpoint_url=url, region_name="us-east-1", **keys)
    # moto's release names are older than Spark 4, and it cannot list jobs of an application that never had one.
    application = client.create_application(name="tarmac", releaseLabel="emr-7.0.0", type="SPARK")["applicationId"]
    backend = emrserverless_backends["123456789012"]["us-east-1"]
    backend.job_runs[application] = []
    client.stop_application(applicationId=application)
    stand_in = StandIn(url=url, application=application, home=home)
    start = EMRServerlessBackend.start_job_run

    def start_job_run(self: Any, **asked: Any) -> Any:
        job = start(self, **asked)
        stand_in.started(job)
        return job

    monkeypatch.setattr(EMRServerlessBackend, "start_job_run", start_job_run)
    yield stand_in
    for thread in stand_in.threads:
        thread.join()
    client.close()
    server.stop()
