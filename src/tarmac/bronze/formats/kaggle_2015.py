"""Kaggle's "2015 Flight Delays and Cancellations" of the Department of Transportation, and cuts of it.

In October 2015 its airports are BTS's ids of five digits.
"""

from tarmac.bronze.formats.shape import Shape, mark

_PLACE = (mark("ORIGIN_AIRPORT"), mark("ORIGIN_AIRPORT_CODE"))

SHAPE = Shape(
    name="kaggle_2015",
    title='Kaggle "2015 Flight Delays and Cancellations"',
    where="kaggle.com, usdot/flight-delays (flights.csv)",
    lacks="airport codes in October (ids instead)",
    marks=[place | mark("SCHEDULED_DEPARTURE") for place in _PLACE]
    + [place | mark("DEPARTURE_DELAY") for place in _PLACE],
    columns={
        "FL_DATE": ("FL_DATE", "FLIGHT_DATE", "DATE"),
        "YEAR": ("YEAR",),
        "MONTH": ("MONTH",),
        "DAY": ("DAY",),
        "OP_CARRIER": ("AIRLINE_CODE", "AIRLINE", "IATA_CODE_AIRLINE"),
        "OP_CARRIER_FL_NUM": ("FLIGHT_NUMBER",),
        "ORIGIN": ("ORIGIN_AIRPORT", "ORIGIN_AIRPORT_CODE"),
        "DEST": ("DESTINATION_AIRPORT", "DESTINATION_AIRPORT_CODE"),
        "CRS_DEP_TIME": ("SCHEDULED_DEPARTURE",),
        "DEP_TIME": ("DEPARTURE_TIME",),
        "DEP_DELAY": ("DEPARTURE_DELAY",),
        "TAXI_OUT": ("TAXI_OUT",),
        "WHEELS_OFF": ("WHEELS_OFF",),
        "WHEELS_ON": ("WHEELS_ON",),
        "TAXI_IN": ("TAXI_IN",),
        "CRS_ARR_TIME": ("SCHEDULED_ARRIVAL",),
        "ARR_TIME": ("ARRIVAL_TIME",),
        "ARR_DELAY": ("ARRIVAL_DELAY",),
        "CANCELLED": ("CANCELLED",),
        "CANCELLATION_CODE": ("CANCELLATION_REASON",),
        "DIVERTED": ("DIVERTED",),
        "CRS_ELAPSED_TIME": ("SCHEDULED_TIME",),
        "ACTUAL_ELAPSED_TIME": ("ELAPSED_TIME",),
        "AIR_TIME": ("AIR_TIME",),
        "DISTANCE": ("DISTANCE",),
        "CARRIER_DELAY": ("AIRLINE_DELAY",),
        "WEATHER_DELAY": ("WEATHER_DELAY",),
        "NAS_DELAY": ("AIR_SYSTEM_DELAY",),
        "SECURITY_DELAY": ("SECURITY_DELAY",),
        "LATE_AIRCRAFT_DELAY": ("LATE_AIRCRAFT_DELAY",),
    },
    unused=mark("DAY_OF_WEEK", "TAIL_NUMBER", "FLIGHT_ID", "AIRLINE", "Unnamed: 0", ""),
)
