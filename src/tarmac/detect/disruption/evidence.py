"""Evidence that a day is disrupted, computed from its delays and cancellations."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from tarmac.detect.disruption.delays import Delays
from tarmac.detect.panel import BoolArray, FloatArray

COMPRESS, COMPRESS_CANCELLED = 3.0, 2.0
"""Number of standard deviations beyond which a z-value is compressed, for delays and for cancellations."""

CANCELLED_WEIGHT = 1.4
"""Weight of cancellations: a cancelled flight is worse than a late one."""

EVEN, STEEPNESS = 4.5, 3.0
"""The evidence at which a day is disrupted with probability ½, and the slope of the log odds."""

FEWEST_FOR_TAIL, NORMAL_TAIL = 1000, 2.576
"""Fewest airport-days for estimating the early side's tail, and the z-value that 0.5 % of a normal distribution exceed."""


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """Arrays of airports × days, on the scale of z-values.

    `own`: the day's own evidence, negative on an early day; `cancelled`: that of its cancellations alone; `late`: its own
    plus the prior from companions and adjacent days; `early`: evidence that it was early, scaled by the early tail.
    """

    own: FloatArray
    cancelled: FloatArray
    late: FloatArray
    early: FloatArray

    @property
    def either(self) -> FloatArray:
        """The evidence of the stronger side, never below 0."""
        return np.asarray(np.fmax(np.fmax(self.late, self.early), 0.0))

    @property
    def by_cancellations(self) -> BoolArray:
        """Whether cancellations are stronger evidence than delays; the mean is then that of few flights."""
        return np.asarray(2.0 * self.cancelled**2 > np.nan_to_num(self.own) ** 2)


def raised(own: FloatArray, prior: FloatArray) -> FloatArray:
    """A day's own evidence plus the prior; a day without evidence of its own is not raised."""
    return np.asarray(own + prior * np.clip(own / 2.0, 0.0, 1.0))


def early_of(measures: Sequence[Delays]) -> FloatArray:
    """The evidence that a day was early, as far as both its mean and all measures together support it."""
    return np.asarray(np.minimum(-measures[0].z, -mean_known(*(each.z for each in measures))))


def compressed(z: FloatArray, beyond: float = COMPRESS) -> FloatArray:
    """Nearly z up to `beyond`, then growing ever more slowly."""
    return np.asarray(beyond * np.arcsinh(z / beyond))


def mean_known(*scores: FloatArray) -> FloatArray:
    """The mean of the known values; NaN if there are none."""
    total = np.sum([np.nan_to_num(z) for z in scores], axis=0)
    count = np.sum([~np.isnan(z) for z in scores], axis=0)
    return np.asarray(np.where(count > 0, total / np.maximum(count, 1), np.nan))


def stretch_of(early: FloatArray) -> float:
    """The factor, from 1 to 2, by which the early side's tail is shorter than a normal's.

    Flights leave slightly early or very late: large deviations on the early side are rarer than the same z-value on the
    late side. For the same reason they are not compressed.
    """
    known = early[~np.isnan(early)]
    if known.size < FEWEST_FOR_TAIL:
        return 1.0
    return float(np.clip(NORMAL_TAIL / max(float(np.quantile(known, 0.995)), 1e-9), 1.0, 2.0))


def signed(delays: FloatArray, cancelled: FloatArray) -> FloatArray:
    """Delays and cancellations together: negative where the day is early and cancellations do not outweigh that."""
    length = np.hypot(np.nan_to_num(delays), np.nan_to_num(cancelled))
    early = np.nan_to_num(delays) < -np.nan_to_num(cancelled)
    nothing_known = np.isnan(delays) & np.isnan(cancelled)
    return np.where(nothing_known, np.nan, np.where(early, -length, length))


def probability(evidence: FloatArray) -> FloatArray:
    """The probability that a day is disrupted, by its own evidence; NaN if there is none."""
    return np.asarray(1.0 / (1.0 + np.exp(-STEEPNESS * (evidence - EVEN))))
