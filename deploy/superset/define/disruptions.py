"""The dashboard that the reference lacks: where, when, how badly, why, and what each detector says."""

from typing import Any

from define.charts import BAND, HIGH, INK, LOW, SOFT, Chart, bars, column, metric, number, ranking, table
from define.layout import Dashboard, Filter, Slot
from define.warehouse import AIRPORT_DAYS, DISRUPTIONS, JUDGEMENTS, ONE_AIRPORT

_CAUSES = {
    "Carrier": ("carrier_delay", INK),
    "Weather": ("weather_delay", "#e0a03b"),
    "Air system (NAS)": ("nas_delay", "#5b8c5a"),
    "Security": ("security_delay", "#7a4fa3"),
    "Late aircraft": ("late_aircraft_delay", SOFT),
}
_ON_THEM = "FILTER (WHERE anomaly = 1)"
_DISRUPTED = metric("Disrupted days", "COALESCE(SUM(anomaly), 0)")


def _figures() -> list[Chart]:
    return [
        number(
            "Disruptions",
            "Disruptions",
            DISRUPTIONS,
            metric("Disruptions", "COUNT(*)"),
            under="flights lost for one reason",
        ),
        number(
            "Disrupted airport-days",
            "Disrupted airport-days",
            AIRPORT_DAYS,
            _DISRUPTED,
            under="days that the detector flags",
        ),
        number(
            "Cancelled on disrupted days",
            "Cancelled on disrupted days",
            AIRPORT_DAYS,
            metric(
                "Share",
                "SUM(cancelled) FILTER (WHERE anomaly = 1)::float / NULLIF(SUM(flights) FILTER (WHERE anomaly = 1), 0)",
            ),
            under="of the flights scheduled on them",
            form=".1%",
        ),
        number(
            "Mean delay on disrupted days",
            "Mean delay on disrupted days",
            AIRPORT_DAYS,
            metric("Minutes", f"AVG(mean_dep_delay) {_ON_THEM}"),
            under="minutes, mean over these days",
            form=",.0f",
        ),
    ]


def _map() -> Chart:
    red = {"r": 176, "g": 58, "b": 11, "a": 0.75}
    params: dict[str, Any] = {
        "spatial": {"type": "latlong", "latCol": "latitude", "lonCol": "longitude"},
        "point_radius_fixed": {"type": "metric", "value": _DISRUPTED},
        "point_unit": "square_km",
        "min_radius": 2,
        "max_radius": 26,
        "multiplier": 75,
        "color_picker": red,
        "color_scheme_type": "fixed_color",
        # Superset's own tiles (land.py), relative to a dashboard's page: they hold under any path of the proxy's.
        "mapbox_style": "tile://../../../tarmac/land/{z}/{x}/{y}.png",
        "viewport": {"latitude": 38.4, "longitude": -96.0, "zoom": 2.6, "bearing": 0, "pitch": 0},
        "autozoom": False,
        "js_columns": [],
        "dimension": None,
        "row_limit": 5000,
        "time_range": "No filter",
        "filter_nulls": True,
        "tooltip_contents": [
            {"item_type": "column", "column_name": "origin", "verbose_name": "Airport"},
            {"item_type": "column", "column_name": "name", "verbose_name": "Name"},
            {"item_type": "metric", "metric_name": _DISRUPTED["label"]},
        ],
    }
    return Chart(
        name="Airports by disruption",
        title="Where: disrupted days by airport",
        kind="deck_scatter",
        dataset=AIRPORT_DAYS,
        params=params,
        description="The larger, the more disrupted days. Drag for Alaska and the islands.",
        # Superset 6.1 filters by the place of the click, to a pixel: beside a point's centre no airport would be left.
        mute=True,
    )


def _most_disrupted() -> Chart:
    return ranking(
        "Most disrupted airports",
        "Where: ten airports with most disrupted days",
        AIRPORT_DAYS,
        _DISRUPTED,
        form=",d",
        colour=HIGH,
        description="A click on an airport shows the page for it alone; another click shows all again.",
    )


def _calendar() -> Chart:
    params = {
        "x_axis": "week",
        "groupby": "weekday",
        "metric": metric("Airports disrupted", "COALESCE(SUM(anomaly), 0)"),
        "linear_color_scheme": "tarmac_heat",
        "normalize_across": "heatmap",
        "sort_x_axis": "alpha_asc",
        "sort_y_axis": "alpha_desc",
        "x_axis_time_format": "%b %Y",
        "xscale_interval": -1,
        "yscale_interval": 1,
        "legend_type": "continuous",
        "show_legend": True,
        "show_percentage": False,
        "show_values": False,
        "border_color": {"r": 255, "g": 255, "b": 255, "a": 1},
        "border_width": 1,
        "value_bounds": [None, None],
        "y_axis_format": ",d",
        "left_margin": 75,
        "bottom_margin": 30,
        "row_limit": 10_000,
        "time_range": "No filter",
    }
    return Chart(
        name="Calendar of disruption",
        title="When: airports disrupted on each day",
        kind="heatmap_v2",
        dataset=AIRPORT_DAYS,
        params=params,
        description="A column is a week, a row a weekday.",
    )


def _airport() -> Chart:
    return table(
        "The airport shown",
        "The airport shown below: the chosen one, else the most disrupted",
        ONE_AIRPORT,
        {
            "query_mode": "aggregate",
            "groupby": ["origin", "name", "city", "state"],
            "metrics": [
                metric("Days", "COUNT(*)"),
                metric("Flights", "SUM(flights)"),
                _DISRUPTED,
                metric("Mean delay", "AVG(mean_dep_delay)"),
                metric("Cancelled", "SUM(cancelled)::float / NULLIF(SUM(flights), 0)"),
            ],
            "row_limit": 20,
            "column_config": {
                "origin": column("Airport"),
                "name": column("Name"),
                "city": column("City"),
                "state": column("State"),
                "Days": column("Days", ",d"),
                "Flights": column("Flights", ",d"),
                "Disrupted days": column("Disrupted days", ",d"),
                "Mean delay": column("Mean delay (min)", ",.1f"),
                "Cancelled": column("Cancelled", ".2%"),
            },
        },
    )


def _series() -> Chart:
    params = {
        "x_axis": "fl_date",
        "time_grain_sqla": "P1D",
        "time_range": "No filter",
        # Superset draws a band between the two of these endings, and the one without a bound as its line.
        "metrics": [
            metric("Delay", "AVG(mean_dep_delay)"),
            metric("Expected__yhat", "AVG(expected)"),
            metric("Expected__yhat_lower", "AVG(lower)"),
            metric("Expected__yhat_upper", "AVG(upper)"),
        ],
        "groupby": [],
        "seriesType": "line",
        "metrics_b": [metric("Disrupted day", f"AVG(mean_dep_delay) {_ON_THEM}")],
        "groupby_b": [],
        "seriesTypeB": "scatter",
        "markerEnabledB": True,
        "markerSizeB": 9,
        "adhoc_filters_b": [],
        "row_limit": 10_000,
        "row_limit_b": 10_000,
        "truncate_metric": True,
        "truncate_metric_b": True,
        "yAxisIndex": 0,
        "yAxisIndexB": 0,
        "y_axis_format": ",.0f",
        "y_axis_title": "minutes",
        "y_axis_title_margin": 35,
        "x_axis_time_format": "%b %Y",
        "tooltipTimeFormat": "%a %Y-%m-%d",
        "rich_tooltip": True,
        "show_legend": True,
        "legendType": "scroll",
        "legendOrientation": "top",
        "zoomable": False,
        "color_scheme": "supersetColors",
        "annotation_layers": [],
        "comparison_type": "values",
        "comparison_type_b": "values",
    }
    return Chart(
        name="One airport's delays",
        title="Mean departure delay, what was expected, and the disrupted days",
        kind="mixed_timeseries",
        dataset=ONE_AIRPORT,
        params=params,
        description="The band is the interval that the chosen detector expected; dots are the days it flags.",
    )


def _cancellations() -> Chart:
    return bars(
        "One airport's cancellations",
        "Cancelled flights",
        ONE_AIRPORT,
        x="fl_date",
        metrics=[metric("Cancelled flights", "SUM(cancelled)")],
        params={
            "time_grain_sqla": "P1D",
            "show_legend": False,
            "y_axis_format": ",d",
            "y_axis_title": "flights",
            "y_axis_title_margin": 35,
            "x_axis_time_format": "%b %Y",
            "tooltipTimeFormat": "%a %Y-%m-%d",
            "color_scheme": "supersetColors",
        },
    )


def _causes() -> Chart:
    return bars(
        "Causes by month",
        "Why: hours of arrival delay by cause and month",
        AIRPORT_DAYS,
        # A text, since a click on a date's bar filters nothing in Superset 6.1.
        x="month",
        metrics=[metric(cause, f"SUM({minutes}) / 60.0") for cause, (minutes, _) in _CAUSES.items()],
        description="As carriers reported them, over all days, disrupted or not. A click on a month shows the page for it.",
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
        "Worst days",
        "The worst days",
        AIRPORT_DAYS,
        {
            "query_mode": "raw",
            "all_columns": [
                "airport_link",
                "fl_date",
                "mean_dep_delay",
                "cancelled_share",
                "largest_cause",
                "anomaly_score",
            ],
            "order_by_cols": ['["anomaly_score", false]'],
            "row_limit": 1000,
            "column_config": {
                "airport_link": column("Airport"),
                "fl_date": column("Day"),
                "mean_dep_delay": column("Mean delay (min)", ",.0f"),
                "cancelled_share": column("Cancelled", ".0%"),
                "largest_cause": column("Largest cause"),
                "anomaly_score": column("Score", ",.1f"),
            },
        },
        where=("anomaly = 1",),
        description="An airport's code opens this page for that airport alone.",
    )


def _largest() -> Chart:
    return table(
        "Largest disruptions",
        "The largest disruptions",
        DISRUPTIONS,
        {
            "query_mode": "raw",
            "all_columns": [
                "start_date",
                "end_date",
                "airports",
                "airport_days",
                "cancelled",
                "cause_or_none",
                "worst_link",
            ],
            "order_by_cols": ['["airport_days", false]', '["event_id", true]'],
            "row_limit": 1000,
            "column_config": {
                "start_date": column("From"),
                "end_date": column("To"),
                "airports": column("Airports", ",d"),
                "airport_days": column("Airport-days", ",d"),
                "cancelled": column("Cancelled flights", ",d"),
                "cause_or_none": column("Cause"),
                "worst_link": column("Worst at"),
            },
        },
    )


def _detectors() -> tuple[Chart, Chart]:
    by_month = bars(
        "Flags by detector and month",
        "Detectors side by side: airport-days flagged in each month",
        JUDGEMENTS,
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
        JUDGEMENTS,
        {
            "query_mode": "aggregate",
            "groupby": ["detector_name"],
            "metrics": [
                metric("Judged", "COUNT(score)"),
                metric("Flagged", "SUM(flag::int)"),
                metric("Flagged share", "SUM(flag::int)::float / NULLIF(COUNT(score), 0)"),
                metric("Delay when flagged", "AVG(mean_dep_delay) FILTER (WHERE flag)"),
                metric("Agreed", "AVG(anomaly) FILTER (WHERE flag)"),
            ],
            "row_limit": 50,
            "column_config": {
                "detector_name": column("Detector"),
                "Judged": column("Judged", ",d"),
                "Flagged": column("Flagged", ",d"),
                "Flagged share": column("Share flagged", ".2%"),
                "Delay when flagged": column("Mean delay then (min)", ",.0f"),
                "Agreed": column("Of these disrupted", ".0%"),
            },
        },
    )
    return by_month, compared


def disruptions() -> Dashboard:
    """The whole page."""
    by_month, compared = _detectors()
    return Dashboard(
        name="Disruptions",
        title="Disruptions",
        slug="disruptions",
        description="On which days was an airport abnormal, how badly, and why.",
        rows=(
            tuple(Slot(chart=chart, width=3, height=20) for chart in _figures()),
            (Slot(chart=_map(), width=7, height=50), Slot(chart=_most_disrupted(), width=5, height=50)),
            (Slot(chart=_calendar(), width=12, height=36),),
            (Slot(chart=_airport(), width=12, height=17),),
            (Slot(chart=_series(), width=12, height=42),),
            (Slot(chart=_cancellations(), width=12, height=26),),
            (Slot(chart=_causes(), width=12, height=38),),
            (Slot(chart=_worst_days(), width=12, height=34),),
            (Slot(chart=_largest(), width=12, height=34),),
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
                key="year",
                title="Year",
                column="year",
                dataset=AIRPORT_DAYS,
                description="Years of flights.",
                descending=True,
            ),
        ),
        colours={
            "Delay": INK,
            **dict.fromkeys(("Expected__yhat", "Expected__yhat_lower", "Expected__yhat_upper"), BAND),
            "Disrupted day": HIGH,
            _DISRUPTED["label"]: HIGH,
            "Cancelled flights": BAND,
            **{cause: colour for cause, (_, colour) in _CAUSES.items()},
            "ARIMA": LOW,
            "Isolation Forest": INK,
            "Disruption": HIGH,
        },
    )
