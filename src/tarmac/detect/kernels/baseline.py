"""A robust season and weekday of one series, compiled."""

import numpy as np
import numpy.typing as npt

from tarmac.detect.kernels.compiled import compiled
from tarmac.detect.panel import FloatArray

HUBER = 1.5
"""Residuals beyond this many standard deviations lose weight."""

FADES, GONE = 2.0, 4.0
"""Standard deviations above the expected at which a day begins to lose weight, and at which it has none (not ordinary)."""

START = 0.4
"""The quantile of all days from which the search for ordinary days starts; bad days have higher delays."""

WEEKDAY_PRIOR = 4.0
"""Shrinkage of weekday effects, as a number of ordinary days."""


def season_and_weekday(
    y: FloatArray, deviation: FloatArray, weekdays: npt.NDArray[np.int64], window: float, ordinary: bool
) -> FloatArray:
    """Return the expected value of each day, including days without a value.

    `ordinary`: days far above the expected have no weight, so that weeks of bad days do not become the norm.

    Season: a kernel average (tricube, within two windows of the day). Weekday: an effect shrunk towards zero. Both by
    iteratively reweighted least squares (Huber), starting from the median.
    """
    # Outside the kernel: numba takes ten seconds to compile a quantile.
    middle = float(np.nanquantile(y, START) if ordinary else np.nanmedian(y))
    expected: FloatArray = _fit(y, deviation, weekdays, window, ordinary, middle)
    return expected


@compiled
def _fit(y, deviation, weekdays, window, ordinary, middle):
    days = y.size
    season, effect = np.full(days, middle), np.zeros(7)
    weight, pull = np.zeros(days), np.zeros(days)
    top, bottom = np.zeros(days), np.zeros(days)
    reach = int(2 * window)
    kernel = np.zeros(reach + 1)
    for lag in range(reach + 1):
        kernel[lag] = (1.0 - (lag / (reach + 1.0)) ** 3) ** 3
    for _ in range(8):
        for t in range(days):
            weight[t] = 0.0
            if not np.isnan(y[t]):
                above = (y[t] - season[t] - effect[weekdays[t]]) / deviation[t]
                z = abs(above)
                weight[t] = (1.0 if z <= HUBER else HUBER / z) / deviation[t] ** 2
                if ordinary and above > FADES:
                    weight[t] *= max(0.0, (GONE - above) / (GONE - FADES))
        whole, ordinary_days = 0.0, 0
        for t in range(days):
            whole += weight[t]
            ordinary_days += weight[t] > 0.0
        usual = whole / ordinary_days
        for day in range(7):
            moved, evidence = 0.0, WEEKDAY_PRIOR * usual
            for t in range(days):
                if weekdays[t] == day and weight[t] > 0.0:
                    moved += weight[t] * (y[t] - season[t])
                    evidence += weight[t]
            effect[day] = moved / evidence
        mean = 0.0
        for day in range(7):
            mean += effect[day]
        for day in range(7):
            effect[day] -= mean / 7
        for t in range(days):
            # A small weight on the overall level ensures that there is a level in a long gap.
            top[t], bottom[t] = 0.01 * usual * middle, 0.01 * usual
            pull[t] = weight[t] * (y[t] - effect[weekdays[t]]) if weight[t] > 0.0 else 0.0
        # Lag by lag over all days: no sum is reordered, and the compiler can still vectorise over days.
        for lag in range(-reach, reach + 1):
            k = kernel[abs(lag)]
            for t in range(max(0, -lag), min(days, days - lag)):
                top[t] += k * pull[t + lag]
                bottom[t] += k * weight[t + lag]
        for t in range(days):
            season[t] = top[t] / bottom[t]
    result = np.empty(days)
    for t in range(days):
        result[t] = season[t] + effect[weekdays[t]]
    return result
