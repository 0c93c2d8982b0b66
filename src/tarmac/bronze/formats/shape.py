"""The declaration of a source format (a shape), which each module of this package makes, and names that several share."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import polars as pl

ALIASES: dict[str, tuple[str, ...]] = {
    "FL_DATE": ("FL_DATE", "FlightDate"),
    "OP_CARRIER": (
        "OP_CARRIER",
        "OP_UNIQUE_CARRIER",
        "UNIQUE_CARRIER",
        "CARRIER",
        "IATA_CODE_Reporting_Airline",
        "Reporting_Airline",
        "UniqueCarrier",
        "MKT_UNIQUE_CARRIER",
        "MKT_CARRIER",
    ),
    "OP_CARRIER_FL_NUM": (
        "OP_CARRIER_FL_NUM",
        "FL_NUM",
        "FlightNum",
        "Flight_Number_Reporting_Airline",
        "MKT_CARRIER_FL_NUM",
    ),
    "ORIGIN": ("ORIGIN",),
    "DEST": ("DEST",),
    "CRS_DEP_TIME": ("CRS_DEP_TIME", "CRSDepTime"),
    "DEP_TIME": ("DEP_TIME", "DepTime"),
    "DEP_DELAY": ("DEP_DELAY", "DepDelay"),
    "TAXI_OUT": ("TAXI_OUT", "TaxiOut"),
    "WHEELS_OFF": ("WHEELS_OFF", "WheelsOff"),
    "WHEELS_ON": ("WHEELS_ON", "WheelsOn"),
    "TAXI_IN": ("TAXI_IN", "TaxiIn"),
    "CRS_ARR_TIME": ("CRS_ARR_TIME", "CRSArrTime"),
    "ARR_TIME": ("ARR_TIME", "ArrTime"),
    "ARR_DELAY": ("ARR_DELAY", "ArrDelay"),
    "CANCELLED": ("CANCELLED",),
    "CANCELLATION_CODE": ("CANCELLATION_CODE", "CancellationCode"),
    "DIVERTED": ("DIVERTED",),
    "CRS_ELAPSED_TIME": ("CRS_ELAPSED_TIME", "CRSElapsedTime"),
    "ACTUAL_ELAPSED_TIME": ("ACTUAL_ELAPSED_TIME", "ActualElapsedTime"),
    "AIR_TIME": ("AIR_TIME", "AirTime"),
    "DISTANCE": ("DISTANCE",),
    "CARRIER_DELAY": ("CARRIER_DELAY", "CarrierDelay"),
    "WEATHER_DELAY": ("WEATHER_DELAY", "WeatherDelay"),
    "NAS_DELAY": ("NAS_DELAY", "NASDelay"),
    "SECURITY_DELAY": ("SECURITY_DELAY", "SecurityDelay"),
    "LATE_AIRCRAFT_DELAY": ("LATE_AIRCRAFT_DELAY", "LateAircraftDelay"),
    "YEAR": ("YEAR",),
    "MONTH": ("MONTH",),
    "DAY": ("DAY_OF_MONTH", "DayofMonth"),
    "DEP_DELAY_NEW": ("DEP_DELAY_NEW", "DepDelayMinutes"),
    "ORIGIN_ID": ("ORIGIN_AIRPORT_ID", "OriginAirportID"),
    "DEST_ID": ("DEST_AIRPORT_ID", "DestAirportID"),
}
"""Column → the names that BTS gives it in its several tables, compared without regard to case.

Besides the columns of `tables.bronze` there are helpers: the parts of a date, a delay without early departures, ids of airports.
"""

OPERATING_CARRIER: dict[str, tuple[str, ...]] = {
    "OP_CARRIER": ("IATA_Code_Operating_Airline", "Operating_Airline"),
    "OP_CARRIER_FL_NUM": ("Flight_Number_Operating_Airline",),
    "DUPLICATE": ("Duplicate",),
}
"""The carrier in files of BTS that name both the marketing and the operating carrier."""

MARKETING_CARRIER: tuple[str, ...] = (
    "Marketing_Airline_Network",
    "Operated_or_Branded_Code_Share_Partners",
    "DOT_ID_Marketing_Airline",
    "IATA_Code_Marketing_Airline",
    "Flight_Number_Marketing_Airline",
    "Operating_Airline",
    "DOT_ID_Operating_Airline",
)
"""Further columns of these files, which Tarmac does not use."""

DEPARTURES: dict[str, tuple[str, ...]] = {
    "FL_DATE": ("date",),
    "ORIGIN": ("origin",),
    "DEST": ("destination",),
    "DEP_DELAY": ("delay",),
    "DISTANCE": ("distance",),
}
"""The columns of two small example files of departures."""

_DIVERSION = ["Airport", "AirportID", "AirportSeqID", "WheelsOn", "TotalGTime", "LongestGTime", "WheelsOff", "TailNum"]
_OTHERS = (
    "Quarter DayOfWeek AirlineID DOT_ID_Reporting_Airline TailNum Tail_Number OriginAirportSeqID OriginCityMarketID "
    "OriginCityName OriginState OriginStateFips OriginStateName OriginWac DestAirportSeqID DestCityMarketID DestCityName "
    "DestState DestStateFips DestStateName DestWac DepDel15 DepartureDelayGroups DepTimeBlk ArrDelayMinutes ArrDel15 "
    "ArrivalDelayGroups ArrTimeBlk Flights DistanceGroup FirstDepTime TotalAddGTime LongestAddGTime DivAirportLandings "
    "DivReachedDest DivActualElapsedTime DivArrDelay DivDistance DAY_OF_WEEK TAIL_NUM AIRLINE_ID ORIGIN_AIRPORT_SEQ_ID "
    "ORIGIN_CITY_MARKET_ID ORIGIN_CITY_NAME ORIGIN_STATE_ABR ORIGIN_STATE_FIPS ORIGIN_STATE_NM ORIGIN_WAC "
    "DEST_AIRPORT_SEQ_ID DEST_CITY_MARKET_ID DEST_CITY_NAME DEST_STATE_ABR DEST_STATE_FIPS DEST_STATE_NM DEST_WAC DEP_DEL15 "
    "DEP_DELAY_GROUP DEP_TIME_BLK ARR_DELAY_NEW ARR_DEL15 ARR_DELAY_GROUP ARR_TIME_BLK DISTANCE_GROUP FIRST_DEP_TIME "
    "TOTAL_ADD_GTIME LONGEST_ADD_GTIME OP_CARRIER_AIRLINE_ID BRANDED_CODE_SHARE"
)
UNUSED: frozenset[str] = frozenset(
    {name.casefold() for name in _OTHERS.split()}
    | {name.casefold() for names in ALIASES.values() for name in names}
    | {f"div{number}{name}".casefold() for number in range(1, 6) for name in _DIVERSION}
    | {"", "index", "unnamed: 0", "unnamed: 27"}
)
"""BTS's other columns, which Tarmac does not use, and the row numbers that pandas writes."""


@dataclass(frozen=True, kw_only=True)
class Shape:
    """A public format of files of flights.

    Attributes:
        name: a short identifier, shown in records and tables.
        title: the usual name of these files.
        where: where to get them.
        lacks: what the format never contains, for docs/formats.md.
        marks: a header is of this shape if it has all names of one of these sets, in any case …
        without: … and none of these names.
        columns: column of `tables.bronze`, or a helper (see ALIASES) → the names that it may have in the header.
        unused: further columns, in lower case, that Tarmac does not use.
        rank: if several shapes fit a header, the one with the lowest rank is used; 9 is for the most general.
        monthly: whether it is published by month: such a file is stored in its year's folder.
        clean: whether all its files are uniform, so that the rules for untidy files are not applied.
        fits_row: where the header is not enough or may be missing: whether a first row, by column name, is of this shape.
        headless: the names of the columns, if files of this shape may have no header.
        before: column → pattern of a line before the header; group 1 is the column's value in all rows.
        dates: the formats of its dates, where the general rules of bronze.dates do not fit.
        knows_cancelled: whether `adjust` finds the cancelled flights, so that no column is needed.
        adjust: a change to the rows after reading (typed as in `tables.bronze`), only for this shape.
    """

    name: str
    title: str
    where: str
    lacks: str = ""
    marks: Sequence[frozenset[str]]
    without: frozenset[str] = frozenset()
    columns: Mapping[str, tuple[str, ...]]
    unused: frozenset[str] = frozenset()
    rank: int = 5
    monthly: bool = False
    clean: bool = False
    fits_row: Callable[[Mapping[str, str]], bool] | None = None
    headless: Sequence[str] = ()
    knows_cancelled: bool = False
    adjust: Callable[[pl.LazyFrame], pl.LazyFrame] | None = None
    before: Mapping[str, str] = field(default_factory=dict)
    dates: Sequence[str] = ()

    def fits(self, folded: frozenset[str]) -> bool:
        """Whether a header of these names, in lower case, is of this shape."""
        return any(mark <= folded for mark in self.marks) and not self.without & folded


def mark(*names: str) -> frozenset[str]:
    """The names in lower case."""
    return frozenset(name.casefold() for name in names)
