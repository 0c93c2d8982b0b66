"""Steps in processes of their own, started as Airflow starts a task: forked from a process that has imported Tarmac."""

import multiprocessing
import multiprocessing.context
import os
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from multiprocessing import forkserver
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from pathlib import Path

import pytest

from tarmac.bronze.ingest import ingest_files
from tarmac.bronze.local_copy import download_bronze
from tarmac.detect import DetectParameters
from tarmac.errors import TarmacError
from tarmac.pipeline import Parameters, Workspace, run_year

YEAR = 2009
ALL_STEPS = ("ingest", "silver", "gold", "detect", "load")
PARAMETERS = Parameters(detect=DetectParameters(detectors=("disruption", "isolation_forest")))
PATIENCE = 300
"""Timeout of a process in seconds, far more than any needs on two busy cores."""

_PRELOADED = [
    "pytest", "tests.support.step_processes", "boto3.s3.transfer", "botocore.handlers", "sklearn.ensemble",
    "tarmac.detect.registry", "tarmac.airports", "tarmac.warehouse.load", "tarmac.warehouse.postgres",
]  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Task:
    """One step: its workspace, its AWS settings, and for `ingest` the file.

    `download` is an additional step of a scheduler: a verified copy of bronze in the folder `copy` of the scratch folder.
    """

    step: str
    workspace: Workspace
    environment: Mapping[str, str] = field(default_factory=dict)
    source: Path | None = None


@dataclass(kw_only=True)
class Attempt:
    """A running step; `exit_code`, `error` and `seconds` are known after `finish` or `kill`."""

    process: BaseProcess
    told: Connection
    began: float
    exit_code: int | None = None
    error: str = ""
    seconds: float = 0.0

    def finish(self) -> "Attempt":
        """Wait for its end."""
        self.process.join(PATIENCE)
        self.seconds = time.monotonic() - self.began
        assert self.process.exitcode is not None, f"the step hangs, after {PATIENCE} s"
        self.exit_code = self.process.exitcode
        if self.told.poll():
            self.error = _told(self.told)
        return self

    def kill(self) -> bool:
        """`kill -9`; returns whether the process was still running."""
        self.process.kill()
        return self.finish().exit_code == -9


@contextmanager
def started(task: Task) -> Iterator[Attempt]:
    """An attempt; the block starts when the step's own work begins, and the process is killed after it if still running."""
    context = _warm()
    here, there = context.Pipe(duplex=False)
    process = context.Process(target=_work, args=(there, task), daemon=True)
    process.start()
    there.close()
    assert here.poll(PATIENCE)
    assert here.recv() == "began"
    try:
        yield Attempt(process=process, told=here, began=time.monotonic())
    finally:
        process.kill()
        process.join()
        here.close()


def done(task: Task) -> Attempt:
    """Run the step to its end."""
    with started(task) as attempt:
        return attempt.finish()


@cache
def _warm() -> multiprocessing.context.ForkServerContext:
    """The process from which attempts are forked; it ends with this one."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(_PRELOADED)
    with pytest.MonkeyPatch.context() as patch:
        # Python 3.11 imports preloaded modules without this process's path, and silently skips those it does not find.
        patch.setenv("PYTHONPATH", os.pathsep.join(path for path in sys.path if path))
        forkserver.ensure_running()
    return context


def _work(tell: Connection, task: Task) -> None:
    os.environ.update(task.environment)
    tell.send("began")
    try:
        if task.step == "ingest":
            assert task.source is not None
            ingest_files([task.source], task.workspace.lake, year=None, scratch=task.workspace.scratch)
        elif task.step == "download":
            download_bronze(YEAR, task.workspace.lake, task.workspace.scratch / "copy")
        else:
            run_year(task.workspace, YEAR, PARAMETERS, steps=(task.step,))
    except TarmacError as error:
        tell.send(str(error))
        raise SystemExit(error.exit_code) from None


def _told(told: Connection) -> str:
    try:
        return str(told.recv())
    except EOFError:
        return ""
