"""Evidence that a day is disrupted, computed from its delays and cancellations."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from tarmac.detect.disruption.delays import Delays
from tarmac.detect.panel import BoolArray, FloatArray

COMPRESS, COMPRESS_CANCELLED = 3.0, 2.0
"""From how many standard deviations on a z-value is compressed, of delays and of cancellations."""

CANCELLED_WEIGHT = 1.4
"""A cancelled flight is the worse disruption: a few more than usual count like a larger delay."""

EVEN, STEEPNESS = 4.5, 3.0
"""The evidence at which a day is as likely disrupted as not, and how fast the log odds of that grow with evidence."""

FEWEST_FOR_TAIL, NORMAL_TAIL = 1000, 2.576
"""Airport-days from which on the early side's tail is measured, and where 0.5 % of a normal's values lie beyond."""


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """Airports × days, in units in which it counts as a z-value does.

    `own`: the day's own, negative on an early day; `cancelled`: that of its cancellations alone; `late`: its own, raised by
    what companions and the days beside it make likely; `early`: that it was early, in the measure of the early side's tail.
    """

    own: FloatArray
    cancelled: FloatArray
    late: FloatArray
    early: FloatArray

    @property
    def either(self) -> FloatArray:
        """Of whichever side is stronger, never below 0."""
        return np.asarray(np.fmax(np.fmax(self.late, self.early), 0.0))

    @property
    def by_cancellations(self) -> BoolArray:
        """Where cancellations say more than delays: the mean is of the few that left."""
        return np.asarray(2.0 * self.cancelled**2 > np.nan_to_num(self.own) ** 2)


def raised(own: FloatArray, prior: FloatArray) -> FloatArray:
    """A day's own evidence raised by the prior; nothing raises a day that shows nothing itself."""
    return np.asarray(own + prior * np.clip(own / 2.0, 0.0, 1.0))


def early_of(measures: Sequence[Delays]) -> FloatArray:
    """That a day was early, as far as its mean and all measures together bear it out."""
    return np.asarray(np.minimum(-measures[0].z, -mean_known(*(each.z for each in measures))))


def compressed(z: FloatArray, beyond: float = COMPRESS) -> FloatArray:
    """Nearly z up to `beyond`, then ever slower."""
    return np.asarray(beyond * np.arcsinh(z / beyond))


def mean_known(*scores: FloatArray) -> FloatArray:
    """The mean of those that are known; NaN where none is."""
    total = np.sum([np.nan_to_num(z) for z in scores], axis=0)
    count = np.sum([~np.isnan(z) for z in scores], axis=0)
    return np.asarray(np.where(count > 0, total / np.maximum(count, 1), np.nan))


def stretch_of(early: FloatArray) -> float:
    """By how much the early side's tail is shorter than a normal's, 1 … 2.

    Flights leave a little early or very late: what lies far out on the early side is rarer than the same z-value on the
    late side. For the same reason it is not compressed.
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
    """That a day is disrupted, by its own evidence; NaN where there is none."""
    return np.asarray(1.0 / (1.0 + np.exp(-STEEPNESS * (evidence - EVEN))))
