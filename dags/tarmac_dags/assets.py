"""Assets: the tables that a run writes, which can trigger other DAGs. The extra of each event names the year."""

from collections.abc import Mapping
from typing import Any

from airflow.sdk import Asset, get_current_context

SILVER = Asset(name="silver", uri="x-tarmac://lake/02_silver", group="tarmac")
GOLD = Asset(name="gold", uri="x-tarmac://lake/03_gold", group="tarmac")
WAREHOUSE = Asset(name="warehouse", uri="x-tarmac://warehouse/agg_dep_delay_by_date", group="tarmac")


def announce(asset: Asset, counts: dict[str, Any]) -> dict[str, Any]:
    """Return the counts of a task, among them the year, and put them into the event of its asset."""
    get_current_context()["outlet_events"][asset].extra = counts
    return counts


def years_of(events: Mapping[Asset, Any], asset: Asset) -> list[int]:
    """The years that events of this asset name, each once, in order."""
    return sorted({int(event.extra["year"]) for event in events[asset]}) if asset in events else []
