"""What a figure is."""

import statistics
from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Sizes:
    """How large the measured inputs are."""

    flights: int
    airports: int
    years: int
    repeats: int

    def words(self) -> str:
        times = f"median of {self.repeats}" if self.repeats > 1 else "measured once"
        return f"{self.flights:,} flights, {self.airports} airports, {times}"


@dataclass(frozen=True, kw_only=True)
class Figure:
    """One measured value; `target` is the largest that we want, None where there is none."""

    suite: str
    figure: str
    value: float
    unit: str
    target: float | None = None

    @property
    def holds(self) -> str:
        if self.target is None:
            return ""
        return "yes" if self.value <= self.target else "no"

    def row(self) -> dict[str, object]:
        target = "" if self.target is None else self.target
        value = round(self.value, 3)
        return {
            "suite": self.suite,
            "figure": self.figure,
            "value": value,
            "unit": self.unit,
            "target": target,
            "holds": self.holds,
        }

    def line(self) -> str:
        goal = "" if self.target is None else f"   (at most {self.target:g}: {self.holds})"
        return f"{self.suite:<10} {self.figure:<62} {self.value:>10.2f} {self.unit}{goal}"


def median(values: Iterable[float]) -> float:
    return statistics.median(values)
