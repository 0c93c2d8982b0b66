"""The detector `disruption`: a day's delays and cancellations together with those of similar airports."""

from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np

from tarmac.declare import POSITIVE, Limit, limited
from tarmac.detect.contract import Detector, Scores, nothing
from tarmac.detect.disruption.cancellations import cancellation_scores
from tarmac.detect.disruption.companions import companions_of, days_beside
from tarmac.detect.disruption.delays import Delays, delay_scores
from tarmac.detect.disruption.evidence import (
    CANCELLED_WEIGHT,
    COMPRESS_CANCELLED,
    Evidence,
    compressed,
    early_of,
    mean_known,
    probability,
    raised,
    signed,
    stretch_of,
)
from tarmac.detect.disruption.losses import loss_size, losses_of, ordinary_share, ordinary_swing
from tarmac.detect.disruption.tail import rare_score
from tarmac.detect.panel import BoolArray, FloatArray, Panel
from tarmac.detect.thresholds.flags import on_scored_days

SHARE_SPREAD = 50.0
"""The arcsine of a share of n, in hundredths, has a standard deviation of 50/√n."""

LEAST_RARE, WITHOUT_TAIL = 3.5, 4.0
"""Days with less evidence are never rare; with too few days to estimate the tail, days with at least this much are."""

LEAST_LOSS = 0.05
"""With a smaller lost share of the schedule (severity.py), evidence alone does not make a day abnormal."""


@dataclass(frozen=True, kw_only=True)
class Disruption(Detector):
    """The default detector: how much a day lost compared with ordinary days, and how improbable it is for its airport.

    Scores of 1 or more are flagged, whatever their number. The score is the larger of two quantities, each scaled so that
    1 is the limit of what is abnormal:

    - the loss (losses.py): flights cancelled and minutes of delay above those of ordinary days. It is on an absolute
      scale, so that an airport's bad season does not hide its worst days;
    - the evidence, relative to the evidence that an ordinary day of this panel reaches with probability `rare`
      (tail.py), but at most the loss in units of `LEAST_LOSS`: an improbable day without a loss is not abnormal.

    Evidence is a log posterior odds on the scale of a z-value: the log likelihood ratio of the day
    itself plus log prior odds. The day's own evidence is √(delays² + cancellations²). Delays: mean, median, 90th percentile
    and share of departures at least 15 minutes late, each compared with the airport's season and weekday, with a variance
    between days plus one between flights over the number departed (delays.py), minus half of the variation that companions
    share that day. If one of three flights is four hours late, the mean moves but the others hardly do; a bad day moves
    all. Cancellations: how improbable they are for that airport and number of flights (cancellations.py); a day with
    every flight cancelled has no mean and is scored by cancellations alone. Both are compressed, because tails are long
    and twice the delay is not twice the evidence.

    Prior: `trust` × the share of its companions that are disrupted by their own evidence (companions.py), and `memory`
    × whether the airport is disrupted on the day before and the day after. It does not raise the score of a day
    without evidence of its own.

    Both directions are scored: an unusually early day has the evidence supported both by its mean and by all measures
    together, relative to the shorter tail on that side; it needs no loss.
    `observed`, `expected`, `lower` and `upper` are of the mean delay, in minutes; the interval is `width`
    standard deviations of an ordinary day with that many scheduled flights. Its lower side is narrower, as that tail is
    shorter, but wide enough for the mean of the few flights that departed on a day of cancellations.
    """

    name: ClassVar[str] = "disruption"
    measure: ClassVar[str] = "disruption"
    also: ClassVar[tuple[str, ...]] = ("std_dep_delay", "median_dep_delay", "p90_dep_delay", "dep_del15_share")
    pools: ClassVar[bool] = True

    rare: float = limited(0.0025, Limit(above=0.0, below=0.2))
    width: float = limited(3.0, POSITIVE)
    trust: float = limited(7.0, Limit(at_least=0.0))
    memory: float = limited(0.8, Limit(at_least=0.0))
    explained: float = limited(0.5, Limit(at_least=0.0))

    def score(self, panel: Panel, *, workers: int = 1) -> Scores:
        """Score all days with scheduled flights."""
        if not panel.origins:
            return Scores(expected=panel.value, lower=panel.value, upper=panel.value, score=panel.value)
        measures = [delay_scores(each, workers=workers) for each in measures_of(panel)]
        z = mean_known(*(compressed(each.z) for each in measures))
        companions = companions_of(z)
        cancelled = compressed(CANCELLED_WEIGHT * cancellation_scores(panel), COMPRESS_CANCELLED)
        own = signed(z - self.explained * companions.swing_of(z), cancelled)
        disrupted = probability(own)
        prior = self.trust * companions.mean_of(disrupted) + self.memory * days_beside(disrupted)
        early = early_of(measures)
        stretch = stretch_of(early)
        evidence = Evidence(own=own, cancelled=cancelled, late=raised(own, prior), early=stretch * early)
        share = ordinary_share(panel.flights, panel.cancelled)
        return self.scores(
            panel,
            measures[0],
            evidence,
            stretch=stretch,
            cut=self.cut_of(evidence.either[panel.flights > 0]),
            share=share[:, None],
            swing=ordinary_swing(panel, measures[0].expected, share)[:, None],
        )

    def score_online(self, panel: Panel, *, workers: int = 1) -> Scores:  # noqa: ARG002 - one pass is quick
        """Score all days, each from that day and earlier days only (online.py)."""
        from tarmac.detect.disruption.online import score_online

        return score_online(self, panel)

    def cut_of(self, evidence: FloatArray) -> float:
        """The least evidence of a rare day, given the evidence of all days."""
        rare = rare_score(evidence[~np.isnan(evidence)], self.rare)
        return WITHOUT_TAIL if rare is None else max(rare, LEAST_RARE)

    def scores(
        self,
        panel: Panel,
        means: Delays,
        evidence: Evidence,
        *,
        stretch: FloatArray | float,
        cut: FloatArray | float,
        share: FloatArray,
        swing: FloatArray,
    ) -> Scores:
        """The score, with 1 as the limit of abnormal days, from the evidence in either direction and the loss.

        Args:
            panel: the panel of the mean delay.
            means: the expected means.
            evidence: the evidence of each day.
            stretch: factor by which the early side's tail is shorter; one number or one per day, like `cut`.
            cut: the least evidence of a rare day.
            share: cancelled share on an ordinary day; one column or one value per day, like `swing`.
            swing: `ordinary_swing`.
        """
        losses = losses_of(panel, means.expected, share)
        size = loss_size(panel, losses, means.deviation, swing)
        borne_out = np.fmin(np.fmax(evidence.late, 0.0) / cut, losses.share / LEAST_LOSS)
        score = np.where(panel.flights > 0, np.fmax(np.fmax(borne_out, evidence.early / cut), size), np.nan)
        lower = means.expected - self.width / stretch * means.of_ordinary_day
        return Scores(
            expected=means.expected,
            lower=np.where(evidence.by_cancellations, np.fmin(lower, panel.value), lower),
            upper=means.expected + self.width * means.of_ordinary_day,
            score=score,
        )

    def flags(self, panel: Panel, scores: Scores) -> BoolArray:
        """Flag scores of 1 or more."""
        return on_scored_days(panel, scores.score[:, panel.scored] >= 1.0)


def measures_of(panel: Panel, *, so_far: bool = False) -> list[Panel]:
    """The panels of the mean delay and of the other three measures of delay; `so_far` as in `shares_of`."""
    medians, tails = (replace(panel, value=_column(panel, f"{name}_dep_delay")) for name in ("median", "p90"))
    return [panel, medians, tails, shares_of(panel, so_far=so_far)]


def _column(panel: Panel, name: str) -> FloatArray:
    """A further column of gold; all NaN if the panel was made without it."""
    return panel.also.get(name, nothing(panel))


def shares_of(panel: Panel, *, so_far: bool = False) -> Panel:
    """The share of late departures after Anscombe's arcsine, which makes its variance nearly free of its level.

    NaN if the share never changes, as at an airport without any late flight all year, because it then has no scale.
    `so_far`: NaN as long as it has not changed up to that day.
    """
    share = _column(panel, "dep_del15_share")
    varies = np.fmax.accumulate(share, axis=1) > np.fmin.accumulate(share, axis=1)
    late = np.where(varies if so_far else varies[:, -1:], share, np.nan) * panel.departed
    angle = np.arcsin(np.sqrt(np.clip((late + 0.375) / (panel.departed + 0.75), 0.0, 1.0)))
    spread = np.where(np.isnan(angle), np.nan, SHARE_SPREAD)
    return replace(panel, value=100.0 * angle, also={**panel.also, "std_dep_delay": spread})
