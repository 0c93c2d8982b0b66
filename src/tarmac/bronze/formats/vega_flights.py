"""The flights of vega-datasets, as .json, .csv or .arrow: `date` is the actual departure."""

from tarmac.bronze.formats.shape import Shape, mark

SHAPE = Shape(
    name="vega_flights",
    title="vega-datasets' flights",
    where="github.com/vega/vega-datasets",
    lacks="carriers, flight numbers, cancellations, causes",
    marks=[mark("date", "delay", "origin", "destination")],
    columns={
        "FL_DATE": ("date",),
        "ORIGIN": ("origin",),
        "DEST": ("destination",),
        "DEP_DELAY": ("delay",),
        "DISTANCE": ("distance",),
    },
    rank=2,
)
