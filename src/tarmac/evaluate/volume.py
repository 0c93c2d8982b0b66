"""VUS-PR: the volume under precision-recall curves whose labels are widened by a buffer of 0 … `window` days.

Paparrizos, Boniol, Palpanas, Tsay, Elmore and Franklin: Volume Under the Surface, PVLDB 15(11), 2022, section 4. A day at
a distance d < b/2 of a true run gets the label √(1 − d/b), so that a score that rises a day early is not all wrong; recall is
measured against the mean of the plain and the widened labels and multiplied by the share of runs that were touched at all.
"""

import numpy as np

from tarmac.detect.panel import BoolArray, FloatArray
from tarmac.evaluate.metrics import ranked

WINDOW = 4
"""Days: delays of one day reach the next mornings, not the next week."""


def volume_under_pr(score: FloatArray, label: BoolArray, *, window: int = WINDOW) -> float:
    """The mean over the buffers 0 … window of the widened curve's area; one airport's days in order."""
    if not label.any():
        return float("nan")
    return float(np.mean([_area(score, label, buffer) for buffer in range(window + 1)]))


def mean_volume_under_pr(score: FloatArray, label: BoolArray, valid: BoolArray) -> float:
    """The mean over the airports that have a label; airports × days, of which `valid` ones count."""
    volumes = [
        volume_under_pr(score[airport, days], label[airport, days])
        for airport, days in enumerate(valid)
        if (label[airport] & days).any()
    ]
    return float(np.mean(volumes)) if volumes else float("nan")


def widened(label: BoolArray, buffer: int) -> FloatArray:
    """1 on true days, √(1 − d/buffer) at a distance of d ≤ buffer/2 days; what overlaps adds up to 1 at most."""
    result = label.astype(np.float64)
    first, last = _runs(label)
    for start, end in zip(first, last, strict=True):
        for distance in range(1, buffer // 2 + 1):
            for day in (start - distance, end + distance):
                if 0 <= day < label.size:
                    result[day] += np.sqrt(1.0 - distance / buffer)
    return np.minimum(result, 1.0)


def _area(score: FloatArray, label: BoolArray, buffer: int) -> float:
    values, weight = ranked(score), widened(label, buffer)
    order = np.argsort(-values, kind="stable")
    descending = values[order]
    ends = np.flatnonzero(np.append(descending[1:] != descending[:-1], True))
    cuts = descending[ends]
    true = np.cumsum(weight[order])[ends]
    positives = 0.5 * (label.sum() + weight.sum())
    first, last = _runs(weight > 0)
    highest = np.array([values[start : end + 1].max() for start, end in zip(first, last, strict=True)])
    touched = (highest[None, :] >= cuts[:, None]).mean(axis=1)
    recall = np.minimum(true / positives, 1.0) * touched
    return float(np.sum(np.diff(recall, prepend=0.0) * true / (ends + 1.0)))


def _runs(present: BoolArray) -> tuple[np.ndarray, np.ndarray]:
    """First and last place of each run of true values."""
    edges = np.diff(present.astype(np.int8), prepend=0, append=0)
    return np.flatnonzero(edges == 1), np.flatnonzero(edges == -1) - 1
