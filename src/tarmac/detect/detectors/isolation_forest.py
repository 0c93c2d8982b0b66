"""Isolation Forest, airport by airport: how easily a day's mean delay is set apart from the airport's other days."""

import hashlib
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from tarmac.detect.contract import Judgement, checked, nothing
from tarmac.detect.panel import BoolArray, FloatArray, Panel
from tarmac.detect.parallel import for_each_airport
from tarmac.detect.thresholds.flags import FEWEST_DAYS, flag_share_of_each, on_judged_days


@dataclass(frozen=True, kw_only=True)
class IsolationForest:
    """One forest an airport over its mean delays; the highest `contamination` of an airport's days are flagged.

    Scores are those of scikit-learn's IsolationForest with the sign turned: higher is more anomalous. With its 100
    trees, two forests of different seeds agree on the rank of an airport's days to a Spearman correlation of 0.75 to
    0.98 only; 500 trees cost little here and let chance decide less. An airport
    whose days are all equal, or fewer than fourteen, is not judged. `expected` is the airport's median; `lower` and
    `upper` are the nearest values around it up to which no day is flagged.
    """

    name: ClassVar[str] = "isolation_forest"
    measure: ClassVar[str] = "mean_dep_delay"
    reads: ClassVar[str] = "mean_dep_delay"
    also: ClassVar[tuple[str, ...]] = ()
    pools: ClassVar[bool] = False
    looks_ahead: ClassVar[bool] = True

    trees: int = 500
    subsample: int = 256
    contamination: float = 0.01
    seed: int = 0

    def __post_init__(self) -> None:
        """Refuse a forest without trees, a subsample of one, and a share that is none."""
        checked(self.trees >= 1, f"isolation_forest: trees is {self.trees}. It must be 1 or more; 500 is usual.")
        checked(
            self.subsample >= 2, f"isolation_forest: subsample is {self.subsample}. It must be 2 or more; 256 is usual."
        )
        checked(
            0.0 < self.contamination <= 0.5,
            f"isolation_forest: outliers_fraction is {self.contamination}. It must be in (0, 0.5]; 0.01 is usual.",
        )

    def judge(self, panel: Panel, *, workers: int = 1) -> Judgement:
        """Score each airport's days among all days of that airport, history included."""
        from tarmac.detect.kernels.isolation import isolation_scores

        score, expected = nothing(panel), nothing(panel)

        def one_airport(airport: int) -> None:
            series = panel.value[airport]
            days = np.flatnonzero(~np.isnan(series))
            if days.size < FEWEST_DAYS or series[days].min() == series[days].max():
                return
            days = days[np.argsort(series[days], kind="stable")]
            seed = _seed_of(panel.origins[airport], self.seed)
            score[airport, days] = isolation_scores(series[days], self.trees, self.subsample, seed)
            expected[airport, days] = np.median(series[days])

        for_each_airport(one_airport, len(panel.origins), workers=workers)
        flags = self._flags(panel, score)
        lower, upper = _interval(panel, expected, flags)
        return Judgement(expected=expected, lower=lower, upper=upper, score=score)

    def flags(self, panel: Panel, judgement: Judgement) -> BoolArray:
        """Flag the highest `contamination` of each airport's judged days."""
        return self._flags(panel, judgement.score)

    def _flags(self, panel: Panel, score: FloatArray) -> BoolArray:
        return on_judged_days(panel, flag_share_of_each(score[:, panel.judged], self.contamination))


def _seed_of(origin: str, seed: int) -> np.uint64:
    """A seed from the airport's name, not its place, so that one airport more or less changes no other's score."""
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
