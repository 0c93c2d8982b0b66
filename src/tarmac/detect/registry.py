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
    "arima": ("arima", "Arima", lambda p: {"max_p": p.max_p, "max_q": p.max_q, "criterion": p.criterion}),
    "cancellations": ("cancelled_share", "Cancellations", lambda p: {"budget": p.outliers_fraction}),
    "constant": ("floors", "Constant", lambda p: {"share": p.outliers_fraction}),
    "disruption": ("disruption", "Disruption", lambda p: {"budget": p.outliers_fraction}),
    "ecod": ("ecod", "Ecod", lambda p: {"share": p.outliers_fraction}),
    "exponential_smoothing": ("exponential_smoothing", "ExponentialSmoothing", lambda _: {}),
    "global_band": ("bands", "GlobalBand", lambda _: {}),
    "gradient_boosting": ("gradient_boosting", "GradientBoosting", lambda p: {"seed": p.seed}),
    "isolation_forest": (
        "isolation_forest",
        "IsolationForest",
        lambda p: {"contamination": p.outliers_fraction, "seed": p.seed},
    ),
    "matrix_profile": ("matrix_profile", "MatrixProfile", lambda _: {}),
    "mstl": ("stl", "Mstl", lambda _: {}),
    "panel_forest": ("panel_forest", "PanelForest", lambda p: {"budget": p.outliers_fraction, "seed": p.seed}),
    "random": ("floors", "Random", lambda p: {"share": p.outliers_fraction, "seed": p.seed}),
    "reference_arima": ("reference", "ReferenceArima", lambda p: {"max_p": p.max_p, "max_q": p.max_q}),
    "reference_if": ("reference", "ReferenceForest", lambda p: {"contamination": p.outliers_fraction, "seed": p.seed}),
    "rolling_band": ("bands", "RollingBand", lambda _: {}),
    "spectral_residual": ("spectral_residual", "SpectralResidual", lambda p: {"share": p.outliers_fraction}),
    "stl": ("stl", "Stl", lambda _: {}),
    "weekday_season": ("bands", "WeekdaySeason", lambda _: {}),
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
