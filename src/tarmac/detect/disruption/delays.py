"""How far a day's mean delay is from the value expected for its airport, season and weekday, in robust z-values."""

from dataclasses import dataclass, replace

import numpy as np

from tarmac.detect.contract import nothing
from tarmac.detect.disruption.shifts import levels_of
from tarmac.detect.panel import FloatArray, Panel
from tarmac.detect.parallel import for_each_airport

FEWEST_DAYS = 8
"""An airport with fewer days than this gets the common level of all airports."""

FEWEST_AIRPORTS = 20
"""A common shock is subtracted only on days with at least this many airports."""

WINDOW = 28.0
"""Bandwidth of the season's kernel in days: its weight reaches zero at twice this distance."""

FLIGHT_SPREAD = 35.0
"""The standard deviation of one flight's delay, in minutes, if gold has none from which to estimate it."""

PRIOR_DAYS = 60.0
"""Shrinkage: with this many days, an airport's own day-to-day scale counts as much as the common one."""


@dataclass(frozen=True, kw_only=True)
class Delays:
    """Arrays of airports × days: the expected mean, its standard deviation on that day, and (observed − expected) / deviation.

    `deviation` is that of a mean over the departed flights, `of_ordinary_day` over all scheduled flights.
    """

    expected: FloatArray
    deviation: FloatArray
    of_ordinary_day: FloatArray
    z: FloatArray


def delay_scores(panel: Panel, *, workers: int) -> Delays:
    """Expected means: lasting shifts, season and weekday by a robust smoother, the day's common shock; then the variances."""
    flight_variance = flight_variance_of(panel)
    day_variance = np.full(len(panel.origins), 25.0)
    sampling = flight_variance[:, None] / np.maximum(panel.departed, 1.0)
    actual, settled = levels_of(panel.value)
    levelled = replace(panel, value=panel.value - actual)
    for _ in range(2):
        expected = settled + _baseline(levelled, day_variance[:, None] + sampling, workers)
        expected += _common_shock(panel.value - expected, np.sqrt(day_variance[:, None] + sampling))
        day_variance = _day_variance(panel.value - expected, sampling)
    deviation = np.sqrt(day_variance[:, None] + sampling)
    ordinary = np.sqrt(day_variance[:, None] + flight_variance[:, None] / np.maximum(panel.flights, 1.0))
    return Delays(
        expected=expected, deviation=deviation, of_ordinary_day=ordinary, z=(panel.value - expected) / deviation
    )


def _baseline(panel: Panel, variance: FloatArray, workers: int) -> FloatArray:
    from tarmac.detect.kernels.baseline import season_and_weekday

    expected = nothing(panel)
    weekdays = panel.weekdays

    def one_airport(airport: int) -> None:
        series = panel.value[airport]
        if (~np.isnan(series)).sum() >= FEWEST_DAYS:
            expected[airport] = season_and_weekday(series, np.sqrt(variance[airport]), weekdays, WINDOW, True)

    for_each_airport(one_airport, len(panel.origins), workers=workers)
    return expected


def flight_variance_of(panel: Panel) -> FloatArray:
    """Variance of one flight's delay at each airport, shrunk towards the common one if it has few days."""
    spread = panel.also["std_dep_delay"]
    known = ~np.isnan(spread) & (panel.departed >= 2)
    weight = np.where(known, panel.departed - 1.0, 0.0)
    square = np.where(known, spread, 0.0) ** 2
    # Days are capped at their airport's upper quartile, because disasters have an untypically large spread.
    result = np.full(len(square), FLIGHT_SPREAD**2)
    if not known.any():
        return result
    cap = np.array([np.quantile(s[k], 0.9) if k.any() else 0.0 for s, k in zip(square, known, strict=True)])
    capped = (np.minimum(square, cap[:, None]) * weight).sum(axis=1)
    total = weight.sum(axis=1)
    common = capped.sum() / total.sum()
    return np.asarray((capped + 200.0 * common) / (total + 200.0))


def _common_shock(residual: FloatArray, deviation: FloatArray) -> FloatArray:
    """The median over airports of each day's standardised residual, converted to each airport's minutes."""
    z = residual / deviation
    shock = np.zeros(z.shape[1])
    for day in range(z.shape[1]):
        known = z[:, day][~np.isnan(z[:, day])]
        if known.size >= FEWEST_AIRPORTS:
            shock[day] = np.median(known)
    return shock[None, :] * deviation


def _day_variance(residual: FloatArray, sampling: FloatArray) -> FloatArray:
    """The variance between days beyond that of flights, for which the median of |z| is a normal's; shrunk to the common one."""
    own, days = np.full(len(residual), np.nan), np.zeros(len(residual))
    for airport, values in enumerate(residual):
        known = ~np.isnan(values)
        days[airport] = known.sum()
        if days[airport] >= FEWEST_DAYS:
            own[airport] = _solve_variance(np.abs(values[known]), sampling[airport, known])
    if np.isnan(own).all():
        return np.full(len(residual), 25.0)
    common = np.nanmedian(own)
    weight = np.where(np.isnan(own), 0.0, days / (days + PRIOR_DAYS))
    return np.asarray(np.maximum(weight * np.nan_to_num(own) + (1.0 - weight) * common, 1e-12))


def _solve_variance(size: FloatArray, sampling: FloatArray) -> float:
    """The variance at which the median of |residual| / deviation is 0.6745; 0 if the flights' variance explains everything.

    |residual| exceeds 0.6745 × √(variance + sampling) on the days where residual²/0.6745² − sampling exceeds the
    variance, so the variance wanted is that difference's median.
    """
    return max(float(np.median((size / 0.6745) ** 2 - sampling)), 0.0)
