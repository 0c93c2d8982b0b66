"""Preparation of a series for methods that need every day, or that one extreme day would mislead."""

import numpy as np

from tarmac.detect.detectors.bands import robust_spread
from tarmac.detect.panel import FloatArray


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
