"""Bands around an expected level, for each airport separately: the simplest useful detectors."""

from abc import abstractmethod
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from tarmac.declare import POSITIVE, Limit, limited
from tarmac.detect.contract import Detector, Scores
from tarmac.detect.detectors.by_airport import AirportByAirport, AirportDays
from tarmac.detect.panel import BoolArray, FloatArray, Panel
from tarmac.detect.thresholds.flags import flag_above, on_scored_days

NORMAL = 1.4826
"""A normal distribution's standard deviation over its median absolute deviation."""

NEXT_TO_NOTHING = 1e-9
"""Scales of residuals below this share of the series' own are rounding errors: the method explains every day."""

RESOLUTION = 0.2
"""The least scale of residuals, as a share of the series' robust spread: no method explains 96 % of real delays' variance."""


@dataclass(frozen=True, kw_only=True)
class Band(Detector):
    """Score: the distance from the level over the spread; a score above `cut` is flagged."""

    cut: float = limited(5.0, POSITIVE)

    def flags(self, panel: Panel, scores: Scores) -> BoolArray:
        """Flag days outside the band."""
        return on_scored_days(panel, flag_above(scores.score[:, panel.scored], self.cut))

    def scores(self, value: FloatArray, level: FloatArray, spread: FloatArray) -> Scores:
        """The scores by a level and its spread; NaN where either is missing or the spread is 0."""
        known = ~np.isnan(value) & (spread > 0)
        level, spread = np.where(known, level, np.nan), np.where(known, spread, np.nan)
        half = self.cut * spread
        score = np.abs(value - level) / spread
        return Scores(expected=level, lower=level - half, upper=level + half, score=score)


@dataclass(frozen=True, kw_only=True)
class AirportBand(Band, AirportByAirport):
    """A band for each airport separately: a detector overrides `level_and_spread`."""

    @abstractmethod
    def level_and_spread(self, airport: AirportDays) -> tuple[FloatArray, FloatArray | float]:
        """The expected value of each day, and the spread of ordinary days around it; 0 or NaN for none."""

    def score_airport(self, airport: AirportDays) -> Scores:
        """Score by the level and its spread."""
        level, spread = self.level_and_spread(airport)
        return self.scores(airport.value, level, np.broadcast_to(spread, level.shape))


@dataclass(frozen=True, kw_only=True)
class ResidualBand(AirportBand):
    """A band by the robust scale of the residuals from an expectation. A detector overrides `expectation`."""

    @abstractmethod
    def expectation(self, airport: AirportDays) -> FloatArray:
        """The expected value of each day."""

    def level_and_spread(self, airport: AirportDays) -> tuple[FloatArray, float]:
        """The expectation, and the scale of its residuals."""
        level = self.expectation(airport)
        return level, robust_spread(airport.known - level[airport.days], airport.known)


def robust_spread(residual: FloatArray, known: FloatArray) -> float:
    """1.4826 × the median absolute residual; the series' standard deviation if more than half of the residuals are zero.

    At least RESOLUTION of the series' robust spread, because a method that reproduces a series leaves only rounding errors.
    """
    usual = float(np.std(known))

    def scale_of(deviations: FloatArray) -> float:
        spread = NORMAL * float(np.median(np.abs(deviations)))
        return spread if spread > NEXT_TO_NOTHING * usual else usual

    return max(scale_of(residual), RESOLUTION * scale_of(known - np.median(known)))


@dataclass(frozen=True, kw_only=True)
class GlobalBand(AirportBand):
    """The airport's median and median absolute deviation over all its days: a robust z-score."""

    name: ClassVar[str] = "global_band"

    def level_and_spread(self, airport: AirportDays) -> tuple[FloatArray, float]:
        """The median of the whole series."""
        level = np.full(airport.value.size, np.median(airport.known))
        return level, NORMAL * float(np.median(np.abs(airport.known - level[0])))


@dataclass(frozen=True, kw_only=True)
class RollingBand(AirportBand):
    """Mean and standard deviation of the `window` days before: uses only the past, and a bad day widens the next days' bands."""

    name: ClassVar[str] = "rolling_band"
    looks_ahead: ClassVar[bool] = False

    cut: float = limited(4.0, POSITIVE)
    window: int = limited(28, Limit(at_least=7))

    def level_and_spread(self, airport: AirportDays) -> tuple[FloatArray, FloatArray]:
        """The days before each day; NaN until half the window's days have a value."""
        before = np.concatenate([np.full(self.window, np.nan), airport.value[:-1]])
        past = np.lib.stride_tricks.sliding_window_view(before, self.window)
        known = ~np.isnan(past)
        count = known.sum(axis=1)
        mean = np.sum(past, axis=1, where=known) / np.maximum(count, 1)
        square = np.sum((past - mean[:, None]) ** 2, axis=1, where=known) / np.maximum(count - 1, 1)
        return mean, np.where(count >= self.window // 2, np.sqrt(square), np.nan)


@dataclass(frozen=True, kw_only=True)
class WeekdaySeason(AirportBand):
    """A robust season and weekday (kernels.baseline), and the median absolute deviation of the residuals."""

    name: ClassVar[str] = "weekday_season"

    window: float = limited(28.0, POSITIVE)

    def level_and_spread(self, airport: AirportDays) -> tuple[FloatArray, float]:
        """The weeks around each day and its weekday."""
        from tarmac.detect.kernels.baseline import season_and_weekday

        known = airport.known
        usual = NORMAL * float(np.median(np.abs(known - np.median(known))))
        if not usual > 0:
            return np.full(airport.value.size, np.nan), 0.0
        deviation = np.full(airport.value.size, usual)
        level = season_and_weekday(airport.value, deviation, airport.weekdays, self.window, False)
        return level, NORMAL * float(np.median(np.abs(known - level[airport.days])))
