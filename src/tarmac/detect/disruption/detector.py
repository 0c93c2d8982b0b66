"""Disruption: delays and cancellations of a day and of the airports around it, against what few flights can prove."""

from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np

from tarmac.declare import POSITIVE, Limit, limited
from tarmac.detect.contract import Detector, Judgement, nothing
from tarmac.detect.disruption.cancellations import cancellation_scores
from tarmac.detect.disruption.companions import companions_of, days_beside
from tarmac.detect.disruption.delays import Delays, delay_scores
from tarmac.detect.disruption.losses import loss_size, losses_of, ordinary_share, ordinary_swing
from tarmac.detect.disruption.tail import rare_score
from tarmac.detect.panel import BoolArray, FloatArray, Panel
from tarmac.detect.thresholds.flags import on_judged_days

COMPRESS, COMPRESS_CANCELLED = 3.0, 2.0
"""From how many standard deviations on a z-value is compressed, of delays and of cancellations."""

CANCELLED_WEIGHT = 1.4
"""A cancelled flight is the worse disruption: a few more than usual count like a larger delay."""

SHARE_SPREAD = 50.0
"""The arcsine of a share of n, in hundredths, has a standard deviation of 50/√n."""

EVEN, STEEPNESS = 4.5, 3.0
"""The evidence at which a day is as likely disrupted as not, and how fast the log odds of that grow with evidence."""

FEWEST_FOR_TAIL, NORMAL_TAIL = 1000, 2.576
"""Airport-days from which on the early side's tail is measured, and where 0.5 % of a normal's values lie beyond."""


LEAST_RARE, WITHOUT_TAIL = 3.5, 4.0
"""The evidence below which no day is rare, and from which on one is where too few days tell how far ordinary ones reach."""

LEAST_LOSS = 0.05
"""The lost share of the schedule (severity.py) below which evidence alone does not make a day abnormal."""


@dataclass(frozen=True, kw_only=True)
class Disruption(Detector):
    """The default detector: what a day lost against ordinary days, and how improbable it is at this airport.

    A score of 1 or more is flagged, however many days that are. It is the larger of two, each 1 where a day begins to be
    abnormal:

    - the loss (losses.py): flights cancelled and minutes of delay above what ordinary days let expect. It is absolute, so
      that no airport's bad season hides its worst days;
    - the evidence, in units of the evidence that an ordinary day of this panel reaches with a probability of `rare`
      (tail.py), and no more than the loss in units of `LEAST_LOSS`: what is improbable but lost nothing is not abnormal.

    Evidence is meant as log posterior odds, in units in which it counts as a z-value does: log likelihood ratio of the day
    itself plus log prior odds. The day's own is √(delays² + cancellations²). Delays: mean, median, 90th percentile and
    share of departures 15 minutes late or more, each over the airport's own season and weekday, with a variance of days
    plus one of flights over the number departed (delays.py), less half the swing that companions share that day. One
    flight of three that is four hours late moves the mean and hardly the others; a bad day moves all. Cancellations: how
    improbable so many are for that airport and that number of flights (cancellations.py); a day with every flight
    cancelled has no mean and is judged by them alone. Both are compressed: tails are long, and twice as late is not twice
    as certain.

    Prior: `trust` × the share of its companions that are disrupted by their own evidence (companions.py), and `memory`
    × whether the airport was so the day before and is the day after. It tells where to look closer and raises no
    score of a day that shows nothing itself.

    Both sides are judged: an unusually early day has the evidence that its mean and all measures together bear out, in the
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

    def judge(self, panel: Panel, *, workers: int = 1) -> Judgement:
        """Judge all days with scheduled flights."""
        if not panel.origins:
            return Judgement(expected=panel.value, lower=panel.value, upper=panel.value, score=panel.value)
        measures = [delay_scores(each, workers=workers) for each in measures_of(panel)]
        means, zs = measures[0], [each.z for each in measures]
        z = _mean_known(*(_compressed(each) for each in zs))
        companions = companions_of(z)
        delays = z - self.explained * companions.swing_of(z)
        cancelled = _compressed(CANCELLED_WEIGHT * cancellation_scores(panel), COMPRESS_CANCELLED)
        own = _signed(delays, cancelled)
        disrupted = _probability(own)
        prior = self.trust * companions.mean_of(disrupted) + self.memory * days_beside(disrupted)
        late = own + prior * np.clip(own / 2.0, 0.0, 1.0)
        early = np.minimum(-means.z, -_mean_known(*zs))
        stretch = _stretch(early)
        score = self._score(panel, means, late, stretch * early)
        survivors = cancelled > np.abs(np.nan_to_num(delays))
        lower = means.expected - self.width / stretch * means.of_ordinary_day
        return Judgement(
            expected=means.expected,
            lower=np.where(survivors, np.fmin(lower, panel.value), lower),
            upper=means.expected + self.width * means.of_ordinary_day,
            score=score,
        )

    def _score(self, panel: Panel, means: Delays, late: FloatArray, early: FloatArray) -> FloatArray:
        """1 where a day begins to be abnormal, from the evidence of either side and from what was lost."""
        there = panel.flights > 0
        evidence = np.where(there, np.fmax(np.fmax(late, early), 0.0), np.nan)
        rare = rare_score(evidence[~np.isnan(evidence)], self.rare)
        cut = WITHOUT_TAIL if rare is None else max(rare, LEAST_RARE)
        share = ordinary_share(panel.flights, panel.cancelled)
        losses = losses_of(panel, means.expected, share[:, None])
        size = loss_size(panel, losses, means.deviation, ordinary_swing(panel, means.expected, share))
        borne_out = np.fmin(np.fmax(late, 0.0) / cut, losses.share / LEAST_LOSS)
        return np.where(there, np.fmax(np.fmax(borne_out, early / cut), size), np.nan)

    def flags(self, panel: Panel, judgement: Judgement) -> BoolArray:
        """Flag scores of 1 or more."""
        return on_judged_days(panel, judgement.score[:, panel.judged] >= 1.0)


def measures_of(panel: Panel) -> list[Panel]:
    """The panel of the mean delay and those of the other three measures of delay."""
    medians, tails = (replace(panel, value=_column(panel, f"{name}_dep_delay")) for name in ("median", "p90"))
    return [panel, medians, tails, _shares(panel)]


def _column(panel: Panel, name: str) -> FloatArray:
    """A further column of gold; one that the panel was made without says nothing."""
    return panel.also.get(name, nothing(panel))


def _shares(panel: Panel) -> Panel:
    """The share of late departures after Anscombe's arcsine, which makes its variance nearly free of its level.

    Where the share never changes, as at an airport without any late flight all year, it has no scale and says nothing.
    """
    share = _column(panel, "dep_del15_share")
    known = ~np.isnan(share)
    highest = np.max(share, axis=1, where=known, initial=-np.inf, keepdims=True)
    varies = highest > np.min(share, axis=1, where=known, initial=np.inf, keepdims=True)
    late = np.where(varies, share, np.nan) * panel.departed
    angle = np.arcsin(np.sqrt(np.clip((late + 0.375) / (panel.departed + 0.75), 0.0, 1.0)))
    spread = np.where(np.isnan(angle), np.nan, SHARE_SPREAD)
    return replace(panel, value=100.0 * angle, also={**panel.also, "std_dep_delay": spread})


def _compressed(z: FloatArray, beyond: float = COMPRESS) -> FloatArray:
    """Nearly z up to `beyond`, then ever slower."""
    return np.asarray(beyond * np.arcsinh(z / beyond))


def _mean_known(*scores: FloatArray) -> FloatArray:
    """The mean of those that are known; NaN where none is."""
    total = np.sum([np.nan_to_num(z) for z in scores], axis=0)
    count = np.sum([~np.isnan(z) for z in scores], axis=0)
    return np.asarray(np.where(count > 0, total / np.maximum(count, 1), np.nan))


def _stretch(early: FloatArray) -> float:
    """By how much the early side's tail is shorter than a normal's, 1 … 2.

    Flights leave a little early or very late: what lies far out on the early side is rarer than the same z-value on the
    late side. For the same reason it is not compressed.
    """
    known = early[~np.isnan(early)]
    if known.size < FEWEST_FOR_TAIL:
        return 1.0
    return float(np.clip(NORMAL_TAIL / max(float(np.quantile(known, 0.995)), 1e-9), 1.0, 2.0))


def _signed(delays: FloatArray, cancelled: FloatArray) -> FloatArray:
    """Delays and cancellations together: negative where the day is early and cancellations do not outweigh that."""
    length = np.hypot(np.nan_to_num(delays), np.nan_to_num(cancelled))
    early = np.nan_to_num(delays) < -np.nan_to_num(cancelled)
    nothing_known = np.isnan(delays) & np.isnan(cancelled)
    return np.where(nothing_known, np.nan, np.where(early, -length, length))


def _probability(evidence: FloatArray) -> FloatArray:
    """That a day is disrupted, by its own evidence; NaN where there is none."""
    return np.asarray(1.0 / (1.0 + np.exp(-STEEPNESS * (evidence - EVEN))))
