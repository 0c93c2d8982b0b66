"""Rows of a query as people and programs get them."""

import csv
import datetime as dt
import io
import json
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tarmac.cli.printing import ROWS_IN_A_TABLE, print_rows

COLUMNS = ("origin", "fl_date", "mean", "flights", "anomaly", "repairs")
ROW = ("JFK", dt.date(2013, 2, 8), Decimal("8.60"), 280, None, {"dep_delay_on_time": 15})


def printed(capsys: pytest.CaptureFixture[str], form, rows=(ROW,), columns=COLUMNS) -> str:
    print_rows(columns, iter(rows), form)
    return capsys.readouterr().out


def test_json_is_an_array_of_objects(capsys):
    """Decimals are numbers, dates ISO, null is null."""
    assert json.loads(printed(capsys, "json")) == [
        {
            "origin": "JFK",
            "fl_date": "2013-02-08",
            "mean": 8.6,
            "flights": 280,
            "anomaly": None,
            "repairs": {"dep_delay_on_time": 15},
        }
    ]


def test_json_as_one_object_keeps_columns_of_the_same_name(capsys):
    """SELECT 1 AS a, 2 AS a is allowed in SQL."""
    text = printed(capsys, "object", [(1, 2)], ("a", "a"))
    assert json.loads(text) == {"columns": ["a", "a"], "rows": [[1, 2]]}


def test_no_rows_are_still_valid_json_and_csv(capsys):
    """An empty result is a result."""
    assert json.loads(printed(capsys, "json", [])) == []
    assert json.loads(printed(capsys, "object", [])) == {"columns": list(COLUMNS), "rows": []}
    assert printed(capsys, "csv", []) == ",".join(COLUMNS) + "\n"


@pytest.mark.parametrize("value", [float("nan"), float("inf"), Decimal("NaN"), Decimal("-Infinity")])
def test_a_number_that_is_not_finite_is_null_in_json(capsys, value):
    """JSON has no NaN, and programs refuse it."""
    assert "NaN" not in (text := printed(capsys, "json", [(value,)], ("x",)))
    assert json.loads(text) == [{"x": None}]


def test_a_whole_decimal_keeps_all_of_its_digits_in_json(capsys):
    """Postgres sums bigints as numeric; beyond 2^53 a float would lose the last of them."""
    assert printed(capsys, "json", [(Decimal(9007199254740993),)], ("x",)).split() == [
        "[",
        '{"x":',
        "9007199254740993}",
        "]",
    ]


def test_csv_is_quoted_where_needed_and_null_is_empty(capsys):
    """As any reader of CSV expects; JSON columns stay JSON."""
    text = printed(capsys, "csv", [ROW, ('a,"b"\nc', None, None, 0, False, None)])
    header, first, second = csv.reader(io.StringIO(text))
    assert tuple(header) == COLUMNS
    assert first == ["JFK", "2013-02-08", "8.60", "280", "", '{"dep_delay_on_time": 15}']
    assert second == ['a,"b"\nc', "", "", "0", "False", ""]


@pytest.mark.parametrize("text", ["\r", "a\rb", "\r\n", "\n", '"', ""])
def test_a_line_break_of_any_kind_inside_a_value_is_quoted_in_csv(capsys, text):
    """A lone carriage return ends a row for many readers."""
    out = printed(capsys, "csv", [(text, "next")], ("a", "b"))
    assert list(csv.reader(io.StringIO(out, newline=""))) == [["a", "b"], [text, "next"]]
    assert out.endswith("next\n")


def test_a_table_shows_every_value_and_no_style_of_its_own(capsys):
    """A value like [/x] or :warning: is text, not a rich one's markup."""
    text = printed(capsys, "table", [("[/x] [red] :warning:", *ROW[1:])])
    for shown in (*COLUMNS, "[/x] [red] :warning:", "2013-02-08", "8.60", "280", '{"dep_delay_on_time": 15}'):
        assert shown in text
    assert "None" not in text


def test_a_table_ends_somewhere_and_says_so(capsys):
    """Its widths must be known before its first line."""
    print_rows(("n",), ((n,) for n in range(ROWS_IN_A_TABLE + 1)), "table")
    shown = capsys.readouterr()
    assert str(ROWS_IN_A_TABLE - 1) in shown.out
    assert "Only the first 1,000 rows are shown. For all: --format csv" in shown.err


values = st.none() | st.booleans() | st.integers() | st.floats() | st.decimals() | st.dates() | st.text()


@settings(deadline=None, max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=st.lists(st.tuples(values, values), max_size=4))
def test_any_row_can_be_printed_in_any_form(capsys, rows):
    """JSON is valid JSON, strictly; CSV has as many rows as were given."""
    for form in ("json", "object"):
        json.loads(printed(capsys, form, rows, ("a", "b")), parse_constant=_refuse)
    text = printed(capsys, "csv", rows, ("a", "b"))
    assert len(list(csv.reader(io.StringIO(text, newline="")))) == len(rows) + 1
    assert printed(capsys, "table", rows, ("a", "b"))


def _refuse(name: str) -> None:
    raise AssertionError(f"{name} is no JSON")
