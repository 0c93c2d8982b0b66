"""Kaggle's yearly files "Airline Delay and Cancellation Data, 2009 - 2018": 27 columns and an empty 28th."""

from tarmac.bronze.formats.shape import ALIASES, Shape, mark
from tarmac.tables.bronze import FLIGHT_COLUMNS

SHAPE = Shape(
    name="kaggle",
    title='Kaggle "Airline Delay and Cancellation Data, 2009 - 2018"',
    where="kaggle.com, yuanyuwendymu/airline-delay-and-cancellation-data-2009-2018",
    marks=[mark(*FLIGHT_COLUMNS)],
    without=mark("YEAR"),
    columns={column: (column,) for column in FLIGHT_COLUMNS} | {"DEP_DELAY_NEW": ALIASES["DEP_DELAY_NEW"]},
    rank=0,
    clean=True,
)
