"""Puts the report together: sentences, packed data, packed charts library, style and scripts, in one page."""

import base64
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from html import escape
from importlib import resources
from string import Template
from typing import Any

import polars as pl

from tarmac.airports import Airport, find_airports
from tarmac.report import summary
from tarmac.report.payload import pack, to_payload
from tarmac.report.scored import scored_rows
from tarmac.report.stories import rank_events, to_stories
from tarmac.tables.disruption_parts import DISRUPTION_PARTS
from tarmac.tables.frames import schema_of

SCRIPTS = (
    "start.js",
    "model.js",
    "stories.js",
    "calendar.js",
    "map.js",
    "worst.js",
    "carriers.js",
    "airport.js",
    "main.js",
)
STORIES_WITHOUT_SCRIPTS = 10
"""Disruptions that show where scripts do not run."""


@dataclass(frozen=True, kw_only=True)
class Tables:
    """The warehouse's tables that the report is of. `events`, `parts` and `carriers` (carrier_days) may be lacking."""

    published: pl.DataFrame
    events: pl.DataFrame | None = None
    parts: pl.DataFrame | None = None
    carriers: pl.DataFrame | None = None


@dataclass(frozen=True, kw_only=True)
class Charts:
    """The charts library as it goes into the page: packed, with the hash that lets the browser run it and no other."""

    packed: str
    version: str
    sha256: str


def render_report(
    tables: Tables,
    *,
    years: Sequence[int],
    generated_by: str,
    generated_at: datetime | None = None,
    about_detector: str = "",
) -> str:
    """The page as HTML. `generated_by` names program and version; `about_detector` explains it in plain words."""
    rows = scored_rows(tables.published, years)
    places = find_airports(rows["origin"].unique().sort().to_list())
    ranked = None if tables.events is None else rank_events(tables.events.filter(pl.col("year").is_in(list(years))))
    stories = None
    if ranked is not None:
        parts = pl.DataFrame(schema=schema_of(DISRUPTION_PARTS)) if tables.parts is None else tables.parts
        stories = to_stories(ranked, parts, places, date(rows["year"].min(), 1, 1))  # type: ignore[arg-type]
    carriers = _carrier_rows(tables.carriers, years)
    charts, script = load_charts(), _scripts()
    sentences = _sentences(tables, rows, places, ranked, about_detector)
    made = f"{generated_by}, {generated_at:%Y-%m-%d %H:%M %Z}".rstrip() if generated_at else generated_by
    return Template(_asset("page.html")).substitute(
        {name: escape(text) for name, text in sentences.items()},
        # A line break inside the word reads badly in large letters.
        headline_html=escape(sentences["headline"]).replace("airport-day", '<span class="together">airport-day</span>'),
        stories=_stories(stories or []),
        no_stories="hidden" if stories is None else "",
        tiles=_tiles(summary.count(rows)),
        years_table=_years_table(rows),
        generated=escape(made),
        charts_version=escape(charts.version),
        script_hashes=f"'sha256-{_sha256(script)}' 'sha256-{charts.sha256}'",
        style=_asset("style.css"),
        airport_section=_section("airport", "Airport", "Find an airport", "Code or city, e.g. JFK"),
        carrier_section="" if carriers is None else _carrier_section(),
        carrier_link="" if carriers is None else '<a href="#carrier">Carriers</a>',
        charts=charts.packed,
        data=pack(to_payload(rows, places, carriers, stories)),
        script=script,
    )


def _carrier_rows(carriers: pl.DataFrame | None, years: Sequence[int]) -> pl.DataFrame | None:
    """Scored days of carriers, typed like those of airports; None if the records name no carriers."""
    if carriers is None or carriers.filter(pl.col("fl_date").dt.year().is_in(list(years))).is_empty():
        return None
    return scored_rows(carriers.rename({"op_carrier": "origin"}), years)


def _section(kind: str, heading: str, find: str, example: str, above: str = "") -> str:
    """The section of one airport, or one carrier, that scripts fill."""
    return Template(_asset("section.html")).substitute(
        kind=kind, heading=heading, find=find, example=example, list=above
    )


def _carrier_section() -> str:
    above = (
        '<div class="head"><h2>Carriers</h2><p class="sub">All that report their flights. Choose one to open it below '
        'the table.</p></div><div id="carrier-list"></div>'
    )
    return _section("carrier", "Carrier", "Find a carrier", "Code or name, e.g. AA", above)


def _stories(stories: Sequence[Mapping[str, Any]]) -> str:
    """The largest disruptions as a list, which scripts replace by one that opens."""
    lines = "".join(
        f"<li><b>{escape(story['title'])}</b>, {escape(story['when'])}. {escape(story['sentence'])}</li>"
        for story in stories[:STORIES_WITHOUT_SCRIPTS]
    )
    return f"<ol>{lines}</ol>" if lines else '<p class="empty">No disruption was found.</p>'


@cache
def load_charts() -> Charts:
    """plotly.js from the plotly package; packed once a process."""
    from plotly import offline

    source = offline.get_plotlyjs()
    return Charts(packed=pack(source), version=offline.get_plotlyjs_version(), sha256=_sha256(source))


def _scripts() -> str:
    body = "\n".join(_asset(name) for name in SCRIPTS)
    return f"(() => {{\n'use strict';\n{body}}})();"


def _asset(name: str) -> str:
    return resources.files("tarmac.report").joinpath("assets", name).read_text(encoding="utf-8")


def _sha256(text: str) -> str:
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode("ascii")


def _sentences(
    tables: Tables, rows: pl.DataFrame, places: Sequence[Airport], events: pl.DataFrame | None, about_detector: str
) -> dict[str, str]:
    shown = rows["year"].unique().sort().to_list()
    detectors = summary.plain_detectors(rows)
    return {
        "title": f"US flight disruptions {summary.period(rows)}",
        "span": summary.span(shown),
        "headline": summary.headline(summary.count(rows), summary.period(rows), events),
        "incomplete": summary.incomplete(rows),
        "lacking": summary.lacking(tables.published, tables.carriers),
        "worst": summary.worst_sentence(rows, {place.code: place for place in places}),
        "detector": _detector_sentence(detectors),
        "about_detector": about_detector,
        "agreement": summary.agreement(rows),
        "unplaced": _unplaced(places),
    }


def _detector_sentence(detectors: Sequence[tuple[str, str]]) -> str:
    if not detectors:
        return "No detector has scored these days."
    told = "; ".join(
        f"“{detector}”, which scores the {summary.measure_name(measure)}" for detector, measure in detectors
    )
    return f"The detector behind this report: {told}."


def _unplaced(places: Sequence[Airport]) -> str:
    codes = [place.code for place in places if place.region is None]
    if not codes:
        return ""
    known = ", ".join(codes[:12]) + (f" and {len(codes) - 12} more" if len(codes) > 12 else "")
    return f"Not on the map, because their place in the United States is not known: {known}."


def _tiles(numbers: summary.Numbers) -> str:
    """The key figures as a definition list; scripts replace them when another year is chosen."""
    share = summary.percent(numbers.flagged, numbers.scored)
    parts = [f"{numbers.high:,} above, {numbers.low:,} below what was expected"]
    if numbers.unstated:
        parts.append(f"{numbers.unstated:,} without direction")
    unscored = numbers.airport_days - numbers.scored
    scored = f"{unscored:,} could not be scored" if unscored else "all of them scored"
    facts = (
        ("Abnormal airport-days", f"{numbers.flagged:,}", ", ".join(parts), "flagged"),
        ("Share of scored days", share, f"{numbers.scored:,} airport-days scored", "share"),
        ("Flights", f"{numbers.flights:,}", "scheduled departures", "flights"),
        (
            "Cancelled",
            summary.percent(numbers.cancelled, numbers.flights),
            f"{numbers.cancelled:,} flights",
            "cancelled",
        ),
        ("Airports", f"{numbers.airports:,}", f"{numbers.airport_days:,} airport-days, {scored}", "airports"),
    )
    return "\n".join(
        f'<div data-tile="{key}"><dt>{label}</dt><dd>{value}<small>{note}</small></dd></div>'
        for label, value, note, key in facts
    )


def _years_table(rows: pl.DataFrame) -> str:
    years = rows["year"].unique().sort().to_list()
    if len(years) < 2:
        return ""
    lines = [_year_line(year, summary.count(rows.filter(pl.col("year") == year))) for year in years]
    heads = "".join(f'<th scope="col">{name}</th>' for name in ("Year", "Abnormal", "Share", "Flights", "Cancelled"))
    return f'<table class="years"><thead><tr>{heads}</tr></thead><tbody>{"".join(lines)}</tbody></table>'


def _year_line(year: int, numbers: summary.Numbers) -> str:
    cells = (
        f"{numbers.flagged:,}",
        summary.percent(numbers.flagged, numbers.scored),
        f"{numbers.flights:,}",
        summary.percent(numbers.cancelled, numbers.flights),
    )
    return f'<tr><th scope="row">{year}</th>{"".join(f"<td>{cell}</td>" for cell in cells)}</tr>'
