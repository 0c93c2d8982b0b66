"""Published rows: gold with the flags and the chosen detector's scores, every row of gold once."""

import datetime as dt
from typing import Any

import polars as pl
import pytest

from tarmac.tables.published import PUBLISHED
from tarmac.transform.published import published_rows

DAY = dt.date(2009, 1, 2)


def gold(*origins: str) -> pl.DataFrame:
    names = [
        column.name
        for column in PUBLISHED.columns
        if column.name in {"mean_dep_delay", "flights"} or column.name.endswith("_share")
    ]
    return pl.DataFrame({"origin": origins}).with_columns(
        pl.lit(DAY).alias("fl_date"), *(pl.lit(1.0).alias(name) for name in names)
    )


def scored(**given: Any) -> dict[str, Any]:
    return {
        "origin": "JFK",
        "fl_date": DAY,
        "measure": "mean_dep_delay",
        "detector": "arima",
        "observed": 50.0,
        "expected": 10.0,
        "lower": 0.0,
        "upper": 20.0,
        "score": 3.0,
        "flag": True,
    } | given


def scores(*rows: dict[str, Any]) -> pl.DataFrame:
    return pl.DataFrame(list(rows), schema_overrides={"observed": pl.Float64, "expected": pl.Float64})


NOBODY = scores(scored()).clear()


def test_each_detectors_flag_is_in_its_own_column() -> None:
    """0 and 1 as the reference pipeline has them."""
    row = published_rows(
        gold("JFK"), scores(scored(), scored(detector="isolation_forest", flag=False)), chosen="arima"
    ).row(0, named=True)
    assert (row["anomaly_if"], row["anomaly_arima"], row["anomaly"]) == (0, 1, 1)
    assert (row["detector"], row["measure"], row["expected"], row["anomaly_score"]) == (
        "arima",
        "mean_dep_delay",
        10.0,
        3.0,
    )


def test_a_day_that_nobody_scored_keeps_its_row() -> None:
    """With nulls, never zeros."""
    row = published_rows(gold("JFK"), NOBODY, chosen="arima").row(0, named=True)
    assert row["flights"] == 1.0
    assert {row[name] for name in ("anomaly_if", "anomaly_arima", "anomaly", "detector", "anomaly_direction")} == {None}


def test_a_scores_of_another_measure_is_not_mixed_in() -> None:
    """The row stays one, and the two flags are of the mean."""
    rows = scores(scored(), scored(measure="cancelled_share", flag=False, score=9.0))
    row = published_rows(gold("JFK"), rows, chosen="arima").row(0, named=True)
    assert (row["anomaly_arima"], row["anomaly"], row["measure"]) == (1, 1, "mean_dep_delay")
    assert row["anomaly_score"] != 9.0


def test_the_interval_of_disruption_is_said_to_be_of_the_mean_delay() -> None:
    """It joins delays and cancellations, but expects minutes."""
    row = published_rows(gold("JFK"), scores(scored(measure="disruption")), chosen="arima").row(0, named=True)
    assert (row["measure"], row["anomaly"]) == ("mean_dep_delay", 1)


@pytest.mark.parametrize(
    ("observed", "expected", "flag", "direction"),
    [
        (50.0, 10.0, True, "high"),
        (10.0, 10.0, True, "high"),
        (-5.0, 10.0, True, "low"),
        (None, 10.0, True, "high"),
        (50.0, None, True, None),
        (50.0, 10.0, False, None),
    ],
)
def test_the_direction_of_a_flagged_day(
    observed: float | None, expected: float | None, flag: bool, direction: str | None
) -> None:
    """High where nothing departed; unknown where nothing was expected; none where not flagged."""
    rows = scores(scored(observed=observed, expected=expected, flag=flag))
    assert published_rows(gold("JFK"), rows, chosen="arima")["anomaly_direction"].to_list() == [direction]


def test_rows_come_in_the_order_of_days_whatever_the_input_order() -> None:
    """Equal input gives equal bytes."""
    rows = published_rows(gold("LGA", "JFK"), scores(scored(), scored(origin="LGA")), chosen="arima")
    assert rows["origin"].to_list() == ["JFK", "LGA"]


def test_a_key_twice_in_the_scores_is_refused() -> None:
    """Rather than doubling a row."""
    with pytest.raises(pl.exceptions.ComputeError):
        published_rows(gold("JFK"), scores(scored(), scored()), chosen="arima")


def test_empty_frames_give_an_empty_frame() -> None:
    """With all columns."""
    rows = published_rows(gold("JFK").clear(), NOBODY, chosen="arima")
    assert rows.height == 0
    assert "anomaly_direction" in rows.columns


def test_scores_that_saw_only_the_past_are_published_too() -> None:
    """The flags keep their columns, and the chosen detector's name says the mode."""
    frame = scores(scored(detector="isolation_forest@online"), scored(detector="arima@online"))
    row = published_rows(gold("JFK"), frame, chosen="arima@online").row(0, named=True)
    assert (row["anomaly_if"], row["anomaly_arima"], row["detector"]) == (1, 1, "arima@online")
