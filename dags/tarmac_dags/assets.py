"""The tables that a run makes, as other DAGs may wait for them; each event's extra names the year."""

from collections.abc import Mapping
from typing import Any

from airflow.sdk import Asset, get_current_context

SILVER = Asset(name="silver", uri="x-tarmac://lake/02_silver", group="tarmac")
GOLD = Asset(name="gold", uri="x-tarmac://lake/03_gold", group="tarmac")
WAREHOUSE = Asset(name="warehouse", uri="x-tarmac://warehouse/agg_dep_delay_by_date", group="tarmac")


def told(asset: Asset, counts: dict[str, Any]) -> dict[str, Any]:
    """The counts, among them the year, which the asset's event tells as well."""
    get_current_context()["outlet_events"][asset].extra = counts
    return counts


def years_of(events: Mapping[Asset, Any], asset: Asset) -> list[int]:
    """The years that events of this asset tell, each once, in order."""
    return sorted({int(event.extra["year"]) for event in events[asset]}) if asset in events else []
