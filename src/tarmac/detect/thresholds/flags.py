"""From scores to flags. Thresholds read only scores; each detector's module says which one it uses.

`flags_by` applies another threshold instead of the detector's own.

All take scores (airports × days, NaN = no score) of the scored days and return flags of the same shape.
"""

from typing import TYPE_CHECKING

import numpy as np

from tarmac.detect.panel import BoolArray, FloatArray, Panel
from tarmac.settings import DetectParameters

if TYPE_CHECKING:
    from tarmac.detect.contract import Detector, Scores

FEWEST_DAYS = 14
"""With fewer scored days than this, an airport gets no flags by share."""


def flag_share_of_each(score: FloatArray, share: float) -> BoolArray:
    """Flag each airport's highest `share` of scores: scikit-learn's `contamination`, airport by airport.

    As in scikit-learn, the threshold is the linearly interpolated quantile, and a score must be strictly above it. So each
    airport has at least one flag unless its highest scores are equal, and 365 days at 0.01 give 4.
    """
    flags = np.zeros(score.shape, dtype=np.bool_)
    for airport, scores in enumerate(score):
        known = scores[~np.isnan(scores)]
        if known.size >= FEWEST_DAYS:
            flags[airport] = scores > np.quantile(known, 1.0 - share)
    return flags


def flag_share_of_all(score: FloatArray, share: float, *, at_least: float = -np.inf) -> BoolArray:
    """Flag the highest `share` of all airports' scores: an alert budget for the whole panel.

    The budget is an upper limit: scores under `at_least` are not flagged.
    """
    known = score[~np.isnan(score)]
    if known.size == 0:
        return np.zeros(score.shape, dtype=np.bool_)
    return (score > np.quantile(known, 1.0 - share)) & (score >= at_least)


def flag_above(score: FloatArray, cut: float) -> BoolArray:
    """Flag scores above a fixed threshold; for robust z-values, a number of standard deviations."""
    return score > cut


def flag_reference(residual: FloatArray) -> BoolArray:
    """Flag as the reference pipeline does: residual² ≥ mean + standard deviation of the airport's residual²."""
    flags = np.zeros(residual.shape, dtype=np.bool_)
    for airport, values in enumerate(residual):
        squared = values**2
        known = squared[~np.isnan(squared)]
        # All squares equal means nothing stands out, though each is ≥ its mean.
        if known.size > 1 and known.max() > known.min():
            flags[airport] = squared >= known.mean() + known.std()
    return flags


def on_scored_days(panel: Panel, flags_of_scored: BoolArray) -> BoolArray:
    """The flags of the scored days, extended with False to all of the panel's days."""
    flags = np.zeros(panel.shape, dtype=np.bool_)
    flags[:, panel.scored] = flags_of_scored
    return flags


def flags_by(parameters: DetectParameters, detector: "Detector", panel: Panel, scores: "Scores") -> BoolArray:
    """The flags of all the panel's days, by the threshold in the parameters."""
    score = scores.score[:, panel.scored]
    if parameters.threshold == "budget":
        return on_scored_days(panel, flag_share_of_all(score, parameters.outliers_fraction))
    if parameters.threshold == "reference":
        return on_scored_days(panel, flag_reference(score))
    return detector.flags(panel, scores)
