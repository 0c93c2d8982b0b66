"""BTS's monthly files "Reporting Carrier On-Time Performance (1987-present)": 109 columns and a trailing comma.

BTS renamed some columns in 2018; both names are known. Source: transtats.bts.gov, table "On-Time".
"""

NAME = "bts"

COLUMNS: dict[str, tuple[str, ...]] = {
    "FL_DATE": ("FlightDate",),
    "OP_CARRIER": ("IATA_CODE_Reporting_Airline", "Carrier"),
    "OP_CARRIER_FL_NUM": ("Flight_Number_Reporting_Airline", "FlightNum"),
    "ORIGIN": ("Origin",),
    "DEST": ("Dest",),
    "CRS_DEP_TIME": ("CRSDepTime",),
    "DEP_TIME": ("DepTime",),
    "DEP_DELAY": ("DepDelay",),
    "TAXI_OUT": ("TaxiOut",),
    "WHEELS_OFF": ("WheelsOff",),
    "WHEELS_ON": ("WheelsOn",),
    "TAXI_IN": ("TaxiIn",),
    "CRS_ARR_TIME": ("CRSArrTime",),
    "ARR_TIME": ("ArrTime",),
    "ARR_DELAY": ("ArrDelay",),
    "CANCELLED": ("Cancelled",),
    "CANCELLATION_CODE": ("CancellationCode",),
    "DIVERTED": ("Diverted",),
    "CRS_ELAPSED_TIME": ("CRSElapsedTime",),
    "ACTUAL_ELAPSED_TIME": ("ActualElapsedTime",),
    "AIR_TIME": ("AirTime",),
    "DISTANCE": ("Distance",),
    "CARRIER_DELAY": ("CarrierDelay",),
    "WEATHER_DELAY": ("WeatherDelay",),
    "NAS_DELAY": ("NASDelay",),
    "SECURITY_DELAY": ("SecurityDelay",),
    "LATE_AIRCRAFT_DELAY": ("LateAircraftDelay",),
}
"""Bronze column → the names it may have in the header."""

_DIVERSION = ["Airport", "AirportID", "AirportSeqID", "WheelsOn", "TotalGTime", "LongestGTime", "WheelsOff", "TailNum"]

UNUSED: frozenset[str] = frozenset(
    [
        "Year",
        "Quarter",
        "Month",
        "DayofMonth",
        "DayOfWeek",
        "UniqueCarrier",
        "Reporting_Airline",
        "AirlineID",
        "DOT_ID_Reporting_Airline",
        "Carrier",
        "TailNum",
        "Tail_Number",
        "OriginAirportID",
        "OriginAirportSeqID",
        "OriginCityMarketID",
        "OriginCityName",
        "OriginState",
        "OriginStateFips",
        "OriginStateName",
        "OriginWac",
        "DestAirportID",
        "DestAirportSeqID",
        "DestCityMarketID",
        "DestCityName",
        "DestState",
        "DestStateFips",
        "DestStateName",
        "DestWac",
        "DepDelayMinutes",
        "DepDel15",
        "DepartureDelayGroups",
        "DepTimeBlk",
        "ArrDelayMinutes",
        "ArrDel15",
        "ArrivalDelayGroups",
        "ArrTimeBlk",
        "Flights",
        "DistanceGroup",
        "FirstDepTime",
        "TotalAddGTime",
        "LongestAddGTime",
        "DivAirportLandings",
        "DivReachedDest",
        "DivActualElapsedTime",
        "DivArrDelay",
        "DivDistance",
    ]
) | {f"Div{number}{name}" for number in range(1, 6) for name in _DIVERSION}
"""BTS's other columns: they hold values, which Tarmac does not use."""
