"""How large a day's loss is: no cliff, no leak from other days, and little said by few flights."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from tarmac.detect.disruption.detector import Disruption
from tarmac.detect.disruption.losses import ordinary_share
from tarmac.detect.panel import FloatArray, Panel

DAY = 200
FIRST = np.datetime64("2013-01-01")


def ordinary(flights: float = 200.0, *, days: int = 365, airports: int = 1, seed: int = 0) -> Panel:
    """Days of about ten minutes' mean delay and two flights of a hundred cancelled."""
    rng = np.random.default_rng(seed)
    shape = (airports, days)
    scheduled = np.full(shape, flights)
    cancelled = rng.binomial(int(flights), 0.02, shape).astype(float)
    value = 10.0 + 5.0 * rng.standard_normal(shape) + rng.normal(0.0, 30.0, shape) / np.sqrt(flights)
    return Panel(
        measure="mean_dep_delay",
        origins=tuple(f"A{at:02d}" for at in range(airports)),
        dates=np.arange(FIRST, FIRST + days),
        value=value,
        flights=scheduled,
        departed=scheduled - cancelled,
        cancelled=cancelled,
        also=measures_like(value),
    )


def measures_like(value: FloatArray) -> dict[str, FloatArray]:
    """The other measures of delay, each of which follows the mean."""
    return {
        "std_dep_delay": np.where(np.isnan(value), np.nan, 30.0),
        "median_dep_delay": value - 9.0,
        "p90_dep_delay": 2.0 * value + 20.0,
        "dep_del15_share": np.clip(0.1 + value / 100.0, 0.0, 1.0),
    }


def with_days(panel: Panel, days: slice | int, *, delay: float | None = None, cancelled: float | None = None) -> Panel:
    """The panel whose first airport has these days with that much more delay, or that share cancelled."""
    value, lost = panel.value.copy(), panel.cancelled.copy()
    if delay is not None:
        value[0, days] += delay
    if cancelled is not None:
        lost[0, days] = np.round(cancelled * panel.flights[0, days])
        value[0, days] = np.where(lost[0, days] < panel.flights[0, days], value[0, days], np.nan)
    return replace(panel, value=value, cancelled=lost, departed=panel.flights - lost, also=measures_like(value))


def score(panel: Panel, day: int = DAY) -> float:
    """The first airport's score on that day; from 1 on it is flagged."""
    return float(Disruption().score(panel).score[0, day])


@pytest.mark.parametrize("flights", [6.0, 30.0, 200.0])
def test_a_day_a_little_worse_has_a_little_higher_score(flights: float) -> None:
    """In both kinds of loss, from an ordinary day to a closed airport: no step back, and no step of more than a half."""
    calm = ordinary(flights)
    calm = with_days(calm, DAY, delay=15.0 - calm.value[0, DAY])
    shares = np.arange(0.0, 1.0, max(0.04, 1.0 / flights))
    series: tuple[tuple[Callable[[float], Panel], FloatArray], ...] = (
        (lambda minutes: with_days(calm, DAY, delay=minutes), np.arange(0.0, 150.0, 5.0)),
        (lambda share: with_days(calm, DAY, cancelled=share), shares),
    )
    for made, steps in series:
        scores = np.array([score(made(float(step))) for step in steps])
        assert (np.diff(scores) >= -1e-6).all()
        assert np.diff(scores).max() < 0.5


@pytest.mark.parametrize(
    ("flights", "delay", "cancelled", "flagged"),
    [
        (10, 0, 0.5, True),
        (50, 0, 0.22, True),
        (60, 58, 0.02, True),
        (150, 10, 0.16, True),
        (150, 15, 0.05, False),
        (2, 0, 0.5, False),
        (1, 0, 1.0, False),
    ],
)
def test_what_anybody_would_call_a_disaster_is_flagged(
    flights: float, delay: float, cancelled: float, flagged: bool
) -> None:
    """Half of ten flights, a fifth of fifty, an hour's delay; and not one cancelled flight of two."""
    assert (score(with_days(ordinary(flights), DAY, delay=delay, cancelled=cancelled)) >= 1.0) == flagged


def test_a_month_of_storms_does_not_become_what_is_expected() -> None:
    """Thirty days of an hour's delay and a tenth cancelled stay abnormal, to the last one."""
    stormy = with_days(ordinary(), slice(180, 210), delay=60.0, cancelled=0.10)
    scores = Disruption().score(stormy)
    assert (scores.score[0, 180:210] >= 1.0).all()
    assert scores.expected[0, 180:210].max() < 20.0


def test_a_bad_season_does_not_hide_its_worst_days() -> None:
    """Every second day of two months is bad, as in Chicago in early 2008."""
    season = with_days(ordinary(900.0, days=60), slice(0, 60, 2), delay=35.0, cancelled=0.08)
    worst = with_days(season, 30, delay=15.0, cancelled=0.35)
    assert score(worst, 30) >= 1.5


def test_the_share_expected_is_that_of_ordinary_days() -> None:
    """A quarter of the year lost half of its flights: 2 % are expected, as on all others."""
    bad = with_days(ordinary(), slice(0, 90), cancelled=0.5)
    assert ordinary_share(bad.flights, bad.cancelled)[0] == pytest.approx(0.02, abs=0.004)


@pytest.mark.parametrize("days", [20, 60, 120])
def test_an_airport_with_few_days_is_scored(days: int) -> None:
    """A new one, one of two months, one of four: its worst day is flagged and few others are."""
    flags = Disruption().score(with_days(ordinary(days=days), 10, cancelled=0.6)).score[0] >= 1.0
    assert flags[10]
    assert flags.sum() <= 2


@pytest.mark.parametrize("flights", [1, 2, 3, 5, 8, 12])
def test_one_flight_more_or_less_changes_little_on_a_thin_day(flights: int) -> None:
    """Neither one more cancelled nor one more scheduled turns an ordinary day into a disaster."""
    calm = ordinary(float(flights))
    lost = [score(with_days(calm, DAY, cancelled=count / flights)) for count in range(flights + 1)]
    assert np.diff(lost).max() < 0.5


def test_calm_days_are_not_flagged() -> None:
    """Of twenty airports' calm years at most three days in a thousand."""
    assert (Disruption().score(ordinary(airports=20)).score >= 1.0).mean() <= 0.003
