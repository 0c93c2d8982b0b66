"""The detector `disruption` in online mode: each day is scored from that day and earlier days, in one pass.

Slowly changing quantities (variances, usual shares, companions, the tail of ordinary days) are estimated again every
`REFRESH` days from the days before. Each day's expected delay is a one-sided kernel average of the days before it, each with
the weight that it received on its own day. A day far above what was expected keeps only `FLOOR` of its weight, so weeks of bad
days stay abnormal, and a lasting change becomes normal after about two months.
"""

from collections.abc import Callable, Iterator

import numpy as np

from tarmac.detect.contract import Scores
from tarmac.detect.disruption.cancellations import cancellation_scores, usual_level
from tarmac.detect.disruption.companions import companions_of, days_beside
from tarmac.detect.disruption.delays import (
    FEWEST_AIRPORTS,
    FEWEST_DAYS,
    FLIGHT_SPREAD,
    PRIOR_DAYS,
    Delays,
    flight_variance_of,
)
from tarmac.detect.disruption.detector import SHARE_SPREAD, Disruption, measures_of
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
from tarmac.detect.disruption.losses import USUAL_SWING, Losses, losses_of, ordinary_share, ordinary_swing
from tarmac.detect.online import until
from tarmac.detect.panel import FloatArray, Panel

REFRESH = 28
"""Number of days after which slowly changing quantities are estimated again."""

VARIANCE_REFRESH = 7
"""Number of days after which the variance between days is estimated again; more often, as every score depends on it."""

REACH = 84
"""Number of days back at which the weight of the one-sided kernel reaches zero."""

FLOOR = 0.1
"""The least weight of a day, as a share of an ordinary day's."""

HUBER, FADES, GONE = 1.5, 2.0, 4.0
"""As in kernels/baseline.py."""

START = 0.4
"""The quantile of the first days from which the search for ordinary days starts."""

WEEKDAY_PRIOR = 4.0
"""Shrinkage of weekday effects, as a number of ordinary days."""

FIRST_SHARE = 0.01
"""The cancelled share on an ordinary day until there are days from which to estimate it."""

FIRST_VARIANCE = 25.0
"""The variance between days, in minutes², until there are enough days to estimate it."""


def refreshes(panel: Panel) -> Iterator[slice]:
    """The panel's days in blocks of `REFRESH`; the first block is split into two halves."""
    starts = [0, REFRESH // 2, *range(REFRESH, panel.shape[1], REFRESH)]
    for start, end in zip(starts, [*starts[1:], panel.shape[1]], strict=True):
        if start < panel.shape[1]:
            yield slice(start, min(end, panel.shape[1]))


def learnt(panel: Panel, learn: Callable[[Panel], FloatArray], first: float) -> FloatArray:
    """The result of `learn` on the days before each refresh, one value per airport, repeated for the days after it.

    `first` is used where there are no earlier days.
    """
    result = np.full(panel.shape, first)
    for days in refreshes(panel):
        if days.start:
            result[:, days] = learn(until(panel, days.start - 1))[:, None]
    return result


def losses_online(panel: Panel) -> Losses:
    """Each day's losses compared with the ordinary days before it; the panel must also have `std_dep_delay`."""
    if not panel.origins:
        return Losses(cancelled=panel.value, minutes=panel.value, flights=panel.value, share=panel.value)
    return losses_of(panel, delays_online(panel, flight_variance_online(panel)).expected, shares_online(panel))


def shares_online(panel: Panel) -> FloatArray:
    """The cancelled share on an ordinary day, airports × days."""
    return learnt(panel, lambda past: ordinary_share(past.flights, past.cancelled), FIRST_SHARE)


def flight_variance_online(panel: Panel) -> FloatArray:
    """The variance of one flight's delay, airports × days."""
    return learnt(panel, flight_variance_of, FLIGHT_SPREAD**2)


def delays_online(panel: Panel, flight_variance: FloatArray) -> Delays:
    """As `delay_scores`, using only the days before each day. Expected is NaN until an airport has eight days with a value."""
    pass_ = _Pass(panel, flight_variance)
    for day in range(panel.shape[1]):
        pass_.step(day)
    return pass_.delays()


def score_online(detector: Disruption, panel: Panel) -> Scores:
    """The detector's scores, each from the day itself and the days before it."""
    if not panel.origins:
        return Scores(expected=panel.value, lower=panel.value, upper=panel.value, score=panel.value)
    measures = _measures_online(panel)
    z = mean_known(*(compressed(each.z) for each in measures))
    blocks = [(days, companions_of(z[:, : days.start])) for days in refreshes(panel)]
    level = learnt(panel, lambda past: usual_level(past.flights, past.cancelled), FIRST_SHARE)
    cancelled = compressed(CANCELLED_WEIGHT * cancellation_scores(panel, level), COMPRESS_CANCELLED)
    swing = np.concatenate([companions.swing_of(z[:, days]) for days, companions in blocks], axis=1)
    own = signed(z - detector.explained * swing, cancelled)
    disrupted = probability(own)
    around = np.concatenate([companions.mean_of(disrupted[:, days]) for days, companions in blocks], axis=1)
    late = raised(own, detector.trust * around + detector.memory * days_beside(disrupted, after=False))
    early = early_of(measures)
    stretch = _learnt_of_days(panel, lambda days: stretch_of(early[:, days]))
    evidence = Evidence(own=own, cancelled=cancelled, late=late, early=stretch * early)
    known = np.where(panel.flights > 0, evidence.either, np.nan)
    return detector.scores(
        panel,
        measures[0],
        evidence,
        stretch=stretch,
        cut=_learnt_of_days(panel, lambda days: detector.cut_of(known[:, days])),
        share=shares_online(panel),
        swing=_swing_online(panel, measures[0].expected),
    )


def _measures_online(panel: Panel) -> list[Delays]:
    """Delays of the four measures, each using only the days before."""
    of_minutes = flight_variance_online(panel)
    means, medians, tails, shares = measures_of(panel, so_far=True)
    of_share = np.full(panel.shape, SHARE_SPREAD**2)
    return [*(delays_online(each, of_minutes) for each in (means, medians, tails)), delays_online(shares, of_share)]


def _learnt_of_days(panel: Panel, learn: Callable[[slice], float]) -> FloatArray:
    """One number per day: the result of `learn` on all days before its refresh."""
    return np.concatenate([np.full(days.stop - days.start, learn(slice(0, days.start))) for days in refreshes(panel)])


def _swing_online(panel: Panel, expected: FloatArray) -> FloatArray:
    """`ordinary_swing`, airports × days."""

    def learn(past: Panel) -> FloatArray:
        share = ordinary_share(past.flights, past.cancelled)
        return ordinary_swing(past, expected[:, : past.shape[1]], share)

    return learnt(panel, learn, USUAL_SWING)


class _Pass:
    """One pass over a panel's days; all arrays are airports × days."""

    def __init__(self, panel: Panel, flight_variance: FloatArray) -> None:
        self.value, self.weekdays = panel.value, panel.weekdays
        self.sampling = flight_variance / np.maximum(panel.departed, 1.0)
        self.of_schedule = flight_variance / np.maximum(panel.flights, 1.0)
        airports = len(panel.origins)
        self.known = ~np.isnan(panel.value)
        self.seen = np.cumsum(self.known, axis=1) - self.known
        self.expected, self.residual = np.full(panel.shape, np.nan), np.full(panel.shape, np.nan)
        self.variance, self.weight = np.full(panel.shape, FIRST_VARIANCE), np.zeros(panel.shape)
        self.adjusted = np.zeros(panel.shape)
        self.middle, self.started = np.zeros(airports), np.zeros(airports, dtype=np.bool_)
        self.moved, self.evidence = np.zeros((airports, 7)), np.zeros((airports, 7))
        lags = np.arange(1, REACH + 1)
        self.kernel = ((1.0 - (lags / (REACH + 1.0)) ** 3) ** 3)[::-1]

    def step(self, day: int) -> None:
        """Predict the day from the days before it, then update the state with it."""
        if day % VARIANCE_REFRESH == 0 and day:
            self.variance[:, day:] = _day_variance(self.residual[:, :day], self.sampling[:, :day])[:, None]
        deviation = np.sqrt(self.variance[:, day] + self.sampling[:, day])
        ready = self.seen[:, day] >= FEWEST_DAYS
        for airport in np.flatnonzero(ready & ~self.started):
            self._start(int(airport), day)
        season, effect = self._season(day), self._effect(self.weekdays[day])
        expected = np.where(ready, season + effect, np.nan)
        expected += _shock(self.value[:, day] - expected, deviation)
        self.expected[:, day], self.residual[:, day] = expected, self.value[:, day] - expected
        taken = ready & self.known[:, day]
        weight = np.where(taken, _weight(self.residual[:, day] / deviation) / deviation**2, 0.0)
        self.weight[:, day] = weight
        self.adjusted[:, day] = np.where(taken, self.value[:, day] - effect, 0.0)
        unit = weight * deviation**2
        self.moved[:, self.weekdays[day]] += unit * np.where(taken, self.value[:, day] - season, 0.0)
        self.evidence[:, self.weekdays[day]] += unit

    def _start(self, airport: int, day: int) -> None:
        """Weight an airport's first days by their distance from the level of its ordinary days."""
        self.started[airport] = True
        days = np.flatnonzero(self.known[airport, :day])
        values = self.value[airport, days]
        deviation = np.sqrt(self.variance[airport, days] + self.sampling[airport, days])
        self.middle[airport] = np.quantile(values, START)
        self.weight[airport, days] = _weight((values - self.middle[airport]) / deviation) / deviation**2
        self.adjusted[airport, days] = values

    def _season(self, day: int) -> FloatArray:
        first = max(0, day - REACH)
        kernel = self.kernel[REACH - (day - first) :]
        weight = self.weight[:, first:day] * kernel
        # A small weight on the first level ensures that there is a level after a long gap.
        trace = 0.01 / self.variance[:, day]
        bottom = weight.sum(axis=1) + trace
        return np.asarray(((weight * self.adjusted[:, first:day]).sum(axis=1) + trace * self.middle) / bottom)

    def _effect(self, weekday: int) -> FloatArray:
        effects = self.moved / (self.evidence + WEEKDAY_PRIOR)
        return np.asarray(effects[:, weekday] - effects.mean(axis=1))

    def delays(self) -> Delays:
        """The expected values and the days' deviations from them."""
        deviation = np.sqrt(self.variance + self.sampling)
        ordinary = np.sqrt(self.variance + self.of_schedule)
        return Delays(
            expected=self.expected, deviation=deviation, of_ordinary_day=ordinary, z=self.residual / deviation
        )


def _weight(z: FloatArray) -> FloatArray:
    """The weight of a day this many standard deviations above the expected, as a share of an ordinary day's weight."""
    size = np.abs(z)
    huber = np.where(size <= HUBER, 1.0, HUBER / np.maximum(size, HUBER))
    return np.asarray(np.maximum(huber * np.clip((GONE - z) / (GONE - FADES), 0.0, 1.0), FLOOR))


def _shock(residual: FloatArray, deviation: FloatArray) -> FloatArray:
    """The median standardised residual over airports on that day, in each airport's minutes."""
    z = residual / deviation
    known = z[~np.isnan(z)]
    return np.asarray(np.median(known) * deviation if known.size >= FEWEST_AIRPORTS else np.zeros(z.shape))


def _day_variance(residual: FloatArray, sampling: FloatArray) -> FloatArray:
    """As in delays.py, for all airports at once."""
    days = (~np.isnan(residual)).sum(axis=1)
    own = np.full(len(residual), np.nan)
    enough = days >= FEWEST_DAYS
    if not enough.any():
        return np.full(len(residual), FIRST_VARIANCE)
    own[enough] = np.maximum(np.nanmedian((residual[enough] / 0.6745) ** 2 - sampling[enough], axis=1), 0.0)
    weight = np.where(enough, days / (days + PRIOR_DAYS), 0.0)
    mixed = weight * np.nan_to_num(own) + (1.0 - weight) * np.nanmedian(own)
    return np.asarray(np.maximum(mixed, 1e-12))
