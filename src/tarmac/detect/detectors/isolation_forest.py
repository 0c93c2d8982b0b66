"""Isolation Forest, airport by airport: how few random splits separate a day's mean delay from the other days'."""

import hashlib
from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np

from tarmac.declare import SEEDS, Limit, limited
from tarmac.detect.contract import Scores, nothing
from tarmac.detect.detectors.by_airport import AirportByAirport, AirportDays, ShareOfEach
from tarmac.detect.panel import BoolArray, FloatArray, Panel


@dataclass(frozen=True, kw_only=True)
class IsolationForest(AirportByAirport, ShareOfEach):
    """One forest per airport over its mean delays; the highest `contamination` of an airport's days are flagged.

    Scores are those of scikit-learn's IsolationForest with the sign reversed: higher is more anomalous. With its 100
    trees, the ranks of an airport's days by two seeds have a Spearman correlation of only 0.75 to
    0.98; 500 trees cost little here and reduce this randomness. An airport
    whose days are all equal, or fewer than fourteen, is not scored. `expected` is the airport's median; `lower` and
    `upper` are the nearest values around it up to which no day is flagged.
    """

    name: ClassVar[str] = "isolation_forest"

    trees: int = limited(500, Limit(at_least=1))
    subsample: int = limited(256, Limit(at_least=2))
    seed: int = limited(0, SEEDS)

    def score_airport(self, airport: AirportDays) -> Scores:
        """Score each day among all days of the airport."""
        from tarmac.detect.kernels.isolation import isolation_scores

        days = airport.days[np.argsort(airport.known, kind="stable")]
        score = np.full(airport.value.size, np.nan)
        seed = seed_of(airport.origin, self.seed)
        score[days] = isolation_scores(airport.value[days], self.trees, self.subsample, seed)
        return airport.scores(score=score, expected=airport.on_days(np.median(airport.known)))

    def score(self, panel: Panel, *, workers: int = 1) -> Scores:
        """Score each airport's days; the interval follows from which of the scored ones are flagged."""
        scored = super().score(panel, workers=workers)
        lower, upper = _interval(panel, scored.expected, self.flags(panel, scored))
        return replace(scored, lower=lower, upper=upper)


def seed_of(origin: str, seed: int) -> np.uint64:
    """A seed from the airport's name, not its position, so that other airports do not change its scores."""
    digest = hashlib.blake2b(f"{origin}|{seed}".encode(), digest_size=8).digest()
    return np.uint64(int.from_bytes(digest, "little"))


def _interval(panel: Panel, expected: FloatArray, flags: BoolArray) -> tuple[FloatArray, FloatArray]:
    """The smallest and largest value around each airport's median with no flagged value between."""
    lower, upper = nothing(panel), nothing(panel)
    for airport, series in enumerate(panel.value):
        days = ~np.isnan(expected[airport])
        if not days.any():
            continue
        centre = expected[airport, days][0]
        flagged, quiet = series[flags[airport]], series[days & ~flags[airport]]
        floor = max(flagged[flagged < centre], default=-np.inf)
        ceiling = min(flagged[flagged > centre], default=np.inf)
        inside = quiet[(quiet > floor) & (quiet < ceiling)]
        lower[airport, days] = min(inside, default=centre)
        upper[airport, days] = max(inside, default=centre)
    return lower, upper
