"""Lasting changes: a delay level that changes permanently is a shift with a first day, not an endless disruption.

Unlike a month of storms, a shift does not end: nearly all of the `LASTS` days before it must lie on one side of the midpoint
between the two levels, and nearly all of the `LASTS` days after it on the other.
"""

from dataclasses import dataclass

import numpy as np
import polars as pl

from tarmac.detect.panel import FloatArray, Panel

LASTS = 56
"""Number of days on each side of a shift; shorter changes are bad seasons."""

SETTLES = 28
"""Number of days after the start of a shift from which its new level is the expected one."""

NEAR = LASTS // 2 + 7
"""Number of days around the middle of the two windows with the most different medians, among which the start is searched."""

KEEPS = 0.85
"""The share of days before and after that must lie on their own side of the midpoint between the two levels."""

LEAST_DEVIATIONS, LEAST_MINUTES = 4.0, 15.0
"""The least change of a delay level: in standard deviations of its days, and in minutes."""

LEAST_CHANGE = 0.25
"""The least change of the number of scheduled flights, as a share of the larger of both levels."""

SCHEMA = {
    "origin": pl.String,
    "measure": pl.String,
    "since": pl.Date,
    "before": pl.Float64,
    "after": pl.Float64,
}


@dataclass(frozen=True, kw_only=True)
class Step:
    """From position `day` on, the level of an airport's series is `after`; until then it was `before`."""

    day: int
    before: float
    after: float


def shifts_of(panel: Panel) -> pl.DataFrame:
    """The shifts of the mean delay (the panel's value) and of the number of scheduled flights, each once.

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
    """Each day's level of delay minus the first level: the actual one, and the expected one, which follows `SETTLES` days later.

    `value`: mean delays, airports × days, NaN where missing.
    """
    actual, settled = np.zeros(value.shape), np.zeros(value.shape)
    for airport, series in enumerate(value):
        for step in steps_of(series, least=_least_change(series)):
            actual[airport, step.day :] += step.after - step.before
            settled[airport, step.day + SETTLES :] += step.after - step.before
    return actual, settled


def _least_change(delays: FloatArray) -> float:
    """The least change of a delay level. The deviation is that of day-to-day differences, which a shift does not widen."""
    known = delays[~np.isnan(delays)]
    if known.size < 2:
        return LEAST_MINUTES
    deviation = float(np.median(np.abs(np.diff(known)))) / (0.6745 * np.sqrt(2.0))
    return float(max(LEAST_DEVIATIONS * deviation, LEAST_MINUTES))


def steps_of(series: FloatArray, *, least: float = 0.0, share: float = 0.0) -> list[Step]:
    """The shifts of one series, in order; NaN is skipped, and `LASTS` counts days with a value.

    `least`: the least change of the level; `share`: the same as a share of the larger of both levels.
    """
    days = np.flatnonzero(~np.isnan(series))
    known = series[days]
    if known.size < 2 * LASTS:
        return []
    windows = np.lib.stride_tricks.sliding_window_view(known, LASTS)
    # Every seventh day is a candidate; the exact day is searched afterwards.
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
    """The day near this one that best separates the days before and after; None if too many are on the wrong side."""
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
