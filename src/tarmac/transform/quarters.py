"""A year's flights by quarters: what holds many rows in memory does so for a quarter of the year at a time."""

import polars as pl

QUARTERS = range(4)


def in_quarter(year: int, quarter: int) -> pl.Expr:
    """Whether `fl_date` lies in a quarter, 0 to 3, of the year; bounds on the date skip whole parts of a Parquet file."""
    start = pl.date(year, 3 * quarter + 1, 1)
    end = pl.date(year + quarter // 3, (3 * quarter + 3) % 12 + 1, 1)
    return (pl.col("fl_date") >= start) & (pl.col("fl_date") < end)
