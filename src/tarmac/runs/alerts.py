"""News: the flagged days of a year that the warehouse does not flag yet, which people are alerted to."""

import hashlib
import json
from dataclasses import dataclass
from datetime import date
from typing import Any

import polars as pl
from psycopg import sql

from tarmac.runs.scores import read_scored
from tarmac.runs.workspace import Workspace
from tarmac.storage.errors import explained
from tarmac.storage.lake import Lake
from tarmac.storage.scratch import scratch_folder
from tarmac.warehouse.migrations import is_migrated, to_table_name
from tarmac.warehouse.postgres import open_warehouse
from tarmac.warehouse.session import transaction

WORST = 20
"""The number of days that an alert lists; it counts all."""

_SHOWN = (
    "origin",
    "fl_date",
    "anomaly_score",
    "anomaly_direction",
    "mean_dep_delay",
    "expected",
    "flights",
    "cancelled_share",
)


@dataclass(frozen=True, kw_only=True)
class News:
    """The key of a run's news in the lake, and the number of airport-days in it."""

    key: str
    days: int


def note_news(workspace: Workspace, year: int, run_id: str) -> News:
    """Keep in the lake which flagged days the warehouse does not flag yet. Call it before the year is loaded.

    A second call by the same run for the same scores changes nothing, as the year may have been loaded meanwhile.
    """
    lake = workspace.lake
    with explained(lake.root):
        key = _key(lake, year, run_id)
        if lake.size(key) is None:
            published, _ = read_scored(lake, year)
            new = new_anomalies(published, _known(workspace, year))
            _keep(workspace, key, {"year": year, "days": new.height, "worst": new.head(WORST).to_dicts()})
        return News(key=key, days=read_news(lake, key)["days"])


def new_anomalies(published: pl.DataFrame, known: pl.DataFrame) -> pl.DataFrame:
    """The flagged airport-days that are not among the known (origin, fl_date), the highest score first."""
    flagged = published.filter(pl.col("anomaly") == 1).join(known, on=["origin", "fl_date"], how="anti")
    order = ["anomaly_score", "origin", "fl_date"]
    return flagged.sort(order, descending=[True, False, False], nulls_last=True).select(_SHOWN)


def read_news(lake: Lake, key: str) -> dict[str, Any]:
    """What `note_news` kept: the year, the number of new days, and the worst of them."""
    news: dict[str, Any] = json.loads(lake.read(key))
    return news


def _key(lake: Lake, year: int, run_id: str) -> str:
    # A run that has scored the year again has other news.
    judged = hashlib.sha256(lake.read(lake.anomalies_key(year))).hexdigest()
    return f"{lake.runs_folder(year)}/news/{run_id}-{judged[:16]}.json"


def _known(workspace: Workspace, year: int) -> pl.DataFrame:
    schema = {"origin": pl.String, "fl_date": pl.Date}
    table = to_table_name(workspace.table)
    query = sql.SQL("SELECT origin, fl_date FROM {} WHERE anomaly = 1 AND fl_date BETWEEN {} AND {}").format(
        sql.Identifier(table), sql.Literal(date(year, 1, 1)), sql.Literal(date(year, 12, 31))
    )
    with open_warehouse(workspace.warehouse, workspace.home) as connection, transaction(connection):
        rows = connection.execute(query).fetchall() if is_migrated(connection, table) else []
    return pl.DataFrame(rows, schema=schema, orient="row")


def _keep(workspace: Workspace, key: str, news: dict[str, Any]) -> None:
    with scratch_folder(workspace.lake.scratch_parent(workspace.scratch)) as scratch:
        file = scratch / "news.json"
        file.write_text(json.dumps(news, default=str, indent=2) + "\n", encoding="utf-8")
        workspace.lake.publish(file, key)
