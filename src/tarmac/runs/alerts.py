"""News: the disruptions of a year that the warehouse does not have yet, for alerts."""

import hashlib
import json
from collections.abc import Set
from dataclasses import dataclass
from typing import Any

import polars as pl

from tarmac.detect.severity import lost_flights
from tarmac.runs.scores import read_disruptions
from tarmac.runs.workspace import Workspace
from tarmac.storage.errors import explained
from tarmac.storage.lake import Lake
from tarmac.storage.scratch import scratch_folder
from tarmac.tables.events import EVENTS
from tarmac.warehouse.migrations import is_migrated
from tarmac.warehouse.postgres import open_warehouse
from tarmac.warehouse.session import transaction

WORST = 20
"""The number of disruptions that an alert lists; it counts all."""

_SHOWN = (
    "event_id",
    "start_date",
    "end_date",
    "scope",
    "carriers",
    "origins",
    "flights",
    "cancelled",
    "excess_cancelled",
    "excess_delay_minutes",
    "severity",
    "cause",
    "cause_share",
    "summary",
)


@dataclass(frozen=True, kw_only=True)
class News:
    """The key of a run's news in the lake, and the number of disruptions in it."""

    key: str
    disruptions: int


def note_news(workspace: Workspace, year: int, run_id: str) -> News:
    """Store in the lake which disruptions the warehouse does not have yet. Call it before the year is loaded.

    A second call by the same run for the same disruptions changes nothing, because the year may have been loaded since.

    Raises:
        InputError: the year's disruptions are not in the lake.
    """
    lake = workspace.lake
    with explained(lake.root):
        events = read_disruptions(lake, year).events
        key = _key(lake, year, run_id)
        if lake.size(key) is None:
            new = new_disruptions(events, _known(workspace, year))
            _keep(workspace, key, {"year": year, "disruptions": new.height, "worst": new.head(WORST).to_dicts()})
        return News(key=key, disruptions=read_news(lake, key)["disruptions"])


def new_disruptions(events: pl.DataFrame, known: Set[str]) -> pl.DataFrame:
    """The disruptions (`tables.events`) whose event_id is not known, those that lost most flights first."""
    departed = pl.col("flights") - pl.col("cancelled")
    lost = lost_flights(pl.col("excess_cancelled"), pl.col("excess_delay_minutes"), departed)
    new = events.filter(~pl.col("event_id").is_in(list(known)))
    return new.sort(lost, "event_id", descending=[True, False], nulls_last=True).select(_SHOWN)


def read_news(lake: Lake, key: str) -> dict[str, Any]:
    """The result stored by `note_news`: the year, the number of new disruptions, and the worst of them."""
    news: dict[str, Any] = json.loads(lake.read(key))
    return news


def _key(lake: Lake, year: int, run_id: str) -> str:
    # If the run has computed the year's disruptions again, its news are determined again.
    found = hashlib.sha256(lake.read(lake.disruptions_key(year))).hexdigest()
    return f"{lake.runs_folder(year)}/news/{run_id}-{found[:16]}.json"


def _known(workspace: Workspace, year: int) -> frozenset[str]:
    query = f"SELECT event_id FROM {EVENTS.name} WHERE year = %s"  # noqa: S608 - our own name
    with open_warehouse(workspace.warehouse, workspace.home) as connection, transaction(connection):
        rows = connection.execute(query, [year]).fetchall() if is_migrated(connection, None) else []
    return frozenset(event_id for (event_id,) in rows)


def _keep(workspace: Workspace, key: str, news: dict[str, Any]) -> None:
    with scratch_folder(workspace.lake.scratch_parent(workspace.scratch)) as scratch:
        file = scratch / "news.json"
        file.write_text(json.dumps(news, default=str, indent=2) + "\n", encoding="utf-8")
        workspace.lake.publish(file, key)
