"""Silver to gold: one row per origin airport and local flight date with scheduled flights.

Pure: frames in, frames out, on any engine that narwhals knows.
"""

from typing import Any

import narwhals as nw

from tarmac.tables.daily import CAUSES, DAILY

LATE_MINUTES = 15
"""BTS counts a departure as late from 15 minutes on (DEP_DEL15)."""

DECIMALS = 9
"""Sums of whole minutes are exact in any order; those of fractions are not, and rounding makes them equal again."""


def to_gold(flights: nw.LazyFrame[Any]) -> nw.LazyFrame[Any]:
    """Flights (`tables.flights`) to airport-days (`tables.daily`), in no order.

    A delay counts where the flight departed and its delay is known. A day on which all flights were cancelled keeps its
    row; its mean is null.
    """
    measured = flights.select(
        "origin",
        "fl_date",
        *CAUSES,
        cancelled=nw.col("cancelled").cast(nw.Int32),
        diverted=nw.col("diverted").cast(nw.Int32),
        delay=nw.when(~nw.col("cancelled")).then(nw.col("dep_delay")),
    )
    late = (nw.col("delay") >= LATE_MINUTES).cast(nw.Int32)
    counts = (
        measured.with_columns(late=late, square=nw.col("delay") * nw.col("delay"))
        .group_by(*DAILY.key)
        .agg(
            nw.len().cast(nw.Int32).alias("flights"),
            nw.col("cancelled").sum(),
            nw.col("diverted").sum(),
            nw.col("delay").count().alias("known"),
            nw.col("delay").sum().alias("total"),
            nw.col("square").sum().alias("squares"),
            nw.col("late").sum(),
            *(nw.col(cause).sum().alias(cause) for cause in CAUSES),
            *(nw.col(cause).count().alias(f"{cause}_reports") for cause in CAUSES),
        )
    )
    # Order statistics apart from sums: an engine that sees both in one aggregation holds every row of every column.
    ranks = measured.group_by(*DAILY.key).agg(
        nw.col("delay").median().alias("median_dep_delay"),
        nw.col("delay").quantile(0.9, interpolation="linear").alias("p90_dep_delay"),
    )
    return counts.join(ranks, on=list(DAILY.key), how="left").with_columns(*_measures()).select(*DAILY.names)


def _measures() -> list[nw.Expr]:
    known, total = nw.col("known").cast(nw.Float64), nw.col("total")
    any_known, several_known = nw.col("known") > 0, nw.col("known") > 1
    # From exact sums: of whole minutes the result is the same whatever the order of rows or the number of cores.
    variance = (nw.col("squares") - total * total / known) / (known - 1)
    flights = nw.col("flights").cast(nw.Float64)
    return [
        nw.when(any_known).then(total / known).round(DECIMALS).alias("mean_dep_delay"),
        (nw.col("flights") - nw.col("cancelled")).cast(nw.Int32).alias("departed"),
        nw.col("cancelled").cast(nw.Int32).alias("cancelled"),
        (nw.col("cancelled").cast(nw.Float64) / flights).alias("cancelled_share"),
        nw.col("diverted").fill_null(0).cast(nw.Int32).alias("diverted"),
        nw.when(any_known).then(nw.col("late").cast(nw.Float64) / known).alias("dep_del15_share"),
        nw.col("p90_dep_delay").round(DECIMALS).alias("p90_dep_delay"),
        nw.when(several_known)
        .then(nw.max_horizontal(variance, nw.lit(0.0)).sqrt())
        .round(DECIMALS)
        .alias("std_dep_delay"),
        *(nw.when(nw.col(f"{cause}_reports") > 0).then(nw.col(cause)).round(DECIMALS).alias(cause) for cause in CAUSES),
    ]
