"""Charts: a title, a dataset, a kind, and the kind's parameters."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from define.names import file_of, uuid_of
from define.warehouse import Dataset

INK, HIGH, LOW, BAND, SOFT = "#16506e", "#b03a0b", "#1b5cb8", "#6f8ba3", "#b9c3ce"

Metric = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Chart:
    """One chart. `title` is what the reader sees; `name`, in English, gives the uuid; a click on `mute` filters nothing."""

    name: str
    title: str
    kind: str
    dataset: Dataset
    params: Mapping[str, Any]
    description: str = ""
    where: Sequence[str] = field(default=())
    mute: bool = False

    @property
    def uuid(self) -> str:
        """Fixed by the name."""
        return uuid_of("chart", self.name)

    @property
    def file(self) -> str:
        """Its place among the assets."""
        return f"charts/{file_of(self.name)}.yaml"

    def to_yaml(self) -> dict[str, Any]:
        """The chart in Superset's words."""
        params = {"viz_type": self.kind, "adhoc_filters": [_where(sql) for sql in self.where], **self.params}
        return {
            "slice_name": self.title,
            "description": self.description or None,
            "viz_type": self.kind,
            "params": params,
            "query_context": None,
            "cache_timeout": None,
            "uuid": self.uuid,
            "dataset_uuid": self.dataset.uuid,
            "version": "1.0.0",
        }


def metric(label: str, sql: str) -> Metric:
    """An aggregate with the label that readers see."""
    return {
        "expressionType": "SQL",
        "sqlExpression": sql,
        "label": label,
        "hasCustomLabel": True,
        "optionName": f"metric_{file_of(label) or 'value'}",
    }


def _where(sql: str) -> dict[str, Any]:
    return {
        "expressionType": "SQL",
        "clause": "WHERE",
        "sqlExpression": sql,
        "filterOptionName": f"filter_{file_of(sql)[:40]}",
    }


def number(
    name: str, title: str, dataset: Dataset, value: Metric, *, under: str, form: str = ",d", **more: Any
) -> Chart:
    """One figure, large, with a line under it that says what it counts."""
    params = {
        "metric": value,
        "subtitle": under,
        "subtitle_font_size": 0.15,
        "header_font_size": 0.4,
        "y_axis_format": form,
        "time_format": "smart_date",
    }
    return Chart(name=name, title=title, kind="big_number_total", dataset=dataset, params=params, **more)


def ranking(
    name: str, title: str, dataset: Dataset, value: Metric, *, form: str, colour: str, by: str = "origin", **more: Any
) -> Chart:
    """The ten largest, as columns with the largest first. A click on one filters the other charts by it."""
    params = {
        **_AXES,
        "x_axis": by,
        "xAxisForceCategorical": True,
        "metrics": [value],
        "groupby": [],
        # Upright: of a bar that lies, Superset 6.1 takes the value for the name, and a click leaves nothing.
        "orientation": "vertical",
        "xAxisLabelInterval": "0",
        "xAxisLabelRotation": 45,
        "row_limit": 10,
        "order_desc": True,
        "timeseries_limit_metric": value,
        "x_axis_sort": value["label"],
        "x_axis_sort_asc": False,
        "y_axis_format": form,
        "show_value": True,
        "show_legend": False,
        "color_scheme": "supersetColors",
        "label_colors": {value["label"]: colour},
        "truncate_metric": True,
        "minorTicks": False,
    }
    return Chart(name=name, title=title, kind="echarts_timeseries_bar", dataset=dataset, params=params, **more)


_AXES: dict[str, Any] = {
    "time_range": "No filter",
    "annotation_layers": [],
    "comparison_type": "values",
    "rich_tooltip": True,
    "showTooltipTotal": False,
    "tooltipTimeFormat": "%Y-%m-%d",
    "x_axis_time_format": "smart_date",
    "x_axis_title_margin": 15,
    "y_axis_title_margin": 15,
    "y_axis_title_position": "Left",
    "legendOrientation": "top",
    "legendType": "scroll",
    "y_axis_bounds": [None, None],
    "row_limit": 10_000,
}


def bars(name: str, title: str, dataset: Dataset, *, x: str, metrics: Sequence[Metric], **more: Any) -> Chart:
    """Vertical bars; `params` adds to or changes the axes' parameters."""
    given = {"x_axis": x, "metrics": list(metrics), "groupby": [], "show_legend": True, "truncate_metric": True}
    params = {**_AXES, **given, **more.pop("params", {})}
    return Chart(name=name, title=title, kind="echarts_timeseries_bar", dataset=dataset, params=params, **more)


def table(name: str, title: str, dataset: Dataset, params: Mapping[str, Any], **more: Any) -> Chart:
    """Rows as they are, or aggregated."""
    base = {
        "time_range": "No filter",
        "order_desc": True,
        "allow_render_html": False,
        "color_pn": False,
        "show_cell_bars": False,
        "table_timestamp_format": "%Y-%m-%d",
        "server_pagination": False,
        "page_length": 0,
        "include_search": False,
    }
    return Chart(name=name, title=title, kind="table", dataset=dataset, params={**base, **params}, **more)


def column(header: str, form: str = "", **more: Any) -> dict[str, Any]:
    """How a table shows one column: its header and the format of its numbers."""
    return {"customColumnName": header, **({"d3NumberFormat": form} if form else {}), **more}
