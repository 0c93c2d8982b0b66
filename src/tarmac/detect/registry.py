"""The known detectors, one line each. A detector's module is imported when it is used."""

from difflib import get_close_matches
from importlib import import_module
from typing import TYPE_CHECKING

from tarmac.errors import InputError

if TYPE_CHECKING:
    from tarmac.detect.contract import Detector

DETECTORS: dict[str, str] = {
    "arima": "detectors.arima:Arima",
    "cancellations": "detectors.cancelled_share:Cancellations",
    "constant": "detectors.floors:Constant",
    "disruption": "disruption.detector:Disruption",
    "ecod": "detectors.ecod:Ecod",
    "exponential_smoothing": "detectors.exponential_smoothing:ExponentialSmoothing",
    "global_band": "detectors.bands:GlobalBand",
    "gradient_boosting": "detectors.gradient_boosting:GradientBoosting",
    "isolation_forest": "detectors.isolation_forest:IsolationForest",
    "matrix_profile": "detectors.matrix_profile:MatrixProfile",
    "mstl": "detectors.stl:Mstl",
    "panel_forest": "detectors.panel_forest:PanelForest",
    "random": "detectors.floors:Random",
    "reference_arima": "detectors.reference:ReferenceArima",
    "reference_if": "detectors.reference:ReferenceForest",
    "rolling_band": "detectors.bands:RollingBand",
    "spectral_residual": "detectors.spectral_residual:SpectralResidual",
    "stl": "detectors.stl:Stl",
    "weekday_season": "detectors.bands:WeekdaySeason",
}
"""Name → module in tarmac.detect and class."""


def known_name(name: str) -> str:
    """The name itself if it is known; otherwise raises an InputError that lists the known ones."""
    if name not in DETECTORS:
        near = get_close_matches(name, DETECTORS, n=1)
        hint = f" Did you mean {near[0]}?" if near else ""
        raise InputError(f"detector {name!r} is unknown. Known: {', '.join(sorted(DETECTORS))}.{hint} Fix --detectors.")
    return name


def detector_class(name: str) -> "type[Detector]":
    """The class of the detector of that name."""
    module, cls = DETECTORS[known_name(name)].split(":")
    found: type[Detector] = getattr(import_module(f"tarmac.detect.{module}"), cls)
    return found


def slow_detectors() -> frozenset[str]:
    """The detectors that run only when they are named."""
    return frozenset(name for name in DETECTORS if detector_class(name).slow)


def detectors_of_the_extra() -> frozenset[str]:
    """The detectors that need a package of the extra `compare`."""
    return frozenset(name for name in DETECTORS if detector_class(name).needs)
