"""One Isolation Forest over the days of all airports, with several measures per day."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from tarmac.declare import SEEDS, SHARE_OF_DAYS, Limit, limited
from tarmac.detect.contract import Detector, Scores, nothing
from tarmac.detect.detectors.bands import NORMAL
from tarmac.detect.panel import BoolArray, FloatArray, Panel
from tarmac.detect.parallel import for_each_airport
from tarmac.detect.thresholds.flags import FEWEST_DAYS, flag_share_of_all, on_scored_days

COMPRESS = 3.0
"""Number of spreads beyond which a feature is compressed: splits are drawn uniformly between the extremes, and one extreme
day would attract all splits."""

AT_ONCE = 20_000
"""Days scored at once, per thread."""


@dataclass(frozen=True, kw_only=True)
class PanelForest(Detector):
    """scikit-learn's forest over six features of an airport-day; the highest `budget` of all days are flagged.

    The mean delay less the airport's median, the mean delay less its season and weekday, the median delay, the share
    15 minutes late or more, and the logarithm of the flights, each over the airport's own robust spread; and the share
    cancelled, as it is. Missing features count as typical. So a day with every flight cancelled is scored by its
    cancellations. `expected` is the season and weekday's mean delay; there is no interval. Source: Liu, Ting and Zhou,
    Isolation Forest, IEEE ICDM (2008).
    """

    name: ClassVar[str] = "panel_forest"
    also: ClassVar[tuple[str, ...]] = ("median_dep_delay", "dep_del15_share")
    pools: ClassVar[bool] = True

    trees: int = limited(200, Limit(at_least=1))
    subsample: int = limited(1024, Limit(at_least=2))
    budget: float = limited(0.01, SHARE_OF_DAYS)
    seed: int = limited(0, SEEDS)

    def score(self, panel: Panel, *, workers: int = 1) -> Scores:
        """Score all airports' days among each other, history included."""
        from sklearn.ensemble import IsolationForest

        score, none = nothing(panel), nothing(panel)
        expected = _season(panel, workers)
        known = (panel.flights > 0) & (np.sum(~np.isnan(panel.value), axis=1, keepdims=True) >= FEWEST_DAYS)
        expected[~known] = np.nan
        if known.any():
            x = np.column_stack([feature[known] for feature in _features(panel, expected)])
            forest = IsolationForest(
                n_estimators=self.trees, max_samples=min(self.subsample, len(x)), random_state=self.seed
            ).fit(x)
            scores = np.empty(len(x))

            def one_part(part: int) -> None:
                some = slice(part * AT_ONCE, (part + 1) * AT_ONCE)
                scores[some] = -forest.score_samples(x[some])

            for_each_airport(one_part, -(-len(x) // AT_ONCE), workers=workers)
            score[known] = scores
        return Scores(expected=expected, lower=none, upper=none, score=score)

    def flags(self, panel: Panel, scores: Scores) -> BoolArray:
        """Flag within the alert budget of all airports together."""
        return on_scored_days(panel, flag_share_of_all(scores.score[:, panel.scored], self.budget))


def _season(panel: Panel, workers: int) -> FloatArray:
    from tarmac.detect.detectors.bands import WeekdaySeason

    return WeekdaySeason().score(panel, workers=workers).expected


def _features(panel: Panel, season: FloatArray) -> list[FloatArray]:
    flights = np.where(panel.flights > 0, panel.flights, np.nan)
    return [
        _standard(panel.value),
        _standard(panel.value - season),
        _standard(panel.also["median_dep_delay"]),
        _standard(panel.also["dep_del15_share"]),
        _standard(np.log(flights)),
        np.nan_to_num(panel.cancelled / flights),
    ]


def _standard(feature: FloatArray) -> FloatArray:
    """(feature − the airport's median) over its robust spread, compressed; 0 where it is missing or the spread is 0."""
    result = np.zeros(feature.shape)
    for airport, values in enumerate(feature):
        known = ~np.isnan(values)
        if not known.any():
            continue
        centred = values[known] - np.median(values[known])
        spread = NORMAL * np.median(np.abs(centred)) or np.std(centred)
        if spread > 0:
            result[airport, known] = COMPRESS * np.arcsinh(centred / spread / COMPRESS)
    return result
