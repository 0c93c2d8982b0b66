"""Small frames for the warehouse's tests: tests name the relevant columns, the rest is filled in."""

import datetime as dt
from typing import Any

import polars as pl

from tarmac.tables.anomalies import ANOMALIES
from tarmac.tables.events import EVENTS
from tarmac.tables.frames import DTYPES
from tarmac.tables.published import PUBLISHED
from tarmac.tables.schema import Table

DAY = dt.date(2009, 1, 2)


def published(*rows: dict[str, Any]) -> pl.DataFrame:
    """Published rows, as passed to a load."""
    defaults = {
        "fl_date": DAY,
        "flights": 10,
        "departed": 10,
        "cancelled": 0,
        "cancelled_share": 0.0,
        "diverted": 0,
    }
    return _frame(PUBLISHED, defaults, rows, without=("id", "last_update"))


def scores(*rows: dict[str, Any]) -> pl.DataFrame:
    """Scores, as passed to a load."""
    return _frame(ANOMALIES, {"fl_date": DAY, "measure": "mean_dep_delay", "detector": "arima", "flag": False}, rows)


def events(*rows: dict[str, Any]) -> pl.DataFrame:
    """Events, as passed to a load."""
    defaults = {
        "year": DAY.year,
        "start_date": DAY,
        "end_date": DAY,
        "airports": 1,
        "origins": "JFK",
        "airport_days": 1,
        "flights": 10,
        "cancelled": 4,
        "worst_origin": "JFK",
        "worst_date": DAY,
    }
    return _frame(EVENTS, defaults, rows)


def run(**given: Any) -> dict[str, Any]:
    """A run's record."""
    now = dt.datetime(2026, 11, 22, tzinfo=dt.UTC)
    return {
        "run_id": "r1",
        "year": 2009,
        "command": "run",
        "status": "done",
        "started": now,
        "finished": now,
        "seconds": {"silver": 1.5},
        **given,
    }


def _frame(
    table: Table, defaults: dict[str, Any], rows: tuple[dict[str, Any], ...], without: tuple[str, ...] = ()
) -> pl.DataFrame:
    schema = {column.name: DTYPES[column.kind] for column in table.columns if column.name not in without}
    return pl.DataFrame([dict.fromkeys(schema) | defaults | row for row in rows], schema=schema)
