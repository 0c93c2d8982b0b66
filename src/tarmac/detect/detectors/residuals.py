"""What detectors by residuals share: an expectation airport by airport, and a robust scale of what is left."""

from collections.abc import Callable
from importlib import import_module
from typing import Any

import numpy as np

from tarmac.detect.contract import Judgement, nothing
from tarmac.detect.detectors.bands import NORMAL, Band
from tarmac.detect.panel import FloatArray, Panel
from tarmac.detect.parallel import for_each_airport
from tarmac.detect.thresholds.flags import FEWEST_DAYS
from tarmac.errors import InputError

Expectation = Callable[[FloatArray], FloatArray]

NEXT_TO_NOTHING = 1e-9
"""A scale of residuals below this share of the series' own is rounding: the method explains every day."""


def judge_by_residuals(
    band: Band, panel: Panel, expectation: Expectation, *, workers: int, fewest: int = FEWEST_DAYS
) -> Judgement:
    """Judge each airport by its residuals from `expectation`, scaled by their median absolute value.

    `expectation` is given a series that neither begins nor ends with NaN, and returns as many expected values. An
    airport whose days are all equal, or fewer than `fewest`, is not judged.
    """
    level, spread = nothing(panel), nothing(panel)

    def one_airport(airport: int) -> None:
        series = panel.value[airport]
        days = np.flatnonzero(~np.isnan(series))
        if days.size < fewest or series[days].min() == series[days].max():
            return
        span = slice(days[0], days[-1] + 1)
        level[airport, span] = expectation(series[span])
        spread[airport, span] = robust_spread(series[days] - level[airport, days], series[days])

    for_each_airport(one_airport, len(panel.origins), workers=workers)
    return band.judgement(panel, level, spread)


def robust_spread(residual: FloatArray, known: FloatArray) -> float:
    """1.4826 × the median absolute residual; the series' standard deviation where more than half explain themselves."""
    spread = NORMAL * float(np.median(np.abs(residual)))
    usual = float(np.std(known))
    return spread if spread > NEXT_TO_NOTHING * usual else usual


def interpolated(series: FloatArray) -> FloatArray:
    """The series with straight lines across its missing days: for methods that cannot leave a day out."""
    days = np.arange(series.size)
    known = ~np.isnan(series)
    return np.interp(days, days[known], series[known])


def bounded(series: FloatArray, spreads: float) -> FloatArray:
    """The series cut at that many robust spreads from its median: for methods that one gigantic day leads astray."""
    middle = float(np.median(series))
    reach = spreads * robust_spread(series - middle, series)
    return np.clip(series, middle - reach, middle + reach)


def from_the_extra(module: str, *, detector: str, instead: str) -> Any:
    """A module of the extra `compare`; where it is not installed, an InputError that says how to get it."""
    try:
        return import_module(module)
    except ImportError as error:
        raise InputError(
            f"detector {detector!r} needs {module.split('.', maxsplit=1)[0]}, which is not installed. "
            f"Install Tarmac's extra: pip install 'tarmac[compare]', or choose {instead}."
        ) from error
