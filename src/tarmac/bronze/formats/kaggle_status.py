"""Kaggle's "Flight Status Prediction", 2018 to 2022: Combined_Flights_YEAR and Flights_YEAR_MONTH, as .csv and .parquet."""

from tarmac.bronze.formats.shape import ALIASES, MARKETING_CARRIER, OPERATING_CARRIER, Shape, mark

SHAPE = Shape(
    name="kaggle_status",
    title='Kaggle "Flight Status Prediction" (2018 to 2022)',
    where="kaggle.com, robikscube/flight-delay-dataset-20182022",
    lacks="causes, cancellation codes",
    marks=[
        mark("FlightDate", "Airline", "Marketing_Airline_Network"),
        mark("FlightDate", "Airline", "Operating_Airline"),
    ],
    columns=ALIASES | OPERATING_CARRIER | {"OP_CARRIER": (*OPERATING_CARRIER["OP_CARRIER"], "Airline")},
    unused=mark("Airline", *MARKETING_CARRIER),
    rank=3,
)
