"""How well scores and flags agree with labels. Never point-adjusted: a long event is not found by its luckiest day.

All arrays are airports × days or flat; a score that is NaN says nothing and ranks below every other. `valid` are the days
with scheduled flights: only they count.
"""

from dataclasses import dataclass

import numpy as np

from tarmac.detect.panel import BoolArray, FloatArray


@dataclass(frozen=True, kw_only=True)
class Curve:
    """Precision and recall at each distinct score, from the highest down."""

    precision: FloatArray
    recall: FloatArray
    cut: FloatArray


@dataclass(frozen=True, kw_only=True)
class Agreement:
    """Precision, recall and their harmonic mean; 0 where there is nothing to be right about."""

    precision: float
    recall: float
    f1: float


def ranked(score: FloatArray) -> FloatArray:
    """The scores, with −∞ for missing ones."""
    return np.where(np.isnan(score), -np.inf, score)


def precision_recall(score: FloatArray, label: BoolArray) -> Curve:
    """The precision-recall curve; equal scores are one step, whatever their order."""
    order = np.argsort(-ranked(score), kind="stable")
    values, hits = ranked(score)[order], np.cumsum(label[order])
    ends = np.flatnonzero(np.append(values[1:] != values[:-1], values.size > 0))
    return Curve(precision=hits[ends] / (ends + 1.0), recall=hits[ends] / max(int(label.sum()), 1), cut=values[ends])


def average_precision(score: FloatArray, label: BoolArray) -> float:
    """Σ (recall − recall before) × precision over the distinct scores; NaN where no day is labelled."""
    if not label.any():
        return float("nan")
    curve = precision_recall(score, label)
    return float(np.sum(np.diff(curve.recall, prepend=0.0) * curve.precision))


def precision_at(score: FloatArray, label: BoolArray, first: int) -> float:
    """The share of true days among the `first` highest scores; ties at the cut count by their share of true days."""
    if not 0 < first <= score.size:
        return float("nan")
    values = ranked(score)
    cut = np.partition(values, values.size - first)[values.size - first]
    above, level = values > cut, values == cut
    return float((label[above].sum() + (first - above.sum()) * label[level].mean()) / first)


def agreement(flag: BoolArray, label: BoolArray) -> Agreement:
    """How flags and labels agree day by day."""
    both = int((flag & label).sum())
    return _agreement(both, int(flag.sum()), both, int(label.sum()))


def agreement_of_events(flag: BoolArray, label: BoolArray) -> Agreement:
    """How runs of days agree: recall is the share of true runs with a flag, precision the share of flagged runs with a
    true day. A run is an airport's days in a row; the longest run counts as one, and no flag is added to any.
    """
    found, true = _touched(label, flag)
    right, raised = _touched(flag, label)
    return _agreement(right, raised, found, true)


def budget_flags(score: FloatArray, valid: BoolArray, share: float) -> BoolArray:
    """The highest `share` of the valid days; fewer where scores tie at the cut."""
    values = ranked(score)[valid]
    allowed = int(np.floor(share * values.size))
    if allowed == 0:
        return np.zeros(score.shape, dtype=np.bool_)
    beyond = np.sort(values)[::-1][min(allowed, values.size - 1)]
    return np.asarray(valid & (ranked(score) > beyond))


def _agreement(right: int, raised: int, found: int, true: int) -> Agreement:
    precision = right / raised if raised else 0.0
    recall = found / true if true else 0.0
    both = precision + recall
    return Agreement(precision=precision, recall=recall, f1=2 * precision * recall / both if both else 0.0)


def _touched(of: BoolArray, by: BoolArray) -> tuple[int, int]:
    """How many runs of `of` hold a day of `by`, and how many runs there are."""
    edges = np.diff(of.astype(np.int8), prepend=0, append=0, axis=1)
    first, last = np.nonzero(edges == 1), np.nonzero(edges == -1)
    sums = np.concatenate([np.zeros((len(of), 1)), np.cumsum(by, axis=1)], axis=1)
    # np.nonzero goes by airport, then day, so the nth start belongs to the nth end.
    return int((sums[last] > sums[first]).sum()), first[0].size
