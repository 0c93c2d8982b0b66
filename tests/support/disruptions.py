"""Makes rows of the tables of disruptions and their parts."""

from datetime import date

import polars as pl

from tarmac.tables.disruption_parts import DISRUPTION_PARTS
from tarmac.tables.events import EVENTS
from tarmac.tables.frames import schema_of


def one_event(event_id: str = "JFK20130208", **changes: object) -> dict[str, object]:
    """A one-day storm at one airport, with a test's changes."""
    return {
        "event_id": event_id,
        "year": 2013,
        "start_date": date(2013, 2, 8),
        "end_date": date(2013, 2, 8),
        "airports": 1,
        "origins": "JFK",
        "airport_days": 1,
        "flights": 300,
        "cancelled": 156,
        "worst_origin": "JFK",
        "worst_date": date(2013, 2, 8),
        "peak_score": 9.0,
        "cause": "weather",
        "scope": "airport",
        "carriers": "",
        "excess_cancelled": 150.0,
        "excess_delay_minutes": 6000.0,
        "severity": 4,
        "cause_share": 0.9,
        "summary": "At New York (JFK), 156 of 300 flights were cancelled on 8 February (52 %, usually 2 %).",
    } | changes


def one_part(dimension: str, value: str, **changes: object) -> dict[str, object]:
    """A part with half of the losses, with a test's changes."""
    return {
        "event_id": "JFK20130208",
        "dimension": dimension,
        "value": value,
        "flights": 10,
        "cancelled": 5,
        "excess_cancelled": 4.8,
        "excess_delay_minutes": 120.0,
        "share_of_excess": 0.5,
        "share_of_flights": 0.1,
        "year": 2013,
    } | changes


def to_events(*rows: dict[str, object]) -> pl.DataFrame:
    """Rows of disruption_events."""
    return pl.DataFrame(rows, schema=schema_of(EVENTS))


def to_parts(*rows: dict[str, object]) -> pl.DataFrame:
    """Rows of disruption_parts."""
    return pl.DataFrame(rows, schema=schema_of(DISRUPTION_PARTS))
