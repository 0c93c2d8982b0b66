"""Disruption: delays and cancellations of a day, judged together and against what few flights can prove."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from tarmac.detect.cancellations import cancellation_scores
from tarmac.detect.contract import Judgement, checked, nothing
from tarmac.detect.delays import Delays, delay_scores
from tarmac.detect.panel import BoolArray, FloatArray, Panel
from tarmac.detect.threshold import flag_share_of_all, on_judged_days


@dataclass(frozen=True, kw_only=True)
class Disruption:
    """The default detector: √(z² of the delays + z² of the cancellations), each a robust z-value.

    Delays: the mean delay over the airport's own season and weekday, its variance that of days plus that of flights
    over the number departed, both shrunk to what airports have in common; see delays.py. Delays judge both sides:
    an unusually early day scores too. Cancellations: how improbable so many are for that airport and that number of
    flights; see cancellations.py. A day with every flight cancelled has no mean and is judged by cancellations alone.

    `observed`, `expected`, `lower` and `upper` of its rows are the mean delay's, in minutes; the interval is `width`
    standard deviations to each side, those of a day with that many flights. Where cancellations decide the score, the
    mean is of survivors and the interval is widened to hold it.

    Flagged are the highest `budget` of all airports' days, if their score is at least `at_least`.
    """

    name: ClassVar[str] = "disruption"
    measure: ClassVar[str] = "disruption"
    reads: ClassVar[str] = "mean_dep_delay"
    also: ClassVar[tuple[str, ...]] = ("std_dep_delay",)
    pools: ClassVar[bool] = True
    looks_ahead: ClassVar[bool] = True

    budget: float = 0.01
    at_least: float = 3.0
    width: float = 3.0

    def __post_init__(self) -> None:
        """Refuse a share that is none and a width that is not positive."""
        checked(
            0.0 < self.budget <= 0.5,
            f"disruption: outliers_fraction is {self.budget}. It must be in (0, 0.5]; 0.01 is usual.",
        )
        checked(self.width > 0, f"disruption: width is {self.width}. It must be above 0; 3 is usual.")

    def judge(self, panel: Panel, *, workers: int = 1) -> Judgement:
        """Judge all days with scheduled flights."""
        if not panel.origins:
            return Judgement(expected=panel.value, lower=panel.value, upper=panel.value, score=panel.value)
        delays = delay_scores(panel, workers=workers)
        cancelled = cancellation_scores(panel)
        score = _joined(panel, delays, cancelled)
        lower = delays.expected - self.width * delays.deviation
        upper = delays.expected + self.width * delays.deviation
        survivors = cancelled > np.abs(np.nan_to_num(delays.z))
        lower = np.where(survivors, np.fmin(lower, panel.value), lower)
        upper = np.where(survivors, np.fmax(upper, panel.value), upper)
        return Judgement(expected=delays.expected, lower=lower, upper=upper, score=score)

    def flags(self, panel: Panel, judgement: Judgement) -> BoolArray:
        """Flag within the alert budget of all airports together."""
        score = judgement.score[:, panel.judged]
        return on_judged_days(panel, flag_share_of_all(score, self.budget, at_least=self.at_least))


def _joined(panel: Panel, delays: Delays, cancelled: FloatArray) -> FloatArray:
    """The length of the vector of both z-values; NaN where there is neither."""
    score = nothing(panel)
    known = ~np.isnan(delays.z) | ~np.isnan(cancelled)
    score[known] = np.sqrt(np.nan_to_num(delays.z[known]) ** 2 + np.nan_to_num(cancelled[known]) ** 2)
    return score
