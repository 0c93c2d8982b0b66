"""The scores of a year: by all detectors at once, or by one detector at a time and then joined."""

import hashlib
import io
import json
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path

import polars as pl

from tarmac.airports import describe_airports, find_coordinates
from tarmac.detect import Detection, DetectParameters, detect
from tarmac.detect.online import SUFFIX
from tarmac.errors import InputError, SystemFailure
from tarmac.explanation.disruptions import Disruptions, explain_year
from tarmac.runs.record import current_versions
from tarmac.runs.workspace import Workspace
from tarmac.settings import Parameters
from tarmac.storage.lake import Lake
from tarmac.storage.scratch import scratch_folder
from tarmac.tables.anomalies import ANOMALIES
from tarmac.tables.frames import COMPRESSION, schema_of
from tarmac.transform.published import published_rows

_AS_AIRPORTS, _AS_CARRIERS = {"op_carrier": "origin"}, {"origin": "op_carrier"}
"""Carriers are scored like airports: by the same detectors, with the carrier in the airports' column."""

DEFAULT_DETECTOR = "disruption"
"""The detector whose scores and flags the published table shows."""


def score_year(
    workspace: Workspace, year: int, parameters: Parameters, progress: Callable[[str], None] | None = None
) -> Detection:
    """Score the year's gold with all detectors, with as many of the requested earlier years as the lake has.

    Raises:
        InputError: the year has no gold.
    """
    gold, _ = _read_gold(workspace.lake, year, parameters)
    return detect(gold, parameters.detect, year=year, progress=progress, scorer=workspace.engine.score)


def score_part(workspace: Workspace, year: int, parameters: Parameters, detector: str, run_id: str) -> int:
    """Score the year with one detector and store its rows for `join_parts`; returns their number.

    Raises:
        InputError: the year has no gold.
        SystemFailure: the detector failed; its reason is stored for the join.
    """
    alone = replace(parameters, detect=replace(parameters.detect, detectors=(detector,)))
    gold, fingerprint = _read_gold(workspace.lake, year, alone)
    found = detect(gold, alone.detect, year=year, scorer=workspace.engine.score)
    folder = _parts_of(workspace.lake, year, run_id, fingerprint)
    with scratch_folder(workspace.lake.scratch_parent(workspace.scratch)) as scratch:
        file = scratch / detector
        if reason := found.failures.get(detector):
            file.write_text(reason, encoding="utf-8")
            workspace.lake.publish(file, f"{folder}/{detector}.failed")
            raise SystemFailure(f"detector {detector} could not score {year}: {reason}")
        write_scores(found.anomalies, file)
        workspace.lake.publish(file, f"{folder}/{detector}.parquet")
    return found.anomalies.height


def join_parts(workspace: Workspace, year: int, parameters: Parameters, run_id: str) -> Detection:
    """The rows that `score_part` stored in this run for the same gold and parameters; others are not read.

    A detector without such rows is among the failures, with its reason. With no rows at all, `anomalies` has no columns.
    """
    _, fingerprint = _read_gold(workspace.lake, year, parameters)
    folder = _parts_of(workspace.lake, year, run_id, fingerprint)
    there = set(workspace.lake.files_in(folder))
    frames, failures = [], {}
    for name in parameters.detect.detectors:
        if (key := f"{folder}/{name}.parquet") in there:
            frames.append(read_table(workspace.lake, key))
        else:
            failures[name] = _reason(workspace.lake, f"{folder}/{name}.failed", there)
    if not frames:
        return Detection(anomalies=pl.DataFrame(), failures=failures, seconds={})
    return Detection(anomalies=pl.concat(frames).sort(ANOMALIES.key), failures=failures, seconds={})


def remove_parts(lake: Lake, year: int) -> None:
    """Remove the parts of all runs of the year; no such run may be running."""
    lake.remove(_parts(lake, year))


def write_scores(anomalies: pl.DataFrame, file: Path) -> None:
    """Write the rows in the lake's format: equal rows give equal bytes."""
    anomalies.write_parquet(file, compression=COMPRESSION)


def read_scored(lake: Lake, year: int) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The year's rows as the warehouse publishes them, and the scores of all detectors.

    Raises:
        InputError: gold or the scores do not exist.
    """
    need(lake, lake.gold_key(year), f"tarmac gold --year {year}")
    need(lake, lake.anomalies_key(year), f"tarmac detect --year {year}")
    anomalies = read_table(lake, lake.anomalies_key(year))
    gold = read_table(lake, lake.gold_key(year))
    return published_rows(gold, anomalies, chosen=_chosen_detector(anomalies)), anomalies


def score_carriers(workspace: Workspace, year: int, parameters: Parameters) -> Detection:
    """The scores of carrier-days: rows like those of airports (`tables.anomalies`), with `op_carrier`."""
    lake = workspace.lake
    need(lake, lake.carriers_key(year), f"tarmac gold --year {year}")
    earlier = [
        past for past in range(year - parameters.history, year) if lake.size(lake.carriers_key(past)) is not None
    ]
    gold = pl.concat([read_table(lake, lake.carriers_key(each)) for each in (*earlier, year)])
    found = detect(gold.rename(_AS_AIRPORTS), parameters.detect, year=year, scorer=workspace.engine.score)
    anomalies = found.anomalies if found.anomalies.width else pl.DataFrame(schema=schema_of(ANOMALIES))
    return replace(found, anomalies=anomalies.rename(_AS_CARRIERS))


def read_scored_carriers(lake: Lake, year: int) -> pl.DataFrame:
    """The year's carrier-days as the warehouse publishes them.

    Raises:
        InputError: gold or the scores do not exist.
    """
    need(lake, lake.carriers_key(year), f"tarmac gold --year {year}")
    need(lake, lake.carrier_anomalies_key(year), f"tarmac detect --year {year}")
    anomalies = read_table(lake, lake.carrier_anomalies_key(year)).rename(_AS_AIRPORTS)
    gold = read_table(lake, lake.carriers_key(year)).rename(_AS_AIRPORTS)
    return published_rows(gold, anomalies, chosen=_chosen_detector(anomalies)).rename(_AS_CARRIERS)


def read_disruptions(lake: Lake, year: int) -> Disruptions:
    """The year's disruptions and their parts.

    Raises:
        InputError: they do not exist.
    """
    for key in (lake.disruptions_key(year), lake.disruption_parts_key(year)):
        need(lake, key, f"tarmac detect --year {year}")
    return Disruptions(
        events=read_table(lake, lake.disruptions_key(year)), parts=read_table(lake, lake.disruption_parts_key(year))
    )


def explain_scored(workspace: Workspace, year: int, anomalies: pl.DataFrame) -> Disruptions:
    """The disruptions of the year's flights; `anomalies` are the scores of its airport-days."""
    lake = workspace.lake
    need(lake, lake.silver_key(year), f"tarmac silver --year {year}")
    published = published_rows(read_table(lake, lake.gold_key(year)), anomalies, chosen=_chosen_detector(anomalies))
    codes = published["origin"].unique().to_list()
    cities = describe_airports(codes).filter(pl.col("city").is_not_null() & (pl.col("city") != ""))
    with scratch_folder(lake.scratch_parent(workspace.scratch)) as scratch:
        flights = pl.scan_parquet(lake.fetch(lake.silver_key(year), scratch), glob=False)
        return explain_year(
            flights,
            published,
            year,
            coordinates=find_coordinates(codes),
            cities=dict(cities.select("origin", "city").iter_rows()),
        )


def _chosen_detector(anomalies: pl.DataFrame) -> str:
    """The default detector; if it did not run, the first one that did."""
    ran = anomalies["detector"].unique().sort().to_list()
    defaults = [name for name in ran if name in {DEFAULT_DETECTOR, DEFAULT_DETECTOR + SUFFIX}]
    return next(iter([*defaults, *ran]), DEFAULT_DETECTOR)


def need(lake: Lake, key: str, command: str) -> None:
    """Raise an InputError, with the command that creates it, if the lake lacks a file."""
    if lake.size(key) is None:
        raise InputError(f"{lake.location(key)} does not exist. Create it first: {command}")


def read_table(lake: Lake, key: str) -> pl.DataFrame:
    """All rows of a Parquet file in the lake."""
    return pl.read_parquet(io.BytesIO(lake.read(key)))


def _read_gold(lake: Lake, year: int, parameters: Parameters) -> tuple[pl.DataFrame, str]:
    """The year's gold with its history, and a fingerprint of what determines its scores: bytes, parameters, versions."""
    need(lake, lake.gold_key(year), f"tarmac gold --year {year}")
    earlier = [past for past in range(year - parameters.history, year) if lake.size(lake.gold_key(past)) is not None]
    files = [lake.read(lake.gold_key(each)) for each in (*earlier, year)]
    return pl.concat([pl.read_parquet(io.BytesIO(file)) for file in files]), _fingerprint(files, parameters.detect)


def _fingerprint(files: list[bytes], parameters: DetectParameters) -> str:
    # Without the detectors' names, because other detectors do not change a detector's scores.
    decisive = asdict(parameters) | {"detectors": None} | {"versions": current_versions()}
    digest = hashlib.sha256(json.dumps(decisive, sort_keys=True).encode())
    for file in files:
        digest.update(hashlib.sha256(file).digest())
    return digest.hexdigest()


def _parts(lake: Lake, year: int) -> str:
    return f"{lake.runs_folder(year)}/parts"


def _parts_of(lake: Lake, year: int, run_id: str, fingerprint: str) -> str:
    return f"{_parts(lake, year)}/{run_id}/{fingerprint[:16]}"


def _reason(lake: Lake, key: str, there: set[str]) -> str:
    if key not in there:
        return "it left no scores: its task did not end, or used other gold or other parameters"
    return lake.read(key).decode()
