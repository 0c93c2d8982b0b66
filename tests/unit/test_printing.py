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


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        (("sum", "sum"), ["sum", "sum_2"]),
        (("a", "a", "a", "b"), ["a", "a_2", "a_3", "b"]),
        (("a", "a", "a_2"), ["a", "a_3", "a_2"]),
        (("a_2", "a", "a", "a_2"), ["a_2", "a", "a_3", "a_2_2"]),
        (("?column?", "?column?"), ["?column?", "?column?_2"]),
        (("", ""), ["", "_2"]),
    ],
)
def test_columns_of_one_name_are_numbered_alike_in_every_format(capsys, given, shown):
    """SELECT sum(a), sum(b) is allowed in SQL; no column of a JSON object may hide another."""
    row = tuple(range(len(given)))
    assert json.loads(printed(capsys, "json", [row], given)) == [dict(zip(shown, row, strict=True))]
    assert json.loads(printed(capsys, "object", [row], given)) == {"columns": shown, "rows": [list(row)]}
    assert next(csv.reader(io.StringIO(printed(capsys, "csv", [row], given)))) == shown
    head = printed(capsys, "table", [row], given).splitlines()[1]
    assert [name.strip() for name in head.strip("┃").split("┃")] == shown


def test_values_within_arrays_and_documents_are_shown_as_they_are_outside(capsys):
    """A decimal is a number, NaN is null, a date is text."""
    value = [Decimal("1.5"), float("nan"), dt.date(2009, 1, 2), {"x": [Decimal(1)]}]
    assert json.loads(printed(capsys, "json", [(value,)], ("x",))) == [{"x": [1.5, None, "2009-01-02", {"x": [1]}]}]
    assert printed(capsys, "csv", [(value,)], ("x",)) == 'x\n"[1.5, null, ""2009-01-02"", {""x"": [1]}]"\n'


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
