"""Reads real flights from a folder of yearly files: an edge, the one module here that touches a disk."""

import re
from pathlib import Path

import polars as pl

from tarmac.errors import InputError
from tarmac.evaluate.flights import clean_flights
from tarmac.tables.bronze import FLIGHT_COLUMNS, NULL_MARKERS, TEXT_COLUMNS

NAME = re.compile(r"(?P<place>[A-Za-z]+?)\d*_(?P<year>\d{4})(?:_[a-z]+)?\.csv(?:\.gz)?$")
"""nycflights13_2013.csv.gz is `nycflights`, 2013; us_2008_janfeb.csv.gz is `us`, 2008."""

FOLDERS = (".", "flights", "real")
"""Where files are looked for, below the folder that was named."""

FEWEST_DAYS = 300
"""Files with fewer days are samples, not years."""


def read_years(folder: Path, *, fewest_days: int = FEWEST_DAYS) -> dict[tuple[str, int], pl.DataFrame]:
    """Silver flights of each year in `folder` with so many days or more, by name and year.

    Raises:
        InputError: when there is none.
    """
    paths = sorted(path for inside in FOLDERS for path in (folder / inside).glob("*.csv*"))
    years = {}
    for path in paths:
        if named := NAME.match(path.name):
            flights = read_flights(path, int(named["year"]))
            if flights["fl_date"].n_unique() >= fewest_days:
                years[named["place"], int(named["year"])] = flights
    if not years:
        raise InputError(
            f"--real {folder} holds no year of flights. Give a folder with files like nycflights_2014.csv.gz, in the "
            "schema of the Kaggle files."
        )
    return years


def read_flights(path: Path, year: int) -> pl.DataFrame:
    """One file's sound flights, as silver has them."""
    text = pl.read_csv(path, infer_schema=False, null_values=list(NULL_MARKERS))
    typed = text.lazy().select(
        *(
            pl.col(name) if name in TEXT_COLUMNS else pl.col(name).cast(pl.Float64, strict=False)
            for name in FLIGHT_COLUMNS
            if name != "FL_DATE"
        ),
        pl.col("FL_DATE").str.to_date("%Y-%m-%d", strict=False),
    )
    return clean_flights(typed, year=year, source=path.name).collect()
