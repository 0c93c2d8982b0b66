"""Corpora: gold of one year and the truth about its airport-days. Pure: parameters or flights in, a corpus out."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import narwhals as nw
import numpy as np
import polars as pl

from tarmac.gold import to_gold
from tarmac.silver import judge, keep_sound
from tarmac.simulate import DayPlan, SimulationParameters, each_chunk, simulate_days
from tarmac.tables.daily import DAILY

Split = Literal["tuning", "reporting"]

TUNING_SEEDS: tuple[int, ...] = (101, 102, 103)
REPORTING_SEEDS: tuple[int, ...] = (901, 902)
"""Simulated years: a detector is improved on the first and reported on the second, never the other way round."""


@dataclass(frozen=True, kw_only=True)
class Corpus:
    """A year of gold and its truth.

    `labels`: one row per truly abnormal airport-day, `origin` and `fl_date`, with its `kind`. `gold` may hold earlier
    years, which are history. `judged_by`: the only detectors that are measured on it, all where it is empty.
    """

    name: str
    split: Split
    year: int
    gold: pl.DataFrame
    labels: pl.DataFrame
    blind: bool = False


def split_of_seed(seed: int) -> Split:
    """Seeds under 500 are for tuning, the others for reporting."""
    return "tuning" if seed < 500 else "reporting"


def simulated_corpus(
    parameters: SimulationParameters, *, progress: Callable[[float], None] | None = None
) -> Corpus:
    """A simulated year, through silver's judgement and gold's sums, without a file between."""
    plan = simulate_days(parameters)
    days: list[pl.DataFrame] = []
    flights = 0

    def turn(chunk: pl.DataFrame) -> tuple[int, pl.DataFrame]:
        return chunk.height, _gold_of(chunk, parameters.year)

    for height, gold in each_chunk(plan, turn):
        days.append(gold)
        flights += height
        if progress is not None:
            progress(flights / parameters.flights)
    return Corpus(
        name=f"simulated {parameters.shape} {parameters.seed}",
        split=split_of_seed(parameters.seed),
        year=parameters.year,
        gold=pl.concat(days).sort(DAILY.key),
        labels=_truth_of(plan),
    )


def _gold_of(flights: pl.DataFrame, year: int) -> pl.DataFrame:
    bronze = flights.lazy().with_columns(
        source_file=pl.lit("simulated"), source_line=pl.lit(0), unreadable=pl.lit(None, dtype=pl.String)
    )
    return to_gold(keep_sound(judge(nw.from_native(bronze), year=year))).to_native().collect()


def _truth_of(plan: DayPlan) -> pl.DataFrame:
    from tarmac.simulate.anomalies import KINDS

    place, day = np.nonzero(plan.truth)
    return pl.DataFrame(
        {
            "origin": pl.Series(plan.airports.codes, dtype=pl.String).gather(place),
            "fl_date": pl.Series(plan.dates, dtype=pl.Date).gather(day),
            "kind": pl.Series(KINDS, dtype=pl.String).gather(plan.anomalies.kind[place, day].astype(np.int64)),
        }
    ).sort("origin", "fl_date")
