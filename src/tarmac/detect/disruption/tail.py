"""The tail of ordinary days: the score that an ordinary day exceeds with a given small probability.

Peaks over a threshold: whatever the scores' distribution, exceedances of a high quantile approximately follow a generalised
Pareto distribution (Balkema and de Haan 1974; Pickands 1975). The abnormal days are in that tail, too, so the fit
treats exceedances beyond a second, higher quantile as "at least this much" (censored maximum likelihood): a
contamination above it, whatever its size, does not widen the null, in the sense of Efron, Large-Scale Inference (2010).

For scores with a normal tail the bound is slightly too high, which costs some power; for a Student's t with five degrees of
freedom, whose tail becomes heavy only beyond the fitted range, twice as many days reach it as should.
"""

import numpy as np
from scipy import optimize

from tarmac.detect.panel import FloatArray

TAIL, CENSORED = 0.80, 0.97
"""The tail begins at the first quantile; exceedances of the second may be abnormal and are treated as censored."""

FEWEST = 50
"""The least number of exceedances for a fit."""

FLAT = 1e-6
"""Shapes below this are treated as exponential."""

SHAPES = (0.0, 0.5)
"""Bounds of the shape: from an exponential tail to that of a distribution with barely finite variance."""


def rare_score(scores: FloatArray, rare: float) -> float | None:
    """The score that an ordinary day reaches with the probability `rare`; None if there are too few days to estimate it."""
    fitted = _tail_of(scores)
    if fitted is None:
        return None
    start, beyond, scale, shape = fitted
    hazard = np.log(max(beyond / rare, 1.0))
    return float(start + scale * (hazard if shape < FLAT else np.expm1(shape * hazard) / shape))


def _tail_of(scores: FloatArray) -> tuple[float, float, float, float] | None:
    """Where the tail starts, the share of days in it, and its scale and shape."""
    if scores.size == 0:
        return None
    start, censored = np.quantile(scores, [TAIL, CENSORED])
    beyond = scores > start
    excess = scores[beyond] - start
    if excess.size < FEWEST or censored <= start:
        return None
    return float(start), float(beyond.mean()), *_fit(excess, censored - start)


def _hazard(excess: FloatArray, scale: float, shape: float) -> FloatArray:
    """−log of the generalised Pareto's survival."""
    return np.asarray(excess / scale if shape < FLAT else np.log1p(shape * excess / scale) / shape)


def _fit(excess: FloatArray, censored: float) -> tuple[float, float]:
    """Maximum-likelihood scale and shape, with exceedances above `censored` treated as censored."""
    inside = np.minimum(excess, censored)
    exact = excess < censored
    unit = float(inside.mean())

    def cost(scale: float, shape: float) -> float:
        density = np.log(scale) + np.log1p(shape * inside[exact] / scale)
        return float(_hazard(inside, scale, shape).sum() + density.sum())

    def best_scale(shape: float) -> float:
        found = optimize.minimize_scalar(lambda log: cost(np.exp(log), shape), bounds=_around(unit), method="bounded")
        return float(np.exp(found.x))

    found = optimize.minimize_scalar(lambda shape: cost(best_scale(shape), shape), bounds=SHAPES, method="bounded")
    shape = float(found.x)
    return best_scale(shape), shape


def _around(unit: float) -> tuple[float, float]:
    return float(np.log(unit) - 3.0), float(np.log(unit) + 3.0)
