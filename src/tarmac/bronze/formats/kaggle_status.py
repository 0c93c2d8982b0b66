"""Kaggle's "Flight Status Prediction", 2018 to 2022: Combined_Flights_YEAR and Flights_YEAR_MONTH, as .csv and .parquet."""

from tarmac.bronze.formats.shape import ALIASES, Shape, mark

SHAPE = Shape(
    name="kaggle_status",
    title='Kaggle "Flight Status Prediction" (2018 to 2022)',
    where="kaggle.com, robikscube/flight-delay-dataset-20182022",
    lacks="causes, cancellation codes",
    marks=[
        mark("FlightDate", "Airline", "Marketing_Airline_Network"),
        mark("FlightDate", "Airline", "Operating_Airline"),
    ],
    columns=ALIASES
    | {
        "OP_CARRIER": ("IATA_Code_Operating_Airline", "Operating_Airline"),
        "OP_CARRIER_FL_NUM": ("Flight_Number_Operating_Airline",),
        "DUPLICATE": ("Duplicate",),
    },
    unused=mark(
        "Airline",
        "Marketing_Airline_Network",
        "Operated_or_Branded_Code_Share_Partners",
        "DOT_ID_Marketing_Airline",
        "IATA_Code_Marketing_Airline",
        "Flight_Number_Marketing_Airline",
        "Operating_Airline",
        "DOT_ID_Operating_Airline",
    ),
    rank=3,
)
