"""Cells as sources write them, and the values that they stand for."""

import polars as pl
import pytest

from tarmac.bronze import values

CLOCKS: dict[str, float | None] = {
    "0005": 5,
    "5.0": 5,
    " 713 ": 713,
    "10:15": 1015,
    "24:00": 2400,
    "10:15:00": 1015,
    "12:05 AM": 5,
    "1:07 pm": 1307,
    "12:30PM": 1230,
    "13:00 PM": None,
    "noon": None,
    "NA": None,
}


def _read(expression: pl.Expr, cell: str) -> object:
    return pl.DataFrame({"cell": [cell]}).select(expression).item()


@pytest.mark.parametrize("cell", CLOCKS)
def test_a_clock_is_read_in_all_its_spellings(cell: str) -> None:
    """As hours times a hundred plus minutes."""
    assert _read(values.clock("cell", pl.String()), cell) == CLOCKS[cell]


def test_a_decimal_comma_is_read_wherever_a_number_may_stand() -> None:
    """Yes, no and clocks are numbers in files that have it."""
    assert _read(values.flag("cell", pl.String(), decimal_comma=True), "1,00") == 1
    assert _read(values.clock("cell", pl.String(), decimal_comma=True), "713,0") == 713
    assert _read(values.number("cell", pl.String(), decimal_comma=True), "-3,5") == -3.5


@pytest.mark.parametrize(("cell", "text"), [(" EWR ", "EWR"), ("EWR", "EWR"), (" NA ", None), ("  ", None)])
def test_blanks_around_a_text_do_not_belong_to_it(cell: str, text: str | None) -> None:
    """Some exports pad their columns to equal width."""
    assert _read(values.text("cell", pl.String()), cell) == text
