"""Why: what the records name of a disruption beyond what they usually name there."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tarmac.detect.panel import FloatArray
from tarmac.detect.severity import LOST_FLIGHT_MINUTES
from tarmac.explanation.expected import Expected, ratio
from tarmac.explanation.routes import CODES, TOLD, Routes

CAUSE_WORDS = ("carrier", "weather", "national air system", "security")
"""What `CODES` and `TOLD` stand for, in this order."""

STANDS_OUT = 0.45
"""The share of what is named beyond the usual that makes a cause; nearly as much as all others together."""

FEWEST = 5.0
"""Lost flights with a cause that the records must name beyond the usual, to tell one."""

PRIOR = 200.0
"""How many cancellations, or departures, of its own outweigh what all carriers usually report."""


@dataclass(frozen=True, kw_only=True)
class Usual:
    """What each carrier reports on ordinary days.

    `codes`: the share of its cancellations that bears each code, and last that bears none. `minutes`: of each cause per
    departure.
    """

    codes: FloatArray
    minutes: FloatArray


def usual_reports(routes: Routes, expected: Expected) -> Usual:
    """The usual reports of all carriers, those of few flights drawn to the common ones."""
    none = routes.cancelled - routes.codes.sum(axis=1)
    return Usual(
        codes=_per([*routes.codes.T, none], routes.cancelled, routes, expected),
        minutes=_per([*routes.causes.T], routes.departed, routes, expected),
    )


def _per(amounts: Sequence[FloatArray], counts: FloatArray, routes: Routes, expected: Expected) -> FloatArray:
    carrier, size = routes.carrier[expected.ordinary], len(routes.carriers)
    amount = np.column_stack([np.bincount(carrier, weights=a[expected.ordinary], minlength=size) for a in amounts])
    count = np.bincount(carrier, weights=counts[expected.ordinary], minlength=size)[:, None]
    common = ratio(amount.sum(axis=0), np.full(amount.shape[1], count.sum()))
    if count.sum() <= 0:
        common[-1] = 1.0
    return np.asarray((amount + PRIOR * common) / (count + PRIOR))


@dataclass(frozen=True, kw_only=True)
class Named:
    """What the records name of a disruption beyond the usual.

    `codes`: cancellations by code, and last those without one; `minutes`: of arrival delay by cause. `cause` is None where
    the records do not tell; `share` is its share of all that is named beyond the usual.
    """

    codes: FloatArray
    minutes: FloatArray
    cause: str | None
    share: float | None


def name_cause(routes: Routes, expected: Expected, usual: Usual, rows: npt.NDArray[np.int64]) -> Named:
    """What is named of the flights of these entries."""
    carrier = routes.carrier[rows]
    codes = np.append(routes.codes[rows].sum(axis=0), 0.0)
    codes[-1] = routes.cancelled[rows].sum() - codes.sum()
    codes = codes - expected.cancelled[rows] @ usual.codes[carrier]
    minutes = routes.causes[rows].sum(axis=0) - routes.departed[rows] @ usual.minutes[carrier]
    lost = np.maximum(codes[: len(CODES)], 0.0) + np.maximum(minutes[: len(TOLD)], 0.0) / LOST_FLIGHT_MINUTES
    total, largest = float(lost.sum()), int(np.argmax(lost))
    told = bool(routes.codes[rows].any() or routes.causes[rows].any())
    if not told or total < FEWEST or lost[largest] <= STANDS_OUT * total:
        return Named(codes=codes, minutes=minutes, cause=None, share=None)
    return Named(codes=codes, minutes=minutes, cause=CAUSE_WORDS[largest], share=float(lost[largest] / total))
