"""A real standalone cluster on loopback: one master and workers, each a process group of its own."""

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
"""Seconds; CI has two slow cores, and others at work on them."""


_QUIETLY = {
    "SPARK_LOCAL_IP": "127.0.0.1",
    "SPARK_DAEMON_MEMORY": "256m",
    # Else it listens on a port of its own choice, always the same.
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
        """A worker with one core, once the master knows it."""
        options = ("--cores", "1", "--memory", "1g", "--work-dir", str(self.folder / name), self.url)
        process = self._start(name, "org.apache.spark.deploy.worker.Worker", *options)
        wait_for(lambda: "Successfully registered with master" in self._log(name))
        return process

    def adopt(self, process: subprocess.Popen[Any]) -> None:
        """End this process, a group of its own, with the cluster."""
        self._processes.append(process)

    def stop(self) -> None:
        """Kill whatever still lives."""
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
    """kill -9 to the process and all that it started: a worker's executor and Python with it."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def wait_for(there: Callable[[], Found | None]) -> Found:
    """What this gives, once it gives something."""
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        if found := there():
            return found
        time.sleep(0.1)
    raise TimeoutError(f"nothing came within {PATIENCE:.0f} s")


@contextmanager
def cluster_of(folder: Path) -> Iterator[Cluster]:
    """A cluster without workers, gone at the end however that comes."""
    cluster = Cluster(folder)
    try:
        yield cluster
    finally:
        cluster.stop()
