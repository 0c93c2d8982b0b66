"""The default detector, on planted days and on real ones."""

from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from scipy.stats import betabinom

from tarmac.detect import DetectParameters, detect
from tarmac.detect.contract import Scores
from tarmac.detect.disruption.cancellations import cancellation_scores, log_upper_tail
from tarmac.detect.disruption.companions import companions_of, days_beside
from tarmac.detect.disruption.detector import Disruption
from tarmac.detect.panel import Panel, panel_from_gold
from tarmac.detect.thresholds.direction import with_direction
from tarmac.errors import InputError

ONLY = DetectParameters(detectors=("disruption",))


def gold_of_file(path: Path) -> pl.DataFrame:
    """The gold columns that disruption reads, straight from a source file."""
    delays = pl.read_csv(
        path,
        columns=["FL_DATE", "ORIGIN", "DEP_DELAY", "CANCELLED"],
        schema_overrides={"DEP_DELAY": pl.Float64, "CANCELLED": pl.Float64},
        try_parse_dates=True,
    )
    departed = pl.col("CANCELLED") < 1
    delay = pl.col("DEP_DELAY").filter(departed)
    return delays.group_by(origin="ORIGIN", fl_date="FL_DATE").agg(
        mean_dep_delay=delay.mean(),
        median_dep_delay=delay.median(),
        std_dep_delay=delay.std(),
        dep_del15_share=(delay >= 15).cast(pl.Float64).mean(),
        flights=pl.len().cast(pl.Int32),
        departed=departed.sum().cast(pl.Int32),
        cancelled=(~departed).sum().cast(pl.Int32),
    )


def counts_of(flights: list[float], cancelled: list[float]) -> Panel:
    """One airport whose days have these counts, after a quiet year."""
    all_flights, all_cancelled = np.array([[100.0] * 365 + flights]), np.array([[1.0] * 365 + cancelled])
    return Panel(
        measure="mean_dep_delay",
        origins=("JFK",),
        dates=np.arange("2013-01-01", np.datetime64("2013-01-01") + all_flights.size, dtype="datetime64[D]"),
        value=np.full(all_flights.shape, 10.0),
        flights=all_flights,
        departed=all_flights - all_cancelled,
        cancelled=all_cancelled,
    )


def test_the_blizzard_of_2013_is_flagged_at_jfk(shared_data: Path) -> None:
    """52 % cancelled, a mean delay of 8.6 minutes from the few that left: high, and no detector of means sees it."""
    gold = gold_of_file(shared_data / "flights" / "nycflights13_2013.csv.gz")
    found = with_direction(detect(gold, ONLY, year=2013).anomalies)
    day = found.row(by_predicate=(pl.col("origin") == "JFK") & (pl.col("fl_date") == date(2013, 2, 8)), named=True)
    assert day["observed"] == pytest.approx(8.6, abs=0.05)
    assert day["flag"]
    assert day["anomaly_direction"] == "high"


@pytest.mark.parametrize(("year", "name"), [(2013, "nycflights13_2013.csv.gz"), (2014, "nycflights_2014.csv.gz")])
def test_days_of_most_cancellations_are_among_the_highest_scores(shared_data: Path, year: int, name: str) -> None:
    """Of each New York airport the twenty days of largest cancellation shares are among its sixty highest scores."""
    gold = gold_of_file(shared_data / "flights" / name)
    found = detect(gold, ONLY, year=year).anomalies.join(gold, on=["origin", "fl_date"])
    ranked = found.with_columns(
        by_score=pl.col("score").rank("ordinal", descending=True).over("origin"),
        by_share=(pl.col("cancelled") / pl.col("flights")).rank("ordinal", descending=True).over("origin"),
    )
    assert ranked.filter(pl.col("by_share") <= 20)["by_score"].max() <= 60


def test_few_flights_prove_little() -> None:
    """Two of four cancelled say less than fifty of a hundred, and those less than all of them."""
    two_of_four, fifty, all_of_them = cancellation_scores(counts_of([4, 100, 100], [2, 50, 100]))[0, -3:]
    assert 0 < two_of_four < fifty < all_of_them


def test_the_count_model_s_tail_is_the_beta_binomial_s() -> None:
    """Against scipy, where scipy's has not yet run out of digits."""
    ours = log_upper_tail(*(np.array([x]) for x in (12.0, 60.0, 0.8, 39.2)))
    assert ours[0] == pytest.approx(np.log(betabinom(60, 0.8, 39.2).sf(11)), rel=1e-8)


def test_a_day_without_cancellations_scores_nothing_and_one_without_flights_is_null() -> None:
    """Zero is a statement, null is none."""
    scores = cancellation_scores(counts_of([100, 0], [0, 0]))[0, -2:]
    assert scores[0] == 0.0
    assert np.isnan(scores[1])


def test_companions_lend_their_disruption_to_those_that_move_with_them() -> None:
    """And not to an airport that goes its own way."""
    rng = np.random.default_rng(0)
    weather = rng.normal(size=365)
    z = np.stack([weather + 0.5 * rng.normal(size=365) for _ in range(3)] + [rng.normal(size=365)])
    disrupted = np.zeros(z.shape)
    disrupted[1:3, 100] = 1.0
    around = companions_of(z).mean_of(disrupted)
    assert around[0, 100] > 0.8
    assert around[3, 100] < 0.1
    assert around[0, 200] == 0.0


def test_the_swing_that_companions_share_is_bounded() -> None:
    """A companion's disaster explains no more than its ordinary swing would."""
    z = np.tile(np.random.default_rng(0).normal(size=365), (3, 1))
    z[1:, 100] = 40.0
    assert 0.0 < companions_of(z).swing_of(z)[0, 100] <= 1.5


def test_the_days_beside_skip_days_without_flights() -> None:
    """A small airport's last day with flights may be the day before yesterday."""
    value = np.array([[1.0, np.nan, 0.0, 0.5]])
    assert days_beside(value).tolist() == [[0.0, 0.0, 1.5, 0.0]]


def test_survivors_of_cancellations_never_make_a_day_low() -> None:
    """Half the day cancelled and the rest early: high, because the interval then holds the mean."""
    rng = np.random.default_rng(4)
    days = pl.date_range(date(2013, 1, 1), date(2013, 12, 31), eager=True)
    gold = pl.DataFrame(
        {
            "origin": "JFK",
            "fl_date": days,
            "mean_dep_delay": 10.0 + 2.0 * rng.normal(size=365),
            "std_dep_delay": 20.0,
            "flights": 200,
            "cancelled": 2,
        }
    ).with_columns(
        mean_dep_delay=pl.when(days == date(2013, 2, 8)).then(0.0).otherwise("mean_dep_delay"),
        cancelled=pl.when(days == date(2013, 2, 8)).then(150).otherwise("cancelled"),
    )
    found = with_direction(
        detect(gold.with_columns(departed=pl.col("flights") - pl.col("cancelled")), ONLY, year=2013).anomalies
    )
    day = found.row(by_predicate=pl.col("fl_date") == date(2013, 2, 8), named=True)
    assert day["flag"]
    assert day["lower"] <= day["observed"]
    assert day["anomaly_direction"] == "high"


def test_a_score_of_one_is_flagged_and_only_on_scored_days() -> None:
    """However many they are: a flag is no share of days."""
    days = pl.date_range(date(2013, 2, 1), date(2013, 2, 28), eager=True)
    gold = pl.DataFrame(
        {"origin": "ABQ", "fl_date": days, "mean_dep_delay": 0.0, "flights": 9, "departed": 9, "cancelled": 0}
    )
    panel = replace(panel_from_gold(gold, "mean_dep_delay", year=2013), first_scored=14)
    score = np.where(np.arange(28) % 2 == 0, 1.0, 0.999)[None, :]
    nothing = np.full(panel.shape, np.nan)
    flags = Disruption().flags(panel, Scores(expected=nothing, lower=nothing, upper=nothing, score=score))
    assert flags[0].tolist() == [day >= 14 and day % 2 == 0 for day in range(28)]


@pytest.mark.parametrize(("name", "value"), [("trust", -1.0), ("width", 0.0), ("rare", 2.0)])
def test_a_parameter_outside_its_limits_is_refused(name: str, value: float) -> None:
    """A negative weight would reward calm companions."""
    with pytest.raises(InputError, match=rf"disruption: {name} is {value}"):
        Disruption(**{name: value})


def test_an_early_day_that_is_flagged_is_low() -> None:
    """The early side's tail is short: its stretched score and its interval must say the same."""
    rng = np.random.default_rng(2)
    days = pl.date_range(date(2013, 1, 1), date(2013, 12, 31), eager=True)
    # Skewed, as delays are: early days are never far out, late ones are.
    delays = {origin: 12.0 + 6.0 * (rng.gamma(2.0, size=365) - 2.0) for origin in ("EWR", "JFK", "LGA", "PHL")}
    delays["JFK"][40] = -14.0
    gold = pl.concat(
        pl.DataFrame({"origin": origin, "fl_date": days, "mean_dep_delay": values}) for origin, values in delays.items()
    ).with_columns(
        std_dep_delay=20.0, flights=200, cancelled=2, departed=198, median_dep_delay=pl.col("mean_dep_delay")
    )
    found = with_direction(detect(gold, ONLY, year=2013).anomalies)
    day = found.row(by_predicate=(pl.col("origin") == "JFK") & (pl.col("fl_date") == days[40]), named=True)
    assert day["flag"]
    assert day["anomaly_direction"] == "low"
