"""Preparation of a series for methods that need every day, or are sensitive to extreme days."""

import numpy as np

from tarmac.detect.detectors.bands import robust_spread
from tarmac.detect.panel import FloatArray


def interpolated(series: FloatArray) -> FloatArray:
    """The series with missing days interpolated linearly, for methods that need every day."""
    days = np.arange(series.size)
    known = ~np.isnan(series)
    return np.interp(days, days[known], series[known])


def bounded(series: FloatArray, spreads: float) -> FloatArray:
    """The series clipped at that many robust spreads from its median, for methods that are sensitive to extreme days."""
    middle = float(np.median(series))
    reach = spreads * robust_spread(series - middle, series)
    return np.clip(series, middle - reach, middle + reach)
