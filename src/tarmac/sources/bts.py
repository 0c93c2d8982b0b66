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

UNUSED: frozenset[str] = frozenset()
"""BTS's other columns hold values, which Tarmac does not use."""
