"""The flights of vega-datasets, as .json, .csv or .arrow: `date` is the actual departure."""

from tarmac.bronze.formats.shape import DEPARTURES, Shape, mark

SHAPE = Shape(
    name="vega_flights",
    title="vega-datasets' flights",
    where="github.com/vega/vega-datasets",
    lacks="carriers, flight numbers, cancellations, causes",
    marks=[mark("date", "delay", "origin", "destination")],
    columns=DEPARTURES,
    rank=2,
)
