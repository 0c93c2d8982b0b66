"""Detectors that know nothing: what beats neither is no detector."""

import hashlib
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from tarmac.detect.contract import Judgement, nothing
from tarmac.detect.panel import BoolArray, Panel
from tarmac.detect.thresholds.flags import flag_share_of_each, on_judged_days


@dataclass(frozen=True, kw_only=True)
class _Floor:
    """No expectation and no interval; the highest `share` of each airport's scores are flagged."""

    measure: ClassVar[str] = "mean_dep_delay"
    reads: ClassVar[str] = "mean_dep_delay"
    also: ClassVar[tuple[str, ...]] = ()
    pools: ClassVar[bool] = False
    looks_ahead: ClassVar[bool] = False

    share: float = 0.01

    def flags(self, panel: Panel, judgement: Judgement) -> BoolArray:
        """Flag a share of each airport's judged days."""
        return on_judged_days(panel, flag_share_of_each(judgement.score[:, panel.judged], self.share))


@dataclass(frozen=True, kw_only=True)
class Constant(_Floor):
    """Every day the same score: nothing is ever flagged."""

    name: ClassVar[str] = "constant"

    def judge(self, panel: Panel, *, workers: int = 1) -> Judgement:  # noqa: ARG002 - nothing to share out
        """Score 0 wherever there is a value."""
        none = nothing(panel)
        return Judgement(expected=none, lower=none, upper=none, score=np.where(np.isnan(panel.value), np.nan, 0.0))


@dataclass(frozen=True, kw_only=True)
class Random(_Floor):
    """A score drawn from 0–1, by the airport's name, the day and the seed: the same in every run."""

    name: ClassVar[str] = "random"

    seed: int = 0

    def judge(self, panel: Panel, *, workers: int = 1) -> Judgement:  # noqa: ARG002 - too quick to share out
        """Draw wherever there is a value."""
        score = nothing(panel)
        for airport, origin in enumerate(panel.origins):
            digest = hashlib.blake2b(f"{origin}|{self.seed}".encode(), digest_size=8).digest()
            score[airport] = np.random.default_rng(int.from_bytes(digest, "little")).random(panel.shape[1])
        score[np.isnan(panel.value)] = np.nan
        none = nothing(panel)
        return Judgement(expected=none, lower=none, upper=none, score=score)
