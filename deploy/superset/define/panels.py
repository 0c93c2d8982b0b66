"""Charts that several pages have: one airport's or carrier's delays and cancellations, a map, a heat map, causes."""

from collections.abc import Mapping
from typing import Any

from define.charts import BAND, HIGH, INK, LOW, SOFT, Chart, Metric, bars, column, metric, table
from define.texts import CAUSE_NAMES, NOT_STATED
from define.warehouse import Dataset

CAUSE_COLOURS = dict(zip(CAUSE_NAMES.values(), (INK, "#e0a03b", "#5b8c5a", "#7a4fa3"), strict=True))
FLAGGED_DAYS = metric("Flagged days", "COALESCE(SUM(anomaly), 0)")
LOST_FLIGHTS = metric("Flights lost", "COALESCE(SUM(lost_flights), 0)")
CANCELLED_SHARE = metric("Cancelled", "SUM(cancelled)::float / NULLIF(SUM(flights), 0)")
LOST_SHARE = metric("Share lost", "SUM(lost_flights) / NULLIF(SUM(flights), 0)")
LOST_MEANING = "Cancelled above the expected, and five hours of delay above the expected counted as one flight."

COLOURS = {
    "Delay": INK,
    **dict.fromkeys(("Expected__yhat", "Expected__yhat_lower", "Expected__yhat_upper"), BAND),
    "Flagged day": HIGH,
    "Flagged days": HIGH,
    "Flights lost": HIGH,
    "Share lost": HIGH,
    "Share of flights lost": HIGH,
    "Share of all flights": SOFT,
    **CAUSE_COLOURS,
    NOT_STATED: SOFT,
    "Late aircraft": SOFT,
    "ARIMA": LOW,
    "Isolation Forest": INK,
    "Disruption": HIGH,
}
"""The colour of every name in a legend, on all pages."""

_DAYS_AXIS: Mapping[str, Any] = {
    "time_grain_sqla": "P1D",
    "y_axis_title_margin": 45,
    "x_axis_time_format": "%b %Y",
    "tooltipTimeFormat": "%a %Y-%m-%d",
    "color_scheme": "supersetColors",
}


def delays_of_one(name: str, dataset: Dataset) -> Chart:
    """Each day's mean delay, the expected interval as a band, and a dot on each flagged day."""
    params = {
        **_DAYS_AXIS,
        "x_axis": "fl_date",
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
        "metrics_b": [metric("Flagged day", "AVG(mean_dep_delay) FILTER (WHERE anomaly = 1)")],
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
        "rich_tooltip": True,
        "show_legend": True,
        "legendType": "scroll",
        "legendOrientation": "top",
        "zoomable": False,
        "annotation_layers": [],
        "comparison_type": "values",
        "comparison_type_b": "values",
    }
    return Chart(
        name=name,
        title="Mean departure delay, what was expected, and the flagged days",
        kind="mixed_timeseries",
        dataset=dataset,
        params=params,
        description="The band is the interval that the detector expected; dots are the days that it flags.",
    )


def cancellations_of_one(name: str, dataset: Dataset) -> Chart:
    """Each day's cancelled flights by the cause that the carrier gave."""
    codes = {cause: f"COALESCE(SUM(cancelled_{key}), 0)" for key, cause in CAUSE_NAMES.items()}
    given = " - ".join(codes.values())
    metrics = [metric(cause, sql) for cause, sql in codes.items()]
    return bars(
        name,
        "Cancelled flights by the cause that the carrier gave",
        dataset,
        x="fl_date",
        metrics=[*metrics, metric(NOT_STATED, f"SUM(cancelled) - {given}")],
        params={
            **_DAYS_AXIS,
            "stack": "Stack",
            "y_axis_format": ",d",
            "y_axis_title": "flights",
            "showTooltipTotal": True,
        },
    )


def airport_map(name: str, title: str, dataset: Dataset, value: Metric, **more: Any) -> Chart:
    """A point for each airport: the larger the number of flights, the larger the point."""
    params: dict[str, Any] = {
        "spatial": {"type": "latlong", "latCol": "latitude", "lonCol": "longitude"},
        "point_radius_fixed": {"type": "metric", "value": value},
        "point_unit": "square_km",
        "min_radius": 2,
        "max_radius": 26,
        "multiplier": 8,
        "color_picker": {"r": 176, "g": 58, "b": 11, "a": 0.75},
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
            {"item_type": "column", "column_name": more.pop("code", "origin"), "verbose_name": "Airport"},
            {"item_type": "column", "column_name": "name", "verbose_name": "Name"},
            {"item_type": "metric", "metric_name": value["label"]},
        ],
    }
    # Superset 6.1 filters by the pixel of the click: beside a point's centre no airport would be left.
    return Chart(name=name, title=title, kind="deck_scatter", dataset=dataset, params=params, mute=True, **more)


def heat_map(name: str, title: str, dataset: Dataset, value: Metric, *, rows: str, **more: Any) -> Chart:
    """A column is a week; `rows` is the column that the rows are of."""
    params = {
        "x_axis": "week",
        "groupby": rows,
        "metric": value,
        "linear_color_scheme": "tarmac_heat",
        "normalize_across": "heatmap",
        "sort_x_axis": "alpha_asc",
        "sort_y_axis": "alpha_desc",
        "x_axis_time_format": "%d %b %Y",
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
        **more.pop("params", {}),
    }
    return Chart(name=name, title=title, kind="heatmap_v2", dataset=dataset, params=params, **more)


def one_in_numbers(name: str, title: str, dataset: Dataset, who: Mapping[str, str]) -> Chart:
    """One airport or carrier: its columns `who`, with their headers, and its year in numbers."""
    return table(
        name,
        title,
        dataset,
        {
            "query_mode": "aggregate",
            "groupby": list(who),
            "metrics": [
                metric("Days", "COUNT(*)"),
                metric("Flights", "SUM(flights)"),
                FLAGGED_DAYS,
                LOST_FLIGHTS,
                metric("Mean delay", "AVG(mean_dep_delay)"),
                CANCELLED_SHARE,
            ],
            "row_limit": 20,
            "column_config": {
                **{each: column(header) for each, header in who.items()},
                "Days": column("Days", ",d"),
                "Flights": column("Flights", ",d"),
                "Flagged days": column("Flagged days", ",d"),
                "Flights lost": column("Flights lost", ",.0f"),
                "Mean delay": column("Mean delay (min)", ",.1f"),
                "Cancelled": column("Cancelled", ".2%"),
            },
        },
    )
