"""Gold on Spark: a silver file to airport-days."""

from typing import TYPE_CHECKING

import narwhals as nw
import polars as pl

from tarmac.engines.spark.session import read_parquet
from tarmac.tables.daily import DAILY
from tarmac.tables.frames import schema_of
from tarmac.transform import gold

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession


def days_of(spark: "SparkSession", flights: str) -> "DataFrame":
    """The airport-days of a silver file, in no order."""
    silver = read_parquet(spark, flights)
    days: DataFrame = gold.to_gold(nw.from_native(silver)).to_native()
    return days


def aggregate(spark: "SparkSession", flights: str) -> pl.DataFrame:
    """The airport-days of a silver file, sorted by origin and date.

    Only the days come to this process, a few hundred for each airport; the flights never do.
    """
    days = pl.DataFrame(days_of(spark, flights).toArrow())
    return days.cast(schema_of(DAILY)).sort(DAILY.key)
