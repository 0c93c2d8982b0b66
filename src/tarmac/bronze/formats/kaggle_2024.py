"""Kaggle's "2024 flight data": TranStats' names in lower case; also with semicolons, and as a workbook."""

from tarmac.bronze.formats.shape import ALIASES, Shape, mark

SHAPE = Shape(
    name="kaggle_2024",
    title='Kaggle "Flight Data 2024"',
    where="kaggle.com, hrishitpatil/flight-data-2024",
    marks=[
        mark(
            "year",
            "month",
            "day_of_month",
            "day_of_week",
            "fl_date",
            "op_unique_carrier",
            "origin",
            "origin_city_name",
            "origin_state_nm",
            "dest",
            "dep_delay",
            "wheels_off",
            "air_time",
            "late_aircraft_delay",
        )
    ],
    columns=ALIASES,
    rank=8,
)
