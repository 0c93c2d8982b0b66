"""The Kaggle yearly files "Airline Delay and Cancellation Data, 2009 - 2018": 27 columns and an empty 28th."""

from tarmac.tables.bronze import FLIGHT_COLUMNS

NAME = "kaggle"

COLUMNS: dict[str, tuple[str, ...]] = {column: (column,) for column in FLIGHT_COLUMNS}
"""Bronze column → the names it may have in the header."""

UNUSED: frozenset[str] = frozenset({"Unnamed: 27"})
"""Columns known to hold nothing."""
