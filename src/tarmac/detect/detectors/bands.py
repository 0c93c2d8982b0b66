"""Bands around a level: the simplest detectors that deserve the name, each airport on its own."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from tarmac.detect.contract import Judgement, checked, nothing
from tarmac.detect.panel import BoolArray, FloatArray, Panel
from tarmac.detect.parallel import for_each_airport
from tarmac.detect.thresholds.flags import FEWEST_DAYS, flag_above, on_judged_days

NORMAL = 1.4826
"""A normal distribution's standard deviation over its median absolute deviation."""


@dataclass(frozen=True, kw_only=True)
class Band:
    """Score: the distance from the level over the spread; a score above `cut` is flagged."""

    name: ClassVar[str]
    measure: ClassVar[str] = "mean_dep_delay"
    reads: ClassVar[str] = "mean_dep_delay"
    also: ClassVar[tuple[str, ...]] = ()
    pools: ClassVar[bool] = False
    looks_ahead: ClassVar[bool] = True

    cut: float = 5.0

    def __post_init__(self) -> None:
        checked(self.cut > 0, f"{self.name}: cut is {self.cut}. It must be above 0 spreads; 5 is usual.")

    def flags(self, panel: Panel, judgement: Judgement) -> BoolArray:
        """Flag what lies outside the band."""
        return on_judged_days(panel, flag_above(judgement.score[:, panel.judged], self.cut))

    def judgement(self, panel: Panel, level: FloatArray, spread: FloatArray) -> Judgement:
        """The judgement by a level and its spread; NaN where either is missing or nothing spreads."""
        known = ~np.isnan(panel.value) & (spread > 0)
        level, spread = np.where(known, level, np.nan), np.where(known, spread, np.nan)
        half = self.cut * spread
        score = np.abs(panel.value - level) / spread
        return Judgement(expected=level, lower=level - half, upper=level + half, score=score)


@dataclass(frozen=True, kw_only=True)
class GlobalBand(Band):
    """The airport's median and median absolute deviation over all its days: a robust z-score."""

    name: ClassVar[str] = "global_band"

    def judge(self, panel: Panel, *, workers: int = 1) -> Judgement:  # noqa: ARG002 - too quick to share out
        """Judge each day by the whole series."""
        level, spread = nothing(panel), nothing(panel)
        for airport, series in enumerate(panel.value):
            known = series[~np.isnan(series)]
            if known.size >= FEWEST_DAYS:
                level[airport] = np.median(known)
                spread[airport] = NORMAL * np.median(np.abs(known - level[airport, 0]))
        return self.judgement(panel, level, spread)


@dataclass(frozen=True, kw_only=True)
class RollingBand(Band):
    """Mean and standard deviation of the `window` days before: sees only the past, and one bad day widens the next."""

    name: ClassVar[str] = "rolling_band"
    looks_ahead: ClassVar[bool] = False

    cut: float = 4.0
    window: int = 28

    def __post_init__(self) -> None:
        """Refuse a window too short for a spread."""
        super().__post_init__()
        checked(self.window >= 7, f"rolling_band: window is {self.window} days. It must be 7 or more; 28 is usual.")

    def judge(self, panel: Panel, *, workers: int = 1) -> Judgement:  # noqa: ARG002 - too quick to share out
        """Judge each day by those before it; NaN until half the window's days have a value."""
        level, spread = nothing(panel), nothing(panel)
        days = panel.shape[1]
        for day in range(self.window // 2, days):
            past = panel.value[:, max(0, day - self.window) : day]
            known = ~np.isnan(past)
            count = known.sum(axis=1)
            enough = count >= self.window // 2
            mean = np.sum(past, axis=1, where=known) / np.maximum(count, 1)
            square = np.sum((past - mean[:, None]) ** 2, axis=1, where=known) / np.maximum(count - 1, 1)
            level[enough, day], spread[enough, day] = mean[enough], np.sqrt(square[enough])
        return self.judgement(panel, level, spread)


@dataclass(frozen=True, kw_only=True)
class WeekdaySeason(Band):
    """A robust season and weekday (kernels.baseline), and the median absolute deviation of what is left."""

    name: ClassVar[str] = "weekday_season"

    window: float = 28.0

    def judge(self, panel: Panel, *, workers: int = 1) -> Judgement:
        """Judge each day by the weeks around it and its weekday."""
        from tarmac.detect.kernels.baseline import season_and_weekday

        level, spread = nothing(panel), nothing(panel)

        def one_airport(airport: int) -> None:
            series = panel.value[airport]
            known = ~np.isnan(series)
            if known.sum() < FEWEST_DAYS:
                return
            usual = NORMAL * np.median(np.abs(series[known] - np.median(series[known])))
            if usual > 0:
                level[airport] = season_and_weekday(series, np.full(series.size, usual), panel.weekdays, self.window)
                spread[airport] = NORMAL * np.median(np.abs(series[known] - level[airport, known]))

        for_each_airport(one_airport, len(panel.origins), workers=workers)
        return self.judgement(panel, level, spread)
