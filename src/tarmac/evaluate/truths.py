"""Told disruptions against true ones: which were found, whether who and why are right, and which stories are false. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from tarmac.detect.panel import BoolArray, FloatArray

TRUTH = {
    "event": pl.Int64,
    "scope": pl.String,
    "carriers": pl.String,
    "origins": pl.String,
    "start_date": pl.Date,
    "end_date": pl.Date,
    "cause": pl.String,
    "flights_lost": pl.Float64,
}
"""One row per true disruption; carriers and origins are codes with spaces between, no carriers where all are hit."""

TOLD = ("scope", "carriers", "origins", "start_date", "end_date", "cause")
"""What a method tells of a disruption, in the words of `tables.events`: codes with commas between."""

FOUND, WHO = 0.2, 0.5
"""The overlap (twice the common flights over the flights of both) from which on a story is of the true disruption, and from
which on it names the right flights."""


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """What a method told of one true disruption. The last four are False where it was not found.

    `told`: the position of its best story, −1 where there is none.
    """

    event: int
    scope: str
    told: int
    found: bool
    scope_right: bool
    carriers_right: bool
    who_right: bool
    cause_right: bool


class Cells:
    """Flights per date, carrier and origin of a year; disruptions are compared as sets of these."""

    def __init__(self, flights: pl.DataFrame) -> None:
        cells = flights.group_by("fl_date", "op_carrier", "origin").len().sort("fl_date", "op_carrier", "origin")
        self.date = cells["fl_date"].to_numpy()
        self.carrier, self.origin = cells["op_carrier"].fill_null("").to_numpy(), cells["origin"].to_numpy()
        self.flights: FloatArray = cells["len"].to_numpy().astype(np.float64)

    def overlap(self, one: Mapping[str, Any], other: Mapping[str, Any]) -> float:
        """Twice the common flights over the flights of both, 0–1."""
        first = min(one["start_date"], other["start_date"])
        last = max(one["end_date"], other["end_date"])
        chosen = slice(*np.searchsorted(self.date, [np.datetime64(first), np.datetime64(last) + 1]))
        of_one, of_other = self._of(one, chosen), self._of(other, chosen)
        flights = self.flights[chosen]
        both = flights[of_one].sum() + flights[of_other].sum()
        return float(2 * flights[of_one & of_other].sum() / both) if both else 0.0

    def _of(self, event: Mapping[str, Any], chosen: slice) -> BoolArray:
        date = self.date[chosen]
        mine = (date >= np.datetime64(event["start_date"])) & (date <= np.datetime64(event["end_date"]))
        mine &= np.isin(self.origin[chosen], codes(event["origins"]))
        if event["carriers"]:
            mine &= np.isin(self.carrier[chosen], codes(event["carriers"]))
        return np.asarray(mine)


def codes(text: str) -> list[str]:
    """The codes of a text with spaces or commas between."""
    return text.replace(",", " ").split()


def verdicts(cells: Cells, truth: pl.DataFrame, told: pl.DataFrame) -> list[Verdict]:
    """One verdict per true disruption.

    Args:
        cells: the year's flights.
        truth: `TRUTH`.
        told: `TOLD`, one row per story.
    """
    stories = told.to_dicts()
    return [_verdict(cells, event, stories) for event in truth.to_dicts()]


def _verdict(cells: Cells, event: Mapping[str, Any], stories: Sequence[Mapping[str, Any]]) -> Verdict:
    overlaps = [cells.overlap(event, story) if _meet(event, story) else 0.0 for story in stories]
    best = int(np.argmax(overlaps)) if overlaps else -1
    found = best >= 0 and overlaps[best] >= FOUND
    story: Mapping[str, Any] = stories[best] if found else {"scope": None, "carriers": None, "cause": None}
    carriers = found and codes(story["carriers"]) == codes(event["carriers"])
    return Verdict(
        event=int(event["event"]),
        scope=str(event["scope"]),
        told=best if found else -1,
        found=found,
        scope_right=story["scope"] == event["scope"],
        carriers_right=carriers,
        who_right=carriers and overlaps[best] >= WHO,
        cause_right=found and story["cause"] == event["cause"],
    )


def _meet(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    return bool(one["start_date"] <= other["end_date"] and other["start_date"] <= one["end_date"])


def false_stories(truth: pl.DataFrame, told: pl.DataFrame) -> BoolArray:
    """Which stories touch no true disruption: none has a day and an airport (of the same carrier) in common with it."""
    true = truth.to_dicts()
    return np.array([not any(_touches(event, story) for event in true) for story in told.to_dicts()], dtype=bool)


def _touches(event: Mapping[str, Any], story: Mapping[str, Any]) -> bool:
    if not _meet(event, story) or not set(codes(event["origins"])) & set(codes(story["origins"])):
        return False
    of_event, of_story = set(codes(event["carriers"])), set(codes(story["carriers"]))
    return not of_event or not of_story or bool(of_event & of_story)
