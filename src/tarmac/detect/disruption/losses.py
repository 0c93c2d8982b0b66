"""A day's loss compared with ordinary days, on a scale that a bad season does not change; losses of 1 or more are flagged.

Expected values and their variation are estimated from ordinary days only, so weeks of bad days do not become the norm. The
excess share of cancelled flights and the excess mean delay are each divided by the least abnormal loss, and combined with a
norm. The scale also accounts for uncertainty: pseudo-flights without a loss are added, because one of two flights cancelled
is weak evidence; and an airport whose ordinary days vary widely needs a larger loss.
"""

from dataclasses import dataclass

import numpy as np

from tarmac.detect.disruption.delays import delay_scores
from tarmac.detect.panel import FloatArray, Panel
from tarmac.detect.severity import (
    excess_cancelled,
    excess_delay_minutes,
    lost_flights,
    lost_share,
)

PRIOR_FLIGHTS = 500.0
"""Shrinkage: with this many flights, an airport's own cancelled share counts as much as that of all airports."""

REACH, ROUNDS = 2.5, 6
"""Days whose cancelled share exceeds the expected by more standard deviations are not ordinary; number of iterations."""

DAY_SIZE = 40.0
"""The ordinary day-to-day variation of the share is as large as the sampling variation of 40 flights."""

EXTRA_SCHEDULED, EXTRA_DEPARTED = 24.0, 12.0
"""Pseudo-flights without a loss: so many that half of ten flights is the smallest abnormal loss."""

SWINGS, LEAST_SHARE, MOST_SHARE = 4.2, 0.085, 0.135
"""The abnormal excess of the cancelled share: multiple of its 95th percentile on days without delay, minimum, maximum."""

DEVIATIONS, LEAST_DELAY = 3.0, 45.0
"""The abnormal excess of the mean delay: this many standard deviations, and at least this many minutes."""

NORM = 3.0
"""Exponent of the norm: two losses of three quarters of the abnormal size count about as much as one of the full size."""

USUAL_SWING, LARGE, PRIOR_DAYS = 0.021, 50.0, 60.0
"""The 95th percentile if no airport has enough days with `LARGE` flights; the days with which an airport's own counts half."""


@dataclass(frozen=True, kw_only=True)
class Losses:
    """Arrays of airports × days: excess cancellations, excess minutes of delay, flights lost, and their share of the schedule."""

    cancelled: FloatArray
    minutes: FloatArray
    flights: FloatArray
    share: FloatArray


def losses_of_days(panel: Panel, *, workers: int) -> Losses:
    """Each day's losses compared with the ordinary days of the whole panel, which must also have `std_dep_delay`."""
    if not panel.origins:
        return Losses(cancelled=panel.value, minutes=panel.value, flights=panel.value, share=panel.value)
    expected = delay_scores(panel, workers=workers).expected
    return losses_of(panel, expected, ordinary_share(panel.flights, panel.cancelled)[:, None])


def losses_of(panel: Panel, expected_delay: FloatArray, expected_share: FloatArray) -> Losses:
    """Each day's losses; an unknown delay counts as the expected one. NaN on days without flights.

    Args:
        panel: the panel of the mean delay.
        expected_delay: mean delay of an ordinary day, airports × days.
        expected_share: cancelled share on an ordinary day, airports × days or one column.
    """
    cancelled = excess_cancelled(panel.cancelled, expected_share * panel.flights)
    minutes = np.nan_to_num(excess_delay_minutes(panel.value, expected_delay, panel.departed))
    lost = lost_flights(cancelled, minutes, panel.departed)
    there = panel.flights > 0
    arrays = (cancelled, minutes, lost, lost_share(lost, panel.flights))
    return Losses(
        **dict(
            zip(("cancelled", "minutes", "flights", "share"), (np.where(there, a, np.nan) for a in arrays), strict=True)
        )
    )


def loss_size(panel: Panel, losses: Losses, deviation: FloatArray, swing: FloatArray) -> FloatArray:
    """The size of each day's loss relative to the least abnormal one; NaN without flights.

    Args:
        panel: the panel of the mean delay.
        losses: `losses_of` it.
        deviation: the ordinary standard deviation of a mean over that many departures, in minutes.
        swing: `ordinary_swing`, one column or one value per day.
    """
    share = np.maximum(losses.cancelled, 0.0) / (panel.flights + EXTRA_SCHEDULED)
    delay = np.maximum(losses.minutes, 0.0) / (panel.departed + EXTRA_DEPARTED)
    of_share = share / np.clip(SWINGS * swing, LEAST_SHARE, MOST_SHARE)
    of_delay = delay / np.fmax(LEAST_DELAY, DEVIATIONS * deviation)
    return np.asarray((of_share**NORM + of_delay**NORM) ** (1.0 / NORM))


def ordinary_share(flights: FloatArray, cancelled: FloatArray) -> FloatArray:
    """Each airport's cancelled share on its ordinary days, shrunk towards that of all airports if it has few flights.

    Ordinary days are those whose share is within `REACH` standard deviations of the level, which is found iteratively,
    starting from the days below the median.
    """
    share = np.where(flights > 0, cancelled / np.maximum(flights, 1.0), np.nan)
    middle = np.array([np.median(days[~np.isnan(days)]) if (~np.isnan(days)).any() else 0.0 for days in share])
    ordinary = share <= middle[:, None]
    level = np.zeros(len(flights))
    for _ in range(ROUNDS):
        level = _pooled(np.sum(flights, axis=1, where=ordinary), np.sum(cancelled, axis=1, where=ordinary))
        variance = (level * (1.0 - level))[:, None] * (1.0 / np.maximum(flights, 1.0) + 1.0 / DAY_SIZE)
        ordinary = share <= level[:, None] + REACH * np.sqrt(variance)
    return level


def _pooled(flights: FloatArray, cancelled: FloatArray) -> FloatArray:
    # Never zero, or the first cancellation after a year without any would be infinitely abnormal.
    common = (cancelled.sum() + 0.5) / (flights.sum() + 100.0)
    return np.asarray((cancelled + PRIOR_FLIGHTS * common) / (flights + PRIOR_FLIGHTS))


def ordinary_swing(panel: Panel, expected_delay: FloatArray, expected_share: FloatArray) -> FloatArray:
    """The 95th percentile of each airport's excess of the cancelled share, on days without excess delay.

    A day without excess delay is ordinary, independently of its cancellations. Airports are shrunk towards the value of all
    days with at least `LARGE` flights; days with fewer than 20 flights are not used.
    """
    share = np.where(panel.flights > 0, panel.cancelled / np.maximum(panel.flights, 1.0), 0.0) - expected_share[:, None]
    calm = (panel.value < expected_delay) & (panel.flights >= 20.0)
    large = share[calm & (panel.flights >= LARGE)]
    common = float(np.quantile(large, 0.95)) if large.size >= 100 else USUAL_SWING
    result = np.full(len(share), common)
    for airport, days in enumerate(calm):
        if (count := days.sum()) >= 20:
            own = np.quantile(share[airport, days], 0.95)
            result[airport] += count / (count + PRIOR_DAYS) * (own - common)
    return result
