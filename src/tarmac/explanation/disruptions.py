"""A year's disruptions with their who, why and how badly, and the parts that their losses fall on."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from itertools import chain, count
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from tarmac.detect.severity import LOST_FLIGHT_MINUTES, lost_flights, lost_share, severity
from tarmac.explanation.causes import Named, name_cause, usual_reports
from tarmac.explanation.consequences import without_consequences
from tarmac.explanation.expected import Expected
from tarmac.explanation.parts import to_parts
from tarmac.explanation.routes import ROUTE, Routes, read_routes
from tarmac.explanation.sentences import Facts, plain, to_sentence
from tarmac.explanation.stories import Story, entries_of, find_stories, without_small_airports
from tarmac.tables.disruption_parts import DISRUPTION_PARTS
from tarmac.tables.events import EVENTS
from tarmac.tables.frames import schema_of


@dataclass(frozen=True, kw_only=True)
class Disruptions:
    """The year's rows of `tables.events` and `tables.disruption_parts`, sorted by their keys."""

    events: pl.DataFrame
    parts: pl.DataFrame


def explain_year(
    flights: pl.LazyFrame,
    published: pl.DataFrame,
    year: int,
    *,
    coordinates: Mapping[str, tuple[float, float]],
    cities: Mapping[str, str],
) -> Disruptions:
    """Find and explain the disruptions of a year.

    Args:
        flights: the year's flights (`tables.flights`).
        published: its airport-days with their scores (`tables.published`).
        year: the year.
        coordinates: latitude and longitude in degrees by airport; one without them has no neighbours.
        cities: what to call an airport.
    """
    scores = {(o, d): s for o, d, s in published.select("origin", "fl_date", "anomaly_score").iter_rows()}
    found = _find(flights, year, scores, coordinates, cities)
    parts = to_parts(flights, found.entries, found.named, codes=found.codes, causes=found.causes)
    return Disruptions(
        events=pl.DataFrame(found.events, schema=schema_of(EVENTS), orient="row").sort("event_id"),
        parts=parts.with_columns(year=pl.lit(year, pl.Int32)).select(DISRUPTION_PARTS.names),
    )


@dataclass(frozen=True, kw_only=True)
class _Found:
    """Rows of events; what `parts.to_parts` takes; and whether the source reports codes, and causes of delay."""

    events: list[dict[str, Any]]
    entries: pl.DataFrame
    named: Mapping[str, Named]
    codes: bool
    causes: bool


def _find(
    flights: pl.LazyFrame,
    year: int,
    scores: Mapping[Any, float | None],
    coordinates: Mapping[str, tuple[float, float]],
    cities: Mapping[str, str],
) -> _Found:
    """The year's disruptions. Its routes take some hundred megabytes, which the caller is free of."""
    routes = read_routes(flights, year)
    stories, expected = find_stories(routes, coordinates)
    usual = usual_reports(routes, expected)
    events: dict[str, dict[str, Any]] = {}
    rows_of: dict[str, npt.NDArray[np.int64]] = {}
    named: dict[str, Named] = {}
    for story in without_consequences(stories, routes, expected, usual):
        whole = without_small_airports(story, routes, expected)
        rows = entries_of(whole, routes)
        worst_id, worst = _identity(whole, routes, expected, rows)
        event_id = _not_among(events, worst_id)
        rows_of[event_id] = rows
        named[event_id] = name_cause(routes, expected, usual, rows)
        events[event_id] = {
            "event_id": event_id,
            "year": year,
            **_described(whole, routes, expected, rows, named[event_id]),
            **worst,
            "peak_score": _peak(routes, rows, scores),
            "summary": to_sentence(_facts(whole, routes, expected, rows, named[event_id], cities)),
        }
    return _Found(
        events=list(events.values()),
        entries=_per_flight(routes, expected, rows_of),
        named=named,
        codes=bool(routes.codes.any()),
        causes=bool(routes.causes.any()),
    )


def _excess(routes: Routes, expected: Expected, rows: npt.NDArray[np.int64]) -> tuple[float, float]:
    cancelled = float((routes.cancelled[rows] - expected.cancelled[rows]).sum())
    return cancelled, float((routes.delay_minutes[rows] - expected.delay_minutes[rows]).sum())


def _identity(
    story: Story, routes: Routes, expected: Expected, rows: npt.NDArray[np.int64]
) -> tuple[str, dict[str, Any]]:
    """The event's id, and its worst airport-day."""
    lost = routes.cancelled[rows] - expected.cancelled[rows]
    lost = lost + (routes.delay_minutes[rows] - expected.delay_minutes[rows]) / LOST_FLIGHT_MINUTES
    day, airport = _largest(routes.day[rows], routes.origin[rows], lost)
    date = routes.dates[day].astype(object)
    origin = routes.airports[airport]
    worst = {"worst_origin": origin, "worst_date": date}
    if not story.carriers:
        return f"{origin}{date:%Y%m%d}", worst
    day, carrier = _largest(routes.day[rows], routes.carrier[rows], lost)
    date = routes.dates[day].astype(object)
    at = f"-{origin}" if story.scope == "carrier_at_airport" else ""
    return f"{routes.carriers[carrier]}{at}{date:%Y%m%d}", worst


def _not_among(taken: Collection[str], event_id: str) -> str:
    """The id, or where another disruption has it, the id with the first free number from 2: ORD20080204-2."""
    numbered = (f"{event_id}-{number}" for number in count(2))
    return next(each for each in chain([event_id], numbered) if each not in taken)


def _largest(
    days: npt.NDArray[np.int64], places: npt.NDArray[np.int64], lost: npt.NDArray[np.float64]
) -> tuple[int, int]:
    size = int(places.max()) + 1
    pairs, pair = np.unique(days * size + places, return_inverse=True)
    day, place = divmod(int(pairs[np.argmax(np.bincount(pair, weights=lost))]), size)
    return day, place


def _described(
    story: Story, routes: Routes, expected: Expected, rows: npt.NDArray[np.int64], named: Named
) -> dict[str, Any]:
    cancelled, minutes = _excess(routes, expected, rows)
    flights, departed = routes.flights[rows].sum(), routes.departed[rows].sum()
    lost = lost_flights(np.array([cancelled]), np.array([minutes]), np.array([departed]))
    airports = np.unique(routes.origin[rows])
    days = [day for day, _ in story.days]
    return {
        "start_date": routes.dates[min(days)].astype(object),
        "end_date": routes.dates[max(days)].astype(object),
        "airports": airports.size,
        "origins": ",".join(routes.airports[airport] for airport in airports),
        "airport_days": np.unique(routes.day[rows] * len(routes.airports) + routes.origin[rows]).size,
        "flights": int(flights),
        "cancelled": int(routes.cancelled[rows].sum()),
        "cause": named.cause,
        "scope": story.scope,
        "carriers": ",".join(sorted(routes.carriers[carrier] for carrier in story.carriers)),
        "excess_cancelled": cancelled,
        "excess_delay_minutes": minutes,
        "severity": max(1, int(severity(lost_share(lost, np.array([flights])))[0])),
        "cause_share": named.share,
    }


def _peak(routes: Routes, rows: npt.NDArray[np.int64], scores: Mapping[Any, float | None]) -> float | None:
    days = np.unique(np.stack([routes.origin[rows], routes.day[rows]]), axis=1).T
    found = [scores.get((routes.airports[airport], routes.dates[day].astype(object))) for airport, day in days]
    return max((score for score in found if score is not None), default=None)


def _facts(
    story: Story,
    routes: Routes,
    expected: Expected,
    rows: npt.NDArray[np.int64],
    named: Named,
    cities: Mapping[str, str],
) -> Facts:
    flights, cancelled = routes.flights[rows], routes.cancelled[rows]
    excess = np.bincount(
        routes.origin[rows], weights=cancelled - expected.cancelled[rows], minlength=len(routes.airports)
    )
    minutes = routes.delay_minutes[rows] - expected.delay_minutes[rows]
    by_airport = excess + np.bincount(routes.origin[rows], weights=minutes, minlength=excess.size) / LOST_FLIGHT_MINUTES
    largest = routes.airports[int(np.argmax(by_airport))]
    days = [day for day, _ in story.days]
    return Facts(
        scope=story.scope,
        carriers=tuple(routes.carriers[carrier] for carrier in story.carriers),
        place=f"{cities[largest]} ({plain(largest)})" if largest in cities else plain(largest),
        start=routes.dates[min(days)].astype(object),
        end=routes.dates[max(days)].astype(object),
        flights=int(flights.sum()),
        cancelled=int(cancelled.sum()),
        usual=float(expected.cancelled[rows].sum() / flights.sum()),
        late=float(minutes.sum() / max(routes.departed[rows].sum(), 1.0)),
        airports=np.unique(routes.origin[rows][cancelled > 0]).size,
        all_airports=np.unique(routes.origin[rows]).size,
        others=_others(story, routes) if story.carriers else None,
        cause=named.cause,
        cause_share=named.share,
        reports=bool(routes.codes[rows].any() or routes.causes[rows].any()),
    )


def _others(story: Story, routes: Routes) -> float | None:
    """The share that other carriers cancelled at the same airports on the same days."""
    flights = cancelled = 0.0
    for day, subset in story.days:
        chosen = routes.of_day(day)
        other = np.isin(routes.origin[chosen], subset.airports) & ~np.isin(routes.carrier[chosen], subset.carriers)
        flights += routes.flights[chosen][other].sum()
        cancelled += routes.cancelled[chosen][other].sum()
    return float(cancelled / flights) if flights else None


def _per_flight(routes: Routes, expected: Expected, rows_of: Mapping[str, npt.NDArray[np.int64]]) -> pl.DataFrame:
    """The entries of all events, with what was expected of one flight, and of one that departed."""
    ids = list(rows_of)
    sizes = [rows_of[event].size for event in ids]
    rows = np.concatenate([rows_of[event] for event in ids]) if ids else np.empty(0, np.int64)
    route = {
        "fl_date": pl.Series(routes.dates[routes.day[rows]]).cast(pl.Date),
        "op_carrier": pl.Series(routes.carriers, dtype=pl.String).gather(routes.carrier[rows]),
        "origin": pl.Series(routes.airports, dtype=pl.String).gather(routes.origin[rows]),
        "dest": pl.Series(routes.airports, dtype=pl.String).gather(routes.dest[rows]),
    }
    return pl.DataFrame(
        {
            "event_id": pl.Series(ids, dtype=pl.String).gather(np.repeat(np.arange(len(ids)), sizes)),
            **{name: route[name] for name in ROUTE},
            "usual_cancelled": expected.cancelled[rows] / np.maximum(routes.flights[rows], 1.0),
            "usual_minutes": expected.delay_minutes[rows] / np.maximum(routes.departed[rows], 1.0),
        }
    )
