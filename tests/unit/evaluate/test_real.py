"""Years of real flights from a folder of files."""

import csv
from pathlib import Path

import pytest

from tarmac.errors import InputError
from tarmac.evaluate.real import read_years
from tarmac.tables.bronze import FLIGHT_COLUMNS

FLIGHT = {"FL_DATE": "2013-01-01", "ORIGIN": "JFK", "DEST": "LAX", "DEP_DELAY": "12.0", "CANCELLED": "0.0"}


def test_years_are_read_by_the_names_of_their_files(tmp_path: Path) -> None:
    """Their flights are silver's: typed, and without the invalid ones."""
    (tmp_path / "flights").mkdir()
    with (tmp_path / "flights" / "tiny_2013.csv").open("w", newline="") as file:
        lines = csv.DictWriter(file, FLIGHT_COLUMNS)
        lines.writeheader()
        lines.writerow(FLIGHT)
        lines.writerow(FLIGHT | {"FL_DATE": "2013-01-02", "DEP_DELAY": "", "CANCELLED": "1.0"})
        lines.writerow(FLIGHT | {"FL_DATE": "2013-01-02", "ORIGIN": "jfk"})
    years = read_years(tmp_path, fewest_days=2)
    assert list(years) == [("tiny", 2013)]
    rows = years["tiny", 2013].sort("fl_date").select("origin", "dep_delay", "cancelled").rows()
    assert rows == [("JFK", 12.0, False), ("JFK", None, True)]


def test_a_folder_without_a_year_is_refused(tmp_path: Path) -> None:
    """With what to give instead."""
    with pytest.raises(InputError, match="holds no year of flights"):
        read_years(tmp_path)
