"""Kaggle's "Flight Delay and Cancellation Dataset (2019-2023)": five years in one file, also in a copy with dates day first."""

from tarmac.bronze.formats.shape import ALIASES, Shape, mark

SHAPE = Shape(
    name="kaggle_2019_2023",
    title='Kaggle "Flight Delay and Cancellation Dataset (2019-2023)"',
    where="kaggle.com, patrickzel/flight-delay-and-cancellation-dataset-2019-2023",
    marks=[mark("FL_NUMBER", "AIRLINE_DOT"), mark("FL_NUMBER", "DOT_CODE"), mark("FL_NUMBER", "DELAY_DUE_CARRIER")],
    columns=ALIASES
    | {
        "OP_CARRIER": ("AIRLINE_CODE", "AIRLINE_DOT", "AIRLINE"),
        "OP_CARRIER_FL_NUM": ("FL_NUMBER",),
        "ACTUAL_ELAPSED_TIME": ("ELAPSED_TIME",),
        "CARRIER_DELAY": ("DELAY_DUE_CARRIER",),
        "WEATHER_DELAY": ("DELAY_DUE_WEATHER",),
        "NAS_DELAY": ("DELAY_DUE_NAS",),
        "SECURITY_DELAY": ("DELAY_DUE_SECURITY",),
        "LATE_AIRCRAFT_DELAY": ("DELAY_DUE_LATE_AIRCRAFT",),
    },
    unused=mark("AIRLINE", "AIRLINE_DOT", "DOT_CODE", "ORIGIN_CITY", "DEST_CITY", "", "Unnamed: 0"),
)
