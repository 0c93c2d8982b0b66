"""Gold with Polars: aggregates a silver file to every grain, a quarter of the year at a time."""

from pathlib import Path

import narwhals as nw
import polars as pl

from tarmac.tables.daily import CARRIER_ORIGIN_DAILY, GRAINS
from tarmac.transform import gold
from tarmac.transform.quarters import QUARTERS, in_quarter


def aggregate(flights: Path, year: int) -> dict[str, pl.DataFrame]:
    """The tables of gold (`tables.daily.GRAINS`) of a silver file by their names, each sorted by its key."""
    scan = pl.scan_parquet(flights, glob=False)
    # Order statistics need all delays in memory: a quarter of the year at a time needs a quarter of the memory.
    quarters = [_aggregated(scan.filter(in_quarter(year, quarter))) for quarter in QUARTERS]
    return {
        table.name: gold.finish(pl.concat([quarter[table.name] for quarter in quarters]), table) for table in GRAINS
    }


def _aggregated(flights: pl.LazyFrame) -> dict[str, pl.DataFrame]:
    lazy = nw.from_native(flights)
    finest: pl.LazyFrame = gold.to_sums(lazy, CARRIER_ORIGIN_DAILY).to_native()
    sums = nw.from_native(finest.collect(engine="streaming").lazy())
    days = {}
    for table in GRAINS:
        of_table: pl.LazyFrame = gold.to_days(gold.roll_up(sums, table), gold.to_ranks(lazy, table), table).to_native()
        days[table.name] = of_table.collect(engine="streaming")
    return days
