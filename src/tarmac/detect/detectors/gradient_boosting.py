"""Gradient-boosted trees that predict a day from the calendar and the days before."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from tarmac.declare import SEEDS, Limit, limited
from tarmac.detect.contract import Scores, nothing
from tarmac.detect.detectors.bands import NORMAL, Band, robust_spread
from tarmac.detect.panel import FloatArray, Panel
from tarmac.detect.thresholds.flags import FEWEST_DAYS

LAGS = (1, 2, 3, 7, 14)
"""The lags of the predictors in days, besides the mean of the four weeks before."""

MONTH = 28

BOUND = 5.0
"""Targets and predictors are clipped at ± this many spreads: otherwise trees fit only the disasters."""


@dataclass(frozen=True, kw_only=True)
class GradientBoosting(Band):
    """scikit-learn's histogram gradient boosting, one model for all airports; the score is the residual's robust z-value.

    Delays are in the airport's own robust spreads. Predictors are the days before, the mean of four weeks, weekday,
    day of the year, and the flights. Predictions are out of fold: weeks are assigned in turn to `folds` parts, and a
    week is predicted by a model fitted without it, for all airports. One thread, because histograms summed across
    threads may differ in their last bits. Source: Friedman, Greedy Function Approximation: A Gradient Boosting
    Machine, Annals of Statistics 29 (2001).
    """

    name: ClassVar[str] = "gradient_boosting"
    pools: ClassVar[bool] = True

    folds: int = limited(5, Limit(at_least=2))
    trees: int = limited(60, Limit(at_least=1))
    seed: int = limited(0, SEEDS)

    def score(self, panel: Panel, *, workers: int = 1) -> Scores:  # noqa: ARG002 - see the class
        """Predict each week of all airports from the other weeks, history included."""
        centre, scale = _place_and_scale(panel)
        z = np.clip((panel.value - centre) / scale, -BOUND, BOUND)
        known = ~np.isnan(z)
        level, spread = nothing(panel), nothing(panel)
        if known.any():
            features = _features(panel, z)
            level[known] = self._out_of_fold(features[known], z[known], _fold_of(panel, self.folds)[known])
            level = centre + scale * level
        for airport in np.flatnonzero(known.any(axis=1)):
            days = known[airport]
            spread[airport] = robust_spread((panel.value - level)[airport, days], panel.value[airport, days])
        return self.scores(panel.value, level, spread)

    def _out_of_fold(self, x: FloatArray, y: FloatArray, fold: FloatArray) -> FloatArray:
        from sklearn.ensemble import HistGradientBoostingRegressor
        from threadpoolctl import threadpool_limits

        predicted = np.zeros(y.size)
        with threadpool_limits(limits=1):
            for part in np.unique(fold):
                inside = fold == part
                if inside.all():  # a single week: nothing to learn from
                    continue
                model = HistGradientBoostingRegressor(max_iter=self.trees, early_stopping=False, random_state=self.seed)
                # scikit-learn fails on a predictor that is missing on every training day.
                told = ~np.isnan(x[~inside]).all(axis=0)
                model.fit(x[~inside][:, told], y[~inside])
                predicted[inside] = model.predict(x[inside][:, told])
        return predicted


def _place_and_scale(panel: Panel) -> tuple[FloatArray, FloatArray]:
    """Each airport's median and robust spread, as columns; NaN where it cannot be scored."""
    place, scale = np.full((len(panel.origins), 1), np.nan), np.full((len(panel.origins), 1), np.nan)
    for airport, series in enumerate(panel.value):
        known = series[~np.isnan(series)]
        if known.size >= FEWEST_DAYS and known.min() < known.max():
            place[airport] = np.median(known)
            scale[airport] = NORMAL * np.median(np.abs(known - place[airport])) or np.std(known)
    return place, scale


def _features(panel: Panel, z: FloatArray) -> FloatArray:
    """Airports × days × features; NaN where an earlier day is missing, which the trees treat as a separate value."""
    padded = np.concatenate([np.full((len(z), MONTH), np.nan), z], axis=1)
    days = z.shape[1]
    lagged = [padded[:, MONTH - lag : MONTH - lag + days] for lag in LAGS]
    past = np.lib.stride_tricks.sliding_window_view(padded[:, :-1], MONTH, axis=1)
    seen = ~np.isnan(past)
    count = seen.sum(axis=2)
    mean = np.where(count > 0, np.sum(past, axis=2, where=seen) / np.maximum(count, 1), np.nan)
    dates = panel.dates.astype("datetime64[D]")
    day_of_year = (dates - dates.astype("datetime64[Y]")).astype(np.float64)
    calendar = [np.broadcast_to(each, z.shape) for each in (panel.weekdays.astype(np.float64), day_of_year)]
    return np.stack([*lagged, mean, *calendar, np.log1p(panel.flights)], axis=2)


def _fold_of(panel: Panel, folds: int) -> FloatArray:
    week = np.arange(panel.shape[1]) // 7 % folds
    return np.broadcast_to(week.astype(np.float64), panel.shape)
