"""nycflights13, what anyflights makes like it, and OpenIntro's copy; a flight without a departure was cancelled."""

from tarmac.bronze.formats.shape import Shape, mark

SHAPE = Shape(
    name="nycflights",
    title="nycflights13, anyflights, OpenIntro's nycflights",
    where="github.com/tidyverse/nycflights13",
    lacks="wheels, causes, cancellation codes",
    marks=[
        mark("dep_delay", "carrier", "flight", "origin", "month", "day"),
        mark("dep_delay", "sched_dep_time", "origin"),
    ],
    columns={
        "FL_DATE": ("fl_date", "date"),
        "YEAR": ("year",),
        "MONTH": ("month",),
        "DAY": ("day",),
        "OP_CARRIER": ("carrier",),
        "OP_CARRIER_FL_NUM": ("flight",),
        "ORIGIN": ("origin",),
        "DEST": ("dest",),
        "CRS_DEP_TIME": ("sched_dep_time",),
        "DEP_TIME": ("dep_time",),
        "DEP_DELAY": ("dep_delay",),
        "CRS_ARR_TIME": ("sched_arr_time",),
        "ARR_TIME": ("arr_time",),
        "ARR_DELAY": ("arr_delay",),
        "CANCELLED": ("cancelled",),
        "AIR_TIME": ("air_time",),
        "DISTANCE": ("distance",),
    },
    unused=mark("tailnum", "hour", "minute", "time_hour", "dep_type", "avg_speed", "name", "id", "", "Unnamed: 0"),
)
