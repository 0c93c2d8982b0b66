"""Corpora: deterministic, disjoint, and spoilt where they say so."""

from dataclasses import replace
from datetime import date, timedelta

import numpy as np
import polars as pl
import pytest

from tarmac.evaluate.corpora import (
    LAST_TUNING_YEAR,
    REPORTING_SEEDS,
    TUNING_SEEDS,
    gold_of,
    planted_corpus,
    second_corpus,
    simulated_corpus,
    split_of_seed,
    split_of_year,
    weak_corpus,
)
from tarmac.evaluate.planting import Planting, plant, usual_days
from tarmac.evaluate.second import KINDS, World
from tarmac.simulate import SimulationParameters, simulate_days
from tarmac.tables.daily import CAUSES, DAILY

SMALL = SimulationParameters(year=2011, flights=20_000, airports=8, seed=901)


@pytest.fixture(scope="module")
def flights() -> pl.DataFrame:
    """Forty silver flights a day for a year from one airport, some late, few cancelled."""
    rng = np.random.default_rng(0)
    day = np.repeat(np.arange(365), 40)
    return pl.DataFrame(
        {
            "origin": "JFK",
            "fl_date": [date(2014, 1, 1) + timedelta(int(d)) for d in day],
            "crs_dep_time": np.tile(600 + np.arange(40) * 10, 365),
            "op_carrier": "AA",
            "op_carrier_fl_num": np.tile(np.arange(40), 365),
            "dest": "LAX",
            "dep_delay": np.rint(rng.normal(5, 10, day.size)),
            "cancelled": rng.random(day.size) < 0.02,
            "diverted": False,
        }
    ).with_columns(
        *(pl.lit(None, dtype=pl.Float64).alias(cause) for cause in CAUSES),
        cancellation_code=pl.lit(None, dtype=pl.String),
    )


def test_a_simulated_year_is_the_same_each_time_and_has_the_plan_s_truth() -> None:
    """Threads finish in any order; the corpus does not know."""
    one, other = simulated_corpus(SMALL), simulated_corpus(SMALL)
    assert one.gold.equals(other.gold)
    plan = simulate_days(SMALL)
    assert one.labels.height == plan.truth.sum()
    assert one.gold["flights"].sum() == SMALL.flights
    assert one.labels.join(one.gold, on=list(DAILY.key), how="anti").is_empty()


def test_a_world_of_the_second_simulator_is_the_same_each_time_and_each_number_another() -> None:
    """Its seed and its number decide every day."""
    world = World(year=2012, seed=901, number=1, flights=40_000, airports=12)
    one, other = second_corpus(world), second_corpus(world)
    assert one.gold.equals(other.gold)
    assert one.labels.equals(other.labels)
    others = [second_corpus(replace(world, **change)) for change in ({"number": 2}, {"seed": 902})]
    assert all(not one.gold.equals(each.gold) for each in others)


def test_the_second_simulator_s_truth_lies_on_days_with_flights_and_shows_where_many_fly() -> None:
    """Its labels are of every kind; what it calls abnormal delays or cancels more than the airport's usual days do."""
    corpus = second_corpus(World(year=2012, seed=901, number=1))
    day = list(DAILY.key)
    assert corpus.labels.join(corpus.gold, on=day, how="anti").is_empty()
    assert set(corpus.labels["kind"]) == set(KINDS)
    days = corpus.gold.join(corpus.labels, on=day, how="left").filter(pl.col("flights") >= 30)
    usual = pl.col("kind").is_null()
    means = days.select(
        *(pl.col(name).filter(usual).mean().alias(f"usual_{name}") for name in ("mean_dep_delay", "cancelled_share"))
    )
    by_kind = days.filter(~usual).group_by("kind").agg(pl.col("mean_dep_delay", "cancelled_share").mean())
    shown = by_kind.select(
        "kind",
        delays=pl.col("mean_dep_delay") > 1.5 * means["usual_mean_dep_delay"].item(),
        cancels=pl.col("cancelled_share") > 3 * means["usual_cancelled_share"].item(),
    ).sort("kind")
    assert shown.rows() == [
        ("closure", True, True),
        ("outage", True, False),
        ("slow day", True, False),
        ("storm", True, True),
    ]


def test_tuning_and_reporting_share_no_seed_and_no_year() -> None:
    """What is reported was never looked at while a detector was improved."""
    assert {split_of_seed(seed) for seed in TUNING_SEEDS} == {"tuning"}
    assert {split_of_seed(seed) for seed in REPORTING_SEEDS} == {"reporting"}
    for place, last in LAST_TUNING_YEAR.items():
        assert (split_of_year(place, last), split_of_year(place, last + 1)) == ("tuning", "reporting")
    assert split_of_year("anywhere", 2008) == "reporting"


def test_what_is_planted_is_in_the_flights_and_nothing_else_changes(flights: pl.DataFrame) -> None:
    """Labelled days are later or more cancelled than before; all others are what they were."""
    usual = usual_days(flights)
    planted, labels = plant(flights, usual, Planting(share=0.1), seed=3)
    assert labels.height == round(0.1 * usual.height)
    assert labels.join(usual, on=["origin", "fl_date"], how="anti").is_empty()
    day = ["origin", "fl_date"]
    both = gold_of(flights).join(gold_of(planted), on=day, suffix="_planted").join(labels, on=day, how="left")
    untouched = both.filter(pl.col("kind").is_null())
    assert untouched["mean_dep_delay"].equals(untouched["mean_dep_delay_planted"], check_names=False)
    assert untouched["cancelled"].equals(untouched["cancelled_planted"], check_names=False)
    delays = both.filter(pl.col("kind") == "delays")
    assert (delays["mean_dep_delay_planted"] > delays["mean_dep_delay"] + 5).all()
    assert (delays["cancelled_planted"] == delays["cancelled"]).all()
    cancellations = both.filter(pl.col("kind") == "cancellations")
    assert (cancellations["cancelled_planted"] > cancellations["cancelled"]).all()


def test_planting_does_not_depend_on_the_order_of_rows(flights: pl.DataFrame) -> None:
    """Equal seeds plant equal anomalies."""
    usual = usual_days(flights)
    first, _ = plant(flights, usual, Planting(), seed=3)
    second, _ = plant(flights.sample(fraction=1.0, shuffle=True, seed=1), usual, Planting(), seed=3)
    assert gold_of(first).equals(gold_of(second))


def test_a_planted_year_holds_usual_days_alone(flights: pl.DataFrame) -> None:
    """Of the others nobody knows whether they are abnormal, and they would eat the alert budget."""
    corpus = planted_corpus(flights, "nycflights", 2014, Planting())
    day = ["origin", "fl_date"]
    assert corpus.split == "reporting"
    assert corpus.gold.height == usual_days(flights).height
    assert corpus.labels.height == round(0.01 * corpus.gold.height)
    assert corpus.labels.join(corpus.gold, on=day, how="anti").is_empty()


def test_weak_labels_are_the_days_of_most_cancellations(flights: pl.DataFrame) -> None:
    """At most a fiftieth of an airport's days, with a tenth of the flights cancelled at least."""
    stormy = flights.with_columns(cancelled=pl.col("cancelled") | (pl.col("fl_date") < date(2014, 1, 5)))
    corpus = weak_corpus(stormy, "nycflights", 2014)
    assert not corpus.sees_cancellations
    assert set(corpus.labels["fl_date"]) >= {date(2014, 1, day) for day in range(1, 5)}
    assert corpus.labels.height <= 0.02 * 365
