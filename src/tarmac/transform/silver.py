"""Bronze to silver: give each column its type, repair values with one possible answer, and find invalid rows.

Pure: frames in, frames out, on any engine that narwhals knows. The frame that comes in has the columns of
`tables.bronze`, read by `bronze.reading`: FL_DATE as a date, the other TEXT_COLUMNS as text, the rest as numbers, null where
there is no value. Further columns are: `source_file` and `source_line`; `unreadable`, the first column that makes the row
invalid (null if there is none); `dropped`, whether another column's text was not of its type and became null;
`no_dest`, whether the source has no destinations.
"""

from collections.abc import Sequence
from functools import reduce
from operator import or_
from typing import Any

import narwhals as nw

from tarmac.tables.flights import CLOCKS, DELAYS, FLIGHTS, QUANTITIES

EARLIEST_DELAY, LATEST_DELAY = -1440, 10080
"""Limits of delays in minutes: a day early, a week late. The largest delay in real files is 3,348."""

LARGEST_QUANTITY = 1e6
"""Limits of other values in minutes or miles; real data are below 10,000. They reject values that are not finite."""

AIRPORT_CODE = r"^[A-Z0-9]{3}\z"  # not $, which on the JVM also matches before a line end of any kind

REPAIRS: tuple[str, ...] = ("dep_delay_on_time", "cancelled_from_departure", "value_dropped")
"""No DEP_DELAY though DEP_TIME = CRS_DEP_TIME: 0 minutes. No CANCELLED though the flight departed: not cancelled. An invalid
clock, or another invalid value that no result is made from: null."""

NO_COLUMN: dict[str, str] = {"NOT_UTF8": "not_utf8", "DUPLICATE": "duplicate"}
"""Values of `unreadable` that are not a column's name → the reason."""

_FLAGS = ("cancelled", "diverted")
_DROPPED_DELAYS = ("arr_delay",)
_DROPPED = (*CLOCKS, "op_carrier_fl_num", *_DROPPED_DELAYS, *QUANTITIES)
"""No result uses these, so an invalid value becomes null and the row is kept."""


def validate(bronze: nw.LazyFrame[Any], *, year: int, also: Sequence[str] = ()) -> nw.LazyFrame[Any]:
    """Every bronze row as a silver row, with `reason` (null where the row is valid) and a boolean for each repair.

    Grain: one row per bronze row, named by `source_file` and `source_line`; the other columns are those of `FLIGHTS`, and
    of bronze's those that `also` names, as they are.
    """
    typed = bronze.with_columns(
        *(_whole(name, 2400, nw.Int16, clock=True) for name in CLOCKS),
        _whole("op_carrier_fl_num", 99_999, nw.Int32),
        *(_within(name, EARLIEST_DELAY, LATEST_DELAY) for name in _DROPPED_DELAYS),
        *(_within(name, -LARGEST_QUANTITY, LARGEST_QUANTITY) for name in QUANTITIES),
        cancelled_from_departure=nw.col("CANCELLED").is_null()
        & ~(nw.col("DEP_TIME").is_null() & nw.col("DEP_DELAY").is_null()),
    ).with_columns(
        cancelled=nw.when(nw.col("cancelled_from_departure")).then(nw.lit(0.0)).otherwise(nw.col("CANCELLED")) == 1,
        diverted=nw.col("DIVERTED") == 1,
        value_dropped=reduce(
            or_, (nw.col(name).is_null() & ~nw.col(name.upper()).is_null() for name in _DROPPED), nw.col("dropped")
        ),
    )
    validated = typed.with_columns(
        reason=_first_reason(reasons_of(year)),
        dep_delay_on_time=(
            nw.col("DEP_DELAY").is_null() & (nw.col("dep_time") == nw.col("crs_dep_time")) & ~nw.col("cancelled")
        ),
    )
    dep_delay = nw.when(nw.col("dep_delay_on_time")).then(nw.lit(0.0)).otherwise(nw.col("DEP_DELAY"))
    ready = {*_DROPPED, *_FLAGS}
    return validated.select(
        "source_file",
        "source_line",
        "reason",
        *(nw.col(repair).fill_null(False) for repair in REPAIRS),
        *(
            dep_delay.alias(name)
            if name == "dep_delay"
            else nw.col(name if name in ready else name.upper()).alias(name)
            for name in FLIGHTS.names
        ),
        *also,
    )


def keep_valid(validated: nw.LazyFrame[Any]) -> nw.LazyFrame[Any]:
    """The silver rows. Grain: one row per scheduled flight; exact duplicates are still included."""
    return validated.filter(nw.col("reason").is_null()).select(*FLIGHTS.names)


def keep_invalid(validated: nw.LazyFrame[Any]) -> nw.LazyFrame[Any]:
    """`source_file`, `source_line` and `reason` of the invalid rows."""
    return validated.filter(~nw.col("reason").is_null()).select("source_file", "source_line", "reason")


def count_repairs(validated: nw.LazyFrame[Any]) -> nw.LazyFrame[Any]:
    """One row: how many valid rows had each of the `REPAIRS`."""
    valid = nw.col("reason").is_null()
    return validated.select(*((nw.col(repair) & valid).cast(nw.Int64).sum().alias(repair) for repair in REPAIRS))


def _whole(name: str, high: int, dtype: type[nw.Int16] | type[nw.Int32], *, clock: bool = False) -> nw.Expr:
    value = nw.col(name.upper())
    whole = nw.when(value.is_between(0, high)).then(value).cast(dtype)
    valid = whole == value
    if clock:
        valid = valid & (whole % 100 < 60)
    return nw.when(valid).then(whole).alias(name)


def _within(name: str, low: float, high: float) -> nw.Expr:
    value = nw.col(name.upper())
    return nw.when(value.is_between(low, high)).then(value).alias(name)


def _outside(name: str, low: float, high: float) -> nw.Expr:
    value = nw.col(name.upper())
    return ~value.is_null() & ~value.is_between(low, high)


def reasons_of(year: int) -> list[tuple[nw.Expr, str]]:
    """The conditions that make a row invalid, with their reasons; the first that applies is used."""
    code_is_wrong = {
        name: ~nw.col(name.upper()).str.contains(AIRPORT_CODE).fill_null(False) for name in ("origin", "dest")
    }
    code_is_wrong["dest"] = code_is_wrong["dest"] & ~(nw.col("no_dest") & nw.col("DEST").is_null())
    return [
        (nw.col("FL_DATE").is_null(), "bad_fl_date"),
        (nw.col("FL_DATE").dt.year() != year, "wrong_year"),
        *((wrong, f"bad_{name}") for name, wrong in code_is_wrong.items()),
        (nw.col("cancelled").is_null() | _outside_flag("cancelled"), "bad_cancelled"),
        (_outside_flag("diverted"), "bad_diverted"),
        *(
            (_outside(name, EARLIEST_DELAY, LATEST_DELAY), f"bad_{name}")
            for name in DELAYS
            if name not in _DROPPED_DELAYS
        ),
    ]


def _outside_flag(name: str) -> nw.Expr:
    value = nw.col(name.upper())
    return ~value.is_null() & (value != 0) & (value != 1)


def _first_reason(reasons: Sequence[tuple[nw.Expr, str]]) -> nw.Expr:
    unreadable = nw.col("unreadable")
    named = nw.concat_str(nw.lit("bad_"), unreadable.str.to_lowercase())
    first: nw.Expr = nw.when(~unreadable.is_null()).then(named)
    for marked, reason in NO_COLUMN.items():
        first = nw.when(unreadable == marked).then(nw.lit(reason)).otherwise(first)
    for wrong, reason in reversed(reasons):
        first = nw.when(wrong).then(nw.lit(reason)).otherwise(first)
    return first
