"""ECOD: how far a day is in the tails of the empirical distributions, one for each dimension."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from tarmac.detect.contract import Scores
from tarmac.detect.detectors.by_airport import AirportByAirport, AirportDays, ShareOfEach
from tarmac.detect.panel import FloatArray


@dataclass(frozen=True, kw_only=True)
class Ecod(AirportByAirport, ShareOfEach):
    """Outlier detection by empirical cumulative distributions, airport by airport; no parameters but the share flagged.

    Two dimensions: the mean delay, and its distance from the airport's median. With the delay alone, ranks have no
    distances, and the earliest day would always score as high as the latest. Only ranks count, so a day ten
    hours late scores like one two hours late if both are the latest. Source: Li, Zhao, Hu, Botta, Ionescu and Chen,
    ECOD: Unsupervised Outlier Detection Using Empirical Cumulative Distribution Functions, IEEE TKDE (2022).
    """

    name: ClassVar[str] = "ecod"

    def score_airport(self, airport: AirportDays) -> Scores:
        """Rank the airport's days."""
        known = airport.known
        middle = np.median(known)
        score = ecod_scores(np.column_stack([known, np.abs(known - middle)]))
        return airport.scores(score=airport.on_days(score), expected=airport.on_days(middle))


def ecod_scores(x: FloatArray) -> FloatArray:
    """The paper's score of each row of days × dimensions: the largest of the sums of −log left, right and skewed tails."""
    days = len(x)
    left, right = np.empty(x.shape), np.empty(x.shape)
    for dimension, values in enumerate(x.T):
        ordered = np.sort(values)
        left[:, dimension] = -np.log(np.searchsorted(ordered, values, side="right") / days)
        right[:, dimension] = -np.log((days - np.searchsorted(ordered, values, side="left")) / days)
    centred = x - x.mean(axis=0)
    # The sign of the third moment is that of the skewness.
    skew = np.sign((centred**3).mean(axis=0))
    skewed = np.where(skew < 0, left, np.where(skew > 0, right, left + right))
    return np.asarray(np.max([left.sum(axis=1), right.sum(axis=1), skewed.sum(axis=1)], axis=0))
