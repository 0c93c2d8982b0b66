"""Companions: airports whose delays usually rise and fall together, so that one's day is evidence about the other's.

Companions are found from ordinary days: the weight of a pair is the squared correlation of their clipped z-values. No map
is needed, and shared carriers count as well as shared weather. Companions serve two purposes, following the spatial scan
and the Potts models of image analysis (Geman and Geman 1984; one sweep of its mean-field approximation):

- their shared ordinary variation on a day is subtracted: a day on which all are slightly late is not a disruption of one;
- the share of disrupted companions raises the prior probability that this airport is disrupted, too.
"""

from dataclasses import dataclass

import numpy as np

from tarmac.detect.panel import FloatArray

FEWEST_DAYS = 60
"""Correlations over fewer common days than this are not used."""

LEAST = 0.10
"""Correlations below this count as 0: over a year, chance alone reaches ±0.05."""

PRIOR = 0.2
"""The weight of an added pseudo-companion whose value is always 0, in units of squared correlation."""

CLIP = 2.5
"""Correlations are computed from z-values clipped at ± this, so that ordinary days decide them."""

ORDINARY = 1.5
"""A companion's z-value counts as ordinary variation up to ± this; anything beyond is its own disruption."""


@dataclass(frozen=True, kw_only=True)
class Companions:
    """`weight`: airports × airports, the squared correlation; 0 on the diagonal and below `LEAST`."""

    weight: FloatArray

    def mean_of(self, value: FloatArray) -> FloatArray:
        """Each day's weighted mean of the companions' values, ignoring NaN, with the pseudo-companion's 0."""
        known = ~np.isnan(value)
        return _weighted(self.weight, np.where(known, value, 0.0)) / (_weighted(self.weight, known) + PRIOR)

    def swing_of(self, z: FloatArray) -> FloatArray:
        """The ordinary variation that companions share with each airport on each day, in standard deviations."""
        return self.mean_of(np.clip(z, -ORDINARY, ORDINARY))


def companions_of(z: FloatArray) -> Companions:
    """The companions of each airport, from z-values of delays (airports × days, NaN where missing)."""
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
    # einsum, not matmul: the order of its sums does not depend on the number of cores.
    return np.asarray(np.einsum("ab,bd->ad", weight, value.astype(np.float64)))
