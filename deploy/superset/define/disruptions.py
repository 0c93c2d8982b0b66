"""The page of disruptions: what happened, to whom, how badly and why, and what the chosen ones consist of."""

from typing import Any

from define.charts import HIGH, Chart, bars, column, metric, number, ranking, table
from define.datasets import AIRPORT_DAYS, CARRIER_DAYS, DISRUPTIONS, PARTS
from define.layout import Dashboard, Filter, Slot, Text
from define.pages import LINKS
from define.panels import COLOURS, LOST_MEANING, airport_map
from define.texts import DELAY_AS_FLIGHTS
from tarmac.detect.severity import CUTS

_LOST = f"(excess_cancelled + GREATEST(excess_delay_minutes, 0) / {DELAY_AS_FLIGHTS})"
_FLIGHTS_LOST = metric("Flights lost", f"SUM{_LOST}")
_PART_LOST = f"excess_cancelled + excess_delay_minutes / {DELAY_AS_FLIGHTS}"
# The sums over all values of the chart are the whole, also where ten values are shown.
_SHARES = (
    metric("Share of flights lost", f"SUM({_PART_LOST}) / NULLIF(SUM(SUM({_PART_LOST})) OVER (), 0)"),
    metric("Share of all flights", "SUM(flights) / NULLIF(SUM(SUM(flights)) OVER (), 0)"),
)
_PARTS_HEADING = """#### What these disruptions consist of
A click on a row above leaves that disruption. A carrier, airport or hour was hit harder than the others where its share of
the flights lost exceeds its share of all flights."""


def _figures() -> list[Chart]:
    hours = metric("Hours", "SUM(excess_delay_minutes) / 60.0")
    return [
        number(
            "Disruptions",
            "Disruptions",
            DISRUPTIONS,
            metric("Disruptions", "COUNT(*)"),
            under="flights lost for one reason",
        ),
        number(
            "Cancelled above expected",
            "Cancelled flights",
            DISRUPTIONS,
            metric("Flights", "SUM(excess_cancelled)"),
            under="above what was expected",
            form=",.0f",
        ),
        number(
            "Delay above expected", "Hours of delay", DISRUPTIONS, hours, under="above what was expected", form=",.0f"
        ),
        number(
            "Severe disruptions",
            "Severity 4 or 5",
            DISRUPTIONS,
            metric("Disruptions", "COUNT(*) FILTER (WHERE severity >= 4)"),
            under=f"disruptions that lost {CUTS[3]:.0%} of their flights or more",
        ),
    ]


def _table() -> Chart:
    return table(
        "Largest disruptions",
        "What happened: disruptions, those that lost most flights first",
        DISRUPTIONS,
        {
            "query_mode": "aggregate",
            "groupby": [
                "disruption_link",
                "summary",
                "scope_shown",
                "who",
                "airports_shown",
                "cause_shown",
                "severity",
            ],
            "metrics": [
                metric("Cancelled", "SUM(excess_cancelled)"),
                metric("Hours", "SUM(excess_delay_minutes) / 60.0"),
            ],
            "timeseries_limit_metric": _FLIGHTS_LOST,
            "allow_render_html": True,
            "row_limit": 1000,
            "column_config": {
                "disruption_link": column("Dates", columnWidth=105),
                "summary": column("What happened"),
                "scope_shown": column("Scope"),
                "who": column("Carriers"),
                "airports_shown": column("Airports"),
                "cause_shown": column("Cause"),
                "severity": column("Severity (1-5)", ",d"),
                "Cancelled": column("Cancelled above expected", ",.0f"),
                "Hours": column("Hours of delay above expected", ",.0f"),
            },
        },
        description="A click on a row leaves that disruption in the charts below; its dates open it alone.",
    )


def _when() -> Chart:
    return bars(
        "Flights lost by week and cause",
        "When: flights lost by week and cause",
        DISRUPTIONS,
        x="start_date",
        metrics=[_FLIGHTS_LOST],
        description=LOST_MEANING,
        params={
            "groupby": ["cause_shown"],
            "time_grain_sqla": "P1W",
            "stack": "Stack",
            "y_axis_format": ",.0f",
            "x_axis_time_format": "%d %b %Y",
            "tooltipTimeFormat": "week of %Y-%m-%d",
            "showTooltipTotal": True,
            "color_scheme": "supersetColors",
        },
    )


def _by(name: str, title: str, by: str) -> Chart:
    return ranking(name, title, DISRUPTIONS, _FLIGHTS_LOST, by=by, form=",.0f", colour=HIGH, description=LOST_MEANING)


def _parts(name: str, title: str, dimension: str, **params: Any) -> Chart:
    """The ten largest values of one dimension; the whole is what all disruptions on the page lost."""
    return bars(
        name,
        title,
        PARTS,
        x="part",
        metrics=_SHARES,
        where=(f"dimension = '{dimension}'",),
        mute=True,
        params={
            "xAxisForceCategorical": True,
            "row_limit": 10,
            "order_desc": True,
            "timeseries_limit_metric": _SHARES[0],
            "x_axis_sort": _SHARES[0]["label"],
            "x_axis_sort_asc": False,
            "y_axis_format": ".0%",
            "color_scheme": "supersetColors",
            **params,
        },
    )


def _reasons(name: str, title: str, dimension: str, label: str, sql: str) -> Chart:
    value = metric(label, sql)
    return ranking(
        name, title, PARTS, value, by="part", form=",.0f", colour=HIGH, where=(f"dimension = '{dimension}'",), mute=True
    )


def _what() -> tuple[Chart, ...]:
    by_hour = {"row_limit": 24, "x_axis_sort": "part", "x_axis_sort_asc": True}
    return (
        _parts("Parts by carrier", "Who: carriers", "op_carrier"),
        _parts("Parts by airport", "Where: airports of departure", "origin"),
        _parts("Parts by destination", "Where to: destinations", "dest"),
        _parts("Parts by hour", "At what time: hour of the scheduled departure", "hour", **by_hour),
        _reasons(
            "Parts by code",
            "Why: cancelled flights above the expected, by the cause given",
            "cancellation_code",
            "Cancelled flights",
            "SUM(excess_cancelled)",
        ),
        _reasons(
            "Parts by cause of delay",
            "Why: hours of delay above the usual, by the cause given",
            "delay_cause",
            "Hours of delay",
            "SUM(excess_delay_minutes) / 60.0",
        ),
    )


def _map() -> Chart:
    return airport_map(
        "Disruptions by airport",
        "Where: flights lost in disruptions, by airport of departure",
        PARTS,
        metric("Flights lost", f"ROUND(GREATEST(SUM({_PART_LOST}), 0))"),
        code="part",
        where=("dimension = 'origin'",),
        description=f"{LOST_MEANING} Drag for Alaska and the islands.",
    )


_FILTERS = (
    Filter(
        key="carrier",
        title="Carrier",
        column="carrier",
        dataset=CARRIER_DAYS,
        description="Disruptions of this carrier. The page of carriers lists all those that hit it.",
    ),
    Filter(
        key="airport",
        title="Airport",
        column="origin",
        dataset=AIRPORT_DAYS,
        description="Disruptions that touched this airport of departure.",
    ),
    Filter(
        key="cause",
        title="Cause",
        column="cause_shown",
        dataset=DISRUPTIONS,
        description="The main cause that the records name beyond the usual.",
    ),
    Filter(
        key="disruption",
        title="Disruption",
        column="event_id",
        dataset=DISRUPTIONS,
        description="One disruption, by its id: airport or carrier, and its worst day.",
    ),
    Filter(
        key="year",
        title="Year",
        column="year",
        dataset=DISRUPTIONS,
        description="Years of flights.",
        descending=True,
    ),
)


def disruptions() -> Dashboard:
    """The whole page."""
    carriers, origins, destinations, hours, codes, causes = _what()
    return Dashboard(
        name="Disruptions",
        title="Disruptions",
        slug="disruptions",
        description="What happened to US air travel: who lost flights, where, how badly, and why.",
        rows=(
            (Text(markdown=LINKS, height=6),),
            tuple(Slot(chart=chart, width=3, height=20) for chart in _figures()),
            (Slot(chart=_table(), width=12, height=70),),
            (
                Slot(chart=_when(), width=6, height=44),
                Slot(
                    chart=_by("Flights lost by cause", "Why: flights lost by cause", "cause_shown"), width=3, height=44
                ),
                Slot(
                    chart=_by("Flights lost by scope", "How far: flights lost by scope", "scope_shown"),
                    width=3,
                    height=44,
                ),
            ),
            (Text(markdown=_PARTS_HEADING, height=11),),
            (Slot(chart=_map(), width=7, height=50), Slot(chart=origins, width=5, height=50)),
            (Slot(chart=carriers, width=6, height=42), Slot(chart=destinations, width=6, height=42)),
            (
                Slot(chart=hours, width=6, height=42),
                Slot(chart=codes, width=3, height=42),
                Slot(chart=causes, width=3, height=42),
            ),
        ),
        filters=_FILTERS,
        colours={**COLOURS, "Cancelled flights": HIGH, "Hours of delay": HIGH},
    )
