"""The ASA's Data Expo 2009: BTS's records of 1987 to 2008, 29 columns, also without a header.

`CRSDepTime` is 0 where the schedule is not known. There are no wheels; causes begin in June 2003.
"""

from collections.abc import Mapping

import polars as pl

from tarmac.bronze.formats.shape import ALIASES, Shape, mark

_NAMES = tuple(
    "Year Month DayofMonth DayOfWeek DepTime CRSDepTime ArrTime CRSArrTime UniqueCarrier FlightNum TailNum ActualElapsedTime "  # noqa: SIM905
    "CRSElapsedTime AirTime ArrDelay DepDelay Origin Dest Distance TaxiIn TaxiOut Cancelled CancellationCode Diverted "
    "CarrierDelay WeatherDelay NASDelay SecurityDelay LateAircraftDelay".split()
)


def _adjust(flights: pl.LazyFrame) -> pl.LazyFrame:
    # BTS writes midnight as 2400.
    unknown = pl.col("CRS_DEP_TIME") == 0
    arrival = unknown & (pl.col("CRS_ARR_TIME") == 0)
    return flights.with_columns(
        CRS_DEP_TIME=pl.when(~unknown).then("CRS_DEP_TIME"),
        CRS_ARR_TIME=pl.when(~arrival.fill_null(False)).then("CRS_ARR_TIME"),
    )


def _is_row(row: Mapping[str, str]) -> bool:
    year, month = row["Year"], row["Month"]
    place = row["Origin"].isalpha() and len(row["Origin"]) == 3
    return year.isdecimal() and 1987 <= int(year) <= 2008 and month.isdecimal() and 1 <= int(month) <= 12 and place


SHAPE = Shape(
    name="asa",
    title="ASA Data Expo 2009, 1987 to 2008",
    where="doi.org/10.7910/DVN/HG7NV7 (YEAR.csv.bz2)",
    lacks="wheels; causes before June 2003",
    marks=[mark("DayofMonth", "Origin", "CRSDepTime")],
    without=mark("FlightDate"),
    columns=ALIASES,
    headless=_NAMES,
    fits_row=_is_row,
    adjust=_adjust,
)
