"""Disruption: delays and cancellations of a day and of the airports around it, against what few flights can prove."""

from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np

from tarmac.detect.contract import Detector, Judgement, checked, nothing
from tarmac.detect.disruption.cancellations import cancellation_scores
from tarmac.detect.disruption.companions import companions_of, days_beside
from tarmac.detect.disruption.delays import delay_scores
from tarmac.detect.disruption.tail import p_values
from tarmac.detect.panel import BoolArray, FloatArray, Panel
from tarmac.detect.thresholds.flags import flag_share_of_all, on_judged_days

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


WITHOUT_TAIL = 4.0
"""The score from which on a day is unlikely where there are too few days to tell how far ordinary ones reach."""


@dataclass(frozen=True, kw_only=True)
class Disruption(Detector):
    """The default detector: a day's own evidence, plus what companions and the days beside it make likely beforehand.

    A score is meant as log posterior odds, in units in which evidence counts as a z-value does: log likelihood ratio
    of the day itself plus log prior odds.

    Evidence is √(delays² + cancellations²). Delays: mean, median, 90th percentile and share of departures 15 minutes
    late or more, each over the airport's own season and weekday, with a variance of days plus one of flights over the
    number departed (delays.py), less half the swing that companions share that day. One flight of three that is four
    hours late moves the mean and hardly the others; a bad day moves all. Cancellations: how improbable so many are for
    that airport and that number of flights (cancellations.py); a day with every flight cancelled has no mean and is
    judged by them alone. Both are compressed: tails are long, and twice as late is not twice as certain.

    Prior: `trust` × the share of its companions that are disrupted by their own evidence (companions.py), and `memory`
    × whether the airport was so the day before and is the day after. It tells where to look closer and raises no
    score of a day that shows nothing itself.

    Both sides are judged: an unusually early day has the score that its mean and all measures together bear out, in the
    measure of that side's own, shorter tail.
    `observed`, `expected`, `lower` and `upper` of its rows are the mean delay's, in minutes; the interval is `width`
    standard deviations of a day with that many flights, its lower side drawn in as far as that tail is shorter. Where
    cancellations outweigh delays, the mean is of survivors and the interval is widened to hold it.

    Flagged are, of the highest `budget` of all airports' days, those whose score an ordinary day of this panel reaches
    with a probability of at most `rare` (tail.py: how far ordinary days reach differs from panel to panel), and those of
    `surely` or more, since a panel with many bad days has a tail of bad days; none below `at_least`. A month of one
    airport has no tail to speak of: there, those of 4 or more.
    """

    name: ClassVar[str] = "disruption"
    measure: ClassVar[str] = "disruption"
    reads: ClassVar[str] = "mean_dep_delay"
    also: ClassVar[tuple[str, ...]] = ("std_dep_delay", "median_dep_delay", "p90_dep_delay", "dep_del15_share")
    pools: ClassVar[bool] = True
    looks_ahead: ClassVar[bool] = True

    budget: float = 0.01
    rare: float = 0.0025
    at_least: float = 3.5
    surely: float = 5.0
    width: float = 3.0
    trust: float = 7.0
    memory: float = 0.8
    explained: float = 0.5

    def __post_init__(self) -> None:
        """Refuse a share that is none, and widths and weights that are negative."""
        super().__post_init__()
        checked(
            0.0 < self.budget <= 0.5,
            f"disruption: outliers_fraction is {self.budget}. It must be in (0, 0.5]; 0.01 is usual.",
        )
        checked(0.0 <= self.rare <= 1.0, f"disruption: rare is {self.rare}. It must be in [0, 1]; 0.0025 is usual.")
        checked(
            self.at_least <= self.surely,
            f"disruption: at_least is {self.at_least}, above surely, {self.surely}. It must not be; 3.5 and 5 are usual.",
        )
        checked(self.width > 0, f"disruption: width is {self.width}. It must be above 0; 3 is usual.")
        for name in ("trust", "memory", "explained"):
            weight = getattr(self, name)
            checked(weight >= 0, f"disruption: {name} is {weight}. It must be 0 or more.")

    def judge(self, panel: Panel, *, workers: int = 1) -> Judgement:
        """Judge all days with scheduled flights."""
        if not panel.origins:
            return Judgement(expected=panel.value, lower=panel.value, upper=panel.value, score=panel.value)
        means = delay_scores(panel, workers=workers)
        others = (delay_scores(other, workers=workers).z for other in (_medians(panel), _tails(panel), _shares(panel)))
        measures = (means.z, *others)
        z = _mean_known(*(_compressed(measure) for measure in measures))
        companions = companions_of(z)
        delays = z - self.explained * companions.swing_of(z)
        cancelled = _compressed(CANCELLED_WEIGHT * cancellation_scores(panel), COMPRESS_CANCELLED)
        evidence = _signed(delays, cancelled)
        disrupted = _probability(evidence)
        prior = self.trust * companions.mean_of(disrupted) + self.memory * days_beside(disrupted)
        late = evidence + prior * np.clip(evidence / 2.0, 0.0, 1.0)
        early = np.minimum(-means.z, -_mean_known(*measures))
        stretch = _stretch(early)
        score = np.where(panel.flights > 0, np.fmax(np.fmax(late, stretch * early), 0.0), np.nan)
        lower = means.expected - self.width / stretch * means.deviation
        upper = means.expected + self.width * means.deviation
        survivors = cancelled > np.abs(np.nan_to_num(delays))
        lower = np.where(survivors, np.fmin(lower, panel.value), lower)
        upper = np.where(survivors, np.fmax(upper, panel.value), upper)
        return Judgement(expected=means.expected, lower=lower, upper=upper, score=score)

    def flags(self, panel: Panel, judgement: Judgement) -> BoolArray:
        """Flag within the alert budget of all airports together what ordinary days do not reach."""
        score = judgement.score[:, panel.judged]
        known = ~np.isnan(score)
        p = p_values(score[known])
        unlikely = score >= (self.surely if (p < 1.0).any() else WITHOUT_TAIL)
        unlikely[known] |= p <= self.rare
        return on_judged_days(panel, unlikely & flag_share_of_all(score, self.budget, at_least=self.at_least))


def _medians(panel: Panel) -> Panel:
    return replace(panel, value=_column(panel, "median_dep_delay"))


def _tails(panel: Panel) -> Panel:
    return replace(panel, value=_column(panel, "p90_dep_delay"))


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
