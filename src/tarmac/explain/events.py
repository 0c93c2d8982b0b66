"""Flagged airport-days that belong together, and their causes.

Two flagged days belong to one disruption when the same airport had them on consecutive days, or when airports within
`REACH_KM` of each other had them on the same day or on consecutive ones; and so on from day to day.
"""

from collections.abc import Mapping, Sequence
from datetime import timedelta

import numpy as np
import numpy.typing as npt
import polars as pl

from tarmac.tables.daily import CAUSES
from tarmac.tables.events import EVENTS

REACH_KM = 600.0
"""How far one storm reaches: beyond New York to Pittsburgh (about 500), not as far as Boston to Washington (640)."""

CAUSE_STANDS_OUT = 0.4
"""A cause is named where it makes up more than this share of all causes' minutes: twice what five equal ones have."""

CANCELLATIONS_STAND_OUT = 0.25
"""Without such a cause, cancellations are named where more than this share of the flights was cancelled."""

CAUSE_WORDS: dict[str, str] = {
    "carrier_delay": "carrier",
    "weather_delay": "weather",
    "nas_delay": "national air system",
    "security_delay": "security",
    "late_aircraft_delay": "late aircraft",
}

EARTH_KM = 6371.0


def find_events(published: pl.DataFrame, *, year: int, places: Mapping[str, tuple[float, float]]) -> pl.DataFrame:
    """The year's disruptions (`tables.events`) by their ids.

    An event bears the id of its worst airport-day: unique, since a day belongs to one event, and the same as long as
    that day is its worst, whatever is found elsewhere.

    Args:
        published: columns of `tables.published`; flagged are the days with `anomaly` = 1.
        year: the year that the days are of.
        places: latitude and longitude in degrees by airport; one without them has no neighbours.
    """
    flagged = (
        published.filter((pl.col("anomaly") == 1) & (pl.col("fl_date").dt.year() == year))
        .sort(
            pl.col("anomaly_score").fill_nan(None),
            "fl_date",
            "origin",
            descending=[True, False, False],
            nulls_last=True,
        )
        .with_row_index("day")
    )
    links = _links(flagged, neighbours(flagged["origin"].unique().sort().to_list(), places))
    groups = flagged.with_columns(event=pl.Series(_components(flagged.height, links), dtype=pl.Int64))
    return _described(groups, year).select(EVENTS.names).sort("event_id")


def neighbours(origins: Sequence[str], places: Mapping[str, tuple[float, float]]) -> pl.DataFrame:
    """Pairs `origin`, `near` of airports within reach of each other, an airport with itself among them."""
    degrees = np.array([places.get(origin, (np.nan, np.nan)) for origin in origins], np.float64).reshape(-1, 2)
    near = kilometres(degrees[:, None], degrees[None]) <= REACH_KM
    np.fill_diagonal(near, val=True)
    first, second = np.nonzero(near)
    names = pl.Series(origins, dtype=pl.String)
    return pl.DataFrame({"origin": names.gather(first), "near": names.gather(second)})


def kilometres(one: npt.NDArray[np.float64], other: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Great-circle distance of points whose last axis is latitude and longitude in degrees (haversine)."""
    a, b = np.radians(one), np.radians(other)
    half = np.sin((a - b) / 2) ** 2
    chord = half[..., 0] + np.cos(a[..., 0]) * np.cos(b[..., 0]) * half[..., 1]
    distance: npt.NDArray[np.float64] = 2 * EARTH_KM * np.arcsin(np.sqrt(np.clip(chord, 0, 1)))
    return distance


def _links(flagged: pl.DataFrame, pairs: pl.DataFrame) -> list[tuple[int, int]]:
    """Pairs of `day` numbers that belong together directly."""
    days = flagged.select("day", "origin", "fl_date")
    reached = days.join(pairs, on="origin").select("day", pl.col("near").alias("origin"), "fl_date")
    same_and_next = pl.concat([reached.with_columns(pl.col("fl_date") + timedelta(days=lag)) for lag in (0, 1)])
    met = same_and_next.join(days, on=["origin", "fl_date"], suffix="_met")
    return [(one, other) for one, other in met.select("day", "day_met").iter_rows() if one != other]


def _components(size: int, links: Sequence[tuple[int, int]]) -> list[int]:
    """For each of `size` things the smallest of those it is linked with, directly or through others (union-find)."""
    leader = list(range(size))

    def find(thing: int) -> int:
        while leader[thing] != thing:
            leader[thing] = leader[leader[thing]]
            thing = leader[thing]
        return thing

    for one, other in links:
        low, high = sorted((find(one), find(other)))
        leader[high] = low
    return [find(thing) for thing in range(size)]


def _described(groups: pl.DataFrame, year: int) -> pl.DataFrame:
    """One row per event. Days come worst first, so the first of each group is its worst."""
    return groups.group_by("event").agg(
        (pl.col("origin") + pl.col("fl_date").dt.strftime("%Y%m%d")).first().alias("event_id"),
        pl.lit(year, pl.Int32).alias("year"),
        pl.col("fl_date").min().alias("start_date"),
        pl.col("fl_date").max().alias("end_date"),
        pl.col("origin").n_unique().cast(pl.Int32).alias("airports"),
        pl.col("origin").unique().sort().str.join(",").alias("origins"),
        pl.len().cast(pl.Int32).alias("airport_days"),
        pl.col("flights", "cancelled").cast(pl.Int64).sum(),
        pl.col("origin").first().alias("worst_origin"),
        pl.col("fl_date").first().alias("worst_date"),
        pl.col("anomaly_score").fill_nan(None).first().alias("peak_score"),
        _cause().alias("cause"),
    )


def _cause() -> pl.Expr:
    # Whole minutes: their sums are the same in any order of days.
    minutes = [pl.col(cause).fill_nan(None).clip(lower_bound=0).round().sum() for cause in CAUSES]
    total, largest = pl.sum_horizontal(minutes), pl.max_horizontal(minutes)
    cause: pl.Expr = pl.when(pl.col("cancelled").sum() > CANCELLATIONS_STAND_OUT * pl.col("flights").sum()).then(
        pl.lit("cancellations")
    )
    for name, its_minutes in zip(reversed(CAUSES), reversed(minutes), strict=True):
        stands_out = (its_minutes == largest) & (largest > CAUSE_STANDS_OUT * total)
        cause = pl.when(stands_out).then(pl.lit(CAUSE_WORDS[name])).otherwise(cause)
    return cause
