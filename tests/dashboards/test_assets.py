"""The assets' files: written from their definitions, whole, and without a secret."""

import re
import sys
import uuid

import pytest
import yaml

from tarmac.tables.airports import AIRPORTS
from tarmac.tables.anomalies import ANOMALIES
from tarmac.tables.disruption_parts import DISRUPTION_PARTS
from tarmac.tables.events import EVENTS
from tarmac.tables.published import CARRIER_DAYS, PUBLISHED
from tests.support.machine import ROOT

ASSETS = ROOT / "deploy" / "superset" / "assets"
FILES = {str(file.relative_to(ASSETS)): file.read_text(encoding="utf-8") for file in ASSETS.rglob("*.yaml")}


def of_kind(kind: str) -> dict[str, dict]:
    return {name: yaml.safe_load(text) for name, text in FILES.items() if name.startswith(f"{kind}/")}


def test_the_files_are_what_the_definitions_write(monkeypatch: pytest.MonkeyPatch) -> None:
    """`make superset-assets` changes nothing."""
    monkeypatch.setattr(sys, "path", [str(ROOT / "deploy" / "superset"), *sys.path])
    from define.assets import to_files

    assert to_files() == FILES


def test_every_column_of_the_tables_is_in_a_dataset() -> None:
    """A column that was added to `tarmac.tables` cannot be forgotten."""
    columns = {name: {c["column_name"] for c in dataset["columns"]} for name, dataset in of_kind("datasets").items()}
    for table in (PUBLISHED, ANOMALIES, CARRIER_DAYS, EVENTS, DISRUPTION_PARTS, AIRPORTS):
        assert any(set(table.names) <= names for names in columns.values()), table.name


def test_every_place_on_a_dashboard_names_its_charts_uuid() -> None:
    """Else its slot stays empty after an import; and no chart is without a place."""
    charts = {chart["uuid"] for chart in of_kind("charts").values()}
    placed = [
        place["meta"]["uuid"]
        for dashboard in of_kind("dashboards").values()
        for place in dashboard["position"].values()
        if isinstance(place, dict) and place["type"] == "CHART"
    ]
    assert sorted(placed) == sorted(charts)


def test_every_asset_has_a_uuid_of_its_own_that_follows_from_its_name() -> None:
    """Version 5: the same on every machine."""
    uuids = [uuid.UUID(yaml.safe_load(text)["uuid"]) for name, text in FILES.items() if name != "metadata.yaml"]
    assert len(set(uuids)) == len(uuids)
    assert {each.version for each in uuids} == {5}


def test_a_row_is_twelve_columns_wide() -> None:
    """Superset would push what is wider out of the page, and leave a hole where it is narrower."""
    for dashboard in of_kind("dashboards").values():
        places = dashboard["position"]
        for row in (place for place in places.values() if isinstance(place, dict) and place["type"] == "ROW"):
            assert sum(places[child]["meta"]["width"] for child in row["children"]) == 12, (
                dashboard["slug"],
                row["id"],
            )


def test_no_file_holds_a_password_or_names_a_foreign_host() -> None:
    """Passwords come with the import; a browser without the internet sees every chart."""
    for name, text in FILES.items():
        assert not re.search(r"password|secret|://[^/\s]*:[^/\s]*@|https?://", text, re.IGNORECASE), name


def test_the_spanish_page_shows_what_the_english_one_shows() -> None:
    """The same charts with the same SQL, and no English title."""
    pages = {dashboard["slug"]: dashboard for dashboard in of_kind("dashboards").values()}
    charts = {chart["uuid"]: chart for chart in of_kind("charts").values()}

    def shown(slug: str) -> list[dict]:
        places = (place for place in pages[slug]["position"].values() if isinstance(place, dict))
        return [charts[place["meta"]["uuid"]] for place in places if place["type"] == "CHART"]

    english, spanish = shown("delays"), shown("retrasos")
    assert [chart["viz_type"] for chart in english] == [chart["viz_type"] for chart in spanish]
    assert [_sql(chart) for chart in english] == [_sql(chart) for chart in spanish]
    assert not {chart["slice_name"] for chart in english} & {chart["slice_name"] for chart in spanish}


def _sql(chart: dict) -> list[str]:
    given = [*chart["params"].get("metrics", []), chart["params"].get("metric", {})]
    return [metric["sqlExpression"] for metric in given if metric]
