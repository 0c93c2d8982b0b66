"""Disruptions: flagged airport-days that belong together."""

import datetime as dt

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tarmac.airports import find_coordinates
from tarmac.explain.events import CAUSE_WORDS, find_events, kilometres, neighbours
from tarmac.tables.daily import CAUSES
from tarmac.tables.events import EVENTS

PLACES = find_coordinates(["JFK", "LGA", "EWR", "BOS", "DCA", "ORD", "LAX", "SFO", "GUM", "HNL"])
ORIGINS = (*sorted(PLACES), "ZZ9", "QQQ")


def day(number: int) -> dt.date:
    return dt.date(2009, 1, 1) + dt.timedelta(days=number)


def published(*rows):
    """Published airport-days; what a row does not name is usual."""
    usual = {"anomaly": 1, "anomaly_score": 4.0, "flights": 100, "cancelled": 2} | dict.fromkeys(CAUSES)
    schema = {
        "origin": pl.String,
        "fl_date": pl.Date,
        "anomaly": pl.Int16,
        "anomaly_score": pl.Float64,
        "flights": pl.Int32,
        "cancelled": pl.Int32,
    } | dict.fromkeys(CAUSES, pl.Float64)
    return pl.DataFrame([usual | row for row in rows], schema=schema)


def at(origin, number, **more):
    return {"origin": origin, "fl_date": day(number), **more}


def events_of(*rows, places=PLACES):
    return find_events(published(*rows), year=2009, places=places).to_dicts()


def test_a_year_without_flags_has_no_events_but_the_table_s_columns():
    """Loading an empty frame removes last time's events."""
    for rows in ((), (at("JFK", 1, anomaly=0), at("LGA", 1, anomaly=None))):
        found = find_events(published(*rows), year=2009, places=PLACES)
        assert found.height == 0
        assert tuple(found.columns) == EVENTS.names


def test_a_single_flagged_day_is_an_event_of_its_own():
    """One airport, one day, and all of its figures."""
    (event,) = events_of(at("JFK", 38, anomaly_score=7.5, flights=280, cancelled=3))
    assert event == {
        "event_id": "JFK20090208",
        "year": 2009,
        "start_date": day(38),
        "end_date": day(38),
        "airports": 1,
        "origins": "JFK",
        "airport_days": 1,
        "flights": 280,
        "cancelled": 3,
        "worst_origin": "JFK",
        "worst_date": day(38),
        "peak_score": 7.5,
        "cause": None,
    }


def test_consecutive_days_at_one_airport_chain_into_one_event():
    """Each is linked with the next, so the first and the last belong together; a free day ends the chain."""
    found = events_of(*(at("LAX", n, anomaly_score=float(n)) for n in (1, 2, 3, 4, 6)))
    assert [(e["event_id"], e["start_date"], e["end_date"], e["airport_days"]) for e in found] == [
        ("LAX20090105", day(1), day(4), 4),
        ("LAX20090107", day(6), day(6), 1),
    ]


def test_near_airports_share_an_event_on_the_same_and_on_the_next_day():
    """A storm moves from Washington to New York overnight, and on to Boston."""
    (event,) = events_of(at("DCA", 1), at("JFK", 2, anomaly_score=9.0), at("LGA", 2), at("BOS", 3))
    assert (event["origins"], event["airports"], event["airport_days"]) == ("BOS,DCA,JFK,LGA", 4, 4)
    assert (event["worst_origin"], event["worst_date"], event["flights"]) == ("JFK", day(2), 400)


def test_airports_far_apart_have_events_of_their_own():
    """Chicago and Los Angeles on one day are two disruptions; so are near airports two days apart."""
    assert len(events_of(at("ORD", 1), at("LAX", 1), at("HNL", 1))) == 3
    assert len(events_of(at("JFK", 1), at("LGA", 3))) == 2


def test_far_airports_are_joined_through_those_between_them():
    """Boston and Washington are 640 km apart, New York lies between."""
    assert len(events_of(at("BOS", 1), at("DCA", 1))) == 2
    assert len(events_of(at("BOS", 1), at("DCA", 1), at("JFK", 1))) == 1


@pytest.mark.parametrize("origin", ["ZZ9", "QQQ", '"; d', "../", "日本国"])
def test_an_airport_without_coordinates_has_no_neighbours_but_its_own_next_day(origin):
    """It is neither dropped nor joined with another such airport."""
    found = events_of(at(origin, 1), at(origin, 2), at("XX1", 1), at("JFK", 1))
    assert sorted((e["origins"], e["airport_days"]) for e in found) == sorted([(origin, 2), ("XX1", 1), ("JFK", 1)])


def test_days_of_another_year_are_not_of_this_year_s_events():
    """A baseline of earlier years may stand in the same frame."""
    found = events_of(at("JFK", 0), {"origin": "JFK", "fl_date": dt.date(2008, 12, 31)})
    assert [event["airport_days"] for event in found] == [1]


@pytest.mark.parametrize(
    ("days", "cause"),
    [
        ([{"weather_delay": 500.0, "nas_delay": 300.0}], "weather"),
        ([{"nas_delay": 500.0, "carrier_delay": 499.0}], "national air system"),
        ([{"late_aircraft_delay": 10.0}, {"security_delay": 40.0}], "security"),
        ([dict.fromkeys(CAUSES, 20.0)], None),
        ([dict.fromkeys(CAUSES, 20.0) | {"cancelled": 26}], "cancellations"),
        ([{"cancelled": 26}], "cancellations"),
        ([{"cancelled": 25}], None),
        ([dict.fromkeys(CAUSES, 0.0)], None),
        ([{"weather_delay": float("nan"), "carrier_delay": 30.0}], "carrier"),
        ([{"weather_delay": -900.0, "carrier_delay": 30.0}], "carrier"),
        ([{"weather_delay": 40.0, "carrier_delay": 30.0, "nas_delay": 30.0}], None),
        ([{"weather_delay": 90.0, "cancelled": 60}], "weather"),
    ],
)
def test_the_cause_is_what_stands_out_over_all_of_its_days(days, cause):
    """More than 40 % of the causes' minutes; else cancellations above 25 % of the flights; else none."""
    (event,) = events_of(*(at("JFK", number, **more) for number, more in enumerate(days)))
    assert event["cause"] == cause


def test_every_cause_has_its_word():
    """In the order of the table of days."""
    assert tuple(CAUSE_WORDS) == CAUSES


def test_a_day_without_a_score_is_never_the_worst_of_a_scored_event():
    """Null and NaN are unknown, not high."""
    (event,) = events_of(
        at("JFK", 1, anomaly_score=None), at("JFK", 2, anomaly_score=3.0), at("JFK", 3, anomaly_score=float("nan"))
    )
    assert (event["worst_date"], event["peak_score"]) == (day(2), 3.0)
    (event,) = events_of(at("JFK", 2, anomaly_score=None), at("JFK", 1, anomaly_score=None))
    assert (event["worst_date"], event["peak_score"]) == (day(1), None)


def test_an_event_keeps_its_id_when_others_come_and_go():
    """Numbers in order of score would rename all events after a single change."""
    storm = (at("JFK", 5, anomaly_score=8.0), at("LGA", 5))
    ids = {event["event_id"] for event in events_of(*storm)}
    assert ids < {event["event_id"] for event in events_of(*storm, at("LAX", 50, anomaly_score=99.0), at("SFO", 80))}


def test_distances_are_great_circles():
    """New York to Los Angeles is 3,975 km; the date line is no wall."""
    pairs = neighbours(["JFK", "LGA"], PLACES)
    assert sorted(pairs.rows()) == [("JFK", "JFK"), ("JFK", "LGA"), ("LGA", "JFK"), ("LGA", "LGA")]
    points = pl.DataFrame([PLACES["JFK"], PLACES["LAX"]], orient="row").to_numpy()
    assert kilometres(points[0], points[1]) == pytest.approx(3975, rel=0.005)
    line = pl.DataFrame([(0.0, 179.5), (0.0, -179.5)], orient="row").to_numpy()
    assert kilometres(line[0], line[1]) == pytest.approx(111.2, rel=0.005)


flagged_days = st.lists(
    st.builds(
        at,
        st.sampled_from(ORIGINS),
        st.integers(0, 12),
        anomaly=st.sampled_from([1, 1, 1, 0, None]),
        anomaly_score=st.none() | st.sampled_from([3.0, 4.0, 5.0]) | st.floats(0, 50),
        cancelled=st.integers(0, 100),
        weather_delay=st.none() | st.floats(0, 1000),
        nas_delay=st.none() | st.floats(0, 1000),
    ),
    max_size=40,
    unique_by=lambda row: (row["origin"], row["fl_date"]),
)


@settings(deadline=None, max_examples=40)
@given(rows=flagged_days, random=st.randoms(use_true_random=False))
def test_events_are_the_same_whatever_the_order_of_rows(rows, random):
    """Also with equal scores; every flagged day is in exactly one event."""
    found = find_events(published(*rows), year=2009, places=PLACES)
    shuffled = random.sample(rows, len(rows))
    assert found.equals(find_events(published(*shuffled), year=2009, places=PLACES))
    assert found["event_id"].n_unique() == found.height
    assert found["airport_days"].sum() == sum(row["anomaly"] == 1 for row in rows)


@settings(deadline=None, max_examples=40)
@given(rows=flagged_days)
def test_events_are_the_connected_parts_of_a_plainly_written_search(rows):
    """The same parts as a search from day to day that knows no joins."""
    left = [row for row in rows if row["anomaly"] == 1]
    parts = []
    while left:
        part = [left.pop()]
        for member in part:
            met = [row for row in left if _belong_together(member, row)]
            left = [row for row in left if row not in met]
            part += met
        parts.append((",".join(sorted({row["origin"] for row in part})), len(part)))
    found = find_events(published(*rows), year=2009, places=PLACES)
    assert sorted(parts) == sorted(found.select("origins", "airport_days").rows())


def _belong_together(one, other):
    apart = abs((one["fl_date"] - other["fl_date"]).days)
    if one["origin"] == other["origin"]:
        return apart == 1
    known = one["origin"] in PLACES and other["origin"] in PLACES
    if not known or apart > 1:
        return False
    points = pl.DataFrame([PLACES[one["origin"]], PLACES[other["origin"]]], orient="row").to_numpy()
    return kilometres(points[0], points[1]) <= 600
