"""ECOD: how far out in the empirical distributions a day lies, dimension by dimension."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from tarmac.detect.contract import Judgement, checked, nothing
from tarmac.detect.panel import BoolArray, FloatArray, Panel
from tarmac.detect.thresholds.flags import FEWEST_DAYS, flag_share_of_each, on_judged_days


@dataclass(frozen=True, kw_only=True)
class Ecod:
    """Outlier detection by empirical cumulative distributions, airport by airport; no parameters but the `share` flagged.

    Two dimensions: the mean delay, and its distance from the airport's median. With the delay alone, ranks know no
    distance, and the earliest day would always score as high as the latest. Only ranks count, so a day ten
    hours late scores like one two hours late if both are the latest. Source: Li, Zhao, Hu, Botta, Ionescu and Chen,
    ECOD: Unsupervised Outlier Detection Using Empirical Cumulative Distribution Functions, IEEE TKDE (2022).
    """

    name: ClassVar[str] = "ecod"
    measure: ClassVar[str] = "mean_dep_delay"
    reads: ClassVar[str] = "mean_dep_delay"
    also: ClassVar[tuple[str, ...]] = ()
    pools: ClassVar[bool] = False
    looks_ahead: ClassVar[bool] = True

    share: float = 0.01

    def __post_init__(self) -> None:
        """Refuse a share that is none."""
        checked(
            0.0 < self.share <= 0.5,
            f"ecod: outliers_fraction is {self.share}. It must be in (0, 0.5]; 0.01 is usual.",
        )

    def judge(self, panel: Panel, *, workers: int = 1) -> Judgement:  # noqa: ARG002 - too quick to share out
        """Rank each airport's days, history included."""
        score, expected = nothing(panel), nothing(panel)
        for airport, series in enumerate(panel.value):
            days = np.flatnonzero(~np.isnan(series))
            if days.size >= FEWEST_DAYS and series[days].min() < series[days].max():
                middle = np.median(series[days])
                expected[airport, days] = middle
                score[airport, days] = ecod_scores(np.column_stack([series[days], np.abs(series[days] - middle)]))
        none = nothing(panel)
        return Judgement(expected=expected, lower=none, upper=none, score=score)

    def flags(self, panel: Panel, judgement: Judgement) -> BoolArray:
        """Flag a share of each airport's judged days."""
        return on_judged_days(panel, flag_share_of_each(judgement.score[:, panel.judged], self.share))


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
