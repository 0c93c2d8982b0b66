"""What a disruption's sentence says."""

import datetime as dt
from dataclasses import replace

from tarmac.explanation.sentences import Facts, to_sentence

STORM = Facts(
    scope="airport",
    carriers=(),
    place="Chicago (ORD)",
    start=dt.date(2008, 2, 6),
    end=dt.date(2008, 2, 6),
    flights=44,
    cancelled=22,
    usual=0.02,
    late=30.0,
    airports=1,
    all_airports=1,
    others=None,
    cause="weather",
    cause_share=0.8,
    reports=True,
)


def test_an_airport_s_day_is_one_sentence_with_its_numbers() -> None:
    assert to_sentence(STORM) == (
        "At Chicago (ORD), 22 of 44 flights were cancelled on 6 February (50 %, usually 2 %); the others left 30 minutes "
        "later than usual. Reason given: weather, 80 %."
    )


def test_a_single_flight_was_cancelled() -> None:
    assert "1 of 44 flights was cancelled" in to_sentence(replace(STORM, cancelled=1))


def test_the_name_of_a_carrier_is_its_own_and_the_one_of_the_code_s_former_carrier() -> None:
    text = to_sentence(replace(STORM, scope="carrier_at_airport", carriers=("EV", "W?<b>"), others=0.01))
    assert text.startswith("ExpressJet (Atlantic Southeast) and Carrier W??b? cancelled 22 of their 44 flights")
    assert "other carriers there 1 %" in text
