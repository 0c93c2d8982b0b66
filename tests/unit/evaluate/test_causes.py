"""Who and why against the truth: verdicts, false stories, methods to compare with, and disruptions planted in real flights."""

import datetime as dt
from pathlib import Path

import narwhals as nw
import numpy as np
import polars as pl
import pytest

from tarmac.airports import find_coordinates
from tarmac.evaluate.causes import METHODS, DisruptedYear, Told, shares_of, simulated_year, told_of_year
from tarmac.evaluate.causes_page import causes_facts, causes_html, causes_section
from tarmac.evaluate.planted_disruptions import plant_disruptions
from tarmac.evaluate.request import Plan
from tarmac.evaluate.root_causes import Leaves, adtributor, joined_days, riskloc
from tarmac.evaluate.run import publish
from tarmac.evaluate.truths import TOLD, TRUTH, Cells, false_stories, verdicts
from tarmac.explanation.routes import routes_from, to_routes
from tarmac.simulate import SimulationParameters
from tests.support.networks import AIRPORTS, FIRST, month_of_flights

DAY = FIRST + dt.timedelta(days=20)


@pytest.fixture(scope="module")
def flights() -> pl.DataFrame:
    """Two ordinary months."""
    return month_of_flights().with_columns(op_carrier_fl_num=pl.int_range(pl.len()))


def event(**given: object) -> dict[str, object]:
    row = {
        "scope": "carrier",
        "carriers": "WN",
        "origins": " ".join(AIRPORTS),
        "cause": "carrier",
        "flights_lost": 90.0,
    }
    return {"event": 1, "start_date": DAY, "end_date": DAY} | row | given


def story(**given: object) -> dict[str, object]:
    told = {name: value for name, value in event(**given).items() if name in TOLD}
    return told | {name: str(told[name]).replace(" ", ",") for name in ("carriers", "origins")}


def verdict_on(flights: pl.DataFrame, truth: dict[str, object], *stories: dict[str, object]):
    told = pl.DataFrame(list(stories), schema={name: TRUTH[name] for name in TOLD})
    (found,) = verdicts(Cells(flights), pl.DataFrame([truth], schema=TRUTH), told)
    return found


def test_a_story_that_says_what_is_true_is_right_in_all(flights):
    """Scope, carriers, flights and cause."""
    found = verdict_on(flights, event(), story(carriers="AA"), story())
    assert (found.found, found.scope_right, found.carriers_right, found.who_right, found.cause_right) == (True,) * 5
    assert found.told == 1


def test_of_stories_the_one_that_shares_most_flights_counts(flights):
    """One about two carriers is of the one's failure, but names the other's flights as well."""
    found = verdict_on(flights, event(), story(carriers="AA", origins="DFW"), story(carriers="AA WN", cause="weather"))
    assert (found.found, found.who_right, found.cause_right) == (True, False, False)


def test_a_story_of_another_day_or_place_is_not_found(flights):
    """Nor is there anything right about it."""
    later = DAY + dt.timedelta(days=3)
    found = verdict_on(flights, event(), story(start_date=later, end_date=later), story(origins="FWA"))
    assert (found.found, found.told, found.cause_right) == (False, -1, False)


def test_stories_that_touch_no_true_disruption_are_false():
    """A day, an airport and, where both have any, a carrier in common."""
    other = DAY + dt.timedelta(days=3)
    told = [
        story(),
        story(carriers="AA"),
        story(carriers="", origins="ORD", scope="airport"),
        story(start_date=other, end_date=other),
    ]
    false = false_stories(
        pl.DataFrame([event()], schema=TRUTH), pl.DataFrame(told, schema={name: TRUTH[name] for name in TOLD})
    )
    assert false.tolist() == [False, True, False, True]


def leaves(hit) -> Leaves:
    """Ten carriers at twenty airports that lose two flights each, and twenty where hit."""
    carrier, origin = np.divmod(np.arange(200), 20)
    expected = np.full(200, 2.0)
    actual = np.where(hit(carrier, origin), 20.0, 2.0)
    return Leaves(carrier=carrier, origin=origin, actual=actual, expected=expected)


@pytest.mark.parametrize("hit", [lambda carrier, _: carrier == 3, lambda _, origin: origin == 7])
def test_adtributor_and_riskloc_name_one_carrier_or_airport(hit):
    """Where all else is as expected."""
    case = leaves(hit)
    truth = hit(case.carrier, case.origin)
    assert (adtributor(case) == truth).all()
    assert any((found == truth).all() for found in riskloc(case))


def test_riskloc_names_one_carrier_at_one_airport():
    """Adtributor cannot: it looks at one dimension."""
    case = leaves(lambda carrier, origin: (carrier == 3) & (origin == 7))
    assert riskloc(case)[0].nonzero()[0].tolist() == [3 * 20 + 7]
    assert adtributor(case).sum() > 1


def test_flagged_days_near_each_other_are_joined_and_others_are_not(flights):
    """Chicago's on two days, and Denver's."""
    routes = routes_from(to_routes_of(flights))
    flagged = [("ORD", DAY), ("MDW", DAY), ("ORD", DAY + dt.timedelta(days=1)), ("DEN", DAY)]
    told = joined_days(
        routes, pl.DataFrame(flagged, schema=["origin", "fl_date"], orient="row"), find_coordinates(AIRPORTS)
    )
    rows = {(row["origins"], row["start_date"], row["end_date"]) for row in told.to_dicts()}
    assert rows == {("MDW,ORD", DAY, DAY + dt.timedelta(days=1)), ("DEN", DAY, DAY)}


def to_routes_of(flights: pl.DataFrame) -> pl.DataFrame:
    return to_routes(nw.from_native(flights.lazy())).to_native().collect()


def test_planted_disruptions_are_in_the_flights_and_the_same_each_time(flights):
    """Each scope, on days and flights that the truth names; nothing else is touched."""
    planted, truth = plant_disruptions(flights, find_coordinates(AIRPORTS), seed=4)
    again = plant_disruptions(flights, find_coordinates(AIRPORTS), seed=4)
    assert planted.equals(again[0])
    assert truth.equals(again[1])
    assert {"airport", "carrier", "carrier_at_airport", "region"} <= set(truth["scope"])
    assert planted.height == flights.height
    before = flights.sort("fl_date", "origin", "crs_dep_time", "op_carrier", "op_carrier_fl_num", "dest")
    changed = (planted["cancelled"] != before["cancelled"]) | planted["dep_delay"].ne_missing(before["dep_delay"])
    spoiled = planted.filter(changed)
    for each in truth.to_dicts():
        mine = pl.col("fl_date").is_between(each["start_date"], each["end_date"])
        mine &= pl.col("origin").is_in(each["origins"].split())
        if each["carriers"]:
            mine &= pl.col("op_carrier").is_in(each["carriers"].split())
        assert spoiled.filter(mine).height >= 20
    dates = pl.concat([pl.date_range(e["start_date"], e["end_date"], eager=True) for e in truth.to_dicts()])
    assert set(spoiled["fl_date"]) <= set(dates)


@pytest.fixture(scope="module")
def year() -> DisruptedYear:
    """A small year of many disruptions."""
    return simulated_year(
        SimulationParameters(
            year=2011, flights=400_000, airports=60, seed=103, shape="disruptions", anomalous_share=0.02
        )
    )


@pytest.fixture(scope="module")
def told(year: DisruptedYear) -> list[Told]:
    """What every method tells of it."""
    return list(told_of_year(year))


def test_who_and_why_are_told_better_than_by_other_methods(told: list[Told]):
    """Which are told the days, or know no carriers."""
    shares = {line.method: line for line in shares_of(told)}
    assert tuple(shares) == METHODS
    ours = shares.pop("tarmac")
    assert ours.disruptions >= 10
    assert ours.who_and_why > 0.7
    assert all(ours.who_and_why > other.who_and_why for other in shares.values())
    assert ours.false is not None
    assert ours.false <= 10.0
    assert shares["RiskLoc, days told"].false is None


def test_the_leaderboard_has_a_section_on_who_and_why(told: list[Told], tmp_path):
    """In the document, on the page and in the JSON."""
    facts = publish([], [], tmp_path, "tarmac evaluate --corpus causes", causes=told)
    section = causes_section(told, "tarmac evaluate --corpus causes")
    assert (tmp_path / "leaderboard.md").read_text().endswith(section)
    assert causes_html(told) in (tmp_path / "leaderboard.html").read_text()
    assert facts["causes"] == causes_facts(told)
    assert "| tarmac | " in section
    assert "Tuning: simulated disruptions 103." in section


def test_disrupted_years_are_no_larger_than_asked_for():
    """Nor than needed."""
    (small,) = Plan(seeds=(7,), kind="causes", flights=90_000, airports=30).disrupted()
    (large,) = Plan(seeds=(7,), kind="all", real=Path()).disrupted()
    assert (small.flights, small.airports, small.shape) == (90_000, 30, "disruptions")
    assert (large.flights, large.airports) == (2_000_000, 200)
    assert Plan(seeds=(7,)).disrupted() == []
