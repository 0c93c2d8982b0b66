"""Seasonal-trend decomposition by loess: what neither trend nor weekday nor season explains. Of the extra `compare`."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from tarmac.detect.contract import Judgement
from tarmac.detect.detectors.bands import Band
from tarmac.detect.detectors.residuals import bounded, from_the_extra, interpolated, judge_by_residuals
from tarmac.detect.panel import FloatArray, Panel

WEEK, YEAR = 7, 365

SLOW = 35
"""Weeks over which a weekday's effect may change; Cleveland's least, 7, lets it follow single bad days."""

FEWEST_DAYS = 8 * WEEK
"""With fewer of each weekday the decomposition explains single days, and what it leaves is no scale."""

BOUND = 10.0
"""Values enter the fit cut at ± this many robust spreads: loess weights forgive ten times the usual, not a million."""


@dataclass(frozen=True, kw_only=True)
class Stl(Band):
    """statsmodels' robust STL with a period of a week; the score is the residual over its robust scale.

    Missing days are interpolated for the fit and never judged. Source: Cleveland, Cleveland, McRae and Terpenning,
    STL: A Seasonal-Trend Decomposition Procedure Based on Loess, Journal of Official Statistics 6 (1990).
    """

    name: ClassVar[str] = "stl"

    def judge(self, panel: Panel, *, workers: int = 1) -> Judgement:
        """Decompose each airport's series, history included."""
        seasonal = from_the_extra("statsmodels.tsa.seasonal", detector=self.name, instead="weekday_season")

        def expectation(series: FloatArray) -> FloatArray:
            fitted = seasonal.STL(_to_fit(series), period=WEEK, seasonal=SLOW, robust=True).fit()
            return np.asarray(fitted.trend + fitted.seasonal)

        return judge_by_residuals(self, panel, expectation, workers=workers, fewest=FEWEST_DAYS)


@dataclass(frozen=True, kw_only=True)
class Mstl(Band):
    """statsmodels' MSTL with the periods week and year, or week alone where there are fewer than three years.

    Missing days are interpolated for the fit and never judged. Source: Bandara, Hyndman and Bergmeir, MSTL: A
    Seasonal-Trend Decomposition Algorithm for Time Series with Multiple Seasonal Patterns (2021).
    """

    name: ClassVar[str] = "mstl"

    def judge(self, panel: Panel, *, workers: int = 1) -> Judgement:
        """Decompose each airport's series, history included."""
        seasonal = from_the_extra("statsmodels.tsa.seasonal", detector=self.name, instead="weekday_season")

        def expectation(series: FloatArray) -> FloatArray:
            # A date seen twice is explained by its own two values, and nothing is left to judge by.
            periods = (WEEK, YEAR) if series.size >= 3 * YEAR else (WEEK,)
            # Loess at every day takes ten times as long. Constants, not lines, through the few years of a date.
            how = {"robust": True, "trend_jump": 10, "low_pass_jump": 10, "seasonal_deg": 0}
            to_fit = _to_fit(series)
            windows = (SLOW, SLOW)[: len(periods)]
            fitted = seasonal.MSTL(to_fit, periods=periods, windows=windows, stl_kwargs=how).fit()
            return np.asarray(to_fit - fitted.resid)

        return judge_by_residuals(self, panel, expectation, workers=workers, fewest=FEWEST_DAYS)


def _to_fit(series: FloatArray) -> FloatArray:
    return bounded(interpolated(series), BOUND)
