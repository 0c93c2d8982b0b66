"""Online scoring: each day is scored without knowledge of later days.

In hindsight mode a storm in December influences what counts as ordinary in March. Here, each day is scored with a panel that
ends with it, and flagged by the scores up to it. A detector that looks ahead is run once for each day, which takes a few
hundred times as long, unless it has a faster `score_online`: arima fits once a month, on the days before it. Detectors that
never look ahead are run once. Days with too short a past have no score.

In the anomalies table these scores have their detector's name with "@online" appended. The name is part of the key, so
the table can contain both modes without a further column.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Protocol, runtime_checkable

import numpy as np

from tarmac.detect.contract import Detector, Scores, nothing
from tarmac.detect.panel import BoolArray, Panel

SUFFIX = "@online"

Flags = Callable[[Panel, Scores], BoolArray]


@runtime_checkable
class ScoresOnline(Protocol):
    """A detector with a faster online mode than running it once for each day."""

    def score_online(self, panel: Panel, *, workers: int = 1) -> Scores:
        """As `score`, but no score, expectation or interval depends on later days."""
        ...


def score_and_flag_online(detector: Detector, panel: Panel, flags: Flags, *, workers: int) -> tuple[Scores, BoolArray]:
    """The scores of the scored days, each by itself and the days before it, and their flags; NaN before them."""
    scores = score_online(detector, panel, workers=workers)
    return scores, flag_online(panel, scores, flags)


def score_online(detector: Detector, panel: Panel, *, workers: int) -> Scores:
    """The scores of the scored days, each by itself and the days before it; NaN before them."""
    if not detector.looks_ahead:
        return detector.score(panel, workers=workers)
    if isinstance(detector, ScoresOnline):
        return detector.score_online(panel, workers=workers)
    return _day_by_day(detector, panel, workers)


def flag_online(panel: Panel, scores: Scores, flags: Flags) -> BoolArray:
    """The flags of the scored days, each by the scores that were known at its end."""
    flagged = np.zeros(panel.shape, dtype=np.bool_)
    for day in range(panel.first_scored, panel.shape[1]):
        # A threshold by share uses only the scores known by then.
        flagged[:, day] = flags(until(panel, day), _scores_until(scores, day))[:, day]
    return flagged


def until(panel: Panel, day: int) -> Panel:
    """The panel as it was at the end of that day."""
    some = slice(0, day + 1)
    return replace(
        panel,
        dates=panel.dates[some],
        first_scored=min(panel.first_scored, day + 1),
        **{name: getattr(panel, name)[:, some] for name in ("value", "flights", "departed", "cancelled")},
        also={name: array[:, some] for name, array in panel.also.items()},
    )


def _day_by_day(detector: Detector, panel: Panel, workers: int) -> Scores:
    whole = Scores(expected=nothing(panel), lower=nothing(panel), upper=nothing(panel), score=nothing(panel))
    for day in range(panel.first_scored, panel.shape[1]):
        scores = detector.score(until(panel, day), workers=workers)
        for name in ("expected", "lower", "upper", "score"):
            getattr(whole, name)[:, day] = getattr(scores, name)[:, day]
    return whole


def _scores_until(scores: Scores, day: int) -> Scores:
    some = slice(0, day + 1)
    return Scores(
        expected=scores.expected[:, some],
        lower=scores.lower[:, some],
        upper=scores.upper[:, some],
        score=scores.score[:, some],
    )
