"""The parameters of a detection run; light to import."""

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Literal, get_args

from tarmac.detect.limits import SEEDS, SHARE_OF_DAYS, Limit, check_limits, limited
from tarmac.detect.registry import detector_class, known_name
from tarmac.errors import InputError

if TYPE_CHECKING:
    from tarmac.detect.contract import Detector

Criterion = Literal["aic", "aicc", "bic"]
Threshold = Literal["detector", "budget", "false_discovery", "reference"]
Mode = Literal["hindsight", "online"]

ORDERS = Limit(at_least=0, at_most=10)
"""Of ARIMA's largest orders: the mean delay of eleven days before says nothing about a day."""

CRITERIA = Limit(choices=get_args(Criterion))


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
    outliers_fraction: float = limited(0.01, SHARE_OF_DAYS)
    max_p: int = limited(4, ORDERS)
    max_q: int = limited(4, ORDERS)
    criterion: Criterion = limited("aic", CRITERIA)
    seed: int = limited(0, SEEDS)
    threshold: Threshold = limited("detector", Limit(choices=get_args(Threshold)))
    false_discovery: float = limited(0.1, Limit(above=0.0, below=1.0))
    mode: Mode = limited("hindsight", Limit(choices=get_args(Mode)))

    def __post_init__(self) -> None:
        """Raise an InputError for unknown or repeated detectors and values out of range."""
        if not self.detectors:
            raise InputError("no detector was named. Name at least one with --detectors, for example disruption.")
        for name in self.detectors:
            known_name(name)
            if self.detectors.count(name) > 1:
                raise InputError(f"detector {name!r} is named twice. Name it once in --detectors.")
        check_limits(self)


def detector_named(name: str, parameters: DetectParameters) -> "Detector":
    """The detector of that name. Its fields that are named here as well are the run's; the others have their defaults."""
    run = {
        "contamination": parameters.outliers_fraction,
        "budget": parameters.outliers_fraction,
        **{each: getattr(parameters, each) for each in ("max_p", "max_q", "criterion", "seed")},
    }
    made = detector_class(name)
    return made(**{each.name: run[each.name] for each in fields(made) if each.name in run})
