"""Lasting changes and bad seasons, told apart."""

from dataclasses import replace
from datetime import date

import numpy as np
import pytest

from tarmac.detect.disruption.detector import Disruption
from tarmac.detect.disruption.shifts import LASTS, SETTLES, shifts_of, steps_of
from tarmac.detect.panel import Panel

SINCE = 150


def year(*, shift: float = 0.0, until: int = 365, share_of_flights: float = 1.0) -> Panel:
    """One airport, from day `SINCE` until `until` with that much more delay and that share of its flights."""
    rng = np.random.default_rng(0)
    changed = (np.arange(365) >= SINCE) & (np.arange(365) < until)
    flights = np.where(changed, 200.0 * share_of_flights, 200.0)[None, :]
    value = 10.0 + 5.0 * rng.standard_normal((1, 365)) + shift * changed
    return Panel(
        measure="mean_dep_delay",
        origins=("SFO",),
        dates=np.arange("2019-01-01", np.datetime64("2019-01-01") + 365),
        value=value,
        flights=flights,
        departed=flights,
        cancelled=0.0 * flights,
        also={
            "std_dep_delay": np.full((1, 365), 30.0),
            "median_dep_delay": value - 9.0,
            "p90_dep_delay": 2.0 * value + 20.0,
            "dep_del15_share": np.clip(0.1 + value / 200.0, 0.0, 1.0),
        },
    )


def test_a_lasting_change_of_delays_is_one_shift_with_its_beginning() -> None:
    """The day itself, and both levels."""
    panel = year(shift=60.0)
    shifts = shifts_of(panel)
    assert shifts.height == 1
    row = shifts.row(0, named=True)
    assert (row["origin"], row["measure"], row["since"]) == ("SFO", "mean_dep_delay", date(2019, 5, 31))
    assert row["before"] == pytest.approx(10.0, abs=3.0)
    assert row["after"] == pytest.approx(70.0, abs=3.0)


def test_half_of_the_flights_from_a_day_on_is_one_shift_of_the_schedule() -> None:
    """As in March 2020."""
    panel = year(share_of_flights=0.5)
    shifts = shifts_of(panel)
    assert shifts.select("measure", "since", "before", "after").rows() == [("flights", date(2019, 5, 31), 200.0, 100.0)]


@pytest.mark.parametrize("lasts", [1, 30, 45])
def test_a_bad_season_is_no_shift_and_stays_abnormal(lasts: int) -> None:
    """A storm, a month of them, a strike: flagged to the last day."""
    panel = year(shift=75.0, until=SINCE + lasts)
    assert shifts_of(panel).is_empty()
    assert (Disruption().score(panel).score[0, SINCE : SINCE + lasts] >= 1.0).all()


def test_a_shift_is_abnormal_for_weeks_and_then_the_norm() -> None:
    """Four weeks after its beginning the new level is what is expected; before it nothing is flagged."""
    score = Disruption().score(year(shift=75.0)).score[0]
    assert (score[SINCE : SINCE + SETTLES] >= 1.0).all()
    assert (score[SINCE + SETTLES :] >= 1.0).mean() < 0.01
    assert (score[:SINCE] >= 1.0).mean() < 0.01


def test_a_slow_change_and_a_short_series_hold_no_step() -> None:
    """A season rises and falls by as much as a shift, without a day on which it does."""
    season = 10.0 + 15.0 * np.sin(np.arange(365) * 2 * np.pi / 365) + np.random.default_rng(1).normal(0, 6, 365)
    assert steps_of(season, least=24.0) == []
    assert steps_of(np.arange(2.0 * LASTS - 1.0), least=1.0) == []


def test_missing_days_do_not_move_a_shift() -> None:
    """A small airport flies every second day."""
    panel = year(shift=60.0)
    value = np.where(np.arange(365) % 2 == 1, np.nan, panel.value)
    (step,) = steps_of(replace(panel, value=value).value[0], least=24.0)
    assert step.day == SINCE
