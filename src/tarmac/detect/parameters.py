"""Creates a detector with its part of a run's parameters (tarmac.settings). Quick to import."""

from dataclasses import fields
from typing import TYPE_CHECKING

from tarmac.detect.registry import detector_class
from tarmac.settings import DetectParameters

if TYPE_CHECKING:
    from tarmac.detect.contract import Detector


def detector_named(name: str, parameters: DetectParameters) -> "Detector":
    """The detector of that name. Its fields that are parameters of the run have the run's values, the others their defaults.

    `outliers_fraction` is a detector's field `contamination` or `budget`; the other parameters have one name everywhere.
    """
    run = vars(parameters) | dict.fromkeys(("contamination", "budget"), parameters.outliers_fraction)
    made = detector_class(name)
    return made(**{each.name: run[each.name] for each in fields(made) if each.name in run})
