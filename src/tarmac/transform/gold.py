"""Silver to gold: one row per airport and day, carrier and day, or carrier, airport and day with scheduled flights.

Pure: frames in, frames out, on any engine that narwhals knows.
"""

from typing import Any

import narwhals as nw
import polars as pl

from tarmac.tables.daily import CANCELLATION_CODES, CAUSES, DAILY
from tarmac.tables.frames import schema_of
from tarmac.tables.schema import Table

LATE_MINUTES = 15
"""BTS counts a departure as late if its delay is at least 15 minutes (DEP_DEL15)."""

DECIMALS = 9
"""Decimals to which interpolated values are rounded, because engines differ in their last digits."""

TICK, FINE_TICK = 2.0**-30, 2.0**-42
"""The unit of sums, in minutes. A sum of multiples of a power of two is exact as long as it has fewer than 53 bits: up to
eight million minutes of delay at one airport on one day. So sums do not depend on the order of rows, cores or engine.
Whole minutes, as in the sources, are such multiples; fractions are rounded to one, by at most half a nanominute."""


def to_gold(flights: nw.LazyFrame[Any], table: Table = DAILY) -> nw.LazyFrame[Any]:
    """Flights (`tables.flights`) to one row per key of `table`, one of `tables.daily.GRAINS`, in no order.

    A delay counts if the flight departed and its delay is known. A day on which all flights were cancelled keeps its
    row; its mean is null. A flight without a carrier is ignored if the carrier is in the key. Codes are counted
    whether or not the source reports any: `finish` sets them to null if not.
    """
    return to_days(to_sums(flights, table), to_ranks(flights, table), table)


def finish(days: pl.DataFrame, table: Table = DAILY) -> pl.DataFrame:
    """The published form of `to_gold`'s rows for a whole year: typed, sorted by key, unreported codes set to null.

    Counts of codes are null in a month in which flights were cancelled and none has a code, and in all months if no
    flight has one, because such a source reports no codes.
    """
    coded = pl.sum_horizontal(*CANCELLATION_CODES)
    month = pl.col("fl_date").dt.month_start()
    reported = (coded.sum() > 0) & ((coded.sum().over(month) > 0) | (pl.col("cancelled").sum().over(month) == 0))
    return (
        days.with_columns(pl.when(reported).then(pl.col(name)).alias(name) for name in CANCELLATION_CODES)
        .cast(schema_of(table))
        .sort(table.key)
    )


def _has_code(code: str) -> nw.Expr:
    return nw.col("cancelled") & (nw.col("cancellation_code") == code).fill_null(False)


def to_sums(flights: nw.LazyFrame[Any], table: Table) -> nw.LazyFrame[Any]:
    """One row per key of `table`: all measures that are sums over flights."""
    delay, whole, part = nw.col("delay"), nw.col("whole"), nw.col("part")
    return (
        flights.select(
            *table.key,
            *(_to_ticks(nw.col(cause), TICK).alias(cause) for cause in CAUSES),
            *(_has_code(code).cast(nw.Int32).alias(name) for name, code in CANCELLATION_CODES.items()),
            cancelled=nw.col("cancelled").cast(nw.Int32),
            diverted=nw.col("diverted").cast(nw.Int32),
            delay=_delay(),
        )
        .with_columns(whole=delay.floor())
        .with_columns(part=_to_ticks(delay - whole, TICK))
        .group_by(*table.key)
        .agg(
            nw.len().cast(nw.Int32).alias("flights"),
            nw.col("cancelled").sum(),
            nw.col("diverted").sum(),
            delay.count().alias("known"),
            (delay >= LATE_MINUTES).cast(nw.Int32).sum().alias("late"),
            whole.sum().alias("wholes"),
            part.sum().alias("parts"),
            (whole * whole).sum().alias("wholes_squared"),
            (whole * part).sum().alias("mixed"),
            _to_ticks(part * part, FINE_TICK).sum().alias("parts_squared"),
            *(nw.col(cause).sum().alias(cause) for cause in CAUSES),
            *(nw.col(cause).count().alias(f"{cause}_reports") for cause in CAUSES),
            *(nw.col(name).sum().alias(name) for name in CANCELLATION_CODES),
        )
    )


def roll_up(sums: nw.LazyFrame[Any], table: Table) -> nw.LazyFrame[Any]:
    """Aggregate sums of a finer grain to those of `table`: identical to the last bit to `to_sums` of the flights."""
    finer = {"op_carrier", "origin", "fl_date"}
    names = [name for name in sums.collect_schema().names() if name not in finer]
    return sums.group_by(*table.key).agg(*(nw.col(name).sum() for name in names))


def to_ranks(flights: nw.LazyFrame[Any], table: Table) -> nw.LazyFrame[Any]:
    """One row per key of `table`: the median and the 90th percentile, which cannot be computed from sums."""
    return (
        flights.select(*table.key, delay=_delay())
        .group_by(*table.key)
        .agg(
            nw.col("delay").median().alias("median_dep_delay"),
            nw.col("delay").quantile(0.9, interpolation="linear").alias("p90_dep_delay"),
        )
    )


def to_days(sums: nw.LazyFrame[Any], ranks: nw.LazyFrame[Any], table: Table) -> nw.LazyFrame[Any]:
    """The rows of `table` from its sums and ranks.

    They are separate because an engine that computes both in one aggregation keeps every row of every column in memory.
    """
    named = sums.filter(~nw.any_horizontal(*(nw.col(name).is_null() for name in table.key), ignore_nulls=True))
    return named.join(ranks, on=list(table.key), how="left").with_columns(*_measures()).select(*table.names)


def _delay() -> nw.Expr:
    return nw.when(~nw.col("cancelled")).then(_without_minus_zero(nw.col("dep_delay")))


def _without_minus_zero(value: nw.Expr) -> nw.Expr:
    # The median of -0 and 0 is whichever comes first. Optimisers remove `+ 0.0`.
    return nw.when(value == 0).then(nw.lit(0.0)).otherwise(value)


def _rounded(value: nw.Expr) -> nw.Expr:
    return (value * 10.0**DECIMALS + 0.5).floor() / 10.0**DECIMALS


def _to_ticks(value: nw.Expr, tick: float) -> nw.Expr:
    # Not round(): engines disagree on halves.
    return (value / tick + 0.5).floor() * tick


def _variance() -> nw.Expr:
    """Sample variance from exact sums; whole minutes and fractions separately, so that no digits cancel."""
    known = nw.col("known").cast(nw.Float64)
    wholes, parts = nw.col("wholes"), nw.col("parts")
    spread = (
        (known * nw.col("wholes_squared") - wholes * wholes)
        + 2 * (known * nw.col("mixed") - wholes * parts)
        + (known * nw.col("parts_squared") - parts * parts)
    )
    return nw.max_horizontal(spread, nw.lit(0.0)) / (known * (known - 1))


def _measures() -> list[nw.Expr]:
    known = nw.col("known").cast(nw.Float64)
    flights = nw.col("flights").cast(nw.Float64)
    any_known, several_known = nw.col("known") > 0, nw.col("known") > 1
    return [
        nw.when(any_known).then((nw.col("wholes") + nw.col("parts")) / known).alias("mean_dep_delay"),
        (nw.col("flights") - nw.col("cancelled")).cast(nw.Int32).alias("departed"),
        nw.col("cancelled").cast(nw.Int32).alias("cancelled"),
        (nw.col("cancelled").cast(nw.Float64) / flights).alias("cancelled_share"),
        nw.col("diverted").fill_null(0).cast(nw.Int32).alias("diverted"),
        nw.when(any_known).then(nw.col("late").cast(nw.Float64) / known).alias("dep_del15_share"),
        _rounded(nw.col("p90_dep_delay")).alias("p90_dep_delay"),
        nw.when(several_known).then(_variance().sqrt()).alias("std_dep_delay"),
        *(nw.when(nw.col(f"{cause}_reports") > 0).then(nw.col(cause)).alias(cause) for cause in CAUSES),
        *(nw.col(name).cast(nw.Int32).alias(name) for name in CANCELLATION_CODES),
    ]
