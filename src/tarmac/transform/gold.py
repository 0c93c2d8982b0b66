"""Silver to gold: one row per origin airport and local flight date with scheduled flights.

Pure: frames in, frames out, on any engine that narwhals knows.
"""

from typing import Any

import narwhals as nw

from tarmac.tables.daily import CAUSES, DAILY

LATE_MINUTES = 15
"""BTS counts a departure as late from 15 minutes on (DEP_DEL15)."""

DECIMALS = 9
"""Interpolation ends in digits that engines compute differently; nobody needs them."""

TICK, FINE_TICK = 2.0**-30, 2.0**-42
"""Minutes. A sum of multiples of a power of two is exact, as long as it has fewer than 53 bits: eight million minutes of
delay at one airport on one day. So sums are the same in any order of rows, on any number of cores and on any engine.
Whole minutes, which is what sources write, are such multiples; fractions are brought to one, half a nanominute away."""


def to_gold(flights: nw.LazyFrame[Any]) -> nw.LazyFrame[Any]:
    """Flights (`tables.flights`) to airport-days (`tables.daily`), in no order.

    A delay counts where the flight departed and its delay is known. A day on which all flights were cancelled keeps its
    row; its mean is null.
    """
    measured = flights.select(
        "origin",
        "fl_date",
        *(_to_ticks(nw.col(cause), TICK).alias(cause) for cause in CAUSES),
        cancelled=nw.col("cancelled").cast(nw.Int32),
        diverted=nw.col("diverted").cast(nw.Int32),
        delay=nw.when(~nw.col("cancelled")).then(_without_minus_zero(nw.col("dep_delay"))),
    )
    # Order statistics apart from sums: an engine that sees both in one aggregation holds every row of every column.
    days = _sums(measured).join(_ranks(measured), on=list(DAILY.key), how="left")
    return days.with_columns(*_measures()).select(*DAILY.names)


def _sums(measured: nw.LazyFrame[Any]) -> nw.LazyFrame[Any]:
    delay, whole, part = nw.col("delay"), nw.col("whole"), nw.col("part")
    return (
        measured.with_columns(whole=delay.floor())
        .with_columns(part=_to_ticks(delay - whole, TICK))
        .group_by(*DAILY.key)
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
        )
    )


def _ranks(measured: nw.LazyFrame[Any]) -> nw.LazyFrame[Any]:
    return measured.group_by(*DAILY.key).agg(
        nw.col("delay").median().alias("median_dep_delay"),
        nw.col("delay").quantile(0.9, interpolation="linear").alias("p90_dep_delay"),
    )


def _without_minus_zero(value: nw.Expr) -> nw.Expr:
    # A median of -0 and 0 is whichever comes first. Optimisers remove `+ 0.0`.
    return nw.when(value == 0).then(nw.lit(0.0)).otherwise(value)


def _rounded(value: nw.Expr) -> nw.Expr:
    return (value * 10.0**DECIMALS + 0.5).floor() / 10.0**DECIMALS


def _to_ticks(value: nw.Expr, tick: float) -> nw.Expr:
    # Not round(): engines disagree on halves.
    return (value / tick + 0.5).floor() * tick


def _variance() -> nw.Expr:
    """Sample variance from exact sums; whole minutes and their parts apart, so that no digits cancel."""
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
    ]
