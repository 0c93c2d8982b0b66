"""The interface of every detector: a panel in, scores out; flags follow from them in a separate step."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from importlib.util import find_spec
from typing import ClassVar

import numpy as np

from tarmac.declare import check_limits
from tarmac.detect.panel import BoolArray, FloatArray, Panel
from tarmac.errors import InputError


@dataclass(frozen=True, kw_only=True)
class Scores:
    """What a detector computed for each airport and day; all arrays airports × days, NaN where it has no score.

    `score`: higher is more anomalous. `expected` with its interval `lower` … `upper` is in the measure's unit.
    """

    expected: FloatArray
    lower: FloatArray
    upper: FloatArray
    score: FloatArray

    def __post_init__(self) -> None:
        """Reject arrays of different shapes and infinite scores."""
        shapes = {name: getattr(self, name).shape for name in ("expected", "lower", "upper", "score")}
        if len(set(shapes.values())) > 1:
            raise ValueError(f"the arrays of scores must have one shape: {shapes}")
        if np.isinf(self.score).any():
            raise ValueError("a score is finite, or NaN where the detector cannot compute one")


@dataclass(frozen=True, kw_only=True)
class Detector(ABC):
    """A frozen dataclass of parameters that scores a panel. A detector overrides `score` and `flags`, or inherits them.

    Most detectors inherit from `AirportByAirport` or `Band` (detectors/by_airport.py, detectors/bands.py) and override
    one method. The limits of a parameter are declared with its default, with `limited`.

    Attributes of the class:
        name: the name in the registry and in the output.
        measure: the name of what is scored, in the output's column `measure`.
        reads: the column of gold that is the panel's value.
        also: further columns of gold that the panel must have.
        pools: whether an airport's score may depend on other airports.
        looks_ahead: whether a day's score may depend on later days.
        slow: whether a year of all airports takes many minutes; slow detectors run only when they are named.
        needs: packages of the extra `compare` that it imports.
        instead: the detector to suggest if one of those is not installed.
    """

    name: ClassVar[str]
    measure: ClassVar[str] = "mean_dep_delay"
    reads: ClassVar[str] = "mean_dep_delay"
    also: ClassVar[tuple[str, ...]] = ()
    pools: ClassVar[bool] = False
    looks_ahead: ClassVar[bool] = True
    slow: ClassVar[bool] = False
    needs: ClassVar[tuple[str, ...]] = ()
    instead: ClassVar[str] = ""

    def __post_init__(self) -> None:
        """Raise an InputError for a parameter outside its limits."""
        check_limits(self, of=self.name)

    @abstractmethod
    def score(self, panel: Panel, *, workers: int = 1) -> Scores:
        """Expected values and scores of all the panel's days. `workers` changes the speed and never the result.

        Raises:
            InputError: when a package of `needs` is not installed.
        """

    @abstractmethod
    def flags(self, panel: Panel, scores: Scores) -> BoolArray:
        """Whether each scored day is abnormal; False before the first scored day and where the score is NaN."""

    def check_needs(self) -> None:
        """Raise an InputError that says how to install the package if one is missing."""
        for package in self.needs:
            if find_spec(package) is None:
                raise InputError(
                    f"detector {self.name!r} needs {package}, which is not installed. "
                    f"Install Tarmac's extra: pip install 'tarmac[compare]', or choose {self.instead}."
                )


def nothing(panel: Panel) -> FloatArray:
    """An array of the panel's shape, all NaN."""
    return np.full(panel.shape, np.nan)


def checked(condition: bool, message: str) -> None:
    """Raise an InputError with this message unless the condition is true."""
    if not condition:
        raise InputError(message)
