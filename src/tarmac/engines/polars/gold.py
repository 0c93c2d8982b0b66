"""Gold with Polars: a silver file to airport-days, a quarter of the year at a time."""

from pathlib import Path

import narwhals as nw
import polars as pl

from tarmac.transform import gold


def aggregate(flights: Path, year: int) -> pl.DataFrame:
    """The airport-days of a silver file, sorted by origin and date."""
    scan = pl.scan_parquet(flights, glob=False)
    frames = [_aggregated(scan.filter(_in_quarter(year, quarter))) for quarter in range(4)]
    return pl.concat(frames).sort("origin", "fl_date")


def _aggregated(flights: pl.LazyFrame) -> pl.DataFrame:
    days: pl.LazyFrame = gold.to_gold(nw.from_native(flights)).to_native()
    return days.collect(engine="streaming")


def _in_quarter(year: int, quarter: int) -> pl.Expr:
    # Order statistics hold every delay they rank: a quarter at a time keeps that to a quarter of the memory.
    start = pl.date(year, 3 * quarter + 1, 1)
    end = pl.date(year + quarter // 3, (3 * quarter + 3) % 12 + 1, 1)
    return (pl.col("fl_date") >= start) & (pl.col("fl_date") < end)
