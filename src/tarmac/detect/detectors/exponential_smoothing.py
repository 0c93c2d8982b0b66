"""Exponential smoothing with a damped trend and additive weekdays, robust against outliers."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from tarmac.detect.detectors.bands import NORMAL, ResidualBand
from tarmac.detect.detectors.by_airport import AirportDays
from tarmac.detect.panel import FloatArray

START = 28
"""Days with a value from which the first level and weekdays are taken."""


@dataclass(frozen=True, kw_only=True)
class ExponentialSmoothing(ResidualBand):
    """Damped-trend Holt–Winters, one step ahead; the score is the error over the errors' robust scale.

    A day far from its prediction is clipped at two standard deviations before it updates the state, so a disaster does not
    affect the days after it. The rates minimise the bounded squared error on a grid, over all days; only these and the
    start, from the first four weeks' medians, look ahead. Missing days do not change the state.
    Sources: Gardner and McKenzie, Forecasting Trends in Time Series, Management Science 31 (1985); Gelper, Fried and
    Croux, Robust Forecasting with Exponential and Holt–Winters Smoothing, Journal of Forecasting 29 (2010).
    """

    name: ClassVar[str] = "exponential_smoothing"

    def expectation(self, airport: AirportDays) -> FloatArray:
        """Smooth the airport's series."""
        return _predicted(airport.value, airport.weekdays)


def _predicted(series: FloatArray, weekdays: npt.NDArray[np.int64]) -> FloatArray:
    from tarmac.detect.kernels.smoothing import best_rates, smooth

    known = np.flatnonzero(~np.isnan(series))
    first = known[:START]
    level = float(np.median(series[first]))
    effect = np.array([_half_the_median(series[first[weekdays[first] == day]] - level) for day in range(7)])
    scale = NORMAL * float(np.median(np.abs(series[known] - np.median(series[known]))))
    scale = scale if scale > 0 else float(np.std(series[known]))
    rates = best_rates(series, weekdays, scale, level, effect)
    predicted = np.empty(series.size)
    smooth(series, weekdays, scale, rates, level, effect, predicted)
    return predicted


def _half_the_median(values: FloatArray) -> float:
    # Four days estimate a weekday's effect poorly: it is halved.
    return 0.5 * float(np.median(values)) if values.size else 0.0
