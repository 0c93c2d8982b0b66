"""Gold on Spark: a silver file to the days of every grain."""

from typing import TYPE_CHECKING

import narwhals as nw
import polars as pl

from tarmac.engines.spark.session import read_parquet
from tarmac.tables.daily import DAILY, GRAINS
from tarmac.tables.schema import Table
from tarmac.transform import gold

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession


def days_of(spark: "SparkSession", flights: str, table: Table = DAILY) -> "DataFrame":
    """The days of a silver file at the grain of `table`, in no order."""
    silver = read_parquet(spark, flights)
    days: DataFrame = gold.to_gold(nw.from_native(silver), table).to_native()
    return days


def aggregate(spark: "SparkSession", flights: str) -> dict[str, pl.DataFrame]:
    """The tables of gold (`tables.daily.GRAINS`) of a silver file by their names, each sorted by its key.

    Only the days come to this process; the flights never do.
    """
    return {table.name: gold.finish(pl.DataFrame(days_of(spark, flights, table).toArrow()), table) for table in GRAINS}
