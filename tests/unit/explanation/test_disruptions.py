"""Who and why: disruptions of known story, planted into two made-up months, are told as what they are."""

import datetime as dt

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tarmac.airports import find_coordinates
from tarmac.explanation.disruptions import Disruptions, explain_year
from tarmac.tables.disruption_parts import COVERING, DISRUPTION_PARTS
from tarmac.tables.events import EVENTS
from tarmac.tables.frames import schema_of
from tests.support.networks import AIRPORTS, FIRST, NEAR_CHICAGO, Planted, month_of_flights

DAY = FIRST + dt.timedelta(days=30)
NO_SCORES = pl.DataFrame(schema={"origin": pl.String, "fl_date": pl.Date, "anomaly_score": pl.Float64})


def explained(flights: pl.DataFrame) -> Disruptions:
    return explain_year(
        flights.lazy(), NO_SCORES, 2009, coordinates=find_coordinates(AIRPORTS), cities={"ORD": "Chicago"}
    )


def stories(*planted: Planted, seed: int = 1) -> list[dict]:
    """What is found, largest first."""
    events = explained(month_of_flights(seed, planted=planted)).events
    return events.sort("excess_cancelled", "excess_delay_minutes", descending=True).to_dicts()


def test_ordinary_months_have_no_disruptions():
    """Two months of chance."""
    assert stories() == []


def test_a_carriers_failure_is_one_event_and_the_carriers():
    """Not thirty airports' events."""
    (found,) = stories(Planted(days=(DAY,), carriers=("WN",), code="A"))
    assert (found["scope"], found["carriers"], found["cause"]) == ("carrier", "WN", "carrier")
    assert (found["event_id"], found["start_date"], found["end_date"]) == (f"WN{DAY:%Y%m%d}", DAY, DAY)
    assert found["cause_share"] > 0.7
    assert found["severity"] >= 4


def test_a_storm_at_an_airport_is_no_carriers_failure():
    """All carriers there are hit, and none elsewhere."""
    (found,) = stories(Planted(days=(DAY,), airports=("ORD",), code="B"))
    assert (found["scope"], found["carriers"], found["origins"]) == ("airport", "", "ORD")
    assert (found["cause"], found["event_id"]) == ("weather", f"ORD{DAY:%Y%m%d}")


def test_a_storm_over_a_region_is_one_event():
    """With the airports that it hit."""
    (found,) = stories(Planted(days=(DAY,), airports=NEAR_CHICAGO, share=0.7, code="B"))
    assert (found["scope"], set(found["origins"].split(","))) == ("region", set(NEAR_CHICAGO))


def test_one_carriers_trouble_at_one_airport_is_told_from_the_airports():
    """The others there fly as usual."""
    (found,) = stories(Planted(days=(DAY, DAY + dt.timedelta(days=1)), carriers=("UA",), airports=("DEN",), share=1.0))
    assert (found["scope"], found["carriers"], found["origins"]) == ("carrier_at_airport", "UA", "DEN")
    assert found["event_id"].startswith("UA-DEN2009")


def test_trouble_everywhere_is_the_nations():
    """Whatever the carrier, wherever."""
    (found,) = stories(Planted(days=(DAY,), share=0.3, code="C"))
    assert (found["scope"], found["carriers"], found["cause"]) == ("nation", "", "national air system")


def test_two_storms_on_one_day_are_two_events():
    """Boston and Denver have nothing in common."""
    found = stories(
        Planted(days=(DAY,), airports=("BOS",), share=0.8, code="B"),
        Planted(days=(DAY,), airports=("DEN",), share=0.8, code="B"),
    )
    assert {(each["scope"], each["origins"]) for each in found} == {("airport", "BOS"), ("airport", "DEN")}


def test_one_storm_over_three_days_is_one_event():
    """From its first day to its last."""
    days = tuple(DAY + dt.timedelta(days=n) for n in range(3))
    (found,) = stories(Planted(days=days, airports=("ATL",), share=0.7, code="B"))
    assert (found["start_date"], found["end_date"], found["airport_days"]) == (days[0], days[2], 3)


def test_delays_without_cancellations_are_a_disruption_too():
    """Its cause is what the minutes are put down to."""
    (found,) = stories(Planted(days=(DAY,), airports=("ORD", "MDW"), share=0.9, minutes=110.0, code="C"))
    assert set(found["origins"].split(",")) == {"ORD", "MDW"}
    assert found["cause"] == "national air system"
    assert found["excess_delay_minutes"] > 60 * 60


def test_without_codes_and_causes_the_who_is_told_and_no_cause():
    """And the sentence says that there are no reasons."""
    flights = month_of_flights(planted=(Planted(days=(DAY,), carriers=("B6",)),))
    none = ("cancellation_code", "carrier_delay", "weather_delay", "nas_delay")
    found = explained(flights.with_columns(pl.lit(None).cast(flights.schema[name]).alias(name) for name in none))
    (event,) = found.events.to_dicts()
    assert (event["carriers"], event["cause"], event["cause_share"]) == ("B6", None, None)
    assert event["summary"].endswith("The records give no reasons.")
    assert set(found.parts["dimension"]) == set(COVERING)


def test_without_carriers_airports_are_told():
    """A source that names none has airports all the same."""
    flights = month_of_flights(planted=(Planted(days=(DAY,), airports=("ORD",), share=0.8, code="B"),))
    (event,) = explained(flights.with_columns(op_carrier=pl.lit(None, pl.String))).events.to_dicts()
    assert (event["scope"], event["origins"], event["carriers"]) == ("airport", "ORD", "")


def test_a_carrier_that_begins_or_stops_flying_is_no_disruption():
    """Days without its flights are no lost flights."""
    flights = month_of_flights()
    absent = (pl.col("op_carrier") == "OO") & (pl.col("fl_date") > DAY)
    late = (pl.col("op_carrier") == "B6") & (pl.col("fl_date") < DAY)
    assert explained(flights.filter(~absent & ~late)).events.is_empty()


def test_no_flights_have_no_disruptions():
    """Their tables have their columns."""
    found = explained(month_of_flights().head(0))
    assert found.events.schema == schema_of(EVENTS)
    assert found.parts.schema == schema_of(DISRUPTION_PARTS)
    assert found.events.is_empty()


def test_the_order_of_flights_does_not_matter():
    """The same rows, to the last bit."""
    flights = month_of_flights(planted=(Planted(days=(DAY,), airports=("ORD",), code="B"),))
    one, other = explained(flights), explained(flights.sample(fraction=1, shuffle=True, seed=3))
    assert one.events.equals(other.events)
    assert one.parts.equals(other.parts)


def test_the_sentence_tells_who_how_many_and_why():
    """With what is usual, and how others did."""
    (found,) = stories(Planted(days=(DAY,), carriers=("WN",), share=0.5, code="A"))
    text = found["summary"]
    assert text.startswith(
        f"Southwest cancelled {found['cancelled']:,} of its {found['flights']:,} flights on 1 July ("
    )
    assert "of its 32 airports; other carriers there " in text
    assert "Reason given: carrier, " in text


def test_two_disruptions_with_the_same_id_are_both_told():
    """A carrier may have an airport's code; the second id has a number."""
    flights = month_of_flights(
        planted=(
            Planted(days=(DAY,), carriers=("WN",), code="A"),
            Planted(days=(DAY,), airports=("BOS",), share=0.9, code="B"),
        )
    )
    renamed = pl.when(pl.col("op_carrier") == "WN").then(pl.lit("BOS")).otherwise("op_carrier")
    found = explained(flights.with_columns(op_carrier=renamed))
    ids = [f"BOS{DAY:%Y%m%d}", f"BOS{DAY:%Y%m%d}-2"]
    assert found.events["event_id"].to_list() == ids
    assert set(found.events["scope"]) == {"airport", "carrier"}
    assert found.parts["event_id"].unique().sort().to_list() == ids


def test_codes_of_hostile_files_are_harmless_in_the_sentence():
    """Neither escape sequences, nor markup, nor quotes get through."""
    evil = "\x1b[31m<script>'\";--"
    flights = month_of_flights(planted=(Planted(days=(DAY,), carriers=("WN",)),))
    renamed = pl.when(pl.col("op_carrier") == "WN").then(pl.lit(evil)).otherwise("op_carrier")
    (event,) = explained(flights.with_columns(op_carrier=renamed)).events.to_dicts()
    assert event["carriers"] == evil
    assert not set("\x1b<>'\"") & set(event["summary"])


@pytest.mark.parametrize("scope", ["airport", "carrier", "carrier_at_airport", "region", "nation"])
@settings(max_examples=2, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 10_000), minutes=st.sampled_from([None, 90.0]))
def test_the_parts_of_every_dimension_add_up_to_the_disruption(scope: str, seed: int, minutes: float | None):
    """Excess cancellations and excess minutes, whoever is hit; codes add up to the cancellations."""
    carriers = ("WN",) if scope.startswith("carrier") else ()
    places = {"airport": ("ORD",), "carrier_at_airport": ("LAS",), "region": NEAR_CHICAGO}.get(scope, ())
    planted = Planted(days=(DAY,), carriers=carriers, airports=places, share=0.9, minutes=minutes, code="B")
    found = explained(month_of_flights(seed, planted=(planted,)))
    for event in found.events.to_dicts():
        parts = found.parts.filter(pl.col("event_id") == event["event_id"])
        for dimension in (*COVERING, "cancellation_code"):
            of_dimension = parts.filter(pl.col("dimension") == dimension)
            assert of_dimension["excess_cancelled"].sum() == pytest.approx(event["excess_cancelled"], abs=1e-6)
            if dimension in COVERING:
                assert of_dimension["excess_delay_minutes"].sum() == pytest.approx(
                    event["excess_delay_minutes"], abs=1e-6
                )
                assert of_dimension["flights"].sum() == event["flights"]
                assert of_dimension["share_of_flights"].sum() == pytest.approx(1.0)
                assert of_dimension["share_of_excess"].sum() == pytest.approx(1.0)
            assert of_dimension["cancelled"].sum() == event["cancelled"]


def test_a_day_on_which_all_is_cancelled_is_no_carriers_failure_where_flights_are_from_few_airports():
    """No other carrier flew as usual, so no carrier is to blame."""
    flights = month_of_flights(planted=(Planted(days=(DAY,), share=1.0, code="B"),))
    (found,) = explained(flights.filter(pl.col("origin").is_in(AIRPORTS[:5]))).events.to_dicts()
    assert (found["scope"], found["carriers"], found["cause"]) == ("region", "", "weather")
    assert set(found["origins"].split(",")) == set(AIRPORTS[:5])


STORM_AT_DENVER = Planted(days=(DAY,), airports=("DEN",), share=0.9, code="B")


def test_what_a_carrier_loses_on_the_day_after_a_storm_at_its_hub_is_no_story_of_its_own():
    """The records put it down to weather."""
    (found,) = stories(
        STORM_AT_DENVER, Planted(days=(DAY + dt.timedelta(days=1),), carriers=("UA",), share=0.4, code="B")
    )
    assert (found["scope"], found["origins"]) == ("airport", "DEN")


def test_a_carriers_failure_on_the_day_after_a_storm_at_its_hub_is_told():
    """The records put it down to the carrier."""
    found = stories(STORM_AT_DENVER, Planted(days=(DAY + dt.timedelta(days=1),), carriers=("UA",), share=0.4, code="A"))
    assert {(each["scope"], each["carriers"], each["cause"]) for each in found} == {
        ("airport", "", "weather"),
        ("carrier", "UA", "carrier"),
    }


def test_weather_far_from_a_carriers_hub_or_long_before_explains_nothing():
    """Its own story stays, whatever its cause."""
    after = Planted(days=(DAY + dt.timedelta(days=4),), carriers=("UA",), share=0.4, code="B")
    assert len(stories(STORM_AT_DENVER, after)) == 2
    elsewhere = Planted(days=(DAY + dt.timedelta(days=3),), airports=("BOS",), share=0.9, code="B")
    assert len(stories(elsewhere, after)) == 2
