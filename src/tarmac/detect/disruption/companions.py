"""What the airports that move together show on a day, and the days around it: a storm rarely stops at one fence.

Who is a companion is learnt from ordinary days: the correlation of clipped z-values, squared, is the weight. No map is
needed, and carriers' networks count as well as weather. Two things are taken from companions, after the spatial scan
and the Potts models of image analysis (Geman and Geman 1984; one sweep of its mean-field approximation):

- the day's ordinary swing, which is explained away: everybody a little late is nobody's disruption;
- how many of them are themselves disrupted, which raises the prior that this airport is.
"""

from dataclasses import dataclass

import numpy as np

from tarmac.detect.panel import FloatArray

FEWEST_DAYS = 60
"""Correlations over fewer common days than this are not looked at."""

LEAST = 0.10
"""Correlations below this are taken as none: over a year, chance alone gives ±0.05."""

PRIOR = 0.2
"""The weight of an imagined companion on which nothing happens, in units of squared correlation."""

CLIP = 2.5
"""Correlation is taken from z-values cut at ± this, so that it is of ordinary days."""

ORDINARY = 1.5
"""A companion's z-value counts up to ± this as ordinary swing; what is beyond is its own disruption, explained by none."""


@dataclass(frozen=True, kw_only=True)
class Companions:
    """`weight`: airports × airports, the squared correlation; 0 on the diagonal and where there is none to speak of."""

    weight: FloatArray

    def mean_of(self, value: FloatArray) -> FloatArray:
        """Each day's mean of the companions' values (NaN = says nothing), the imagined companion's 0 among them."""
        known = ~np.isnan(value)
        return _weighted(self.weight, np.where(known, value, 0.0)) / (_weighted(self.weight, known) + PRIOR)

    def swing_of(self, z: FloatArray) -> FloatArray:
        """The ordinary swing that companions share with each airport on each day, in standard deviations."""
        return self.mean_of(np.clip(z, -ORDINARY, ORDINARY))


def companions_of(z: FloatArray) -> Companions:
    """Learn from z-values of delays (airports × days, NaN where missing) who moves with whom."""
    known = ~np.isnan(z)
    days = known.sum(axis=1, keepdims=True)
    centred = z - np.sum(z, axis=1, where=known, keepdims=True) / np.maximum(days, 1)
    x = np.where(known, np.clip(centred, -CLIP, CLIP), 0.0)
    there = known.astype(np.float64)
    square, common = _weighted(x**2, there.T), _weighted(there, there.T)
    # Each airport's variance over the days that both have: square[a, b] is a's over those of b.
    scale = np.sqrt(square * square.T)
    seen = (common >= FEWEST_DAYS) & (scale > 0.0)
    correlation = np.where(seen, _weighted(x, x.T) / np.where(seen, scale, 1.0), 0.0)
    np.fill_diagonal(correlation, 0.0)
    return Companions(weight=np.where(correlation >= LEAST, correlation**2, 0.0))


def days_beside(value: FloatArray, *, after: bool = True) -> FloatArray:
    """The sum of each airport's values on its day before and, if `after`, its day after; days without one are skipped."""
    result = np.zeros(value.shape)
    for airport, values in enumerate(value):
        days = np.flatnonzero(~np.isnan(values))
        known = np.concatenate([[0.0], values[days], [0.0]])
        result[airport, days] = known[:-2] + known[2:] * after
    return result


def _weighted(weight: FloatArray, value: FloatArray | np.ndarray) -> FloatArray:
    # einsum, not matmul: its sums have one order on any number of cores.
    return np.asarray(np.einsum("ab,bd->ad", weight, value.astype(np.float64)))
