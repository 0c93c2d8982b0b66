"""What every detector takes and gives: a panel in, a judgement out; flags are a step of their own."""

from dataclasses import dataclass
from typing import ClassVar, Protocol

import numpy as np

from tarmac.detect.panel import BoolArray, FloatArray, Panel


@dataclass(frozen=True, kw_only=True)
class Judgement:
    """What a detector says of each airport and day; all arrays airports × days, NaN where it cannot judge.

    `score`: higher is more anomalous. `expected` with its interval `lower` … `upper` is in the measure's unit.
    """

    expected: FloatArray
    lower: FloatArray
    upper: FloatArray
    score: FloatArray

    def __post_init__(self) -> None:
        """Refuse arrays of different shapes and infinite scores."""
        shapes = {name: getattr(self, name).shape for name in ("expected", "lower", "upper", "score")}
        if len(set(shapes.values())) > 1:
            raise ValueError(f"a judgement's arrays must share one shape: {shapes}")
        if np.isinf(self.score).any():
            raise ValueError("a score is finite, or NaN where the detector cannot judge")


class Detector(Protocol):
    """A detector is a frozen record of its parameters that judges a panel.

    `measure` is the name in the output's column; `reads` the column of gold that is the panel's value, and `also`
    the further columns it wants. `pools`: an airport's score may depend on other airports. `looks_ahead`: a day's
    score may depend on later days.
    """

    name: ClassVar[str]
    measure: ClassVar[str]
    reads: ClassVar[str]
    also: ClassVar[tuple[str, ...]]
    pools: ClassVar[bool]
    looks_ahead: ClassVar[bool]

    def judge(self, panel: Panel, *, workers: int = 1) -> Judgement:
        """Expected values and scores of all the panel's days. `workers` changes the speed and never the result."""
        ...

    def flags(self, panel: Panel, judgement: Judgement) -> BoolArray:
        """Which of the judged days are abnormal; False before the first judged day and where the score is NaN."""
        ...


def nothing(panel: Panel) -> FloatArray:
    """An array of the panel's shape that says nothing: all NaN."""
    return np.full(panel.shape, np.nan)


def checked(condition: bool, message: str) -> None:
    """Raise an InputError with that message unless the condition holds."""
    from tarmac.errors import InputError

    if not condition:
        raise InputError(message)
