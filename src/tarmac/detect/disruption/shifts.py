"""Lasting changes: a delay level that changes and stays is a shift with a first day, not an endless disruption.

A month of storms ends and a shift does not: only where nearly all days of the `LASTS` before lie on one side of the middle
between two levels, and nearly all of the `LASTS` after on the other, is there a shift.
"""

from dataclasses import dataclass

import numpy as np
import polars as pl

from tarmac.detect.panel import FloatArray, Panel

LASTS = 56
"""Days on both sides of a shift; what lasts less is a bad season."""

SETTLES = 28
"""Days after its beginning from which on a shift's new level is what is expected."""

NEAR = LASTS // 2 + 7
"""Days around the middle of two windows whose medians differ most, among which the beginning is sought."""

KEEPS = 0.85
"""The share of days on either side that must lie on their own side of the middle between the two levels."""

LEAST_DEVIATIONS, LEAST_MINUTES = 4.0, 15.0
"""How much a level of delay must change: in standard deviations of its days, and in minutes."""

LEAST_CHANGE = 0.25
"""How much the number of scheduled flights must change, as a share of the larger of both levels."""

SCHEMA = {
    "origin": pl.String,
    "measure": pl.String,
    "since": pl.Date,
    "before": pl.Float64,
    "after": pl.Float64,
}


@dataclass(frozen=True, kw_only=True)
class Step:
    """From position `day` on, the level of an airport's series is `after`, where it was `before`."""

    day: int
    before: float
    after: float


def shifts_of(panel: Panel) -> pl.DataFrame:
    """The shifts of the mean delay, whose panel this is, and of the flights scheduled, each once.

    Returns:
        One row per shift: `origin`, `measure` (`mean_dep_delay` or `flights`), `since`, and the median `before` and `after`.
    """
    rows = []
    for at, origin in enumerate(panel.origins):
        flights = np.where(panel.flights[at] > 0, panel.flights[at], np.nan)
        for measure, steps in (
            ("mean_dep_delay", steps_of(panel.value[at], least=_least_change(panel.value[at]))),
            ("flights", steps_of(flights, share=LEAST_CHANGE)),
        ):
            rows += [(origin, measure, panel.dates[step.day].item(), step.before, step.after) for step in steps]
    return pl.DataFrame(rows, schema=SCHEMA, orient="row")


def levels_of(value: FloatArray) -> tuple[FloatArray, FloatArray]:
    """How far each day's level of delay lies from the first one: as it was, and as it was expected, `SETTLES` days later.

    `value`: mean delays, airports × days, NaN where missing.
    """
    actual, settled = np.zeros(value.shape), np.zeros(value.shape)
    for airport, series in enumerate(value):
        for step in steps_of(series, least=_least_change(series)):
            actual[airport, step.day :] += step.after - step.before
            settled[airport, step.day + SETTLES :] += step.after - step.before
    return actual, settled


def _least_change(delays: FloatArray) -> float:
    """The least change of a level of delay. Its days' deviation is taken from one day to the next, which no shift widens."""
    known = delays[~np.isnan(delays)]
    if known.size < 2:
        return LEAST_MINUTES
    deviation = float(np.median(np.abs(np.diff(known)))) / (0.6745 * np.sqrt(2.0))
    return float(max(LEAST_DEVIATIONS * deviation, LEAST_MINUTES))


def steps_of(series: FloatArray, *, least: float = 0.0, share: float = 0.0) -> list[Step]:
    """The shifts of one series, in order; NaN is skipped over, and `LASTS` counts days with a value.

    `least`: by how much the level must change; `share`: the same as a share of the larger of both levels.
    """
    days = np.flatnonzero(~np.isnan(series))
    known = series[days]
    if known.size < 2 * LASTS:
        return []
    windows = np.lib.stride_tricks.sliding_window_view(known, LASTS)
    # Every seventh day is looked at, as if one week's beginning were as good as another: the day itself is sought after.
    medians = np.median(windows[::7], axis=1)
    change = medians[LASTS // 7 :] - medians[: -(LASTS // 7)]
    wanted = np.maximum(least, share * np.maximum(np.abs(medians[LASTS // 7 :]), np.abs(medians[: -(LASTS // 7)])))
    steps: list[Step] = []
    size = np.where(np.abs(change) >= np.maximum(wanted, 1e-9), np.abs(change), 0.0)
    while size.max(initial=0.0) > 0.0:
        at = int(size.argmax())
        size[max(0, at - LASTS // 7) : at + LASTS // 7 + 1] = 0.0
        if (step := _beginning(known, 7 * at + LASTS)) is not None:
            steps.append(Step(day=int(days[step.day]), before=step.before, after=step.after))
    return sorted(steps, key=lambda step: step.day)


def _beginning(known: FloatArray, near: int) -> Step | None:
    """The day near this one that splits the days around it best, where the split holds nearly throughout."""
    best, best_right = None, 0
    for day in range(max(near - NEAR, LASTS), min(near + NEAR, known.size - LASTS) + 1):
        before, after = known[day - LASTS : day], known[day : day + LASTS]
        low, high = np.median(before), np.median(after)
        side = np.sign(high - low)
        middle = (low + high) / 2.0
        kept_before, kept_after = (before - middle) * side < 0.0, (after - middle) * side > 0.0
        right = int(kept_before.sum() + kept_after.sum())
        if min(kept_before.mean(), kept_after.mean()) >= KEEPS and right > best_right:
            best, best_right = Step(day=day, before=float(low), after=float(high)), right
    return best
