"""The warehouse as a connection or a URL, the table of runs, and the report's queries."""

import io
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import polars as pl
import psycopg
from psycopg import sql
from psycopg.types.json import Jsonb

from tarmac.errors import InputError
from tarmac.tables.frames import schema_of
from tarmac.tables.published import PUBLISHED
from tarmac.tables.runs import RUNS
from tarmac.tables.schema import Table
from tarmac.warehouse.failures import explained
from tarmac.warehouse.migrations import is_migrated, migrate, to_table_name
from tarmac.warehouse.session import connect, transaction
from tarmac.warehouse.urls import EMBEDDED, to_connection_url, to_label


@contextmanager
def warehouse_url(warehouse: str, home: Path) -> Iterator[str]:
    """A libpq URL that is valid inside the block, while the embedded server runs."""
    if warehouse != EMBEDDED:
        yield to_connection_url(warehouse)
        return
    from tarmac.warehouse.embedded import embedded_server

    with embedded_server(home) as url:
        yield to_connection_url(url)


@contextmanager
def open_warehouse(warehouse: str, home: Path) -> Iterator[psycopg.Connection]:
    """An open autocommit connection. Read and write in `session.transaction`."""
    with warehouse_url(warehouse, home) as url:
        with explained(f"Reaching {to_label(warehouse)}"):
            # No prepared statements: a pooler in front of the server may switch sessions.
            connection = connect(url, embedded=warehouse == EMBEDDED, autocommit=True, prepare_threshold=None)
            # At a stricter level, a load that waited for another would still see the old rows.
            connection.isolation_level = psycopg.IsolationLevel.READ_COMMITTED
            connection.read_only = False
        try:
            yield connection
        finally:
            connection.close()


def record_run(connection: psycopg.Connection, run: Mapping[str, Any]) -> None:
    """Upsert the run's row in `pipeline_runs`, which is created first if it is missing."""
    migrate(connection, None)
    with explained("Recording the run"), transaction(connection):
        write_run(connection, run)


def write_run(connection: psycopg.Connection, run: Mapping[str, Any]) -> None:
    """Upsert the run's row, in the caller's transaction if there is one."""
    if unknown := set(run) - set(RUNS.names):
        raise ValueError(f"run names columns that {RUNS.name} lacks: {sorted(unknown)}. Known: {', '.join(RUNS.names)}")
    columns = [column for column in RUNS.columns if column.name in run]
    values = [
        Jsonb(run[column.name]) if column.kind == "json" and run[column.name] is not None else run[column.name]
        for column in columns
    ]
    names = [sql.Identifier(column.name) for column in columns]
    statement = sql.SQL("INSERT INTO {} ({}) VALUES ({}) ON CONFLICT (run_id) DO UPDATE SET {}").format(
        sql.Identifier(RUNS.name),
        sql.SQL(", ").join(names),
        sql.SQL(", ").join(sql.Placeholder() * len(names)),
        sql.SQL(", ").join(sql.SQL("{0} = excluded.{0}").format(name) for name in names),
    )
    connection.execute(statement, values)


def read_published(
    connection: psycopg.Connection, years: range, *, published_table: str = PUBLISHED.name
) -> pl.DataFrame:
    """The published rows of these years by date and airport; raises InputError if nothing has been loaded."""
    return _read(connection, PUBLISHED, years, to_table_name(published_table))


def read_years(connection: psycopg.Connection, table: Table, years: range) -> pl.DataFrame:
    """The rows of these years in a table with a date or a year; raises InputError if nothing has been loaded."""
    return _read(connection, table, years, table.name)


def _read(connection: psycopg.Connection, table: Table, years: range, name: str) -> pl.DataFrame:
    with explained(f"Reading {name}"), transaction(connection) as cursor:
        if not is_migrated(connection, name if table is PUBLISHED else None):
            raise InputError(f"The warehouse has no table {name!r} yet. Fill it first: tarmac run --year …")
        columns = sql.SQL(", ").join(
            sql.SQL("(extract(epoch FROM {}) * 1000000)::bigint" if column.kind == "instant" else "{}").format(
                sql.Identifier(column.name)
            )
            for column in table.columns
        )
        query = sql.SQL("COPY (SELECT {} FROM {} WHERE {} ORDER BY {}) TO STDOUT (FORMAT csv)").format(
            columns, sql.Identifier(name), _within(table, years), _order(table)
        )
        with cursor.copy(query) as copy:
            text = b"".join(bytes(block) for block in copy)
    schema = schema_of(table)
    rows = pl.read_csv(io.BytesIO(text), has_header=False, schema=schema) if text else pl.DataFrame(schema=schema)
    instants = [column.name for column in table.columns if column.kind == "instant"]
    return rows.with_columns(pl.col(instants).cast(pl.Datetime("us", "UTC")))


def _within(table: Table, years: range) -> sql.Composable:
    """The condition that a row belongs to these years."""
    if "fl_date" not in table.names:
        return sql.SQL("year >= {} AND year < {}").format(years.start, years.stop)
    first, end = (sql.Literal(f"{year:04}-01-01") for year in (years.start, years.stop))
    return sql.SQL("fl_date >= {} AND fl_date < {}").format(first, end)


def _order(table: Table) -> sql.Composable:
    by = ("fl_date", "origin") if table is PUBLISHED else table.key
    return sql.SQL(", ").join(map(sql.Identifier, by))
