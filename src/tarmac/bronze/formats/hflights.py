"""The R package hflights: departures of Houston in 2011, with ASA's names but neither schedule nor causes."""

from tarmac.bronze.formats.shape import ALIASES, Shape, mark

SHAPE = Shape(
    name="hflights",
    title="hflights (R package)",
    where="cran.r-project.org/package=hflights",
    lacks="schedule, wheels, causes",
    marks=[mark("UniqueCarrier", "DayofMonth", "Origin", "DepDelay")],
    without=mark("FlightDate", "CRSDepTime"),
    columns=ALIASES,
)
