"""The reference pipeline's two rules, unchanged, for comparison; slow, and they need the extra `compare`.

Their known weaknesses are kept: missing days are dropped, so that the days around a gap become neighbours, and the
residuals are in-sample.
"""

import warnings
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from tarmac.declare import SEEDS, limited
from tarmac.detect.contract import Scores
from tarmac.detect.detectors.by_airport import AirportByAirport, AirportDays, ShareOfEach
from tarmac.detect.panel import BoolArray, FloatArray, Panel
from tarmac.detect.thresholds.flags import flag_reference, on_scored_days
from tarmac.settings import ORDERS


@dataclass(frozen=True, kw_only=True)
class ReferenceArima(AirportByAirport):
    """statsmodels' ARIMA(p, 0, q) of least AIC; flagged where residual² ≥ mean + standard deviation of residual²."""

    name: ClassVar[str] = "reference_arima"
    slow: ClassVar[bool] = True
    needs: ClassVar[tuple[str, ...]] = ("statsmodels",)
    instead: ClassVar[str] = "arima"
    threads: ClassVar[bool] = False  # statsmodels holds the GIL, and warning filters apply to all threads

    max_p: int = limited(4, ORDERS)
    max_q: int = limited(4, ORDERS)

    def score_airport(self, airport: AirportDays) -> Scores:
        """Fit the airport's series; the score is |residual|."""
        expected = airport.on_days(_arima_predictions(airport.known, self.max_p, self.max_q))
        return airport.scores(score=np.abs(airport.value - expected), expected=expected)

    def flags(self, panel: Panel, scores: Scores) -> BoolArray:
        """Flag by the reference's rule."""
        return on_scored_days(panel, flag_reference(scores.score[:, panel.scored]))


@dataclass(frozen=True, kw_only=True)
class ReferenceForest(AirportByAirport, ShareOfEach):
    """scikit-learn's IsolationForest over each airport's mean delays, with its own contamination."""

    name: ClassVar[str] = "reference_if"
    slow: ClassVar[bool] = True
    threads: ClassVar[bool] = False  # scikit-learn holds the GIL

    seed: int = limited(0, SEEDS)

    def score_airport(self, airport: AirportDays) -> Scores:
        """Fit the airport's days; the score is scikit-learn's with the sign reversed."""
        from sklearn.ensemble import IsolationForest

        features = airport.known[:, None]
        scores = -IsolationForest(random_state=self.seed).fit(features).score_samples(features)
        return airport.scores(score=airport.on_days(scores), expected=airport.on_days(np.median(airport.known)))


def _arima_predictions(series: FloatArray, max_p: int, max_q: int) -> FloatArray:
    from statsmodels.tsa.arima.model import ARIMA

    best = None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it warns about starting values and convergence for every series
        for p in range(max_p + 1):
            for q in range(max_q + 1):
                try:
                    fitted = ARIMA(series, order=(p, 0, q)).fit()
                except np.linalg.LinAlgError:
                    continue
                if best is None or fitted.aic < best.aic:
                    best = fitted
    return np.full(series.size, np.nan) if best is None else np.asarray(series - best.resid)
