"""The tables that a run makes, as other DAGs may wait for them; each event's extra names the year."""

from collections.abc import Mapping
from typing import Any

from airflow.sdk import Asset, get_current_context

SILVER = Asset(name="silver", uri="x-tarmac://lake/02_silver", group="tarmac")
GOLD = Asset(name="gold", uri="x-tarmac://lake/03_gold", group="tarmac")
WAREHOUSE = Asset(name="warehouse", uri="x-tarmac://warehouse/agg_dep_delay_by_date", group="tarmac")


def told(asset: Asset, plan: Mapping[str, Any], counts: dict[str, Any]) -> dict[str, Any]:
    """The counts, which the asset's event tells as well, with the year."""
    get_current_context()["outlet_events"][asset].extra = {"year": plan["year"], **counts}
    return counts
