"""The record of a run, in the lake and in the warehouse.

A run that a scheduler executes in several processes has one record: each step continues that of the previous step.
"""

import json
import platform
import re
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from importlib.metadata import version
from typing import Any

from tarmac.errors import InputError, TarmacError
from tarmac.runs.workspace import Workspace
from tarmac.settings import ALL_STEPS, Parameters
from tarmac.storage.lake import Lake
from tarmac.storage.scratch import scratch_folder
from tarmac.tables.runs import RUNS

LIBRARIES = ("tarmac", "polars", "numpy", "numba", "scikit-learn", "narwhals")
"""The libraries that affect results; their versions are in every run's record."""


@dataclass(frozen=True, kw_only=True)
class Note:
    """A remark on a run that the user should see, with its facts."""

    text: str
    facts: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class StepResult:
    """The result of one step of a run.

    `written`: rows by table and kind of write. `seconds`: of the whole step; `seconds_by_detector`: of its parts.
    `flags`: flagged airport-days by detector. `failed_detectors`: reasons by detector.
    """

    written: Mapping[str, Mapping[str, int]]
    notes: tuple[Note, ...] = ()
    seconds: float = 0.0
    seconds_by_detector: Mapping[str, float] = field(default_factory=dict)
    flags: Mapping[str, int] = field(default_factory=dict)
    failed_detectors: Mapping[str, str] = field(default_factory=dict)


@dataclass(kw_only=True)
class Run:
    """The record of one run for one year. `steps` are the results of the steps that are done, by name."""

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
    versions: dict[str, str] = field(default_factory=dict)
    steps: dict[str, StepResult] = field(default_factory=dict)

    @property
    def written(self) -> dict[str, Any]:
        """The column `written`: rows by table and kind of write; flags and failures by detector, once there are scores."""
        tables: dict[str, Any] = {}
        for step in self.steps.values():
            tables |= step.written
        if detect := self.steps.get("detect"):
            tables |= {"flags": detect.flags, "failed_detectors": detect.failed_detectors}
        return tables

    @property
    def seconds(self) -> dict[str, float]:
        """The column `seconds`: by step, and within detect by detector and later part, as `detect.NAME`."""
        seconds: dict[str, float] = {}
        for name, step in self.steps.items():
            seconds |= {f"{name}.{detector}": part for detector, part in step.seconds_by_detector.items()}
            seconds[name] = step.seconds
        return seconds

    def row(self) -> dict[str, Any]:
        """The row of `pipeline_runs`."""
        return {name: getattr(self, name) for name in RUNS.names}

    def record(self) -> dict[str, Any]:
        """The record for JSON: the row, and the result of each step."""
        return self.row() | {"steps": {name: asdict(step) for name, step in self.steps.items()}}


_RUN_ID = re.compile(r"\d{8}T\d{6}\.\d{3}Z-[0-9a-f]{8}", re.ASCII)


def new_run_id() -> str:
    """A unique id, sortable by time."""
    now = datetime.now(UTC)
    return f"{now:%Y%m%dT%H%M%S}.{now.microsecond // 1000:03d}Z-{uuid.uuid4().hex[:8]}"


def open_run(workspace: Workspace, year: int, parameters: Parameters, command: str, run_id: str | None) -> Run:
    """A new run, or the run with this id after its last step."""
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
    """The id, if it has the right form, so that it sorts by time and can be a file name.

    Raises:
        InputError: it has another form.
    """
    if not _RUN_ID.fullmatch(run_id):
        raise InputError(
            f"{run_id!r} is not the id of a run, such as {new_run_id()}. Fix --run-id, or leave it out for a new one."
        )
    return run_id


def current_versions() -> dict[str, str]:
    """The versions of Python and of the libraries that affect results."""
    return {"python": platform.python_version()} | {name: version(name) for name in LIBRARIES}


def write_record(workspace: Workspace, run: Run) -> None:
    """Write the run's record into the lake."""
    with _after_failure(run), scratch_folder(workspace.lake.scratch_parent(workspace.scratch)) as scratch:
        file = scratch / "run.json"
        file.write_text(json.dumps(run.record(), default=str, indent=2) + "\n", encoding="utf-8")
        workspace.lake.publish(file, workspace.lake.run_key(run.year, run.run_id))


def record_failure(workspace: Workspace, run: Run) -> None:
    """Record in the warehouse that the run failed; ignored if the warehouse cannot be reached."""
    from tarmac.warehouse.postgres import open_warehouse, record_run

    with _after_failure(run), open_warehouse(workspace.warehouse, workspace.home) as connection:
        record_run(connection, run.row())


def find_same_run(workspace: Workspace, year: int, parameters: Parameters, input_hash: str) -> str | None:
    """The id of the year's last run, if all its steps are done with the same input, parameters and versions.

    Also None if a detector failed, a published file no longer exists, or the warehouse's last run of the year is another.
    """
    run, lake = last_run(workspace.lake, year), workspace.lake
    if run is None or run.status != "done" or not set(ALL_STEPS) <= set(run.steps):
        return None
    given = json.loads(json.dumps(asdict(parameters), default=str))
    if (run.input_hash, run.parameters) != (input_hash, given):
        return None
    if not current_versions().items() <= run.versions.items():
        return None
    gold = (lake.gold_key(year), lake.carriers_key(year), lake.carrier_origins_key(year))
    scores = (lake.anomalies_key(year), lake.carrier_anomalies_key(year))
    found = (lake.disruptions_key(year), lake.disruption_parts_key(year))
    made = (lake.silver_key(year), lake.quarantine_key(year), *gold, *scores, *found)
    if run.steps["detect"].failed_detectors or any(lake.size(key) is None for key in made):
        return None
    return run.run_id if _is_loaded(workspace, run) else None


def _is_loaded(workspace: Workspace, run: Run) -> bool:
    from tarmac.warehouse.migrations import is_migrated
    from tarmac.warehouse.postgres import open_warehouse
    from tarmac.warehouse.session import transaction

    with open_warehouse(workspace.warehouse, workspace.home) as connection, transaction(connection):
        if not is_migrated(connection, workspace.table):
            return False
        query = "SELECT run_id FROM pipeline_runs WHERE year = %s ORDER BY run_id DESC LIMIT 1"
        return connection.execute(query, [run.year]).fetchone() == (run.run_id,)


def last_run(lake: Lake, year: int) -> Run | None:
    """The record of the year's last run in the lake, if any."""
    ids = sorted(key.rpartition("/")[2].removesuffix(".json") for key in lake.files_in(lake.runs_folder(year)))
    return read_run(lake, year, ids[-1]) if ids else None


def read_run(lake: Lake, year: int, run_id: str) -> Run | None:
    """The record with this id in the lake, if any."""
    key = lake.run_key(year, run_id)
    if lake.size(key) is None:
        return None
    record = json.loads(lake.read(key))
    known = {name: value for name, value in record.items() if name in Run.__dataclass_fields__}
    times = {name: record[name] and datetime.fromisoformat(record[name]) for name in ("started", "finished")}
    steps = {name: _read_step(step) for name, step in record.get("steps", {}).items()}
    return Run(**{**known, **times, "steps": steps})


def _read_step(step: Mapping[str, Any]) -> StepResult:
    return StepResult(**{**step, "notes": tuple(Note(**note) for note in step["notes"])})


@contextmanager
def _after_failure(run: Run) -> Iterator[None]:
    """Ignore errors while recording a failed run: the run's own error, which may be their cause, is reported."""
    try:
        yield
    except (TarmacError, OSError):
        if run.status != "failed":
            raise
