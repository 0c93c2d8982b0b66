"""What a run is given, and the record that is kept of it, in the lake and in the warehouse.

A run that a scheduler takes in several processes has one record: each step continues what the one before it wrote.
"""

import json
import platform
import re
import uuid
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any, Protocol

from tarmac.engines.base import Engine
from tarmac.engines.polars.engine import PolarsEngine
from tarmac.errors import InputError, TarmacError
from tarmac.settings import Parameters
from tarmac.storage.lake import Lake
from tarmac.storage.scratch import scratch_folder

LIBRARIES = ("tarmac", "polars", "numpy", "numba", "scikit-learn", "narwhals")
"""The libraries that decide results; their versions are in every run's record."""


class Reporter(Protocol):
    """Hears how a run goes on; the command line shows it as bars or lines."""

    def step(self, name: str, year: int) -> AbstractContextManager[Callable[[float], None]]:
        """Entered around a step; what it gives is told the share (0-1) that is done."""

    def note(self, text: str, **facts: object) -> None:
        """Something that the user should know and that stops nothing."""


class SilentReporter:
    """A reporter that says nothing."""

    def step(self, name: str, year: int) -> AbstractContextManager[Callable[[float], None]]:
        """Say nothing about the step."""
        del name, year
        return nullcontext(lambda _: None)

    def note(self, text: str, **facts: object) -> None:
        """Drop the note."""
        del text, facts


@dataclass(frozen=True, kw_only=True)
class Workspace:
    """Where a run reads, works and writes: the lake, the folder for unpublished files, the engine, the warehouse, its state."""

    lake: Lake
    scratch: Path
    home: Path
    engine: Engine = field(default_factory=PolarsEngine)
    warehouse: str = "embedded"
    table: str = "agg_dep_delay_by_date"


@dataclass(kw_only=True)
class Run:
    """The record of one run for one year, filled step by step."""

    command: str
    year: int
    run_id: str
    started: datetime
    parameters: Mapping[str, Any]
    status: str = "running"
    finished: datetime | None = None
    input_hash: str | None = None
    rows_in: int | None = None
    rows_kept: int | None = None
    rows_quarantined: int | None = None
    quarantined_by_reason: dict[str, int] | None = None
    repairs: dict[str, int] | None = None
    written: dict[str, Any] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)
    versions: dict[str, str] = field(default_factory=dict)

    def record(self) -> dict[str, Any]:
        """The row of `pipeline_runs`."""
        return dict(vars(self))


_RUN_ID = re.compile(r"\d{8}T\d{6}\.\d{3}Z-[0-9a-f]{8}", re.ASCII)


def new_run_id() -> str:
    """A name that no other run has, sortable by time."""
    now = datetime.now(UTC)
    return f"{now:%Y%m%dT%H%M%S}.{now.microsecond // 1000:03d}Z-{uuid.uuid4().hex[:8]}"


def open_run(workspace: Workspace, year: int, parameters: Parameters, command: str, run_id: str | None) -> Run:
    """A new run, or the one of that id as its last step left it."""
    if run_id and (run := read_run(workspace.lake, year, run_id)):
        run.status, run.finished = "running", None
        return run
    return Run(
        command=command,
        year=year,
        run_id=run_id or new_run_id(),
        started=datetime.now(UTC),
        parameters=asdict(parameters),
        versions=current_versions(),
    )


def check_run_id(run_id: str) -> str:
    """The id, if it has the form of one: others would not sort by time, or not be a file's name.

    Raises:
        InputError: it has another.
    """
    if not _RUN_ID.fullmatch(run_id):
        raise InputError(
            f"{run_id!r} is not a run's id, which looks like {new_run_id()}. Leave --run-id out for a new one."
        )
    return run_id


def current_versions() -> dict[str, str]:
    """Python's and the libraries' versions that decide results."""
    return {"python": platform.python_version()} | {name: version(name) for name in LIBRARIES}


def close_run(workspace: Workspace, run: Run, status: str) -> None:
    """Write the run's record into the lake."""
    run.status, run.finished = status, run.finished or datetime.now(UTC)
    with _failing_quietly(status), scratch_folder(workspace.lake.scratch_parent(workspace.scratch)) as scratch:
        file = scratch / "run.json"
        file.write_text(json.dumps(run.record(), default=str, indent=2) + "\n", encoding="utf-8")
        workspace.lake.publish(file, workspace.lake.run_key(run.year, run.run_id))


def record_failure(workspace: Workspace, run: Run) -> None:
    """Tell the warehouse, where it can be told, that the run failed."""
    from tarmac.warehouse.postgres import open_warehouse, record_run

    with _failing_quietly(run.status), open_warehouse(workspace.warehouse, workspace.home) as connection:
        record_run(connection, run.record())


def find_same_run(workspace: Workspace, year: int, parameters: Parameters, input_hash: str) -> str | None:
    """The id of the year's last run, where it went the whole way with this very input, parameters and versions.

    None as well where a file it published is gone, a later run touched the year, or the warehouse does not know it.
    """
    run = _last_run(workspace.lake, year)
    if run is None or run.status != "done" or not {"silver", "gold", "detect", "load"} <= set(run.seconds):
        return None
    given = json.loads(json.dumps(asdict(parameters), default=str))
    if (run.input_hash, run.parameters) != (
        input_hash,
        given,
    ) or not current_versions().items() <= run.versions.items():
        return None
    lake = workspace.lake
    made = (lake.silver_key(year), lake.quarantine_key(year), lake.gold_key(year), lake.anomalies_key(year))
    if run.written.get("failed_detectors") or any(lake.size(key) is None for key in made):
        return None
    return run.run_id if _is_loaded(run, workspace) else None


def _is_loaded(run: Run, workspace: Workspace) -> bool:
    from tarmac.warehouse.migrations import is_migrated
    from tarmac.warehouse.postgres import open_warehouse
    from tarmac.warehouse.session import transaction

    with open_warehouse(workspace.warehouse, workspace.home) as connection, transaction(connection):
        if not is_migrated(connection, workspace.table):
            return False
        query = "SELECT run_id FROM pipeline_runs WHERE year = %s ORDER BY run_id DESC LIMIT 1"
        return connection.execute(query, [run.year]).fetchone() == (run.run_id,)


def _last_run(lake: Lake, year: int) -> Run | None:
    ids = sorted(key.rpartition("/")[2].removesuffix(".json") for key in lake.files_in(lake.runs_folder(year)))
    return read_run(lake, year, ids[-1]) if ids else None


def read_run(lake: Lake, year: int, run_id: str) -> Run | None:
    """The record in the lake; None where there is none of that id."""
    key = lake.run_key(year, run_id)
    if lake.size(key) is None:
        return None
    record = json.loads(lake.read(key))
    times = {name: record[name] and datetime.fromisoformat(record[name]) for name in ("started", "finished")}
    return Run(**{name: value for name, value in (record | times).items() if name in Run.__dataclass_fields__})


@contextmanager
def _failing_quietly(status: str) -> Any:
    # What stopped a run may stop its record as well; the user must hear of the first.
    try:
        yield
    except (TarmacError, OSError):
        if status != "failed":
            raise
