"""Where Polars and Spark differ in silence: what Tarmac does instead is the same on both.

Each first test shows the difference as it is; should it vanish one day, that test fails and the detour may go.
"""

import datetime as dt
import inspect
import math
import re
from typing import Any

import narwhals as nw
import polars as pl
import pytest

from tarmac.transform import gold, silver
from tests.support.engine_frames import ENGINES, Engine

pytestmark = pytest.mark.spark

POLARS, SPARK = ENGINES


def both(frame: pl.DataFrame, **made: nw.Expr) -> list[list[tuple[Any, ...]]]:
    """What each engine makes of these expressions."""
    return [engine.out(engine.into(frame).select(**made)).rows() for engine in (POLARS, SPARK)]


SUNDAY = pl.DataFrame({"day": [dt.date(2009, 2, 8)]})
FORBIDDEN = ("weekday", "round", "corr", "skew", "to_string", "week", "mean", "first", "last", "ordinal_day")


def test_the_rules_use_nothing_on_which_engines_are_known_to_differ() -> None:
    """Means are sums over counts, halves are rounded by floor, no weekday is asked for."""
    for module in (silver, gold):
        used = set(re.findall(r"\.(\w+)\(", inspect.getsource(module)))
        assert used.isdisjoint(FORBIDDEN)


def test_sunday_has_another_number() -> None:
    """The panel's weekdays are counted from dates, by NumPy, on both engines."""
    assert both(SUNDAY, day=nw.col("day").dt.weekday()) == [[(7,)], [(0,)]]


def test_halves_are_rounded_to_other_sides() -> None:
    """2⁻¹⁰ is 0.0009765625: a half at the ninth decimal."""
    assert both(pl.DataFrame({"value": [0.5, 2.5]}), value=nw.col("value").round(0)) == [
        [(0.0,), (2.0,)],
        [(1.0,), (3.0,)],
    ]


@pytest.mark.parametrize("delay", [2.0**-10, -(2.0**-10), 3 * 2.0**-10, 0.1, 1e-9, 17.0, 1440.0])
def test_a_half_at_the_last_decimal_of_gold_is_one_value(delay: float) -> None:
    """Where the engines' own rounding would give two."""
    one, other = (engine.gold([{"dep_delay": delay}])["p90_dep_delay"].item() for engine in (POLARS, SPARK))
    assert one == other == pytest.approx(delay, abs=1e-9)


def test_a_week_of_the_calendar_is_the_same_on_an_ordinary_day() -> None:
    """It once was not, and no rule asks for it."""
    assert both(SUNDAY, week=nw.col("day").dt.to_string("%G-W%V")) == [[("2009-W06",)], [("2009-W06",)]]


def test_a_mean_of_booleans_is_refused_or_another() -> None:
    """Flags are cast before they are summed; a share is a sum over a count."""
    flags = pl.DataFrame({"late": [True, False]})
    assert POLARS.out(POLARS.into(flags).select(late=nw.col("late").mean())).item() == 0.5
    with pytest.raises(Exception, match=r"(?i)boolean|type"):
        SPARK.out(SPARK.into(flags).select(late=nw.col("late").mean()))


@pytest.mark.parametrize("engine", ENGINES, ids=lambda engine: engine.name)
def test_nan_is_no_value_that_could_pass_and_null_is_none_that_is_refused(engine: Engine) -> None:
    """NaN lies outside of every range on both engines; null stays null and is no reason."""
    rows = [{"DEP_DELAY": math.nan}, {"DEP_DELAY": None}, {"CANCELLED": math.nan}, {"DEP_TIME": math.nan}]
    validated = engine.validate(rows)
    assert validated["reason"].to_list() == ["bad_dep_delay", None, "bad_cancelled", None]
    assert validated["dep_time"].to_list() == [912, 912, 912, None]


@pytest.mark.parametrize("engine", ENGINES, ids=lambda engine: engine.name)
def test_names_that_differ_in_case_are_two_columns(engine: Engine) -> None:
    """Spark would replace CANCELLED by `cancelled`, and find nothing wrong with it."""
    assert engine.validate([{"CANCELLED": 2.0}])["reason"].to_list() == ["bad_cancelled"]


@pytest.mark.parametrize("end", ["\n", "\r", "\r\n", "\u0085", "\u2028"])
@pytest.mark.parametrize("engine", ENGINES, ids=lambda engine: engine.name)
def test_a_line_end_after_a_code_is_no_part_of_it(engine: Engine, end: str) -> None:
    """On the JVM a pattern's $ matches before it, on Polars it does not."""
    assert engine.validate([{"ORIGIN": f"JFK{end}"}])["reason"].to_list() == ["bad_origin"]


@pytest.mark.parametrize("engine", ENGINES, ids=lambda engine: engine.name)
def test_a_value_too_large_for_its_type_and_a_division_by_zero_raise_nothing(engine: Engine) -> None:
    """Spark's ANSI mode would end the job."""
    assert engine.validate([{"OP_CARRIER_FL_NUM": 1e300}])["value_dropped"].to_list() == [True]
    assert engine.gold([{"dep_delay": 3.0}])["std_dep_delay"].to_list() == [None]
