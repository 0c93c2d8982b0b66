"""The disruptions as the page shows them: their words, numbers and parts, those first that lost most flights."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

import polars as pl

from tarmac.airlines import name_of
from tarmac.airports import Airport
from tarmac.detect.severity import lost_flights
from tarmac.report.summary import percent
from tarmac.tables.daily import CANCELLATION_CODES
from tarmac.tables.disruption_parts import DIMENSIONS, Dimension

VALUES_SHOWN = 8
"""Values shown of a dimension, those with the largest losses; of the day's hours all are."""

TITLES: Mapping[Dimension, str] = {
    "op_carrier": "Carriers",
    "origin": "Airports",
    "dest": "Destinations",
    "hour": "Hours of scheduled departure",
    "cancellation_code": "Reasons given for cancellations",
    "delay_cause": "Reasons given for delays",
}
SCOPES: Mapping[str, str] = {
    "airport": "Airport",
    "region": "Region",
    "nation": "Nation",
    "carrier": "Carrier",
    "carrier_at_airport": "Carrier at one airport",
}
NO_VALUE = "Not stated"
_CODES = {code: name.removeprefix("cancelled_") for name, code in CANCELLATION_CODES.items()} | {"": NO_VALUE}
CAUSE_WORDS = {"carrier": "Carrier", "weather": "Weather", "nas": "National air system", "security": "Security"}


def rank_events(events: pl.DataFrame) -> pl.DataFrame:
    """The events with their `lost` flights, the largest first; those of older loads have no losses and come last."""
    departed = pl.col("flights") - pl.col("cancelled")
    lost = lost_flights(pl.col("excess_cancelled"), pl.col("excess_delay_minutes"), departed)
    return events.with_columns(lost.alias("lost")).sort(
        "lost", "cancelled", "event_id", descending=[True, True, False], nulls_last=True
    )


def to_stories(
    ranked: pl.DataFrame, parts: pl.DataFrame, places: Sequence[Airport], start: date
) -> list[dict[str, Any]]:
    """One object per event of `rank_events`; days count from `start`, airports by their position in `places`."""
    known = {place.code: place for place in places}
    index = {place.code: i for i, place in enumerate(places)}
    parts_of = _parts_by_event(parts)
    return [
        _to_story(event, parts_of.get(event["event_id"], []), known, start)
        | {"spots": _to_spots(parts_of.get(event["event_id"], []), index)}
        for event in ranked.iter_rows(named=True)
    ]


def _to_story(
    event: Mapping[str, Any], parts: Sequence[Mapping[str, Any]], places: Mapping[str, Airport], start: date
) -> dict[str, Any]:
    cancelled, flights, above = event["cancelled"], event["flights"], event["excess_cancelled"]
    minutes = event["excess_delay_minutes"]
    return {
        "id": event["event_id"],
        "first": (event["start_date"] - start).days,
        "last": (event["end_date"] - start).days,
        "worst": (event["worst_date"] - start).days,
        "title": _to_title(event, parts, places),
        "when": _to_dates(event["start_date"], event["end_date"]),
        "scope": SCOPES.get(event["scope"] or "", ""),
        "severity": event["severity"],
        "lost": None if event["lost"] is None else round(event["lost"]),
        "cancelled": f"{cancelled:,} of {flights:,}",
        "share": percent(cancelled, flights)
        + ("" if above is None else f", usually {percent(max(cancelled - above, 0), flights)}"),
        "hours": None if minutes is None else round(minutes / 60),
        "cause": (event["cause"] or "").capitalize(),
        "causeShare": "" if event["cause_share"] is None else f"{percent(event['cause_share'], 1)} of reasons given",
        "sentence": event["summary"] or "",
        "codes": _split(event["carriers"]),
        "airports": event["airports"],
        "parts": _to_panels(parts, places),
    }


def _split(codes: str | None) -> list[str]:
    return [code for code in (codes or "").split(",") if code]


def _to_title(event: Mapping[str, Any], parts: Sequence[Mapping[str, Any]], places: Mapping[str, Airport]) -> str:
    """Whose flights were lost, and where, in a few words; of its airports that which lost most is named."""
    code = next((part["value"] for part in parts if part["dimension"] == "origin"), event["worst_origin"])
    others = event["airports"] - 1
    city = places[code].city if code in places else ""
    here = f"{city} ({code})" if city else code
    names = [name_of(carrier) for carrier in _split(event["carriers"])]
    if event["scope"] == "nation":
        return f"The country: {event['airports']:,} airports"
    if names:
        who = names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
        return f"{who} at {here}" if event["scope"] == "carrier_at_airport" else who
    return f"{here} and {others:,} more airport{'' if others == 1 else 's'}" if others else here


def _to_dates(first: date, last: date) -> str:
    """February 6–7, 2008, as short as it can be said."""
    if first == last:
        return f"{first:%b} {first.day}, {first.year}"
    if first.year != last.year:
        return f"{_to_dates(first, first)} – {_to_dates(last, last)}"
    end = f"{last.day}" if first.month == last.month else f" {last:%b} {last.day}"
    return f"{first:%b} {first.day}–{end.strip()}, {last.year}"


def _parts_by_event(parts: pl.DataFrame) -> dict[str, list[dict[str, Any]]]:
    """Each event's parts, the largest share of its losses first."""
    ordered = parts.sort("event_id", "share_of_excess", "value", descending=[False, True, False], nulls_last=True)
    return {str(key[0]): group.to_dicts() for key, group in ordered.group_by(["event_id"], maintain_order=True)}


def _to_panels(parts: Sequence[Mapping[str, Any]], places: Mapping[str, Airport]) -> list[dict[str, Any]]:
    """One object per dimension that the event has: title, rows of (words, share lost, share of flights in thousandths)."""
    panels = []
    for dimension in DIMENSIONS:
        rows = [part for part in parts if part["dimension"] == dimension and part["share_of_excess"] is not None]
        rows = [part for part in rows if part["share_of_excess"] > 0 or dimension == "hour"]
        if not rows:
            continue
        shown = rows if dimension == "hour" else rows[:VALUES_SHOWN]
        if dimension == "hour":
            shown = sorted(shown, key=lambda part: str(part["value"]))
        panels.append(
            {
                "dimension": dimension,
                "title": TITLES[dimension],
                "rows": [_to_row(dimension, part, places) for part in shown],
                "more": len(rows) - len(shown),
            }
        )
    return panels


def _to_row(dimension: Dimension, part: Mapping[str, Any], places: Mapping[str, Airport]) -> list[Any]:
    value = str(part["value"])
    shares = [round(1000 * max(part["share_of_excess"], 0.0)), round(1000 * part["share_of_flights"])]
    return [_label(dimension, value, places), *shares, _amount(dimension, part)]


def _label(dimension: Dimension, value: str, places: Mapping[str, Airport]) -> str:
    if dimension == "op_carrier":
        name = name_of(value)
        return name if name == value else f"{name} ({value})"
    if dimension == "cancellation_code":
        code = _CODES.get(value, value)
        return CAUSE_WORDS.get(code, code)
    if dimension in {"origin", "dest"} and value in places and places[value].city:
        return f"{places[value].city} ({value})"
    return (value.capitalize() if dimension == "delay_cause" else value) or NO_VALUE


def _amount(dimension: Dimension, part: Mapping[str, Any]) -> str:
    """What was lost of a value's flights, in words."""
    if dimension == "delay_cause":
        return f"{_hours(part)} hours more than usual"
    if dimension == "cancellation_code":
        return f"{part['cancelled']:,} flights"
    return f"{part['cancelled']:,} of {part['flights']:,} cancelled, {_hours(part)} h of delay"


def _hours(part: Mapping[str, Any]) -> str:
    return f"{round(part['excess_delay_minutes'] / 60):,}".replace("-", "−")


def _to_spots(parts: Sequence[Mapping[str, Any]], index: Mapping[str, int]) -> list[int]:
    """The event's airports, for the map; the one that lost most first."""
    return [index[part["value"]] for part in parts if part["dimension"] == "origin" and part["value"] in index]
