"""The way of the data, step by step: bronze → silver → gold → judgements → warehouse → report. Read this first.

Each step reads one zone and publishes the next, so it can run alone, again, or on another machine.
"""

from collections.abc import Callable, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from time import perf_counter

import polars as pl

from tarmac.bronze.local_copy import BronzeCopy
from tarmac.detect import Detection
from tarmac.engines.base import BronzeYear, Cleaning, gold_file
from tarmac.errors import InputError, SystemFailure, TarmacError
from tarmac.explain.events import find_events
from tarmac.runs.judgements import (
    DEFAULT_DETECTOR,
    join_parts,
    need,
    read_judged,
    score_year,
    write_judgements,
)
from tarmac.runs.record import Reporter, Run, SilentReporter, Workspace, close_run, open_run, record_failure
from tarmac.settings import ALL_STEPS as STEPS
from tarmac.settings import Parameters
from tarmac.storage.failures import told_plainly
from tarmac.storage.lake import Lake
from tarmac.storage.scratch import scratch_folder
from tarmac.tables.daily import CARRIER_DAILY, CARRIER_ORIGIN_DAILY, DAILY

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

Tell = Callable[[float], None]


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
) -> Run:
    """Take one year through these steps, in their order, and keep the run's record.

    A scheduler calls this once a step, each time with the same `run_id`, and the last step ends the record. It may give
    a copy of `bronze` to read, and the step "join" in place of "detect", after `score_part` for each detector.

    Raises:
        InputError, SystemFailure: nothing of the failed step was published; the run's record says that it failed.
    """
    reporter = reporter or SilentReporter()
    workspace.lake.check_exists()
    run = open_run(workspace, year, parameters, command, run_id)
    act: dict[str, Callable[[Tell], None]] = {
        "silver": lambda tell: _silver(run, workspace, parameters, reporter, tell, bronze),
        "gold": lambda _: _gold(run, workspace),
        "detect": lambda tell: _detect(run, workspace, parameters, reporter, tell),
        "join": lambda _: _publish_judgements(
            run, workspace, join_parts(workspace, year, parameters, run.run_id), reporter
        ),
        "load": lambda _: _load(run, workspace),
    }
    try:
        for step, take in act.items():
            if step in steps:
                began = perf_counter()
                with reporter.step(step, year) as tell, told_plainly(workspace.lake.root):
                    take(tell)
                # The load has told its own already: the warehouse's record and the lake's are to say the same.
                if step != "load":
                    run.seconds["detect" if step == "join" else step] = round(perf_counter() - began, 3)
    except TarmacError:
        close_run(workspace, run, "failed")
        if "load" in steps or (run_id and workspace.warehouse != "embedded"):
            record_failure(workspace, run)
        raise
    run.versions |= workspace.engine.versions
    close_run(workspace, run, "running" if run_id and "load" not in steps else "done")
    return run


def publish_report(workspace: Workspace, years: range, out: Path, *, about: str = "") -> int:
    """Write the HTML report of these years from the warehouse; returns its size in bytes.

    `about` says in a few words what the flights are, where they are not what airlines reported.
    """
    from tarmac.report import render_report, write_report
    from tarmac.warehouse.postgres import open_warehouse, read_published

    with open_warehouse(workspace.warehouse, workspace.home) as connection:
        published = read_published(connection, years, published_table=workspace.table)
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


def publish_report_to_lake(workspace: Workspace, year: int) -> str:
    """Write the year's HTML report into the lake, in place of an older one; returns its key."""
    key = workspace.lake.report_key(year)
    with told_plainly(workspace.lake.root), scratch_folder(workspace.lake.scratch_parent(workspace.scratch)) as scratch:
        publish_report(workspace, range(year, year + 1), scratch / "report.html")
        workspace.lake.publish(scratch / "report.html", key)
    return key


def _silver(
    run: Run, workspace: Workspace, parameters: Parameters, reporter: Reporter, tell: Tell, bronze: BronzeCopy | None
) -> None:
    lake, year = workspace.lake, run.year
    with scratch_folder(lake.scratch_parent(workspace.scratch)) as scratch:
        cleaning = workspace.engine.clean_year(
            BronzeYear(
                lake=bronze.lake if bronze else lake,
                year=year,
                files=bronze.files if bronze else lake.bronze_files(year),
            ),
            scratch,
            max_quarantined=parameters.max_quarantined,
            progress=lambda read, total: tell(read / max(total, 1)),
        )
        if bronze and bronze.input_hash != cleaning.input_hash:
            raise SystemFailure(
                f"the copy of {year}'s bronze in {bronze.lake.root} is not what was downloaded: its SHA-256 was "
                f"{bronze.input_hash} and is {cleaning.input_hash}. Nothing was published; download it again."
            )
        # The quarantine first: a reader who sees the new silver finds what is missing from it.
        _publish(run, lake, cleaning.quarantine, "quarantine", lake.quarantine_key(year), cleaning.rows_quarantined)
        _publish(run, lake, cleaning.silver, "silver", lake.silver_key(year), cleaning.rows_kept)
    _note_cleaning(run, cleaning, reporter)


def _publish(run: Run, lake: Lake, file: Path, table: str, key: str, rows: int) -> None:
    """Publish a table, unless the lake has the very same already, and count its rows as the one or the other."""
    run.written[table] = {"replaced" if lake.publish_changed(file, key) else "unchanged": rows}


def _note_cleaning(run: Run, cleaning: Cleaning, reporter: Reporter) -> None:
    run.input_hash = cleaning.input_hash
    run.rows_in, run.rows_kept, run.rows_quarantined = cleaning.rows_in, cleaning.rows_kept, cleaning.rows_quarantined
    run.quarantined_by_reason, run.repairs = dict(cleaning.quarantined), dict(cleaning.repairs)
    for note in cleaning.notes:
        reporter.note(note, year=run.year)
    for reason, rows in cleaning.quarantined.items():
        reporter.note("rows quarantined", year=run.year, reason=reason, rows=rows)
    for repair, rows in cleaning.repairs.items():
        if rows:
            reporter.note("rows repaired", year=run.year, repair=repair, rows=rows)


def _gold(run: Run, workspace: Workspace) -> None:
    lake, key = workspace.lake, workspace.lake.silver_key(run.year)
    need(lake, key, f"tarmac silver --year {run.year}")
    with scratch_folder(lake.scratch_parent(workspace.scratch)) as scratch:
        rows = workspace.engine.write_gold(lake, run.year, scratch)
        # The airports' last: whoever sees them finds the others.
        for table, name, to in (
            (CARRIER_ORIGIN_DAILY, "gold_carrier_origins", lake.carrier_origins_key(run.year)),
            (CARRIER_DAILY, "gold_carriers", lake.carriers_key(run.year)),
            (DAILY, "gold", lake.gold_key(run.year)),
        ):
            _publish(run, lake, gold_file(scratch, table.name), name, to, rows[table.name])


def _detect(run: Run, workspace: Workspace, parameters: Parameters, reporter: Reporter, tell: Tell) -> None:
    names = parameters.detect.detectors
    found = score_year(workspace, run.year, parameters, lambda name: tell(names.index(name) / len(names)))
    _publish_judgements(run, workspace, found, reporter)


def _publish_judgements(run: Run, workspace: Workspace, found: Detection, reporter: Reporter) -> None:
    lake, year = workspace.lake, run.year
    if found.anomalies.width == 0 or set(found.failures) == set(run.parameters["detect"]["detectors"]):
        reasons = "; ".join(f"{name}: {reason}" for name, reason in found.failures.items())
        raise SystemFailure(f"no detector could judge {year}, so nothing was published. {reasons}")
    for name, reason in found.failures.items():
        reporter.note("a detector failed; the others' results stand", year=year, detector=name, reason=reason)
    with scratch_folder(lake.scratch_parent(workspace.scratch)) as scratch:
        write_judgements(found.anomalies, scratch / "anomalies.parquet")
        _publish(
            run, lake, scratch / "anomalies.parquet", "anomalies", lake.anomalies_key(year), found.anomalies.height
        )
    flags = found.anomalies.group_by("detector").agg(pl.col("flag").sum()).sort("detector")
    run.written["flags"] = dict(flags.iter_rows())
    run.written["failed_detectors"] = dict(found.failures)
    run.seconds |= {f"detect.{name}": round(seconds, 3) for name, seconds in found.seconds.items()}


def _load(run: Run, workspace: Workspace) -> None:
    from tarmac.airports import describe_airports, find_coordinates
    from tarmac.warehouse.load import load_year
    from tarmac.warehouse.postgres import open_warehouse, record_run

    began = perf_counter()
    published, anomalies = read_judged(workspace.lake, run.year)
    origins = published["origin"].unique().to_list()
    events = find_events(published, year=run.year, places=find_coordinates(origins))
    with open_warehouse(workspace.warehouse, workspace.home) as connection:
        counts = load_year(
            connection,
            run.year,
            published=published,
            scores=anomalies,
            events=events,
            airports=describe_airports(origins),
            published_table=workspace.table,
        )
        run.written |= {table: asdict(count) for table, count in counts.items()}
        # No step follows this one, so the run is done.
        run.seconds["load"] = round(perf_counter() - began, 3)
        run.status, run.finished = "done", datetime.now(UTC)
        record_run(connection, run.record())
