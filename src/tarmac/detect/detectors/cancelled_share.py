"""The share of a day's flights that were cancelled, scored on its own, in both directions."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from scipy import special

from tarmac.declare import POSITIVE, SHARE_OF_DAYS, limited
from tarmac.detect.contract import Detector, Scores, nothing
from tarmac.detect.disruption.cancellations import DAY_SIZE, log_upper_tail, usual_level
from tarmac.detect.panel import BoolArray, FloatArray, Panel
from tarmac.detect.thresholds.flags import FEWEST_DAYS, flag_share_of_all, on_scored_days


@dataclass(frozen=True, kw_only=True)
class Cancellations(Detector):
    """How improbable so many, or so few, cancellations are for the airport and for that number of flights.

    The count model of cancellations.py: a beta-binomial about the airport's usual share, so that one of two cancelled
    is weak evidence and fifty of a hundred strong. The score is the normal z-value of the tail on the day's side.
    `expected` is the airport's usual share, `lower` … `upper` the shares whose z-value is at most `at_least`.
    At most airports cancellations are rare, and a day without any is no evidence; where they are common, it scores low.
    With few flights, an airport's level is shrunk towards the common one. Flagged are the highest `budget`
    of all airports' days, if their score exceeds `at_least`. Source: Skellam, A Probability Distribution Derived from
    the Binomial, Journal of the Royal Statistical Society B 10 (1948).
    """

    name: ClassVar[str] = "cancellations"
    measure: ClassVar[str] = "cancelled_share"
    reads: ClassVar[str] = "cancelled_share"
    pools: ClassVar[bool] = True

    budget: float = limited(0.01, SHARE_OF_DAYS)
    at_least: float = limited(3.0, POSITIVE)

    def score(self, panel: Panel, *, workers: int = 1) -> Scores:  # noqa: ARG002 - too quick to share out
        """Score all days with scheduled flights of airports that have fourteen such days."""
        known = panel.flights > 0
        known &= known.sum(axis=1, keepdims=True) >= FEWEST_DAYS
        level = np.broadcast_to(usual_share(panel.flights, panel.cancelled)[:, None], panel.shape)
        score, expected, lower, upper = (nothing(panel) for _ in range(4))
        flights, cancelled, share = panel.flights[known], panel.cancelled[known], level[known]
        alpha, beta = share * DAY_SIZE, (1.0 - share) * DAY_SIZE
        many = log_upper_tail(cancelled, flights, alpha, beta)
        few = log_upper_tail(flights - cancelled, flights, beta, alpha)
        score[known] = np.maximum(-special.ndtri_exp(np.minimum(np.minimum(many, few), np.log(0.5))), 0.0)
        expected[known] = share
        lower[known], upper[known] = _interval(flights, share, self.at_least)
        return Scores(expected=expected, lower=lower, upper=upper, score=score)

    def flags(self, panel: Panel, scores: Scores) -> BoolArray:
        """Flag within the alert budget of all airports together."""
        score = scores.score[:, panel.scored]
        return on_scored_days(panel, flag_share_of_all(score, self.budget, at_least=self.at_least))


def usual_share(flights: FloatArray, cancelled: FloatArray) -> FloatArray:
    """Each airport's usual share of cancelled flights, never 0 nor 1."""
    return np.clip(usual_level(flights, cancelled), 1e-9, 1.0 - 1e-9)


def _interval(flights: FloatArray, share: FloatArray, cut: float) -> tuple[FloatArray, FloatArray]:
    """The lowest and highest share of each day's flights whose z-value is at most `cut`."""
    pairs, which = np.unique(np.column_stack([flights, share]), axis=0, return_inverse=True)
    tail = special.ndtr(-cut)
    ends = np.empty(pairs.shape)
    for pair, (n, level) in enumerate(pairs):
        k = np.arange(int(n) + 1)
        alpha, beta = level * DAY_SIZE, (1.0 - level) * DAY_SIZE
        log_mass = -special.betaln(alpha, beta) + special.betaln(k + alpha, n - k + beta)
        mass = np.exp(log_mass + special.gammaln(n + 1) - special.gammaln(k + 1) - special.gammaln(n - k + 1))
        at_most, at_least = np.cumsum(mass), np.cumsum(mass[::-1])[::-1]
        inside = np.flatnonzero((at_most >= tail) & (at_least >= tail))
        ends[pair] = inside[0] / n, inside[-1] / n
    return ends[which.ravel(), 0], ends[which.ravel(), 1]
