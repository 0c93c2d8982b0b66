"""From an id to what there is to tell of it: a disruption, an airport's or a carrier's day, or a date."""

import datetime as dt
import difflib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl

from tarmac.detect.severity import LOST_FLIGHT_MINUTES
from tarmac.errors import InputError
from tarmac.explanation.sentences import plain

_WITH_DATE = re.compile(r"(?P<who>.+?)(?P<date>\d{8})(-\d+)?", re.DOTALL | re.ASCII)
_DATE = re.compile(r"(\d{4})-(\d{2})-(\d{2})", re.ASCII)

FORMS = "an airport's day such as JFK20130208, a carrier's such as AA20080409, a date such as 2008-04-09, or a disruption's id"


@dataclass(frozen=True, kw_only=True)
class Asked:
    """An id, taken apart: of an airport, carrier or disruption `who` (empty for a date), on `date`."""

    text: str
    who: str
    date: dt.date


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What there is to tell: the sentence, the day's numbers (empty for a date or an event), and disruptions with parts."""

    id: str
    sentence: str
    numbers: Mapping[str, Any]
    disruptions: Sequence[Mapping[str, Any]]
    parts: Sequence[Mapping[str, Any]]


def to_asked(text: str) -> Asked:
    """The id taken apart.

    Raises:
        InputError: it has no form of an id, or its date is none.
    """
    who, digits = "", ""
    if match := _DATE.fullmatch(text):
        digits = "".join(match.groups())
    elif match := _WITH_DATE.fullmatch(text):
        who, digits = match["who"], match["date"]
    try:
        date = dt.datetime.strptime(digits, "%Y%m%d").replace(tzinfo=dt.UTC).date()
    except ValueError:
        raise InputError(f"{_shown(text)} is not an id. Give {FORMS}.") from None
    return Asked(text=text, who=who, date=date)


def look_up(
    asked: Asked, *, events: pl.DataFrame, parts: pl.DataFrame, airports: pl.DataFrame, carriers: pl.DataFrame
) -> Answer:
    """The answer from a year's tables.

    Args:
        asked: the id.
        events: `tables.events`.
        parts: `tables.disruption_parts`.
        airports: airport-days (`tables.published`).
        carriers: carriers' days, of the same columns with `op_carrier` for `origin`.

    Raises:
        InputError: there is no such day or disruption; the message names the nearest.
    """
    found = events.filter(pl.col("event_id") == asked.text)
    numbers: Mapping[str, Any] = {}
    if found.is_empty() or asked.who in set(airports["origin"]) | set(carriers["op_carrier"]):
        numbers = _numbers(asked, airports, carriers)
    if found.is_empty():
        on_date = events.filter(pl.lit(asked.date).is_between("start_date", "end_date"))
        found = on_date if not asked.who else on_date.filter(_concerns(asked.who))
        if asked.who and not numbers:
            raise InputError(_nearest(asked, events, airports, carriers))
        if not asked.who and airports.filter(pl.col("fl_date") == asked.date).is_empty():
            raise InputError(f"there are no flights on {asked.date}. {_dates(airports)}")
    found = found.sort(
        pl.col("excess_cancelled") + pl.col("excess_delay_minutes") / LOST_FLIGHT_MINUTES, descending=True
    )
    ids = found["event_id"].to_list()
    return Answer(
        id=asked.text,
        sentence=_sentence(asked, found, numbers),
        numbers=numbers,
        disruptions=found.to_dicts(),
        parts=parts.filter(pl.col("event_id").is_in(ids)).to_dicts(),
    )


def _concerns(who: str) -> pl.Expr:
    """Whether an event is of this carrier, or of all carriers at this airport."""
    of_carrier = pl.col("carriers").str.split(",").list.contains(who)
    of_airport = pl.col("origins").str.split(",").list.contains(who)
    return of_carrier | of_airport


def _numbers(asked: Asked, airports: pl.DataFrame, carriers: pl.DataFrame) -> Mapping[str, Any]:
    for days, column in ((airports, "origin"), (carriers, "op_carrier")):
        day = days.filter((pl.col(column) == asked.who) & (pl.col("fl_date") == asked.date))
        if day.height:
            return day.row(0, named=True)
    return {}


def _sentence(asked: Asked, found: pl.DataFrame, numbers: Mapping[str, Any]) -> str:
    if found.height:
        return " ".join(found["summary"].to_list())
    if not numbers:
        return f"{asked.date} was an ordinary day: no disruption was found."
    mean = numbers["mean_dep_delay"]
    delay = "" if mean is None else f", and the others left {mean:.0f} minutes late on average"
    flagged = "; it was flagged as abnormal, though it is part of no disruption" if numbers["anomaly"] == 1 else ""
    what = "an ordinary day" if not flagged else "no disruption"
    return (
        f"{plain(asked.who)} had {what} on {asked.date}: {numbers['cancelled']:,} of {numbers['flights']:,} flights were "
        f"cancelled ({numbers['cancelled_share']:.1%}){delay}{flagged}."
    )


def _nearest(asked: Asked, events: pl.DataFrame, airports: pl.DataFrame, carriers: pl.DataFrame) -> str:
    """Why there is nothing, and what there is instead."""
    known = sorted(set(airports["origin"]) | set(carriers["op_carrier"]))
    if asked.who in known:
        days = pl.concat(
            [
                frame.filter(pl.col(column) == asked.who).select("fl_date")
                for frame, column in ((airports, "origin"), (carriers, "op_carrier"))
            ]
        )["fl_date"]
        near = sorted(days, key=lambda day: (abs((day - asked.date).days), day))[:3]
        choices = ", ".join(f"{plain(asked.who)}{day:%Y%m%d}" for day in sorted(near))
        return f"{plain(asked.who)} has no flights on {asked.date}. The nearest days with flights: {choices}."
    ids = [f"{code}{asked.date:%Y%m%d}" for code in known] + events["event_id"].to_list()
    close = difflib.get_close_matches(asked.text, ids, n=3, cutoff=0.0)
    choices = ", ".join(_plain_id(each) for each in close)
    nearest = f"The nearest: {choices or 'none'}. {_dates(airports)}"
    return f"there is no airport, carrier or disruption {_shown(asked.text)}. {nearest}"


def _dates(airports: pl.DataFrame) -> str:
    if airports.is_empty():
        return "The year has no flights."
    first, last = airports.select(pl.col("fl_date").min(), last=pl.col("fl_date").max()).row(0)
    return f"The year's flights are of {first} to {last}."


def _shown(text: str) -> str:
    return ascii(text[:40])


def _plain_id(text: str) -> str:
    return "".join(c if c.isascii() and (c.isalnum() or c in "-_.") else "?" for c in text[:40])
