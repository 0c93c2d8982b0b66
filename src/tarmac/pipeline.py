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
from tarmac.engines.accounting import Cleaning
from tarmac.errors import InputError, SystemFailure, TarmacError
from tarmac.explain.events import find_events
from tarmac.runs.judgements import (
    DEFAULT_DETECTOR,
    join_parts,
    judge_year,
    need,
    read_judged,
    write_judgements,
)
from tarmac.runs.record import Parameters, Place, Run, Silent, Teller, close_run, open_run, record_failure
from tarmac.storage.failures import told_plainly
from tarmac.storage.lake import Lake
from tarmac.storage.scratch import scratch_folder

__all__ = [
    "DEFAULT_DETECTOR",
    "STEPS",
    "Parameters",
    "Place",
    "Run",
    "Silent",
    "Teller",
    "publish_report",
    "publish_report_to_lake",
    "run_year",
]

Tell = Callable[[float], None]
STEPS: tuple[str, ...] = ("silver", "gold", "detect", "load")


def run_year(
    year: int,
    place: Place,
    parameters: Parameters,
    *,
    steps: Sequence[str] = STEPS,
    command: str = "run",
    teller: Teller | None = None,
    run_id: str | None = None,
    bronze: BronzeCopy | None = None,
) -> Run:
    """Take one year through these steps, in their order, and keep the run's record.

    A scheduler calls this once a step, each time with the same `run_id`, and the last step ends the record. It may give
    a copy of `bronze` to read, and the step "join" in place of "detect", after `judge_part` for each detector.

    Raises:
        InputError, SystemFailure: nothing of the failed step was published; the run's record says that it failed.
    """
    teller = teller or Silent()
    place.lake.check_exists()
    run = open_run(command, year, parameters, place, run_id)
    act: dict[str, Callable[[Tell], None]] = {
        "silver": lambda tell: _silver(run, place, parameters, teller, tell, bronze),
        "gold": lambda _: _gold(run, place),
        "detect": lambda tell: _detect(run, place, parameters, teller, tell),
        "join": lambda _: _publish_judgements(run, place, join_parts(year, place, parameters, run.run_id), teller),
        "load": lambda _: _load(run, place),
    }
    try:
        for step, take in act.items():
            if step in steps:
                began = perf_counter()
                with teller.step(step, year) as tell, told_plainly(place.lake.root):
                    take(tell)
                # The load has told its own already: the warehouse's record and the lake's are to say the same.
                if step != "load":
                    run.seconds["detect" if step == "join" else step] = round(perf_counter() - began, 3)
    except TarmacError:
        close_run(run, place, "failed")
        if "load" in steps or (run_id and place.warehouse != "embedded"):
            record_failure(run, place)
        raise
    run.versions |= place.engine.versions
    close_run(run, place, "running" if run_id and "load" not in steps else "done")
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


def publish_report_to_lake(year: int, place: Place) -> str:
    """Write the year's HTML report into the lake, in place of an older one; returns its key."""
    key = place.lake.report_key(year)
    with told_plainly(place.lake.root), scratch_folder(place.lake.scratch_parent(place.scratch)) as scratch:
        publish_report(range(year, year + 1), place, scratch / "report.html")
        place.lake.publish(scratch / "report.html", key)
    return key


def _silver(
    run: Run, place: Place, parameters: Parameters, teller: Teller, tell: Tell, bronze: BronzeCopy | None
) -> None:
    lake, year = place.lake, run.year
    with scratch_folder(lake.scratch_parent(place.scratch)) as scratch:
        cleaning = place.engine.clean_year(
            bronze.lake if bronze else lake,
            year,
            files=bronze.files if bronze else lake.bronze_files(year),
            scratch=scratch,
            most_quarantined=parameters.max_quarantined,
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
    _note_cleaning(run, cleaning, teller)


def _publish(run: Run, lake: Lake, file: Path, table: str, key: str, rows: int) -> None:
    """Publish a table, unless the lake has the very same already, and count its rows as the one or the other."""
    run.written[table] = {"replaced" if lake.publish_changed(file, key) else "unchanged": rows}


def _note_cleaning(run: Run, cleaning: Cleaning, teller: Teller) -> None:
    run.input_hash = cleaning.input_hash
    run.rows_in, run.rows_kept, run.rows_quarantined = cleaning.rows_in, cleaning.rows_kept, cleaning.rows_quarantined
    run.quarantined_by_reason, run.repairs = dict(cleaning.quarantined), dict(cleaning.repairs)
    for note in cleaning.notes:
        teller.note(note, year=run.year)
    for reason, rows in cleaning.quarantined.items():
        teller.note("rows quarantined", year=run.year, reason=reason, rows=rows)
    for repair, rows in cleaning.repairs.items():
        if rows:
            teller.note("rows repaired", year=run.year, repair=repair, rows=rows)


def _gold(run: Run, place: Place) -> None:
    lake, key = place.lake, place.lake.silver_key(run.year)
    need(lake, key, f"tarmac silver --year {run.year}")
    with scratch_folder(lake.scratch_parent(place.scratch)) as scratch:
        rows = place.engine.write_gold(lake, run.year, scratch)
        _publish(run, lake, scratch / "gold.parquet", "gold", lake.gold_key(run.year), rows)


def _detect(run: Run, place: Place, parameters: Parameters, teller: Teller, tell: Tell) -> None:
    names = parameters.detect.detectors
    found = judge_year(place, run.year, parameters, lambda name: tell(names.index(name) / len(names)))
    _publish_judgements(run, place, found, teller)


def _publish_judgements(run: Run, place: Place, found: Detection, teller: Teller) -> None:
    lake, year = place.lake, run.year
    if found.anomalies.width == 0 or set(found.failures) == set(run.parameters["detect"]["detectors"]):
        reasons = "; ".join(f"{name}: {reason}" for name, reason in found.failures.items())
        raise SystemFailure(f"no detector could judge {year}, so nothing was published. {reasons}")
    for name, reason in found.failures.items():
        teller.note("a detector failed; the others' results stand", year=year, detector=name, reason=reason)
    with scratch_folder(lake.scratch_parent(place.scratch)) as scratch:
        write_judgements(found.anomalies, scratch / "anomalies.parquet")
        _publish(
            run, lake, scratch / "anomalies.parquet", "anomalies", lake.anomalies_key(year), found.anomalies.height
        )
    flags = found.anomalies.group_by("detector").agg(pl.col("flag").sum()).sort("detector")
    run.written["flags"] = dict(flags.iter_rows())
    run.written["failed_detectors"] = dict(found.failures)
    run.seconds |= {f"detect.{name}": round(seconds, 3) for name, seconds in found.seconds.items()}


def _load(run: Run, place: Place) -> None:
    from tarmac.airports import describe_airports, find_coordinates
    from tarmac.warehouse.load import load_year
    from tarmac.warehouse.postgres import open_warehouse, record_run

    began = perf_counter()
    published, anomalies = read_judged(place.lake, run.year)
    origins = published["origin"].unique().to_list()
    events = find_events(published, year=run.year, places=find_coordinates(origins))
    with open_warehouse(place.warehouse, place.home) as connection:
        counts = load_year(
            connection,
            run.year,
            published=published,
            scores=anomalies,
            events=events,
            airports=describe_airports(origins),
            published_table=place.table,
        )
        run.written |= {table: asdict(count) for table, count in counts.items()}
        # No step follows this one, so the run is done.
        run.seconds["load"] = round(perf_counter() - began, 3)
        run.status, run.finished = "done", datetime.now(UTC)
        record_run(connection, run.record())
