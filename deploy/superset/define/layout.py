"""Dashboards: rows of charts on a grid twelve wide, filters, and what follows from them in Superset's words."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from define.charts import Chart
from define.names import file_of, uuid_of
from define.warehouse import Dataset


@dataclass(frozen=True, kw_only=True)
class Slot:
    """A chart's place: `width` of twelve columns, `height` in steps of eight pixels."""

    chart: Chart
    width: int
    height: int


@dataclass(frozen=True, kw_only=True)
class Text:
    """A line of Markdown across the grid."""

    markdown: str
    height: int
    width: int = 12


# Superset draws all columns of a row side by side in any window: in a narrow one each would be a finger wide.
_NARROW = "@media (max-width: 959px) { .grid-container { min-width: 960px; } }"

_KINDS = {Slot: "CHART", Text: "MARKDOWN"}


@dataclass(frozen=True, kw_only=True)
class Filter:
    """A filter of the dashboard. Every chart whose dataset has the column obeys it."""

    key: str
    title: str
    column: str
    dataset: Dataset
    description: str
    descending: bool = False


@dataclass(frozen=True, kw_only=True)
class Dashboard:
    """A page: rows from top to bottom."""

    name: str
    title: str
    slug: str
    description: str
    rows: Sequence[Sequence[Slot | Text]]
    filters: Sequence[Filter]
    colours: dict[str, str]

    @property
    def file(self) -> str:
        """Its place among the assets."""
        return f"dashboards/{file_of(self.name)}.yaml"

    @property
    def charts(self) -> list[Chart]:
        """All charts, in order."""
        return [slot.chart for row in self.rows for slot in row if isinstance(slot, Slot)]

    def to_yaml(self) -> dict[str, Any]:
        """The dashboard in Superset's words."""
        return {
            "dashboard_title": self.title,
            "description": self.description,
            "slug": self.slug,
            "css": _NARROW,
            "published": True,
            "uuid": uuid_of("dashboard", self.name),
            "version": "1.0.0",
            "position": self._positions(),
            "metadata": self._metadata(),
        }

    def _positions(self) -> dict[str, Any]:
        rows = [f"ROW-{number}" for number in range(1, len(self.rows) + 1)]
        positions: dict[str, Any] = {
            "DASHBOARD_VERSION_KEY": "v2",
            "ROOT_ID": {"id": "ROOT_ID", "type": "ROOT", "children": ["GRID_ID"]},
            "GRID_ID": {"id": "GRID_ID", "type": "GRID", "children": rows, "parents": ["ROOT_ID"]},
            "HEADER_ID": {"id": "HEADER_ID", "type": "HEADER", "meta": {"text": self.title}},
        }
        for row, slots in zip(rows, self.rows, strict=True):
            parents = ["ROOT_ID", "GRID_ID"]
            placed = {f"{_KINDS[type(slot)]}-{row[4:]}-{n}": slot for n, slot in enumerate(slots, 1)}
            positions[row] = {
                "id": row,
                "type": "ROW",
                "children": list(placed),
                "parents": parents,
                "meta": {"background": "BACKGROUND_TRANSPARENT"},
            }
            for key, slot in placed.items():
                positions[key] = {"id": key, "children": [], "parents": [*parents, row], **self._content(slot)}
        return positions

    def _content(self, slot: Slot | Text) -> dict[str, Any]:
        size = {"width": slot.width, "height": slot.height}
        if isinstance(slot, Text):
            return {"type": "MARKDOWN", "meta": {**size, "code": slot.markdown}}
        meta = {**size, "chartId": self._number(slot.chart), "sliceName": slot.chart.title, "uuid": slot.chart.uuid}
        return {"type": "CHART", "meta": meta}

    def _number(self, chart: Chart) -> int:
        """Only for references within this file; the import gives every chart its own."""
        return 1 + self.charts.index(chart)

    def _mute(self) -> dict[str, Any]:
        """Cross-filters that reach no chart."""
        nowhere = {"scope": {"rootPath": [], "excluded": []}, "chartsInScope": []}
        numbers = [self._number(chart) for chart in self.charts if chart.mute]
        return {str(number): {"id": number, "crossFilters": nowhere} for number in numbers}

    def _metadata(self) -> dict[str, Any]:
        return {
            "color_scheme": "supersetColors",
            "label_colors": self.colours,
            "shared_label_colors": [],
            "map_label_colors": {},
            "color_scheme_domain": [],
            "cross_filters_enabled": True,
            "chart_configuration": self._mute(),
            "global_chart_configuration": {"scope": {"rootPath": ["ROOT_ID"], "excluded": []}, "chartsInScope": []},
            "native_filter_configuration": [_filter(each) for each in self.filters],
            "filter_bar_orientation": "HORIZONTAL",
            "refresh_frequency": 0,
            "expanded_slices": {},
            "timed_refresh_immune_slices": [],
            "default_filters": "{}",
        }


def _filter(each: Filter) -> dict[str, Any]:
    return {
        "id": f"NATIVE_FILTER-{each.key}",
        "type": "NATIVE_FILTER",
        "filterType": "filter_select",
        "name": each.title,
        "description": each.description,
        "targets": [{"datasetUuid": each.dataset.uuid, "column": {"name": each.column}}],
        "controlValues": {
            "multiSelect": True,
            "enableEmptyFilter": False,
            "defaultToFirstItem": False,
            "inverseSelection": False,
            "searchAllOptions": True,
            "sortAscending": not each.descending,
        },
        "defaultDataMask": {"extraFormData": {}, "filterState": {}, "ownState": {}},
        "cascadeParentIds": [],
        "scope": {"rootPath": ["ROOT_ID"], "excluded": []},
        "chartsInScope": [],
        "tabsInScope": [],
    }
