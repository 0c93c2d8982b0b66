"""One row per scheduled flight, as the source wrote it: the columns that every source is mapped to.

The names are those of the Kaggle yearly files, which took them from BTS's "Reporting Carrier On-Time Performance".
"""

FLIGHT_COLUMNS: tuple[str, ...] = (
    "FL_DATE",
    "OP_CARRIER",
    "OP_CARRIER_FL_NUM",
    "ORIGIN",
    "DEST",
    "CRS_DEP_TIME",
    "DEP_TIME",
    "DEP_DELAY",
    "TAXI_OUT",
    "WHEELS_OFF",
    "WHEELS_ON",
    "TAXI_IN",
    "CRS_ARR_TIME",
    "ARR_TIME",
    "ARR_DELAY",
    "CANCELLED",
    "CANCELLATION_CODE",
    "DIVERTED",
    "CRS_ELAPSED_TIME",
    "ACTUAL_ELAPSED_TIME",
    "AIR_TIME",
    "DISTANCE",
    "CARRIER_DELAY",
    "WEATHER_DELAY",
    "NAS_DELAY",
    "SECURITY_DELAY",
    "LATE_AIRCRAFT_DELAY",
)
"""The 27 columns that a flight has; the yearly files' empty 28th is dropped."""

TEXT_COLUMNS: frozenset[str] = frozenset({"FL_DATE", "OP_CARRIER", "ORIGIN", "DEST", "CANCELLATION_CODE"})
"""The columns that are not numbers."""

NULL_MARKERS: tuple[str, ...] = (
    *(
        "",
        "NA",
        r"\N",
        '""',
        "NaN",
        "nan",
        "NULL",
        "null",
        "None",
        "none",
        "N/A",
        "n/a",
        "#N/A",
        "-",
        ".",
        "<NA>",
        "NaT",
    ),
)
"""How sources write "no value"."""

HELPERS: tuple[str, ...] = ("YEAR", "MONTH", "DAY", "DEP_DELAY_NEW", "ORIGIN_ID", "DEST_ID", "DUPLICATE")
"""Columns from which a flight's are derived where a source lacks them: parts of the date, the delay without early departures,
BTS's ids of airports, and the mark of a row that repeats another one's flight."""
