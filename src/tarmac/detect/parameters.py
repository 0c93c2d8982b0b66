"""What a detection run may be told; light to import."""

from dataclasses import dataclass
from typing import Literal, get_args

from tarmac.errors import InputError

Criterion = Literal["aic", "aicc", "bic"]
Threshold = Literal["detector", "budget", "false_discovery", "reference"]
Mode = Literal["hindsight", "online"]

MOST_ORDER = 10
"""A day's mean delay does not know the day eleven days before: larger orders are a mistake rather than a wish."""


@dataclass(frozen=True, kw_only=True)
class DetectParameters:
    """The parameters of all detectors together. Each detector takes the ones that are its own.

    `outliers_fraction` is isolation_forest's contamination, airport by airport, and disruption's alert budget, over
    all airports. `max_p`, `max_q` and `criterion` are arima's; `seed` is for whatever draws random numbers.

    `threshold` decides which scores are flagged. "detector": as each detector's module says. "budget": the highest
    `outliers_fraction` of all airports' days. "false_discovery": those that leave an expected share of at most
    `false_discovery` of the flags on ordinary days (tail.py). "reference": score² ≥ mean + standard deviation of the
    airport's score², the reference pipeline's rule.

    `mode`: in "hindsight" a day may be judged by days after it; in "online" by it and the days before alone (online.py).
    """

    detectors: tuple[str, ...] = ("isolation_forest", "arima", "disruption")
    outliers_fraction: float = 0.01
    max_p: int = 4
    max_q: int = 4
    criterion: Criterion = "aic"
    seed: int = 0
    threshold: Threshold = "detector"
    false_discovery: float = 0.1
    mode: Mode = "hindsight"

    def __post_init__(self) -> None:
        """Refuse unknown or repeated detectors and values out of range, with the way out."""
        from tarmac.detect.registry import known_name

        if not self.detectors:
            raise InputError("no detector was named. Name at least one with --detectors, for example disruption.")
        for name in self.detectors:
            known_name(name)
            if self.detectors.count(name) > 1:
                raise InputError(f"detector {name!r} is named twice. Name it once in --detectors.")
        if not 0.0 < self.outliers_fraction <= 0.5:
            raise InputError(
                f"outliers_fraction is {self.outliers_fraction}. It is the share of days to flag, in (0, 0.5]; "
                "0.01 is usual."
            )
        for option, order in (("max_p", self.max_p), ("max_q", self.max_q)):
            if not 0 <= order <= MOST_ORDER:
                raise InputError(f"{option} is {order}. It is ARIMA's largest order, in 0…{MOST_ORDER}; 4 is usual.")
        for option, kinds in (("criterion", Criterion), ("threshold", Threshold), ("mode", Mode)):
            if getattr(self, option) not in get_args(kinds):
                known = ", ".join(get_args(kinds))
                raise InputError(f"{option} {getattr(self, option)!r} is unknown. Known: {known}.")
        if not 0.0 < self.false_discovery < 1.0:
            raise InputError(
                f"false_discovery is {self.false_discovery}. It is the share of flags that may be on ordinary days, "
                "in (0, 1); 0.1 is usual."
            )
