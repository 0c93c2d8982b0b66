"""The way of the data, step by step: bronze → silver → gold → judgements → warehouse → report. Read this first.

Each step reads one zone and publishes the next, so it can run alone, again, or on another machine.
"""

import json
import platform
import uuid
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from time import perf_counter
from typing import Any, Protocol

import polars as pl

from tarmac.cleaning import Cleaning
from tarmac.detect import DetectParameters
from tarmac.detect.online import SUFFIX
from tarmac.engine import Engine, OnPolars
from tarmac.engines.polars import PARQUET
from tarmac.errors import InputError, SystemFailure, TarmacError
from tarmac.events import find_events
from tarmac.failures import told_plainly
from tarmac.lake import Lake
from tarmac.published import published_rows
from tarmac.scratch import scratch_folder

DEFAULT_DETECTOR = "disruption"
"""The detector whose judgement the published table shows."""

LIBRARIES = ("tarmac", "polars", "numpy", "numba", "scikit-learn", "narwhals")
"""The libraries that decide results; their versions are in every run's record."""


class Teller(Protocol):
    """Hears how a run goes on; the command line shows it as bars or lines."""

    def step(self, name: str, year: int) -> AbstractContextManager[Callable[[float], None]]:
        """Entered around a step; what it gives is told the share (0-1) that is done."""

    def note(self, text: str, **facts: object) -> None:
        """Something that the user should know and that stops nothing."""


class Silent:
    """A teller that says nothing."""

    def step(self, name: str, year: int) -> AbstractContextManager[Callable[[float], None]]:
        """Say nothing about the step."""
        del name, year
        return nullcontext(lambda _: None)

    def note(self, text: str, **facts: object) -> None:
        """Drop the note."""
        del text, facts


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where a run reads, works and writes: the lake, the folder for unpublished files, the engine, the warehouse, its state."""

    lake: Lake
    scratch: Path
    home: Path
    engine: Engine = field(default_factory=OnPolars)
    warehouse: str = "embedded"
    table: str = "agg_dep_delay_by_date"


@dataclass(frozen=True, kw_only=True)
class Parameters:
    """What decides a run's results."""

    detect: DetectParameters = field(default_factory=DetectParameters)
    max_quarantined: float = 0.01
    history: int = 0


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


STEPS: tuple[str, ...] = ("silver", "gold", "detect", "load")


def run_year(
    year: int,
    place: Place,
    parameters: Parameters,
    *,
    steps: Sequence[str] = STEPS,
    command: str = "run",
    teller: Teller | None = None,
) -> Run:
    """Take one year through these steps, in their order, and keep the run's record.

    Raises:
        InputError, SystemFailure: nothing of the failed step was published; the run's record says that it failed.
    """
    teller = teller or Silent()
    place.lake.check_exists()
    run = _new_run(command, year, parameters)
    act = {"silver": _silver, "gold": _gold, "detect": _detect, "load": _load}
    try:
        for step in STEPS:
            if step in steps:
                began = perf_counter()
                with teller.step(step, year) as tell, told_plainly(place.lake.root):
                    act[step](run, place, parameters, teller, tell)
                # The load has told its own already: the warehouse's record and the lake's are to say the same.
                run.seconds.setdefault(step, round(perf_counter() - began, 3))
    except TarmacError:
        _close(run, place, "failed")
        if "load" in steps:
            _record_failure(run, place)
        raise
    run.versions |= place.engine.versions
    _close(run, place, "done")
    return run


def publish_report(years: range, place: Place, out: Path, *, about: str = "") -> int:
    """Write the HTML report of these years from the warehouse; returns its size in bytes.

    `about` says in a few words what the flights are, where they are not what airlines reported.
    """
    from tarmac.report import render_report, write_report
    from tarmac.warehouse.postgres import open_warehouse, read_published

    with open_warehouse(place.warehouse, place.home) as connection:
        published = read_published(connection, years, published_table=place.table)
    there = set(published["fl_date"].dt.year().unique())
    if missing := [year for year in years if year not in there]:
        raise InputError(
            f"the warehouse has no rows of {', '.join(map(str, missing))}. Load them first: tarmac run --year {missing[0]}"
        )
    page = render_report(
        published,
        years=list(years),
        generated_by=f"Tarmac {version('tarmac')}{about and f' from {about}'}",
        generated_at=datetime.now(UTC),
    )
    return write_report(page, out)


def _silver(run: Run, place: Place, parameters: Parameters, teller: Teller, tell: Callable[[float], None]) -> None:
    lake, year = place.lake, run.year
    with scratch_folder(lake.scratch_parent(place.scratch)) as scratch:
        cleaning = place.engine.clean_year(
            lake,
            year,
            scratch=scratch,
            most_quarantined=parameters.max_quarantined,
            progress=lambda read, total: tell(read / max(total, 1)),
        )
        # The quarantine first: a reader who sees the new silver finds what is missing from it.
        lake.publish(cleaning.quarantine, lake.quarantine_key(year))
        lake.publish(cleaning.silver, lake.silver_key(year))
    _note_cleaning(run, cleaning, teller)


def _note_cleaning(run: Run, cleaning: Cleaning, teller: Teller) -> None:
    run.input_hash = cleaning.input_hash
    run.rows_in, run.rows_kept, run.rows_quarantined = cleaning.rows_in, cleaning.rows_kept, cleaning.rows_quarantined
    run.quarantined_by_reason, run.repairs = dict(cleaning.quarantined), dict(cleaning.repairs)
    run.written["silver"] = {"replaced": cleaning.rows_kept}
    run.written["quarantine"] = {"replaced": cleaning.rows_quarantined}
    for note in cleaning.notes:
        teller.note(note, year=run.year)
    for reason, rows in cleaning.quarantined.items():
        teller.note("rows quarantined", year=run.year, reason=reason, rows=rows)
    for repair, rows in cleaning.repairs.items():
        if rows:
            teller.note("rows repaired", year=run.year, repair=repair, rows=rows)


def _gold(run: Run, place: Place, parameters: Parameters, teller: Teller, tell: Callable[[float], None]) -> None:
    del parameters, teller, tell
    lake, key = place.lake, place.lake.silver_key(run.year)
    _need(lake, key, f"tarmac silver --year {run.year}")
    with scratch_folder(lake.scratch_parent(place.scratch)) as scratch:
        rows = place.engine.write_gold(lake, run.year, scratch / "gold.parquet")
        lake.publish(scratch / "gold.parquet", lake.gold_key(run.year))
    run.written["gold"] = {"replaced": rows}


def _detect(run: Run, place: Place, parameters: Parameters, teller: Teller, tell: Callable[[float], None]) -> None:
    lake, year = place.lake, run.year
    _need(lake, lake.gold_key(year), f"tarmac gold --year {year}")
    earlier = [past for past in range(year - parameters.history, year) if lake.size(lake.gold_key(past)) is not None]
    gold = pl.concat([_read(lake, lake.gold_key(each)) for each in (*earlier, year)])
    names = parameters.detect.detectors
    found = place.engine.detect(
        gold, parameters.detect, year=year, progress=lambda name: tell(names.index(name) / len(names))
    )
    if len(found.failures) == len(names):
        reasons = "; ".join(f"{name}: {reason}" for name, reason in found.failures.items())
        raise SystemFailure(f"no detector could judge {year}, so nothing was published. {reasons}")
    for name, reason in found.failures.items():
        teller.note("a detector failed; the others' results stand", year=year, detector=name, reason=reason)
    with scratch_folder(lake.scratch_parent(place.scratch)) as scratch:
        found.anomalies.write_parquet(scratch / "anomalies.parquet", compression=PARQUET["compression"])
        lake.publish(scratch / "anomalies.parquet", lake.anomalies_key(year))
    flags = found.anomalies.group_by("detector").agg(pl.col("flag").sum()).sort("detector")
    run.written["anomalies"] = {"replaced": found.anomalies.height}
    run.written["flags"] = dict(flags.iter_rows())
    run.written["failed_detectors"] = dict(found.failures)
    run.seconds |= {f"detect.{name}": round(seconds, 3) for name, seconds in found.seconds.items()}


def _load(run: Run, place: Place, parameters: Parameters, teller: Teller, tell: Callable[[float], None]) -> None:
    from tarmac.report.atlas import find_coordinates
    from tarmac.warehouse.load import load_year
    from tarmac.warehouse.postgres import open_warehouse, record_run

    del parameters, teller, tell
    began = perf_counter()
    lake, year = place.lake, run.year
    _need(lake, lake.gold_key(year), f"tarmac gold --year {year}")
    _need(lake, lake.anomalies_key(year), f"tarmac detect --year {year}")
    anomalies = _read(lake, lake.anomalies_key(year))
    published = published_rows(_read(lake, lake.gold_key(year)), anomalies, chosen=_chosen(anomalies))
    events = find_events(published, year=year, places=find_coordinates(published["origin"].unique().to_list()))
    with open_warehouse(place.warehouse, place.home) as connection:
        counts = load_year(
            connection, year, published=published, scores=anomalies, events=events, published_table=place.table
        )
        run.written |= {table: asdict(count) for table, count in counts.items()}
        # No step follows this one, so the run is done.
        run.seconds["load"] = round(perf_counter() - began, 3)
        run.status, run.finished = "done", datetime.now(UTC)
        record_run(connection, run.record())


def _chosen(anomalies: pl.DataFrame) -> str:
    """The default detector; where it did not run, the first one that did."""
    ran = anomalies["detector"].unique().sort().to_list()
    defaults = [name for name in ran if name in {DEFAULT_DETECTOR, DEFAULT_DETECTOR + SUFFIX}]
    return next(iter([*defaults, *ran]), DEFAULT_DETECTOR)


def _need(lake: Lake, key: str, command: str) -> None:
    if lake.size(key) is None:
        raise InputError(f"{lake.place(key)} is not there. Make it first: {command}")


def _read(lake: Lake, key: str) -> pl.DataFrame:
    return pl.read_parquet(lake.place(key), **lake.scan_options())


def _new_run(command: str, year: int, parameters: Parameters) -> Run:
    now = datetime.now(UTC)
    return Run(
        command=command,
        year=year,
        run_id=f"{now:%Y%m%dT%H%M%S}.{now.microsecond // 1000:03d}Z-{uuid.uuid4().hex[:8]}",
        started=now,
        parameters=asdict(parameters),
        versions={"python": platform.python_version()} | {name: version(name) for name in LIBRARIES},
    )


def _close(run: Run, place: Place, status: str) -> None:
    """Write the run's record into the lake, at its end."""
    run.status, run.finished = status, run.finished or datetime.now(UTC)
    with _failing_quietly(status), scratch_folder(place.lake.scratch_parent(place.scratch)) as scratch:
        file = scratch / "run.json"
        file.write_text(json.dumps(run.record(), default=str, indent=2) + "\n", encoding="utf-8")
        place.lake.publish(file, place.lake.run_key(run.year, run.run_id))


def _record_failure(run: Run, place: Place) -> None:
    from tarmac.warehouse.postgres import open_warehouse, record_run

    with _failing_quietly(run.status), open_warehouse(place.warehouse, place.home) as connection:
        record_run(connection, run.record())


@contextmanager
def _failing_quietly(status: str) -> Any:
    # What stopped a run may stop its record as well; the user must hear of the first.
    try:
        yield
    except (TarmacError, OSError):
        if status != "failed":
            raise
