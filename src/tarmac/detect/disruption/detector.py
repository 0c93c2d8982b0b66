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
"""The evidence below which no day is rare, and from which on one is where too few days tell how far ordinary ones reach."""

LEAST_LOSS = 0.05
"""The lost share of the schedule (severity.py) below which evidence alone does not make a day abnormal."""


@dataclass(frozen=True, kw_only=True)
class Disruption(Detector):
    """The default detector: what a day lost against ordinary days, and how improbable it is at this airport.

    A score of 1 or more is flagged, however many days that are. It is the larger of two, each 1 where a day begins to be
    abnormal:

    - the loss (losses.py): flights cancelled and minutes of delay above what ordinary days suggest. It is absolute, so
      that no airport's bad season hides its worst days;
    - the evidence, in units of the evidence that an ordinary day of this panel reaches with a probability of `rare`
      (tail.py), and no more than the loss in units of `LEAST_LOSS`: what is improbable but lost nothing is not abnormal.

    Evidence is meant as log posterior odds, in units in which it counts as a z-value does: log likelihood ratio of the day
    itself plus log prior odds. The day's own is √(delays² + cancellations²). Delays: mean, median, 90th percentile and
    share of departures 15 minutes late or more, each over the airport's own season and weekday, with a variance of days
    plus one of flights over the number departed (delays.py), less half the swing that companions share that day. One
    flight of three that is four hours late moves the mean and hardly the others; a bad day moves all. Cancellations: how
    improbable so many are for that airport and that number of flights (cancellations.py); a day with every flight
    cancelled has no mean and is scored by them alone. Both are compressed: tails are long, and twice as late is not twice
    as certain.

    Prior: `trust` × the share of its companions that are disrupted by their own evidence (companions.py), and `memory`
    × whether the airport was so the day before and is the day after. It tells where to look closer and raises no
    score of a day that shows nothing itself.

    Both sides are scored: an unusually early day has the evidence that its mean and all measures together bear out, in the
    measure of that side's own, shorter tail; nothing has to be lost on it.
    `observed`, `expected`, `lower` and `upper` of its rows are the mean delay's, in minutes; the interval is `width`
    standard deviations of an ordinary day with that many flights scheduled, its lower side drawn in as far as that tail is
    shorter, and wide enough below to hold the mean of those few that left on a day of cancellations.
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
        """Score all days, each by itself and the days before it (online.py)."""
        from tarmac.detect.disruption.online import score_online

        return score_online(self, panel)

    def cut_of(self, evidence: FloatArray) -> float:
        """The evidence from which on a day is rare among days with this evidence."""
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
        """The score, 1 where a day begins to be abnormal, from the evidence of either side and from what was lost.

        Args:
            panel: of the mean delay.
            means: what was expected of it.
            evidence: of each day.
            stretch: by how much the early side's tail is shorter; one number or one a day, as `cut`.
            cut: the evidence from which on a day is rare.
            share: cancelled on an ordinary day; one column or one a day, as `swing`.
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
    """The panel of the mean delay and those of the other three measures of delay; `so_far` as in `shares_of`."""
    medians, tails = (replace(panel, value=_column(panel, f"{name}_dep_delay")) for name in ("median", "p90"))
    return [panel, medians, tails, shares_of(panel, so_far=so_far)]


def _column(panel: Panel, name: str) -> FloatArray:
    """A further column of gold; one that the panel was made without says nothing."""
    return panel.also.get(name, nothing(panel))


def shares_of(panel: Panel, *, so_far: bool = False) -> Panel:
    """The share of late departures after Anscombe's arcsine, which makes its variance nearly free of its level.

    Where the share never changes, as at an airport without any late flight all year, it has no scale and says nothing.
    `so_far`: where it has not changed up to that day.
    """
    share = _column(panel, "dep_del15_share")
    varies = np.fmax.accumulate(share, axis=1) > np.fmin.accumulate(share, axis=1)
    late = np.where(varies if so_far else varies[:, -1:], share, np.nan) * panel.departed
    angle = np.arcsin(np.sqrt(np.clip((late + 0.375) / (panel.departed + 0.75), 0.0, 1.0)))
    spread = np.where(np.isnan(angle), np.nan, SHARE_SPREAD)
    return replace(panel, value=100.0 * angle, also={**panel.also, "std_dep_delay": spread})
