"""An id finds its disruption or its day; what is ordinary is said to be, and what is absent gets the nearest choices."""

import datetime as dt

import polars as pl
import pytest

from tarmac.cli.explain import printable
from tarmac.errors import InputError
from tarmac.explanation.lookup import Answer, look_up, to_asked
from tarmac.tables.disruption_parts import DISRUPTION_PARTS
from tarmac.tables.events import EVENTS
from tarmac.tables.frames import schema_of

DAY = dt.date(2008, 4, 9)
EVIL = "\x1b]0;x\x07<b>"


def days(column: str, *codes: str) -> pl.DataFrame:
    rows = [
        {
            column: code,
            "fl_date": DAY + dt.timedelta(days=n),
            "flights": 10,
            "cancelled": 1,
            "cancelled_share": 0.1,
            "mean_dep_delay": 7.0,
            "anomaly": 0,
        }
        for code in codes
        for n in range(3)
    ]
    return pl.DataFrame(rows)


def event(event_id: str, **given: object) -> dict[str, object]:
    row = {"event_id": event_id, "year": 2008, "start_date": DAY, "end_date": DAY, "origins": "DFW,ORD", "carriers": ""}
    numbers = {"excess_cancelled": 5.0, "excess_delay_minutes": 0.0, "summary": f"Told of {event_id}."}
    return dict.fromkeys(EVENTS.names) | row | numbers | given


def answer(text: str, *events: dict[str, object]) -> Answer:
    return look_up(
        to_asked(text),
        events=pl.DataFrame(list(events), schema=schema_of(EVENTS)),
        parts=pl.DataFrame(schema=schema_of(DISRUPTION_PARTS)),
        airports=days("origin", "DFW", "ORD", "JFK"),
        carriers=days("op_carrier", "AA", EVIL),
    )


AMERICAN = event("AA20080409", carriers="AA")


def test_a_second_disruption_with_the_same_id_is_found_by_its_number():
    """The number is no part of the date."""
    found = answer("AA20080409-2", AMERICAN, event("AA20080409-2", carriers="AA"))
    assert [each["event_id"] for each in found.disruptions] == ["AA20080409-2"]


def test_a_disruption_is_found_by_its_id():
    """With its sentence."""
    found = answer("AA20080409", AMERICAN, event("ORD20080409"))
    assert (found.sentence, [each["event_id"] for each in found.disruptions]) == (
        "Told of AA20080409.",
        ["AA20080409"],
    )


def test_an_airports_day_finds_the_disruptions_that_touch_it():
    """Whatever their ids are; and the day has its numbers."""
    found = answer("DFW20080409", AMERICAN, event("ORD20080409"))
    assert {each["event_id"] for each in found.disruptions} == {"AA20080409", "ORD20080409"}
    assert found.numbers["flights"] == 10


def test_a_date_finds_all_of_the_day_largest_first():
    """A disruption of several days is found on each of them."""
    later = event("MQ20080408", start_date=DAY - dt.timedelta(days=1), excess_cancelled=9.0)
    found = answer("2008-04-09", AMERICAN, later)
    assert [each["event_id"] for each in found.disruptions] == ["MQ20080408", "AA20080409"]


def test_an_ordinary_day_is_said_to_be_one_with_its_numbers():
    """Not an error."""
    found = answer("JFK20080409", AMERICAN)
    assert "JFK had an ordinary day on 2008-04-09: 1 of 10 flights were cancelled (10.0%)" in found.sentence
    assert (found.disruptions, found.numbers["cancelled"]) == ([], 1)
    assert "ordinary" in answer("2008-04-10", AMERICAN).sentence


def test_a_day_without_flights_gets_the_nearest_days():
    """Of the same airport."""
    with pytest.raises(
        InputError, match=r"JFK has no flights on 2008-04-20\. .* JFK20080409, JFK20080410, JFK20080411"
    ):
        answer("JFK20080420")


def test_an_unknown_code_gets_the_nearest_ids():
    """And the year's dates."""
    with pytest.raises(InputError, match=r"no airport, carrier or disruption 'JFX20080409'.* JFK20080409.* 2008-04-11"):
        answer("JFX20080409")
    with pytest.raises(InputError, match="there are no flights on 2008-07-01"):
        answer("2008-07-01")


@pytest.mark.parametrize("text", ["JFK", "", "2008-13-01", "JFK20080230", "20080409", "JFK2008040", "٢٠٠٨-٠٤-٠٩"])
def test_what_is_no_id_is_told_what_one_looks_like(text: str):
    """With an example of each form."""
    with pytest.raises(InputError, match=r"is not an id\. Give an airport's day such as JFK20130208"):
        to_asked(text)


def test_hostile_codes_reach_the_terminal_harmlessly():
    """Neither in a message, nor in a sentence, nor in a table."""
    for text in (f"{EVIL}20080409", f"{EVIL}20090409"):
        try:
            said = answer(text).sentence
        except InputError as error:
            said = str(error)
        assert "\x1b" not in said
        assert "\x07" not in said
    assert printable(EVIL) == "?]0;x?<b>"
