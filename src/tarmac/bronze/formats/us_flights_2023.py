"""Kaggle's "US_flights_2023", which has no cancelled flight in it; carriers are names."""

from tarmac.bronze.formats.shape import Shape, mark

SHAPE = Shape(
    name="us_flights_2023",
    title='Kaggle "US_flights_2023"',
    where="kaggle.com, bordanova/2023-us-civil-flights-delay-meteo-and-aircraft",
    lacks="flight numbers, clocks, cancelled flights",
    marks=[mark("FlightDate", "Dep_Airport", "Dep_Delay")],
    columns={
        "FL_DATE": ("FlightDate",),
        "OP_CARRIER": ("Airline",),
        "ORIGIN": ("Dep_Airport",),
        "DEST": ("Arr_Airport",),
        "DEP_DELAY": ("Dep_Delay",),
        "ARR_DELAY": ("Arr_Delay",),
        "CARRIER_DELAY": ("Delay_Carrier",),
        "WEATHER_DELAY": ("Delay_Weather",),
        "NAS_DELAY": ("Delay_NAS",),
        "SECURITY_DELAY": ("Delay_Security",),
        "LATE_AIRCRAFT_DELAY": ("Delay_LastAircraft",),
    },
    unused=mark(
        "Day_Of_Week",
        "Tail_Number",
        "Dep_CityName",
        "DepTime_label",
        "Dep_Delay_Tag",
        "Dep_Delay_Type",
        "Arr_CityName",
        "Arr_Delay_Type",
        "Flight_Duration",
        "Distance_type",
        "Manufacturer",
        "Model",
        "Aicraft_age",
    ),
    rank=0,
)
