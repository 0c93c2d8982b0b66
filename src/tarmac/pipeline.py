"""The pipeline, step by step: bronze → silver → gold → scores → warehouse → report. Read this first.

Each step reads one zone and publishes the next, so it can run alone, again, or on another machine.
"""

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from functools import cache
from importlib.metadata import version
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING

import polars as pl

from tarmac.bronze.local_copy import BronzeCopy
from tarmac.engines.base import BronzeYear, Cleaning, gold_file
from tarmac.errors import InputError, SystemFailure, TarmacError
from tarmac.runs.record import Note, Run, StepResult, open_run, record_failure, write_record
from tarmac.runs.scores import (
    DEFAULT_DETECTOR,
    explain_scored,
    join_parts,
    need,
    read_disruptions,
    read_scored,
    read_scored_carriers,
    score_carriers,
    score_year,
    write_scores,
)
from tarmac.runs.workspace import Reporter, SilentReporter, Workspace
from tarmac.settings import ALL_STEPS as STEPS
from tarmac.settings import Parameters
from tarmac.storage.errors import explained
from tarmac.storage.lake import Lake
from tarmac.storage.scratch import scratch_folder
from tarmac.tables.daily import CARRIER_DAILY, CARRIER_ORIGIN_DAILY, DAILY
from tarmac.tables.disruption_parts import DISRUPTION_PARTS
from tarmac.tables.events import EVENTS
from tarmac.tables.published import CARRIER_DAYS

if TYPE_CHECKING:
    import psycopg

__all__ = [
    "DEFAULT_DETECTOR",
    "STEPS",
    "Parameters",
    "Reporter",
    "Run",
    "SilentReporter",
    "Workspace",
    "publish_report",
    "publish_report_to_lake",
    "run_year",
]


@dataclass(frozen=True, kw_only=True)
class _Task:
    """The inputs of a step; `connect` opens the warehouse at the first call."""

    workspace: Workspace
    run: Run
    parameters: Parameters
    connect: "Callable[[], psycopg.Connection]"
    bronze: BronzeCopy | None
    parts: bool
    progress: Callable[[float], None] = lambda _: None


def run_year(
    workspace: Workspace,
    year: int,
    parameters: Parameters,
    *,
    steps: Sequence[str] = STEPS,
    command: str = "run",
    reporter: Reporter | None = None,
    run_id: str | None = None,
    bronze: BronzeCopy | None = None,
    parts: bool = False,
) -> Run:
    """Run these steps for one year, in the pipeline's order, and keep the run's record.

    A scheduler calls this once for each step, always with the same `run_id`; the last step closes the record. Silver
    reads the copy `bronze`, if given; with `parts`, detect joins the results that `score_part` has stored for each detector.

    Raises:
        InputError, SystemFailure: nothing of the failed step was published; the run's record says that it failed.
    """
    reporter = reporter or SilentReporter()
    workspace.lake.check_exists()
    run = open_run(workspace, year, parameters, command, run_id)
    closes = STEPS[-1] in steps
    try:
        with ExitStack() as opened:
            connect = cache(lambda: opened.enter_context(_open_warehouse(workspace)))
            task = _Task(
                workspace=workspace, run=run, parameters=parameters, connect=connect, bronze=bronze, parts=parts
            )
            for name in (each for each in STEPS if each in steps):
                _do(task, name, reporter)
            run.versions |= workspace.engine.versions
            _close(run, "done" if closes or not run_id else "running")
            if closes:
                _record_in_warehouse(connect(), run)
    except TarmacError:
        _close(run, "failed")
        write_record(workspace, run)
        if closes or (run_id and workspace.warehouse != "embedded"):
            record_failure(workspace, run)
        raise
    write_record(workspace, run)
    return run


def _do(task: _Task, name: str, reporter: Reporter) -> None:
    """Run a step, and put its result into the run's record; a step that fails is not done there."""
    run = task.run
    run.steps.pop(name, None)
    began = perf_counter()
    with reporter.step(name, run.year) as progress, explained(task.workspace.lake.root):
        result = _STEPS[name](replace(task, progress=progress))
    run.steps[name] = replace(result, seconds=round(perf_counter() - began, 3))
    for note in result.notes:
        reporter.note(note.text, year=run.year, **note.facts)


def _close(run: Run, status: str) -> None:
    run.status, run.finished = status, datetime.now(UTC)


def _open_warehouse(workspace: Workspace) -> "AbstractContextManager[psycopg.Connection]":
    from tarmac.warehouse.postgres import open_warehouse

    return open_warehouse(workspace.warehouse, workspace.home)


def _record_in_warehouse(connection: "psycopg.Connection", run: Run) -> None:
    from tarmac.warehouse.postgres import record_run

    record_run(connection, run.row())


def publish_report(workspace: Workspace, years: range, out: Path, *, about: str = "") -> int:
    """Write the HTML report of these years from the warehouse; returns its size in bytes.

    `about` describes the flights in a few words if they are not airlines' reports.
    """
    from tarmac.report import Tables, render_report, write_report
    from tarmac.warehouse.postgres import open_warehouse, read_published, read_years

    with open_warehouse(workspace.warehouse, workspace.home) as connection:
        tables = Tables(
            published=read_published(connection, years, published_table=workspace.table),
            events=read_years(connection, EVENTS, years),
            parts=read_years(connection, DISRUPTION_PARTS, years),
            carriers=read_years(connection, CARRIER_DAYS, years),
        )
    there = set(tables.published["fl_date"].dt.year().unique())
    if missing := [year for year in years if year not in there]:
        raise InputError(
            f"the warehouse has no rows of {', '.join(map(str, missing))}. Load them first: tarmac run --year {missing[0]}"
        )
    page = render_report(
        tables,
        years=list(years),
        generated_by=f"Tarmac {version('tarmac')}{about and f' from {about}'}",
        generated_at=datetime.now(UTC),
    )
    return write_report(page, out)


def publish_report_to_lake(workspace: Workspace, year: int) -> str:
    """Write the year's HTML report into the lake, replacing an older one; returns its key."""
    key = workspace.lake.report_key(year)
    with explained(workspace.lake.root), scratch_folder(workspace.lake.scratch_parent(workspace.scratch)) as scratch:
        publish_report(workspace, range(year, year + 1), scratch / "report.html")
        workspace.lake.publish(scratch / "report.html", key)
    return key


def _silver(task: _Task) -> StepResult:
    lake, run = task.workspace.lake, task.run
    bronze = task.bronze
    with scratch_folder(lake.scratch_parent(task.workspace.scratch)) as scratch:
        cleaning = task.workspace.engine.clean_year(
            BronzeYear(
                lake=bronze.lake if bronze else lake,
                year=run.year,
                files=bronze.files if bronze else lake.bronze_files(run.year),
            ),
            scratch,
            max_quarantined=task.parameters.max_quarantined,
            progress=lambda read, total: task.progress(read / max(total, 1)),
        )
        if bronze and bronze.input_hash != cleaning.input_hash:
            raise SystemFailure(
                f"the copy of {run.year}'s bronze in {bronze.lake.root} is not what was downloaded: its SHA-256 was "
                f"{bronze.input_hash} and is {cleaning.input_hash}. Nothing was published; download it again."
            )
        # The quarantine first, so that a reader of the new silver finds its invalid rows.
        written = {
            "quarantine": _publish(lake, cleaning.quarantine, lake.quarantine_key(run.year), cleaning.rows_quarantined),
            "silver": _publish(lake, cleaning.silver, lake.silver_key(run.year), cleaning.rows_kept),
        }
    run.input_hash = cleaning.input_hash
    run.rows_in, run.rows_kept, run.rows_quarantined = cleaning.rows_in, cleaning.rows_kept, cleaning.rows_quarantined
    run.quarantined_by_reason, run.repairs = dict(cleaning.quarantined), dict(cleaning.repairs)
    return StepResult(written=written, notes=_notes_on(cleaning))


def _publish(lake: Lake, file: Path, key: str, rows: int) -> dict[str, int]:
    """Publish a table unless the lake already has the same bytes; returns its rows by kind of write."""
    return {"replaced" if lake.publish_changed(file, key) else "unchanged": rows}


def _notes_on(cleaning: Cleaning) -> tuple[Note, ...]:
    quarantined = (
        Note(text="rows quarantined", facts={"reason": reason, "rows": rows})
        for reason, rows in cleaning.quarantined.items()
    )
    repaired = (
        Note(text="rows repaired", facts={"repair": repair, "rows": rows})
        for repair, rows in cleaning.repairs.items()
        if rows
    )
    return (*(Note(text=text) for text in cleaning.notes), *quarantined, *repaired)


def _gold(task: _Task) -> StepResult:
    lake, year = task.workspace.lake, task.run.year
    need(lake, lake.silver_key(year), f"tarmac silver --year {year}")
    with scratch_folder(lake.scratch_parent(task.workspace.scratch)) as scratch:
        rows = task.workspace.engine.write_gold(lake, year, scratch)
        # The airports' table last, so that a reader of the new one finds the others.
        tables = {
            "gold_carrier_origins": (CARRIER_ORIGIN_DAILY.name, lake.carrier_origins_key(year)),
            "gold_carriers": (CARRIER_DAILY.name, lake.carriers_key(year)),
            "gold": (DAILY.name, lake.gold_key(year)),
        }
        return StepResult(
            written={
                name: _publish(lake, gold_file(scratch, table), key, rows[table])
                for name, (table, key) in tables.items()
            }
        )


def _detect(task: _Task) -> StepResult:
    lake, year, names = task.workspace.lake, task.run.year, task.parameters.detect.detectors
    if task.parts:
        found = join_parts(task.workspace, year, task.parameters, task.run.run_id)
    else:
        found = score_year(
            task.workspace, year, task.parameters, lambda name: task.progress(names.index(name) / len(names))
        )
    if found.anomalies.width == 0 or set(found.failures) == set(names):
        reasons = "; ".join(f"{name}: {reason}" for name, reason in found.failures.items())
        raise SystemFailure(f"no detector could score {year}, so nothing was published. {reasons}")
    with scratch_folder(lake.scratch_parent(task.workspace.scratch)) as scratch:
        file = scratch / "anomalies.parquet"
        write_scores(found.anomalies, file)
        written = {"anomalies": _publish(lake, file, lake.anomalies_key(year), found.anomalies.height)}
    explained_in, more, without_carriers = _explain(task, found.anomalies)
    flags = found.anomalies.group_by("detector").agg(pl.col("flag").sum()).sort("detector")
    failed = (
        Note(
            text="a detector failed; the results of the others are published",
            facts={"detector": name, "reason": reason},
        )
        for name, reason in found.failures.items()
    )
    failed_on_carriers = (
        Note(
            text="a detector failed on the carriers' days; the results of the others are published",
            facts={"detector": name, "reason": reason},
        )
        for name, reason in without_carriers.items()
        if name not in found.failures
    )
    return StepResult(
        written=written | more,
        notes=(*failed, *failed_on_carriers),
        seconds_by_detector={name: round(seconds, 3) for name, seconds in {**found.seconds, **explained_in}.items()},
        flags=dict(flags.iter_rows()),
        failed_detectors=dict(found.failures),
    )


def _explain(
    task: _Task, anomalies: pl.DataFrame
) -> tuple[dict[str, float], dict[str, dict[str, int]], Mapping[str, str]]:
    """Score the carrier-days, and find the year's disruptions with their parts.

    Returns seconds, rows written, and the reason for each detector that could not score carriers.
    """
    lake, year = task.workspace.lake, task.run.year
    times = [perf_counter()]
    carriers = score_carriers(task.workspace, year, task.parameters)
    times.append(perf_counter())
    found = explain_scored(task.workspace, year, anomalies)
    times.append(perf_counter())
    # The parts before the disruptions, so that a reader of a disruption finds its parts.
    tables = {
        "anomalies_carriers": (carriers.anomalies, lake.carrier_anomalies_key(year)),
        "disruption_parts": (found.parts, lake.disruption_parts_key(year)),
        "disruptions": (found.events, lake.disruptions_key(year)),
    }
    written = {}
    with scratch_folder(lake.scratch_parent(task.workspace.scratch)) as scratch:
        for name, (frame, key) in tables.items():
            file = scratch / f"{name}.parquet"
            write_scores(frame, file)
            written[name] = _publish(lake, file, key, frame.height)
    return {"carriers": times[1] - times[0], "explain": times[2] - times[1]}, written, carriers.failures


def _load(task: _Task) -> StepResult:
    from tarmac.airports import describe_airports
    from tarmac.warehouse.load import load_year

    year = task.run.year
    published, anomalies = read_scored(task.workspace.lake, year)
    disruptions = read_disruptions(task.workspace.lake, year)
    origins = published["origin"].unique().to_list()
    counts = load_year(
        task.connect(),
        year,
        published=published,
        scores=anomalies,
        carriers=read_scored_carriers(task.workspace.lake, year),
        events=disruptions.events,
        parts=disruptions.parts,
        airports=describe_airports(origins),
        published_table=task.workspace.table,
    )
    return StepResult(written={table: asdict(count) for table, count in counts.items()})


_STEPS: dict[str, Callable[[_Task], StepResult]] = {
    "silver": _silver,
    "gold": _gold,
    "detect": _detect,
    "load": _load,
}
