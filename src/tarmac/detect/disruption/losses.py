"""A day's loss compared with ordinary days, on a scale that a bad season does not change: from 1 on it is flagged.

Ordinary days alone say what is expected and how much it swings, so weeks of bad days do not become the norm. The share of
flights cancelled above the expected and the mean delay above it are each divided by the loss from which on a day is
abnormal, and joined by a norm. Both are evidence as well as loss: where few flights are scheduled, or departed, imagined
flights without a loss are added, since one of two cancelled proves little; and an airport whose ordinary days swing widely
needs a larger loss.
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
"""How many flights of its own outweigh what all airports together say about an airport's share cancelled."""

REACH, ROUNDS = 2.5, 6
"""Days whose share cancelled exceeds the expected by more standard deviations are not ordinary; how often that is sought."""

DAY_SIZE = 40.0
"""The ordinary swing of the share from day to day is as strong as what 40 flights would show by chance."""

EXTRA_SCHEDULED, EXTRA_DEPARTED = 24.0, 12.0
"""Imagined flights without a loss: as many as are needed before half of ten flights, and no fewer, count."""

SWINGS, LEAST_SHARE, MOST_SHARE = 4.2, 0.085, 0.135
"""The abnormal share cancelled, above the expected, is so many times its 95th percentile on days without delay."""

DEVIATIONS, LEAST_DELAY = 3.0, 45.0
"""The abnormal mean delay, above the expected: so many standard deviations, and no fewer minutes."""

NORM = 3.0
"""Two losses of three quarters of the abnormal size are about as much as one of all of it."""

USUAL_SWING, LARGE, PRIOR_DAYS = 0.021, 50.0, 60.0
"""The 95th percentile where no airport has enough days of `LARGE` flights; the days of its own that outweigh all others'."""


@dataclass(frozen=True, kw_only=True)
class Losses:
    """Airports × days: flights cancelled and minutes of delay above the expected, flights lost, and the share they are."""

    cancelled: FloatArray
    minutes: FloatArray
    flights: FloatArray
    share: FloatArray


def losses_of_days(panel: Panel, *, workers: int) -> Losses:
    """What each day lost, by the ordinary days of the whole panel, which holds `std_dep_delay` as well."""
    if not panel.origins:
        return Losses(cancelled=panel.value, minutes=panel.value, flights=panel.value, share=panel.value)
    expected = delay_scores(panel, workers=workers).expected
    return losses_of(panel, expected, ordinary_share(panel.flights, panel.cancelled)[:, None])


def losses_of(panel: Panel, expected_delay: FloatArray, expected_share: FloatArray) -> Losses:
    """What each day lost; an unknown delay counts as the expected one. NaN on days without flights.

    Args:
        panel: of the mean delay.
        expected_delay: mean delay of an ordinary day, airports × days.
        expected_share: share cancelled on an ordinary day, airports × days or one column.
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
    """How large each day's loss is, in losses from which on a day is abnormal; NaN without flights.

    Args:
        panel: of the mean delay.
        losses: `losses_of` it.
        deviation: the ordinary standard deviation of a mean over so many departures, in minutes.
        swing: `ordinary_swing`, one column or one value a day.
    """
    share = np.maximum(losses.cancelled, 0.0) / (panel.flights + EXTRA_SCHEDULED)
    delay = np.maximum(losses.minutes, 0.0) / (panel.departed + EXTRA_DEPARTED)
    of_share = share / np.clip(SWINGS * swing, LEAST_SHARE, MOST_SHARE)
    of_delay = delay / np.fmax(LEAST_DELAY, DEVIATIONS * deviation)
    return np.asarray((of_share**NORM + of_delay**NORM) ** (1.0 / NORM))


def ordinary_share(flights: FloatArray, cancelled: FloatArray) -> FloatArray:
    """Each airport's share cancelled on its ordinary days, drawn to all airports' by as much as it has few flights.

    Ordinary are the days whose share lies within `REACH` standard deviations of the level, which is sought from the days
    below the median up.
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
    # Never zero: a year without cancellations does not make the first one infinitely abnormal.
    common = (cancelled.sum() + 0.5) / (flights.sum() + 100.0)
    return np.asarray((cancelled + PRIOR_FLIGHTS * common) / (flights + PRIOR_FLIGHTS))


def ordinary_swing(panel: Panel, expected_delay: FloatArray, expected_share: FloatArray) -> FloatArray:
    """The 95th percentile of each airport's share cancelled above the expected, on days without delay above it.

    That a day shows no delay says, apart from its cancellations, that it is ordinary. Airports are drawn to what the days
    of `LARGE` flights or more say together; days of fewer than 20 flights say too little.
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
