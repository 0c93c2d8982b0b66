"""What a day lost, and its severity: one definition on arrays and on frames."""

import numpy as np
import polars as pl
import pytest

from tarmac.detect.severity import (
    CUTS,
    EXTRA_FLIGHTS,
    excess_cancelled,
    excess_delay_minutes,
    lost_flights,
    lost_share,
    severity,
)


def lost(cancelled: float, mean_delay: float, flights: float, expected_cancelled: float = 0.0) -> float:
    """The lost share of a day on which ten minutes were expected."""
    departed = np.array([flights - cancelled])
    minutes = excess_delay_minutes(np.array([mean_delay]), np.array([10.0]), departed)
    above = excess_cancelled(np.array([cancelled]), np.array([expected_cancelled]))
    return float(lost_share(lost_flights(above, minutes, departed), np.array([flights]))[0])


def level(cancelled: float, mean_delay: float, flights: float) -> float:
    """Its severity."""
    return float(severity(np.array([lost(cancelled, mean_delay, flights)]))[0])


def test_a_day_as_expected_lost_nothing() -> None:
    """Nor does one with fewer cancellations and less delay."""
    assert lost(0, 10, 100) == 0.0
    assert lost(2, 2, 100, expected_cancelled=3) == 0.0
    assert level(0, 10, 100) == 0


def test_less_delay_of_the_survivors_does_not_outweigh_cancellations() -> None:
    """Half of a hundred cancelled and the rest early is half the schedule lost."""
    assert lost(50, -5, 100) == pytest.approx(50 / (100 + EXTRA_FLIGHTS))


def test_five_hours_late_count_as_cancelled_and_more_counts_no_more() -> None:
    """A flight can be lost only once."""
    assert lost(0, 310, 100) == pytest.approx(lost(100, 10, 100))
    assert lost(0, 900, 100) == lost(0, 310, 100)


@pytest.mark.parametrize(
    ("cancelled", "mean_delay", "flights", "expected"),
    [
        (388, 56, 995, 4),  # O'Hare on 2008-02-04
        (114, 10, 114, 5),  # LaGuardia on 2021-02-01
        (1, 10, 2, 2),
        (1, 10, 1, 2),
        (2, 12, 100, 0),
        (8, 15, 100, 1),
        (10, 25, 50, 3),
        (0, 70, 100, 3),
        (5, 10, 10, 3),
    ],
)
def test_days_that_people_know_have_the_severity_that_is_documented(
    cancelled: int, mean_delay: float, flights: int, expected: int
) -> None:
    """From a closed airport down to one cancelled flight of two."""
    assert level(cancelled, mean_delay, flights) == expected


def test_severity_rises_with_each_flight_lost_and_passes_every_level() -> None:
    """No level is skipped at an airport with a hundred flights."""
    levels = [level(cancelled, 10, 100) for cancelled in range(101)]
    assert levels == sorted(levels)
    assert set(levels) == set(range(len(CUTS) + 1))


@pytest.mark.parametrize("flights", range(1, 30))
def test_one_flight_more_moves_a_thin_days_share_by_a_sixth_at_most(flights: int) -> None:
    """The schedule of one flight is not the schedule of a hub."""
    shares = [lost(cancelled, 10, flights) for cancelled in range(flights + 1)]
    assert max(np.diff(shares)) <= 1 / (1 + EXTRA_FLIGHTS) + 1e-12


def test_expressions_and_arrays_give_the_same() -> None:
    """Unknown delays are null in a frame and NaN in an array, and so is what depends on them."""
    rng = np.random.default_rng(0)
    flights = rng.integers(1, 200, 500).astype(float)
    cancelled = np.floor(flights * rng.random(500) ** 3)
    delay = rng.normal(20, 60, 500)
    delay[::17] = np.nan
    frame = pl.DataFrame({"flights": flights, "cancelled": cancelled, "delay": delay}, nan_to_null=True).with_columns(
        departed=pl.col("flights") - pl.col("cancelled")
    )
    minutes = excess_delay_minutes(pl.col("delay"), pl.lit(10.0), pl.col("departed"))
    above = excess_cancelled(pl.col("cancelled"), 0.02 * pl.col("flights"))
    by_frame = frame.select(severity(lost_share(lost_flights(above, minutes, pl.col("departed")), pl.col("flights"))))
    departed = flights - cancelled
    there = lost_flights(
        excess_cancelled(cancelled, 0.02 * flights),
        excess_delay_minutes(delay, np.array(10.0), departed),
        departed,
    )
    by_array = severity(lost_share(there, flights))
    assert np.isnan(by_array[::17]).all()
    assert np.array_equal(by_array, by_frame.to_series().to_numpy(), equal_nan=True)
