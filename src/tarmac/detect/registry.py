"""The known detectors, one line each. A detector's module is imported when it is asked for."""

from collections.abc import Callable
from difflib import get_close_matches
from importlib import import_module
from typing import TYPE_CHECKING, Any

from tarmac.detect.parameters import DetectParameters
from tarmac.errors import InputError

if TYPE_CHECKING:
    from tarmac.detect.contract import Detector

Options = Callable[[DetectParameters], dict[str, Any]]

DETECTORS: dict[str, tuple[str, str, Options]] = {
    "arima": ("detectors.arima", "Arima", lambda p: {"max_p": p.max_p, "max_q": p.max_q, "criterion": p.criterion}),
    "cancellations": ("detectors.cancelled_share", "Cancellations", lambda p: {"budget": p.outliers_fraction}),
    "constant": ("detectors.floors", "Constant", lambda p: {"share": p.outliers_fraction}),
    "disruption": ("disruption.detector", "Disruption", lambda p: {"budget": p.outliers_fraction}),
    "ecod": ("detectors.ecod", "Ecod", lambda p: {"share": p.outliers_fraction}),
    "exponential_smoothing": ("detectors.exponential_smoothing", "ExponentialSmoothing", lambda _: {}),
    "global_band": ("detectors.bands", "GlobalBand", lambda _: {}),
    "gradient_boosting": ("detectors.gradient_boosting", "GradientBoosting", lambda p: {"seed": p.seed}),
    "isolation_forest": (
        "detectors.isolation_forest",
        "IsolationForest",
        lambda p: {"contamination": p.outliers_fraction, "seed": p.seed},
    ),
    "matrix_profile": ("detectors.matrix_profile", "MatrixProfile", lambda _: {}),
    "mstl": ("detectors.stl", "Mstl", lambda _: {}),
    "panel_forest": (
        "detectors.panel_forest",
        "PanelForest",
        lambda p: {"budget": p.outliers_fraction, "seed": p.seed},
    ),
    "random": ("detectors.floors", "Random", lambda p: {"share": p.outliers_fraction, "seed": p.seed}),
    "reference_arima": ("detectors.reference", "ReferenceArima", lambda p: {"max_p": p.max_p, "max_q": p.max_q}),
    "reference_if": (
        "detectors.reference",
        "ReferenceForest",
        lambda p: {"contamination": p.outliers_fraction, "seed": p.seed},
    ),
    "rolling_band": ("detectors.bands", "RollingBand", lambda _: {}),
    "spectral_residual": ("detectors.spectral_residual", "SpectralResidual", lambda p: {"share": p.outliers_fraction}),
    "stl": ("detectors.stl", "Stl", lambda _: {}),
    "weekday_season": ("detectors.bands", "WeekdaySeason", lambda _: {}),
}
"""Name → module in tarmac.detect, class, and the class's options out of all detectors' parameters."""


def known_name(name: str) -> str:
    """The name itself where it is known; else an InputError that says which are."""
    if name not in DETECTORS:
        near = get_close_matches(name, DETECTORS, n=1)
        hint = f" Did you mean {near[0]}?" if near else ""
        raise InputError(f"detector {name!r} is unknown. Known: {', '.join(sorted(DETECTORS))}.{hint} Fix --detectors.")
    return name


def detector_named(name: str, parameters: DetectParameters) -> "Detector":
    """The detector of that name, made with these parameters."""
    module, cls, options = DETECTORS[known_name(name)]
    made: Detector = getattr(import_module(f"tarmac.detect.{module}"), cls)(**options(parameters))
    return made
