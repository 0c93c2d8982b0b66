"""Corpora: gold of one year and the truth about its airport-days. Pure: parameters or flights in, a corpus out."""

import zlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import narwhals as nw
import numpy as np
import polars as pl

from tarmac.evaluate.flights import clean_flights
from tarmac.evaluate.planting import Planting, plant, usual_days
from tarmac.evaluate.second import World, second_year
from tarmac.simulate import DayPlan, SimulationParameters, each_chunk, simulate_days
from tarmac.tables.daily import DAILY
from tarmac.tables.schema import Table
from tarmac.transform.gold import finish, to_gold

SMALL_AIRPORTS = 60
"""So many airports at most are shown to slow detectors."""

Split = Literal["tuning", "reporting"]

TUNING_SEEDS: tuple[int, ...] = (101, 102, 103)
REPORTING_SEEDS: tuple[int, ...] = (901, 902)
"""Simulated years: a detector is improved on the first and reported on the second, never the other way round."""

LAST_TUNING_YEAR = {"nycflights": 2013, "flightsABQ": 2014, "us": 2008}
"""Real years up to this one are for tuning, later ones for reporting; of other places, every year is for reporting."""

WEAK_SHARE, LEAST_CANCELLED = 0.02, 0.10
"""Weak labels: an airport's highest fiftieth of days by cancellation share, of those with a tenth cancelled or more."""


@dataclass(frozen=True, kw_only=True)
class Corpus:
    """A year of gold and its truth.

    `labels`: one row per abnormal airport-day: `origin`, `fl_date`, `kind`. `sees_cancellations`: whether detectors that
    see cancellations may be measured.
    """

    name: str
    family: Literal["simulated", "small", "second", "planted", "weak"]
    split: Split
    year: int
    gold: pl.DataFrame
    labels: pl.DataFrame
    sees_cancellations: bool = True

    @property
    def too_large_for_slow(self) -> bool:
        """Whether a detector that takes minutes for a year of few airports would take hours."""
        return self.gold["origin"].n_unique() > SMALL_AIRPORTS


def split_of_seed(seed: int) -> Split:
    """Seeds under 500 are for tuning, the others for reporting."""
    return "tuning" if seed < 500 else "reporting"


def simulated_corpus(
    parameters: SimulationParameters, *, small: bool = False, progress: Callable[[float], None] | None = None
) -> Corpus:
    """A simulated year after silver's validation and gold's aggregation, without files in between.

    `small`: one on which the slow detectors are measured as well, told apart from the full ones.
    """
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
        name=f"simulated {parameters.shape} {parameters.seed}" + (f", {parameters.airports} airports" if small else ""),
        family="small" if small else "simulated",
        split=split_of_seed(parameters.seed),
        year=parameters.year,
        gold=pl.concat(days).sort(DAILY.key),
        labels=_truth_of(plan),
    )


def second_corpus(world: World) -> Corpus:
    """A year of the second simulator."""
    gold, labels = second_year(world)
    return Corpus(
        name=f"second {world.seed}.{world.number}",
        family="second",
        split=split_of_seed(world.seed),
        year=world.year,
        gold=gold,
        labels=labels,
    )


def split_of_year(place: str, year: int) -> Split:
    """Which real years are for tuning and which for reporting."""
    return "tuning" if year <= LAST_TUNING_YEAR.get(place, 0) else "reporting"


def planted_corpus(flights: pl.DataFrame, place: str, year: int, planting: Planting) -> Corpus:
    """A real year's usual days with anomalies planted at flight level.

    Days that were unusual before are taken out: nobody has said which of them are disasters, and those would eat the
    alert budget that the planted days are to be found with.
    """
    usual = usual_days(flights)
    planted, labels = plant(
        flights.join(usual, on=list(DAILY.key), how="semi"), usual, planting, seed=zlib.crc32(f"{place}{year}".encode())
    )
    return Corpus(
        name=f"planted {place} {year}",
        family="planted",
        split=split_of_year(place, year),
        year=year,
        gold=gold_of(planted),
        labels=labels.select("origin", "fl_date", "kind"),
    )


def weak_corpus(flights: pl.DataFrame, place: str, year: int) -> Corpus:
    """A real year as it was, labelled by its cancellations, for detectors that do not look at them."""
    gold = gold_of(flights)
    rank = pl.col("cancelled_share").rank("ordinal", descending=True).over("origin")
    labels = gold.filter(
        (rank <= WEAK_SHARE * pl.len().over("origin")) & (pl.col("cancelled_share") >= LEAST_CANCELLED)
    )
    return Corpus(
        name=f"weak {place} {year}",
        family="weak",
        split=split_of_year(place, year),
        year=year,
        gold=gold,
        labels=labels.select("origin", "fl_date", kind=pl.lit("cancellations")),
        sees_cancellations=False,
    )


def gold_of(flights: pl.DataFrame, table: Table = DAILY) -> pl.DataFrame:
    """Gold of these silver flights in the grain of `table`, in order of its key."""
    gold: pl.DataFrame = to_gold(nw.from_native(flights.lazy()), table).to_native().collect()
    return finish(gold, table)


def _gold_of(flights: pl.DataFrame, year: int) -> pl.DataFrame:
    silver = clean_flights(flights.lazy(), year=year, source="simulated")
    gold: pl.DataFrame = to_gold(nw.from_native(silver)).to_native().collect()
    return gold


def _truth_of(plan: DayPlan) -> pl.DataFrame:
    from tarmac.simulate.events import KINDS

    place, day = np.nonzero(plan.truth)
    return pl.DataFrame(
        {
            "origin": pl.Series(plan.airports.codes, dtype=pl.String).gather(place),
            "fl_date": pl.Series(plan.dates, dtype=pl.Date).gather(day),
            "kind": pl.Series(KINDS, dtype=pl.String).gather(plan.anomalies.kind[place, day].astype(np.int64)),
        }
    ).sort("origin", "fl_date")
