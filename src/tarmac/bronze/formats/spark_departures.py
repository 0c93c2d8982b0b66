"""The `departuredelays.csv` of Spark's textbooks: dates as MMddHHmm of the scheduled departure, without a year."""

from collections.abc import Mapping

import polars as pl

from tarmac.bronze.formats.shape import DEPARTURES, Shape, mark

_MILES = 1.15078
"""Statute miles in a nautical mile."""


def _is_row(row: Mapping[str, str]) -> bool:
    return row["date"].isdecimal() and len(row["date"]) in {7, 8}


def _adjust(flights: pl.LazyFrame) -> pl.LazyFrame:
    return flights.with_columns(pl.col("DISTANCE") * _MILES)


SHAPE = Shape(
    name="spark_departures",
    title="Spark's departuredelays.csv",
    where="github.com/databricks/LearningSparkV2",
    lacks="the year (--year), carriers, flight numbers, cancellations, causes",
    marks=[mark("date", "delay", "origin", "destination")],
    columns=DEPARTURES,
    rank=1,
    fits_row=_is_row,
    dates=("mdHM",),
    adjust=_adjust,
)
