"""The matrix profile: the distance of a day from the most similar other week of the same airport."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from tarmac.declare import Limit, limited
from tarmac.detect.detectors.bands import ResidualBand
from tarmac.detect.detectors.by_airport import AirportDays
from tarmac.detect.detectors.residuals import interpolated
from tarmac.detect.panel import FloatArray

AT_ONCE = 512
"""Number of windows compared with all others at once: ten years then need 15 MB, not 100."""


@dataclass(frozen=True, kw_only=True)
class MatrixProfile(ResidualBand):
    """A day compared with the weeks most similar to its own; the score is the distance over its robust scale.

    A day is in `window` windows. Each has its nearest neighbour by Euclidean distance, not normalised, because the
    level is scored; neighbours that share half a window or more do not count. `expected` is the median, over
    the windows, of the neighbour's value at the day's position. A window with a spike has no similar one, so its
    neighbour shows what an ordinary day would have been. Two equal disasters in equal weeks are not found, a known
    weakness of the method. Missing days are interpolated for the search and never scored.
    The search is exact and our own, because a few years are short enough for it. Source: Yeh et al., Matrix Profile I, IEEE ICDM
    (2016); without normalisation: Akbarinia and Cloez, Efficient Matrix Profile Computation Using Different Distance
    Functions (2019).
    """

    name: ClassVar[str] = "matrix_profile"

    window: int = limited(7, Limit(at_least=2))

    def expectation(self, airport: AirportDays) -> FloatArray:
        """Search within the airport's series."""
        filled = interpolated(airport.value)
        window = min(self.window, filled.size // 4)
        _, neighbour = nearest_windows(filled, window)
        said = np.full((window, filled.size), np.nan)
        starts = np.arange(neighbour.size)
        for place in range(window):
            said[place, starts + place] = filled[neighbour + place]
        return np.asarray(np.nanmedian(said, axis=0))


def nearest_windows(series: FloatArray, window: int) -> tuple[FloatArray, npt.NDArray[np.int64]]:
    """Each window's distance to its nearest neighbour, and the neighbour's start; the first among ties."""
    windows = np.lib.stride_tricks.sliding_window_view(series - np.median(series), window)
    starts = np.arange(len(windows))
    distance, neighbour = np.empty(len(windows)), np.empty(len(windows), dtype=np.int64)
    for first in range(0, len(windows), AT_ONCE):
        some = slice(first, first + AT_ONCE)
        square = np.zeros((len(windows[some]), len(windows)))
        for place in range(window):
            # Differences, not products: a day of 1e9 minutes does not cost the others their digits.
            square += (windows[some, place, None] - windows[None, :, place]) ** 2
        square[np.abs(starts[some, None] - starts[None, :]) <= window // 2] = np.inf
        neighbour[some] = square.argmin(axis=1)
        distance[some] = np.sqrt(square.min(axis=1))
    return distance, neighbour
