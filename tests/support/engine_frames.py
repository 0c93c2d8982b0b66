"""The engines under test, and small frames for them: tests name the relevant columns, the others are a typical flight's."""

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import narwhals as nw
import polars as pl

from tarmac.tables.bronze import FLIGHT_COLUMNS, TEXT_COLUMNS
from tarmac.tables.daily import DAILY
from tarmac.tables.flights import FLIGHTS
from tarmac.tables.frames import schema_of
from tarmac.tables.schema import Table
from tarmac.transform import gold, silver
from tests.support.spark_session import spark_session

DAY = dt.date(2009, 2, 8)
SOUND = {
    "FL_DATE": DAY,
    "OP_CARRIER": "B6",
    "OP_CARRIER_FL_NUM": 15.0,
    "ORIGIN": "JFK",
    "DEST": "LAX",
    "CRS_DEP_TIME": 900.0,
    "DEP_TIME": 912.0,
    "DEP_DELAY": 12.0,
    "CRS_ARR_TIME": 1230.0,
    "ARR_TIME": 1240.0,
    "ARR_DELAY": 10.0,
    "CANCELLED": 0.0,
    "DIVERTED": 0.0,
    "DISTANCE": 2475.0,
    "dropped": False,
    "no_dest": False,
}
"""A valid flight."""

BRONZE = pl.Schema(
    {
        "source_file": pl.String,
        "source_line": pl.Int64,
        "unreadable": pl.String,
        "dropped": pl.Boolean,
        "no_dest": pl.Boolean,
    }
    | {name: pl.String if name in TEXT_COLUMNS else pl.Float64 for name in FLIGHT_COLUMNS}
    | {"FL_DATE": pl.Date}
)


@dataclass(frozen=True)
class Engine:
    """Converts a Polars frame to the engine's, and a lazy result back."""

    name: str
    examples: Callable[[int], int]
    """The number of generated examples to try, fewer for Spark, where each one costs several jobs."""
    into: Callable[[pl.DataFrame], nw.LazyFrame[Any]]
    out: Callable[[nw.LazyFrame[Any]], pl.DataFrame]

    def validate(self, rows: Sequence[dict[str, Any]], *, year: int = 2009) -> pl.DataFrame:
        """Validated bronze rows in order of their lines."""
        return self.out(silver.validate(self.into(bronze_frame(rows)), year=year)).sort("source_file", "source_line")

    def gold(self, rows: Sequence[dict[str, Any]] | pl.DataFrame, table: Table = DAILY) -> pl.DataFrame:
        """Rows of `table`, by default airport-days, of silver rows, as they are published."""
        frame = rows if isinstance(rows, pl.DataFrame) else flights_frame(rows)
        return gold.finish(self.out(gold.to_gold(self.into(frame), table)), table)


def _polars_into(frame: pl.DataFrame) -> nw.LazyFrame[Any]:
    return nw.from_native(frame.lazy())


def _polars_out(frame: nw.LazyFrame[Any]) -> pl.DataFrame:
    native: pl.LazyFrame = frame.to_native()
    return native.collect(engine="streaming")


def _spark_into(frame: pl.DataFrame) -> nw.LazyFrame[Any]:
    table = frame.to_arrow(compat_level=pl.CompatLevel.oldest())
    return nw.from_native(spark_session().createDataFrame(table))


def _spark_out(frame: nw.LazyFrame[Any]) -> pl.DataFrame:
    return pl.DataFrame(frame.to_native().toArrow())


ENGINES = (
    Engine("polars", lambda n: n, _polars_into, _polars_out),
    Engine("spark", lambda n: n // 8, _spark_into, _spark_out),
)


def bronze_frame(rows: Sequence[dict[str, Any]]) -> pl.DataFrame:
    """Bronze rows as an engine reads them; columns that a row does not name are a valid flight's."""
    numbered = ({"source_file": "2009.csv", "source_line": line} | row for line, row in enumerate(rows, start=2))
    return pl.DataFrame([dict.fromkeys(BRONZE) | SOUND | row for row in numbered], schema=BRONZE)


def flights_frame(rows: Sequence[dict[str, Any]]) -> pl.DataFrame:
    """Silver rows; columns that a row does not name are null, or those of a flight from JFK that was not cancelled."""
    usual = {"origin": "JFK", "fl_date": DAY, "dest": "LAX", "cancelled": False, "diverted": False}
    return pl.DataFrame([dict.fromkeys(FLIGHTS.names) | usual | row for row in rows], schema=schema_of(FLIGHTS))
