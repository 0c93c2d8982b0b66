"""Two trivial detectors, a constant and a random score: a detector is useful only if it beats both."""

import hashlib
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from tarmac.declare import SEEDS, limited
from tarmac.detect.contract import Scores, nothing
from tarmac.detect.detectors.by_airport import ShareOfEach
from tarmac.detect.panel import FloatArray, Panel


@dataclass(frozen=True, kw_only=True)
class Constant(ShareOfEach):
    """The same score for every day: nothing is ever flagged."""

    name: ClassVar[str] = "constant"
    looks_ahead: ClassVar[bool] = False

    def score(self, panel: Panel, *, workers: int = 1) -> Scores:  # noqa: ARG002 - nothing to share out
        """Score 0 wherever there is a value."""
        return _without_expectation(panel, np.zeros(panel.shape))


@dataclass(frozen=True, kw_only=True)
class Random(ShareOfEach):
    """A random score in 0–1, determined by the airport's name, the day and the seed: the same in every run."""

    name: ClassVar[str] = "random"
    looks_ahead: ClassVar[bool] = False

    seed: int = limited(0, SEEDS)

    def score(self, panel: Panel, *, workers: int = 1) -> Scores:  # noqa: ARG002 - too quick to share out
        """Draw a score wherever there is a value."""
        score = nothing(panel)
        for airport, origin in enumerate(panel.origins):
            digest = hashlib.blake2b(f"{origin}|{self.seed}".encode(), digest_size=8).digest()
            score[airport] = np.random.default_rng(int.from_bytes(digest, "little")).random(panel.shape[1])
        return _without_expectation(panel, score)


def _without_expectation(panel: Panel, score: FloatArray) -> Scores:
    none = nothing(panel)
    return Scores(expected=none, lower=none, upper=none, score=np.where(np.isnan(panel.value), np.nan, score))
