"""Runs the detectors over gold and turns their scores into rows."""

import os
from collections.abc import Callable
from functools import partial
from time import perf_counter
from typing import Protocol

import numpy as np
import polars as pl

from tarmac.detect import Detection, DetectParameters
from tarmac.detect.contract import Detector, Scores
from tarmac.detect.disruption.losses import Losses, losses_of_days
from tarmac.detect.disruption.online import losses_online
from tarmac.detect.online import SUFFIX, flag_online, score_online
from tarmac.detect.panel import BoolArray, FloatArray, Panel, panel_from_gold
from tarmac.detect.parameters import detector_named
from tarmac.detect.severity import severity
from tarmac.detect.thresholds.flags import flags_by
from tarmac.errors import TarmacError
from tarmac.settings import Mode
from tarmac.tables.anomalies import ANOMALIES
from tarmac.tables.frames import schema_of

SCHEMA = schema_of(ANOMALIES)


class Scorer(Protocol):
    """Lets a detector score a panel, here or on a cluster; the scores are identical to the last bit."""

    def __call__(self, detector: Detector, panel: Panel, *, mode: Mode, workers: int) -> Scores:
        """The panel's scores."""


def run_detectors(
    gold: pl.DataFrame,
    parameters: DetectParameters,
    *,
    year: int,
    progress: Callable[[str], None] | None,
    workers: int,
    scorer: Scorer | None = None,
) -> Detection:
    """See tarmac.detect.detect."""
    scorer = scorer or score_here
    workers = workers or available_cores()
    frames: list[pl.DataFrame] = [pl.DataFrame(schema=SCHEMA)]
    losses = _losses_of_gold(gold, parameters.mode, year=year, workers=workers)
    failures: dict[str, str] = {}
    seconds: dict[str, float] = {}
    for name in parameters.detectors:
        if progress is not None:
            progress(name)
        started = perf_counter()
        detector = detector_named(name, parameters)
        # Outside the try: an error in gold itself is not one detector's failure.
        panel = panel_from_gold(gold, detector.reads, year=year, also=detector.also)
        try:
            frames.append(_rows_by(detector, panel, parameters, workers, scorer, losses))
        except TarmacError as error:
            failures[name] = str(error)
        except Exception as error:  # noqa: BLE001 - one detector's failure must not lose the others' results
            failures[name] = f"{type(error).__name__}: {error}"
        seconds[name] = perf_counter() - started
    return Detection(anomalies=pl.concat(frames).sort(ANOMALIES.key), failures=failures, seconds=seconds)


def available_cores() -> int:
    """The cores this process may run on."""
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:  # not on this system
        return os.cpu_count() or 1


def score_here(detector: Detector, panel: Panel, *, mode: Mode, workers: int) -> Scores:
    """The scores of a panel, on this machine."""
    if mode == "online":
        return score_online(detector, panel, workers=workers)
    return detector.score(panel, workers=workers)


def _losses_of_gold(gold: pl.DataFrame, mode: Mode, *, year: int, workers: int) -> Losses:
    """Each day's losses; the same for every detector, whatever it expects."""
    panel = panel_from_gold(gold, "mean_dep_delay", year=year, also=("std_dep_delay",))
    return losses_online(panel) if mode == "online" else losses_of_days(panel, workers=workers)


def _rows_by(
    detector: Detector, panel: Panel, parameters: DetectParameters, workers: int, scorer: Scorer, losses: Losses
) -> pl.DataFrame:
    if not panel.origins:
        return pl.DataFrame(schema=SCHEMA)
    flags_of = partial(flags_by, parameters, detector)
    scores = scorer(detector, panel, mode=parameters.mode, workers=workers)
    if parameters.mode == "online":
        flags = flag_online(panel, scores, flags_of)
        return rows_of(panel, scores, flags, losses, detector, name=detector.name + SUFFIX)
    return rows_of(panel, scores, flags_of(panel, scores), losses, detector, name=detector.name)


def rows_of(
    panel: Panel, scores: Scores, flags: BoolArray, losses: Losses, detector: Detector, *, name: str
) -> pl.DataFrame:
    """One row for each scored day with scheduled flights, in the schema of the anomalies table; never a NaN."""
    has_row = panel.flights > 0
    has_row[:, : panel.first_scored] = False
    airport, day = np.nonzero(has_row)
    known = ~np.isnan(scores.score)

    def column(array: FloatArray) -> pl.Series:
        return pl.Series(array[airport, day], dtype=pl.Float64).fill_nan(None)

    return pl.DataFrame(
        {
            "origin": pl.Series(panel.origins, dtype=pl.String).gather(airport),
            "fl_date": pl.Series(panel.dates[day]).cast(pl.Date),
            "measure": pl.repeat(detector.measure, airport.size, dtype=pl.String, eager=True),
            "detector": pl.repeat(name, airport.size, dtype=pl.String, eager=True),
            "observed": column(panel.value),
            "expected": column(scores.expected),
            "lower": column(scores.lower),
            "upper": column(scores.upper),
            "score": column(scores.score),
            "flag": pl.Series((flags & known)[airport, day], dtype=pl.Boolean),
            "excess_cancelled": column(losses.cancelled),
            "excess_delay_minutes": column(losses.minutes),
            "lost_flights": column(losses.flights),
            "severity": column(severity(losses.share)).cast(pl.Int16),
        },
        schema=SCHEMA,
    )
