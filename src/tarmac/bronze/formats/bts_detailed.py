"""BTS's "Detailed Statistics Departures": one carrier at one airport; the airport is named in the lines before the header.

There is no column for cancellations: a cancelled flight has 00:00 as departure and wheels-off, and 0 as elapsed and taxi time.
"""

import polars as pl

from tarmac.bronze.formats.shape import Shape, mark


def _adjust(flights: pl.LazyFrame) -> pl.LazyFrame:
    nothing = pl.all_horizontal(
        pl.col(name) == 0 for name in ("DEP_TIME", "WHEELS_OFF", "ACTUAL_ELAPSED_TIME", "TAXI_OUT")
    ).fill_null(False)
    unknown = ("DEP_TIME", "DEP_DELAY", "WHEELS_OFF", "ACTUAL_ELAPSED_TIME", "TAXI_OUT")
    return flights.with_columns(
        *(pl.when(~nothing).then(name).alias(name) for name in unknown), CANCELLED=nothing.cast(pl.Float64)
    )


SHAPE = Shape(
    name="bts_detailed",
    title='BTS "Detailed Statistics Departures"',
    where="transtats.bts.gov/ontime/departures.aspx",
    lacks="cancellation codes; one carrier and airport a file",
    marks=[mark("Carrier Code", "Date (MM/DD/YYYY)", "Departure delay (Minutes)")],
    columns={
        "FL_DATE": ("Date (MM/DD/YYYY)",),
        "OP_CARRIER": ("Carrier Code",),
        "OP_CARRIER_FL_NUM": ("Flight Number",),
        "ORIGIN": ("Origin Airport",),
        "DEST": ("Destination Airport",),
        "CRS_DEP_TIME": ("Scheduled departure time",),
        "DEP_TIME": ("Actual departure time",),
        "DEP_DELAY": ("Departure delay (Minutes)",),
        "TAXI_OUT": ("Taxi-Out time (Minutes)",),
        "WHEELS_OFF": ("Wheels-off time",),
        "CRS_ELAPSED_TIME": ("Scheduled elapsed time (Minutes)",),
        "ACTUAL_ELAPSED_TIME": ("Actual elapsed time (Minutes)",),
        "CARRIER_DELAY": ("Delay Carrier (Minutes)",),
        "WEATHER_DELAY": ("Delay Weather (Minutes)",),
        "NAS_DELAY": ("Delay National Aviation System (Minutes)",),
        "SECURITY_DELAY": ("Delay Security (Minutes)",),
        "LATE_AIRCRAFT_DELAY": ("Delay Late Aircraft Arrival (Minutes)",),
    },
    unused=mark("Tail Number"),
    rank=0,
    before={"ORIGIN": r"Origin Airport:.*\(([A-Z0-9]{3})\)"},
    dates=("mdy",),
    knows_cancelled=True,
    adjust=_adjust,
)
