"""The reference pipeline's two rules, as they were, to be compared with; of the extra `compare`, and slow.

What they are known for is kept: missing days are dropped, so that the days around a gap become neighbours, and the
residuals are in-sample.
"""

import warnings
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from tarmac.detect.contract import Judgement, nothing
from tarmac.detect.panel import BoolArray, FloatArray, Panel
from tarmac.detect.thresholds.flags import FEWEST_DAYS, flag_reference, flag_share_of_each, on_judged_days
from tarmac.errors import InputError


@dataclass(frozen=True, kw_only=True)
class _Reference:
    measure: ClassVar[str] = "mean_dep_delay"
    reads: ClassVar[str] = "mean_dep_delay"
    also: ClassVar[tuple[str, ...]] = ()
    pools: ClassVar[bool] = False
    looks_ahead: ClassVar[bool] = True


@dataclass(frozen=True, kw_only=True)
class ReferenceArima(_Reference):
    """statsmodels' ARIMA(p, 0, q) of least AIC; flagged where residual² ≥ mean + standard deviation of residual²."""

    name: ClassVar[str] = "reference_arima"

    max_p: int = 4
    max_q: int = 4

    def judge(self, panel: Panel, *, workers: int = 1) -> Judgement:  # noqa: ARG002 - statsmodels keeps the GIL
        """Fit airport by airport; the score is |residual|."""
        expected = nothing(panel)
        for airport, series in enumerate(panel.value):
            days = np.flatnonzero(~np.isnan(series))
            if days.size >= FEWEST_DAYS and series[days].min() < series[days].max():
                expected[airport, days] = _arima_predictions(series[days], self.max_p, self.max_q)
        none = nothing(panel)
        return Judgement(expected=expected, lower=none, upper=none, score=np.abs(panel.value - expected))

    def flags(self, panel: Panel, judgement: Judgement) -> BoolArray:
        """Flag by the reference's rule."""
        return on_judged_days(panel, flag_reference(judgement.score[:, panel.judged]))


@dataclass(frozen=True, kw_only=True)
class ReferenceForest(_Reference):
    """scikit-learn's IsolationForest over each airport's mean delays, with its own contamination."""

    name: ClassVar[str] = "reference_if"

    contamination: float = 0.01
    seed: int = 0

    def judge(self, panel: Panel, *, workers: int = 1) -> Judgement:  # noqa: ARG002 - scikit-learn keeps the GIL
        """Fit airport by airport; the score is scikit-learn's with its sign turned."""
        from sklearn.ensemble import IsolationForest

        score = nothing(panel)
        for airport, series in enumerate(panel.value):
            days = np.flatnonzero(~np.isnan(series))
            if days.size >= FEWEST_DAYS and series[days].min() < series[days].max():
                features = series[days][:, None]
                forest = IsolationForest(random_state=self.seed).fit(features)
                score[airport, days] = -forest.score_samples(features)
        none = nothing(panel)
        medians = np.array([np.median(v[~np.isnan(v)]) if (~np.isnan(v)).any() else np.nan for v in panel.value])
        expected = np.where(np.isnan(score), np.nan, medians.reshape(-1, 1))
        return Judgement(expected=expected, lower=none, upper=none, score=score)

    def flags(self, panel: Panel, judgement: Judgement) -> BoolArray:
        """Flag the share of each airport's days that contamination names."""
        return on_judged_days(panel, flag_share_of_each(judgement.score[:, panel.judged], self.contamination))


def _arima_predictions(series: FloatArray, max_p: int, max_q: int) -> FloatArray:
    try:
        from statsmodels.tsa.arima.model import ARIMA
    except ImportError as error:
        raise InputError(
            "detector 'reference_arima' needs statsmodels, which is not installed. "
            "Install Tarmac's extra: pip install 'tarmac[compare]', or choose arima."
        ) from error
    best = None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it warns of starting values and of convergence, series after series
        for p in range(max_p + 1):
            for q in range(max_q + 1):
                try:
                    fitted = ARIMA(series, order=(p, 0, q)).fit()
                except np.linalg.LinAlgError:
                    continue
                if best is None or fitted.aic < best.aic:
                    best = fitted
    return np.full(series.size, np.nan) if best is None else np.asarray(series - best.resid)
