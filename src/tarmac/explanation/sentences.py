"""A disruption in one or two English sentences."""

import datetime as dt
from dataclasses import dataclass

from tarmac.airlines import AIRLINES

MINUTES_WORTH_TELLING = 10.0
"""Minutes later than usual from which on the sentence tells of delays."""


@dataclass(frozen=True, kw_only=True)
class Facts:
    """What a sentence tells. `others` is the share that other carriers cancelled there; None where there are none.

    `place` is the airport, or the largest of a region's, as in "Chicago (ORD)"; `airports` of `all_airports` lost flights.
    """

    scope: str
    carriers: tuple[str, ...]
    place: str
    start: dt.date
    end: dt.date
    flights: int
    cancelled: int
    usual: float
    late: float
    airports: int
    all_airports: int
    others: float | None
    cause: str | None
    cause_share: float | None
    reports: bool


def to_sentence(facts: Facts) -> str:
    """The summary of a disruption."""
    usually = f"{_percent(facts.cancelled / max(facts.flights, 1))}, usually {_percent(facts.usual)}"
    when = _when(facts.start, facts.end)
    if facts.carriers:
        their = "their" if len(facts.carriers) > 1 else "its"
        who = _listed([_carrier(code) for code in facts.carriers])
        where = f"at {facts.airports} of {their} {facts.all_airports} airports"
        if facts.scope == "carrier_at_airport":
            where = f"at {facts.place}"
        text = f"{who} cancelled {facts.cancelled:,} of {their} {facts.flights:,} flights {when} ({usually}), {where}"
        if facts.others is not None:
            text += f"; other carriers there {_percent(facts.others)}"
    else:
        were = "was" if facts.cancelled == 1 else "were"
        text = f"{_where(facts)}, {facts.cancelled:,} of {facts.flights:,} flights {were} cancelled {when} ({usually})"
    if facts.late >= MINUTES_WORTH_TELLING:
        text += f"; the others left {facts.late:,.0f} minutes later than usual"
    return f"{text}. {_reason(facts)}"


def _where(facts: Facts) -> str:
    if facts.scope == "nation":
        return f"At {facts.all_airports} airports across the country"
    if facts.scope == "region":
        return f"At {facts.all_airports} airports around {facts.place}"
    return f"At {facts.place}"


def _reason(facts: Facts) -> str:
    if facts.cause is not None and facts.cause_share is not None:
        return f"Reason given: {facts.cause}, {_percent(facts.cause_share)}."
    return "The records name no main reason." if facts.reports else "The records give no reasons."


def _listed(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def _carrier(code: str) -> str:
    return AIRLINES.get(code, f"Carrier {plain(code)}")


def plain(text: str) -> str:
    """Letters, digits and a few signs of a code that may be anything; the rest as question marks, cut after 12."""
    return "".join(c if c.isascii() and (c.isalnum() or c in " .-_") else "?" for c in text[:12])


def _percent(share: float) -> str:
    percent = 100 * share
    return f"{percent:.1f} %" if 0 < percent < 2 and round(percent, 1) != round(percent) else f"{percent:.0f} %"


def _when(start: dt.date, end: dt.date) -> str:
    if start == end:
        return f"on {start.day} {start:%B}"
    return f"from {start.day} {start:%B} to {end.day} {end:%B}"
