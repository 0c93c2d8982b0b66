"""One flight's departure delay, given how bad its day is: most leave a little early, some late with a long tail.

A day's *excess* is its mean delay above the punctual mean of −4 minutes. More excess makes both more flights late and
late flights later, in proportions read off New York 2013–2014 and Albuquerque 2008–2017.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

PUNCTUAL_MEAN = -4.0
_PUNCTUAL_STD = 3.6
_LATE_SIGMA = 0.82  # of the log of a late flight's minutes, within a day
_STRANDED_SHARE = 0.0002  # waiting for a crew or a spare part until the next morning
_STRANDED_MEAN = 300.0
STRANDED_MINUTES = _STRANDED_SHARE * _STRANDED_MEAN

Singles = NDArray[np.float32]
AnyFloats = NDArray[np.floating[Any]]


def late_share(excess: AnyFloats) -> AnyFloats:
    """The share of flights that are late on a day of that excess."""
    share: AnyFloats = 1 - np.exp(-0.064 * excess**0.72)
    return share


def late_mean(excess: AnyFloats, share: AnyFloats) -> AnyFloats:
    """The mean minutes of late flights which, with the punctual ones, gives the day its excess."""
    mean: AnyFloats = np.maximum(excess / np.maximum(share, 1e-6) + PUNCTUAL_MEAN, 1.0)
    return mean


def flight_variance(excess: AnyFloats) -> AnyFloats:
    """Variance in minutes² of one flight's delay on a day of that excess: what few flights leave to chance."""
    share = late_share(excess)
    late = late_mean(excess, share) ** 2 * np.exp(_LATE_SIGMA**2)
    punctual = PUNCTUAL_MEAN**2 + _PUNCTUAL_STD**2
    stranded = 2 * _STRANDED_SHARE * _STRANDED_MEAN**2
    variance: AnyFloats = share * late + (1 - share) * punctual - (excess + PUNCTUAL_MEAN) ** 2 + stranded
    return variance


def draw_delays(excess: Singles, rng: np.random.Generator) -> Singles:
    """Delays in whole minutes, negative when early, one for each flight's excess."""
    flights = len(excess)
    share = late_share(excess)
    normal = rng.standard_normal(flights, dtype=np.float32)
    late = late_mean(excess, share) * np.exp(_LATE_SIGMA * normal - np.float32(_LATE_SIGMA**2 / 2))
    punctual = np.float32(PUNCTUAL_MEAN) + np.float32(_PUNCTUAL_STD) * normal
    delay = np.where(rng.random(flights, dtype=np.float32) < share, late, punctual)
    stranded = np.flatnonzero(rng.random(flights, dtype=np.float32) < _STRANDED_SHARE)
    delay[stranded] += rng.exponential(_STRANDED_MEAN, len(stranded))
    return np.rint(np.minimum(delay, 3000)).astype(np.float32)
