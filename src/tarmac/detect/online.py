"""Judging as on the day itself: no day has an effect on a day before it.

A year seen whole lets a storm in December decide what was ordinary in March. Here, each day is judged with a panel that
ends with it, and flagged by the scores up to it. Detectors that look ahead are simply run once a day; that takes a few
hundred times as long, so one that can do better has `judge_online`: arima fits once a month, on the days before it.
Detectors that never look ahead are run once. Days for which the past is too short have no score.

Judgements of this mode bear their detector's name with "@online" in the anomalies table. The name is a part of its key:
so both modes can stand side by side, no column is new, and nobody takes one for the other.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Protocol, runtime_checkable

import numpy as np

from tarmac.detect.contract import Detector, Judgement, nothing
from tarmac.detect.panel import BoolArray, Panel

SUFFIX = "@online"

Flags = Callable[[Panel, Judgement], BoolArray]


@runtime_checkable
class JudgesOnline(Protocol):
    """A detector with a quicker way to judge each day by its past than to be run once a day."""

    def judge_online(self, panel: Panel, *, workers: int = 1) -> Judgement:
        """As `judge`, but no score, expectation or interval depends on later days."""
        ...


def judge_online(detector: Detector, panel: Panel, flags: Flags, *, workers: int) -> tuple[Judgement, BoolArray]:
    """The judgement of the judged days, each by itself and the days before it, and their flags; NaN before them."""
    judgement = score_online(detector, panel, workers=workers)
    return judgement, flag_online(panel, judgement, flags)


def score_online(detector: Detector, panel: Panel, *, workers: int) -> Judgement:
    """The judgement of the judged days, each by itself and the days before it; NaN before them."""
    if not detector.looks_ahead:
        return detector.judge(panel, workers=workers)
    if isinstance(detector, JudgesOnline):
        return detector.judge_online(panel, workers=workers)
    return _day_by_day(detector, panel, workers)


def flag_online(panel: Panel, judgement: Judgement, flags: Flags) -> BoolArray:
    """The flags of the judged days, each by the scores that were known at its end."""
    flagged = np.zeros(panel.shape, dtype=np.bool_)
    for day in range(panel.first_judged, panel.shape[1]):
        # A share of scores is cut among those known by then.
        flagged[:, day] = flags(until(panel, day), _judgement_until(judgement, day))[:, day]
    return flagged


def until(panel: Panel, day: int) -> Panel:
    """The panel as it was at the end of that day."""
    some = slice(0, day + 1)
    return replace(
        panel,
        dates=panel.dates[some],
        first_judged=min(panel.first_judged, day + 1),
        **{name: getattr(panel, name)[:, some] for name in ("value", "flights", "departed", "cancelled")},
        also={name: array[:, some] for name, array in panel.also.items()},
    )


def _day_by_day(detector: Detector, panel: Panel, workers: int) -> Judgement:
    whole = Judgement(expected=nothing(panel), lower=nothing(panel), upper=nothing(panel), score=nothing(panel))
    for day in range(panel.first_judged, panel.shape[1]):
        judgement = detector.judge(until(panel, day), workers=workers)
        for name in ("expected", "lower", "upper", "score"):
            getattr(whole, name)[:, day] = getattr(judgement, name)[:, day]
    return whole


def _judgement_until(judgement: Judgement, day: int) -> Judgement:
    some = slice(0, day + 1)
    return Judgement(
        expected=judgement.expected[:, some],
        lower=judgement.lower[:, some],
        upper=judgement.upper[:, some],
        score=judgement.score[:, some],
    )
