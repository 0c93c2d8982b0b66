"""Seasonal-trend decomposition by loess: residuals of trend, weekday and season. Needs the extra `compare`."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from tarmac.detect.detectors.bands import ResidualBand
from tarmac.detect.detectors.by_airport import AirportDays
from tarmac.detect.detectors.residuals import bounded, interpolated
from tarmac.detect.panel import FloatArray

WEEK, YEAR = 7, 365

CHANGE = 35
"""Weeks over which a weekday's effect may change; Cleveland's least, 7, lets it follow single bad days."""

BOUND = 10.0
"""Values are clipped at ± this many robust spreads for the fit: loess weights tolerate moderate outliers, not extreme ones."""


@dataclass(frozen=True, kw_only=True)
class _Decomposition(ResidualBand):
    # With fewer of each weekday the decomposition fits single days, and its residuals are no scale.
    fewest_days: ClassVar[int] = 8 * WEEK
    slow: ClassVar[bool] = True
    needs: ClassVar[tuple[str, ...]] = ("statsmodels",)
    instead: ClassVar[str] = "weekday_season"


@dataclass(frozen=True, kw_only=True)
class Stl(_Decomposition):
    """statsmodels' robust STL with a period of a week; the score is the residual over its robust scale.

    Missing days are interpolated for the fit and never scored. Source: Cleveland, Cleveland, McRae and Terpenning,
    STL: A Seasonal-Trend Decomposition Procedure Based on Loess, Journal of Official Statistics 6 (1990).
    """

    name: ClassVar[str] = "stl"

    def expectation(self, airport: AirportDays) -> FloatArray:
        """Decompose the airport's series."""
        from statsmodels.tsa.seasonal import STL

        fitted = STL(_to_fit(airport.value), period=WEEK, seasonal=CHANGE, robust=True).fit()
        return np.asarray(fitted.trend + fitted.seasonal)


@dataclass(frozen=True, kw_only=True)
class Mstl(_Decomposition):
    """statsmodels' MSTL with the periods week and year, or only week if there are fewer than three years.

    Missing days are interpolated for the fit and never scored. Source: Bandara, Hyndman and Bergmeir, MSTL: A
    Seasonal-Trend Decomposition Algorithm for Time Series with Multiple Seasonal Patterns (2021).
    """

    name: ClassVar[str] = "mstl"

    def expectation(self, airport: AirportDays) -> FloatArray:
        """Decompose the airport's series."""
        from statsmodels.tsa.seasonal import MSTL

        # With only two values of a date, its seasonal effect fits both, and no residual is left to score.
        periods = (WEEK, YEAR) if airport.value.size >= 3 * YEAR else (WEEK,)
        # Loess at every day takes ten times as long. Constants, not lines, for the few years of a date.
        how = {"robust": True, "trend_jump": 10, "low_pass_jump": 10, "seasonal_deg": 0}
        to_fit = _to_fit(airport.value)
        windows = (CHANGE, CHANGE)[: len(periods)]
        fitted = MSTL(to_fit, periods=periods, windows=windows, stl_kwargs=how).fit()
        return np.asarray(to_fit - fitted.resid)


def _to_fit(series: FloatArray) -> FloatArray:
    return bounded(interpolated(series), BOUND)
