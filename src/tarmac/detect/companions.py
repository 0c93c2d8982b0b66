"""What airports that move together show on a day: a storm rarely stops at one airport's fence."""

from dataclasses import dataclass

import numpy as np

from tarmac.detect.panel import FloatArray
from tarmac.detect.parallel import for_each_airport

FEWEST_DAYS = 60
"""Correlations over fewer common days than this are not looked at."""

LEAST = 0.10
"""Correlations below this are taken as none: over a year, chance alone gives ±0.05."""

PRIOR = 0.05
"""The weight of an imagined companion without any disruption, in units of squared correlation."""

ORDINARY, WORST = 2.5, 8.0
"""Correlation is taken from z-values cut at ± the first; a companion's disruption counts up to the second."""


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """All airports × days: z of the delays, signed, and each day's own disruption; NaN where there is neither."""

    z: FloatArray
    disruption: FloatArray


def companions_disruption(evidence: Evidence, *, workers: int) -> FloatArray:
    """The mean disruption of each airport's companions on each day, 0 … WORST.

    Who is a companion is learnt from ordinary days' delays: no map is needed, and carriers' networks count as well
    as weather.
    """
    from tarmac.detect.kernels.neighbours import companion_scores

    known = ~np.isnan(evidence.z)
    mean = np.sum(evidence.z, axis=1, where=known, keepdims=True) / np.maximum(known.sum(axis=1, keepdims=True), 1)
    z = np.clip(np.where(known, evidence.z - mean, 0.0), -ORDINARY, ORDINARY)
    score = np.clip(evidence.disruption, 0.0, WORST)
    result = np.zeros(z.shape)
    for_each_airport(
        lambda airport: companion_scores(airport, z, score, FEWEST_DAYS, LEAST, PRIOR, result[airport]),
        len(z),
        workers=workers,
    )
    return result
