"""A real standalone cluster on loopback: one master and workers, each in its own process group."""

import os
import re
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, TypeVar

import pyspark

from tarmac.engines.spark.java import find_java

Found = TypeVar("Found")
PATIENCE = 900.0
"""Timeout in seconds; CI has two slow, shared cores."""


_QUIETLY = {
    "SPARK_LOCAL_IP": "127.0.0.1",
    "SPARK_DAEMON_MEMORY": "256m",
    # Otherwise it listens on a default port, always the same.
    "SPARK_MASTER_OPTS": "-Dspark.master.rest.enabled=false",
}


class Cluster:
    """Its address, and its workers' processes."""

    def __init__(self, folder: Path) -> None:
        """Start the master."""
        self.folder = folder
        self.java = find_java(folder)
        self._processes: list[subprocess.Popen[Any]] = []
        self._start("master", "org.apache.spark.deploy.master.Master")
        self.url = wait_for(lambda: re.search(r"spark://127\.0\.0\.1:[1-9][0-9]*", self._log("master"))).group()

    def add_worker(self, name: str) -> subprocess.Popen[bytes]:
        """Start a worker with one core, and wait until it has registered with the master."""
        options = ("--cores", "1", "--memory", "1g", "--work-dir", str(self.folder / name), self.url)
        process = self._start(name, "org.apache.spark.deploy.worker.Worker", *options)
        wait_for(lambda: "Successfully registered with master" in self._log(name))
        return process

    def adopt(self, process: subprocess.Popen[Any]) -> None:
        """Stop this process, with its group, at the end of the cluster."""
        self._processes.append(process)

    def stop(self) -> None:
        """Kill everything that is still running."""
        for process in self._processes:
            kill_group(process)

    def _start(self, name: str, kind: str, *options: str) -> subprocess.Popen[bytes]:
        command = [str(Path(pyspark.__path__[0]) / "bin" / "spark-class"), kind]
        address = ("--host", "127.0.0.1", "--port", "0", "--webui-port", "0")
        with (self.folder / f"{name}.log").open("wb") as log:
            process = subprocess.Popen(
                [*command, *address, *options],
                stdout=log,
                stderr=log,
                start_new_session=True,
                env=os.environ | {"JAVA_HOME": self.java} | _QUIETLY,
            )
        self._processes.append(process)
        return process

    def _log(self, name: str) -> str:
        return (self.folder / f"{name}.log").read_text(errors="replace")


def kill_group(process: subprocess.Popen[Any]) -> None:
    """kill -9 a process and its children, such as a worker's executor and its Python."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def wait_for(there: Callable[[], Found | None]) -> Found:
    """The first result that is not None, or fail after the timeout."""
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        if found := there():
            return found
        time.sleep(0.1)
    raise TimeoutError(f"nothing came within {PATIENCE:.0f} s")


@contextmanager
def cluster_of(folder: Path) -> Iterator[Cluster]:
    """A cluster without workers, always stopped at the end."""
    cluster = Cluster(folder)
    try:
        yield cluster
    finally:
        cluster.stop()
