"""The page of airports: where and when days are flagged, one airport's days, and what each detector says."""

from define.charts import HIGH, SOFT, Chart, bars, column, metric, number, ranking, table
from define.datasets import AIRPORT_DAYS, ONE_AIRPORT, SCORES
from define.layout import Dashboard, Filter, Slot, Text
from define.pages import LINKS
from define.panels import (
    COLOURS,
    FLAGGED_DAYS,
    LOST_FLIGHTS,
    LOST_MEANING,
    airport_map,
    cancellations_of_one,
    delays_of_one,
    heat_map,
    one_in_numbers,
)
from define.texts import CAUSE_NAMES

_DELAY_CAUSES = {
    **{name: f"{cause}_delay" for cause, name in CAUSE_NAMES.items()},
    "Late aircraft": "late_aircraft_delay",
}


def _figures() -> list[Chart]:
    flagged = "FILTER (WHERE anomaly = 1)"
    return [
        number(
            "Flagged airport-days",
            "Flagged days",
            AIRPORT_DAYS,
            FLAGGED_DAYS,
            under="of one airport each, by the detector",
        ),
        number(
            "Flights lost at airports",
            "Flights lost",
            AIRPORT_DAYS,
            LOST_FLIGHTS,
            under="on all days",
            description=LOST_MEANING,
        ),
        number(
            "Cancelled on flagged days",
            "Cancelled on flagged days",
            AIRPORT_DAYS,
            metric("Share", f"SUM(cancelled) {flagged}::float / NULLIF(SUM(flights) {flagged}, 0)"),
            under="of the flights scheduled on them",
            form=".1%",
        ),
        number(
            "Mean delay on flagged days",
            "Mean delay on flagged days",
            AIRPORT_DAYS,
            metric("Minutes", f"AVG(mean_dep_delay) {flagged}"),
            under="minutes, mean over these days",
            form=",.0f",
        ),
    ]


def _where() -> tuple[Chart, Chart]:
    return (
        airport_map(
            "Airports by flights lost",
            "Where: flights lost by airport",
            AIRPORT_DAYS,
            metric("Flights lost", "ROUND(COALESCE(SUM(lost_flights), 0))"),
            description=f"{LOST_MEANING} Drag for Alaska and the islands.",
        ),
        ranking(
            "Airports that lost most flights",
            "Where: ten airports that lost most flights",
            AIRPORT_DAYS,
            LOST_FLIGHTS,
            form=",.0f",
            colour=HIGH,
            description="A click on an airport shows the page for it alone; another click shows all again.",
        ),
    )


def _calendar() -> Chart:
    return heat_map(
        "Calendar of flagged airports",
        "When: airports flagged on each day",
        AIRPORT_DAYS,
        metric("Airports flagged", "COALESCE(SUM(anomaly), 0)"),
        rows="weekday",
        description="A column is a week, a row a weekday.",
    )


def _airport() -> Chart:
    return one_in_numbers(
        "The airport shown",
        "The airport shown below: the chosen one, else the one that lost most flights",
        ONE_AIRPORT,
        {"origin": "Airport", "name": "Name", "city": "City", "state": "State"},
    )


def _causes() -> Chart:
    return bars(
        "Causes by month",
        "Why: hours of arrival delay by cause and month",
        AIRPORT_DAYS,
        # A text, since a click on a date's bar filters nothing in Superset 6.1.
        x="month",
        metrics=[metric(cause, f"SUM({minutes}) / 60.0") for cause, minutes in _DELAY_CAUSES.items()],
        description="As carriers reported them, over all days, flagged or not. A click on a month shows the page for it.",
        params={
            "x_axis_sort": "month",
            "x_axis_sort_asc": True,
            "stack": "Stack",
            "y_axis_format": ",.0f",
            "showTooltipTotal": True,
            "color_scheme": "supersetColors",
        },
    )


def _worst_days() -> Chart:
    return table(
        "Worst airport-days",
        "The worst days, by flights lost",
        AIRPORT_DAYS,
        {
            "query_mode": "raw",
            "all_columns": [
                "airport_link",
                "fl_date",
                "severity",
                "lost_flights",
                "flights",
                "cancelled_share",
                "mean_dep_delay",
                "cause_shown",
                "anomaly_score",
            ],
            "order_by_cols": ['["lost_flights", false]', '["id", true]'],
            "allow_render_html": True,
            "row_limit": 1000,
            "column_config": {
                "airport_link": column("Airport"),
                "fl_date": column("Day"),
                "severity": column("Severity (0-5)", ",d"),
                "lost_flights": column("Flights lost", ",.0f"),
                "flights": column("Flights", ",d"),
                "cancelled_share": column("Cancelled", ".0%"),
                "mean_dep_delay": column("Mean delay (min)", ",.0f"),
                "cause_shown": column("Main cause reported"),
                "anomaly_score": column("Score", ",.1f"),
            },
        },
        where=("severity > 0",),
        description=f"{LOST_MEANING} An airport's code opens this page for that airport alone.",
    )


def _detectors() -> tuple[Chart, Chart]:
    by_month = bars(
        "Flags by detector and month",
        "Detectors side by side: airport-days flagged in each month",
        SCORES,
        x="fl_date",
        metrics=[metric("Flagged", "SUM(flag::int)")],
        params={
            "groupby": ["detector_name"],
            "time_grain_sqla": "P1M",
            "y_axis_format": ",d",
            "x_axis_time_format": "%b %Y",
            "tooltipTimeFormat": "%b %Y",
            "color_scheme": "supersetColors",
        },
    )
    compared = table(
        "Detectors compared",
        "Detectors side by side: how much each flags",
        SCORES,
        {
            "query_mode": "aggregate",
            "groupby": ["detector_name"],
            "metrics": [
                metric("Scored", "COUNT(score)"),
                metric("Flagged", "SUM(flag::int)"),
                metric("Flagged share", "SUM(flag::int)::float / NULLIF(COUNT(score), 0)"),
                metric("Delay when flagged", "AVG(mean_dep_delay) FILTER (WHERE flag)"),
                metric("Agreed", "AVG(anomaly) FILTER (WHERE flag)"),
            ],
            "row_limit": 50,
            "column_config": {
                "detector_name": column("Detector"),
                "Scored": column("Days scored", ",d"),
                "Flagged": column("Flagged", ",d"),
                "Flagged share": column("Share flagged", ".2%"),
                "Delay when flagged": column("Mean delay then (min)", ",.0f"),
                "Agreed": column("Also flagged by the chosen one", ".0%"),
            },
        },
    )
    return by_month, compared


def airports() -> Dashboard:
    """The whole page."""
    by_month, compared = _detectors()
    where, most = _where()
    return Dashboard(
        name="Airports",
        title="Airports",
        slug="airports",
        description="Which days of which airports were abnormal, and how badly.",
        rows=(
            (Text(markdown=LINKS, height=6),),
            tuple(Slot(chart=chart, width=3, height=20) for chart in _figures()),
            (Slot(chart=where, width=7, height=50), Slot(chart=most, width=5, height=50)),
            (Slot(chart=_worst_days(), width=12, height=40),),
            (Slot(chart=_calendar(), width=12, height=36),),
            (Slot(chart=_airport(), width=12, height=17),),
            (Slot(chart=delays_of_one("One airport's delays", ONE_AIRPORT), width=12, height=42),),
            (Slot(chart=cancellations_of_one("One airport's cancellations", ONE_AIRPORT), width=12, height=36),),
            (Slot(chart=_causes(), width=12, height=38),),
            (Slot(chart=by_month, width=6, height=42), Slot(chart=compared, width=6, height=42)),
        ),
        filters=(
            Filter(
                key="airport",
                title="Airport",
                column="origin",
                dataset=AIRPORT_DAYS,
                description="Airports of departure, by IATA code.",
            ),
            Filter(
                key="cause",
                title="Cause",
                column="cause_shown",
                dataset=AIRPORT_DAYS,
                description="The cause to which the records put down most of what the day lost.",
            ),
            Filter(
                key="year",
                title="Year",
                column="year",
                dataset=AIRPORT_DAYS,
                description="Years of flights.",
                descending=True,
            ),
        ),
        colours={**COLOURS, "Flagged": SOFT},
    )
