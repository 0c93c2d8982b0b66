"""Real years: which days anybody would call a disaster, and which documented disruptions are found."""

from datetime import date, timedelta

import numpy as np
import polars as pl
import pytest

from tarmac.airports import find_coordinates
from tarmac.detect import DetectParameters
from tarmac.evaluate.documented import days_of_disruptions, disruptions_found, documented_disruptions
from tarmac.evaluate.history import History, flag_history, flagged_by_kind, kind_of_day, real_year
from tarmac.evaluate.history_page import history_page, table_of_history
from tarmac.tables.daily import CAUSES


def day_with(
    flights: int, cancelled: int, delay: float | None = 8.0, origin: str = "JFK", day: date = date(2013, 2, 8)
):
    return {
        "origin": origin,
        "fl_date": day,
        "flights": flights,
        "cancelled": cancelled,
        "cancelled_share": cancelled / flights,
        "departed": flights - cancelled,
        "mean_dep_delay": delay,
    }


@pytest.mark.parametrize(
    ("flights", "cancelled", "delay", "kind"),
    [
        (10, 5, 0.0, "obvious"),
        (9, 9, None, "other"),
        (49, 24, 0.0, "other"),
        (50, 10, 0.0, "obvious"),
        (50, 0, 60.0, "obvious"),
        (50, 1, 60.0, "other"),
        (114, 114, None, "obvious"),
        (100, 12, 5.0, "near"),
        (99, 12, 5.0, "other"),
        (100, 19, 5.0, "near"),
        (1000, 5, 59.9, "other"),
    ],
)
def test_a_day_is_obvious_near_or_other_by_what_was_cancelled_and_how_late_it_was(
    flights, cancelled, delay, kind
) -> None:
    days = pl.DataFrame([day_with(flights, cancelled, delay)], schema_overrides={"mean_dep_delay": pl.Float64})
    assert days.select(kind_of_day())[0, 0] == kind


def test_flags_are_counted_by_airport_size_and_kind_of_day() -> None:
    """A flag on a day without flights counts nowhere; a day flagged twice counts once."""
    gold = pl.DataFrame(
        [
            day_with(300, 200),
            day_with(300, 40, day=date(2013, 2, 9)),
            day_with(300, 1, day=date(2013, 2, 10)),
            day_with(4, 4, None, origin="XNA"),
            day_with(4, 0, origin="XNA", day=date(2013, 2, 9)),
        ]
    )
    flagged = gold.select("origin", "fl_date")[[0, 0, 2]].vstack(
        pl.DataFrame({"origin": ["ORD"], "fl_date": [date(2013, 2, 8)]})
    )
    assert flagged_by_kind(gold, flagged).rows() == [
        ("under 10", "other", 2, 0),
        ("200 and more", "near", 1, 0),
        ("200 and more", "obvious", 1, 1),
        ("200 and more", "other", 1, 1),
    ]


def test_every_documented_disruption_has_dates_a_source_and_either_airports_or_carriers() -> None:
    documented = documented_disruptions()
    assert documented.height >= 120
    assert documented["name"].is_unique().all()
    assert (documented["first_day"] <= documented["last_day"]).all()
    assert documented["first_day"].min() >= date(1987, 10, 1)
    assert documented["source"].str.len_chars().min() > 5
    assert (documented["airports"].list.len() == 0).equals(documented["carriers"].list.len() > 0)
    assert set(documented["cause"]) == {"weather", "carrier", "national air system", "security"}


def test_every_airport_of_a_documented_disruption_is_on_the_map() -> None:
    """A misspelt code would never be found in any data."""
    codes = documented_disruptions()["airports"].explode().drop_nulls().unique().to_list()
    assert set(find_coordinates(codes)) == set(codes)


def test_a_disruption_is_covered_where_the_days_have_one_of_its_airports_and_dates() -> None:
    days = pl.DataFrame(
        {"origin": ["JFK", "JFK", "ABQ"], "fl_date": [date(2013, 2, 8), date(2013, 2, 11), date(2013, 2, 8)]}
    )
    assert days_of_disruptions(days, "origin").rows() == [
        ("Northeast blizzard of February 2013", "JFK", date(2013, 2, 8))
    ]


def test_a_covered_disruption_is_found_where_one_of_its_days_is_flagged() -> None:
    """Days around it do not count, and its numbers are those of its own days."""
    days = pl.DataFrame(
        [
            day_with(300, 157, 8.6),
            day_with(300, 30, 20.0, origin="LGA"),
            day_with(300, 3, day=date(2013, 2, 8) + timedelta(9)),
        ]
    )
    none = disruptions_found(days, days[2:], "origin")
    assert none.select("name", "origin", "days", "flights", "cancelled", "flagged", "found").rows() == [
        ("Northeast blizzard of February 2013", 2, 2, 600, 187, 0, False)
    ]
    assert none["mean_dep_delay"][0] == pytest.approx((8.6 * 143 + 20 * 270) / 413)
    assert disruptions_found(days, days[:1], "origin")["found"].to_list() == [True]


def test_a_carrier_s_disruption_is_looked_up_by_the_carrier() -> None:
    days = pl.DataFrame([day_with(1744, 1062, day=date(2008, 4, 9))]).rename({"origin": "op_carrier"})
    days = days.with_columns(op_carrier=pl.lit("AA"))
    assert disruptions_found(days, days, "op_carrier")["name"].to_list() == ["American's MD-80 grounding"]


@pytest.fixture(scope="module")
def history() -> History:
    """A year of one large airport and two carriers in which a storm cancels six tenths of one documented day."""
    rng = np.random.default_rng(5)
    per_day = 60
    day = np.repeat(np.arange(365), per_day)
    storm = (np.datetime64("2013-01-01") + day) == np.datetime64("2013-02-08")
    flights = pl.DataFrame(
        {
            "origin": "JFK",
            "fl_date": [date(2013, 1, 1) + timedelta(int(d)) for d in day],
            "crs_dep_time": np.tile(600 + np.arange(per_day) * 10, 365),
            "op_carrier": np.tile(np.where(np.arange(per_day) % 2, "AA", "B6"), 365),
            "op_carrier_fl_num": np.tile(np.arange(per_day), 365),
            "dest": "LAX",
            "dep_delay": np.rint(rng.normal(5, 10, day.size)),
            "cancelled": rng.random(day.size) < np.where(storm, 0.6, 0.01),
            "cancellation_code": None,
            "diverted": False,
        },
        schema_overrides={"cancellation_code": pl.String},
    ).with_columns(pl.lit(None, dtype=pl.Float64).alias(cause) for cause in CAUSES)
    told: list[str] = []
    parameters = DetectParameters(detectors=("cancellations", "constant"))
    made = flag_history([real_year(flights, "nycflights", 2013)], parameters, told.append)
    assert told == ["nycflights 2013, hindsight: cancellations, constant"]
    return made


def test_history_tells_which_kinds_of_days_each_detector_flagged(history) -> None:
    """A detector that flags nothing is measured too: it found none of the obvious days."""
    obvious = history.days.filter(pl.col("kind") == "obvious").select("detector", "days", "flagged")
    assert sorted(obvious.rows()) == [("cancellations", 1, 1), ("constant", 1, 0)]
    assert history.days["days"].sum() == 2 * 365


def test_the_page_of_history_names_the_covered_disruptions_and_who_found_them(history) -> None:
    page = history_page(history, "tarmac evaluate")
    assert "2 of the 231 documented disruptions are covered" in page
    (line,) = (line for line in page.splitlines() if line.startswith("| Northeast blizzard of February 2013"))
    assert line.endswith("| cancellations |")
    assert "Years looked at while tuning" in page
    assert "Years not looked at" not in page
    header, rows = table_of_history(history)
    assert header[:2] == ("years", "detector")
    assert [row[:3] for row in rows] == [
        ("tuning", "cancellations", "100.0 % (1 of 1)"),
        ("tuning", "constant", "0.0 % (0 of 1)"),
    ]
