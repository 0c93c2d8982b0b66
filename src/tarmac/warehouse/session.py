"""Connections that override session settings, so that results do not depend on the server's or user's configuration.

libpq takes settings from PG… variables, and Postgres from the server, the database and the role. Each transaction here
sets those that could affect what is read or written, only for itself, because a pooler shares sessions between clients.
"""

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
from psycopg import sql

_FIXED = {
    "DateStyle": "ISO, YMD",
    "IntervalStyle": "postgres",
    "TimeZone": "UTC",
    "extra_float_digits": "3",
    "bytea_output": "hex",
    "xmlbinary": "base64",
    "xmloption": "content",
    "lc_monetary": "C",
    "lc_numeric": "C",
    "lc_time": "C",
    "standard_conforming_strings": "on",
    "array_nulls": "on",
    "transform_null_equals": "off",
    "quote_all_identifiers": "off",
}
"""Settings for the text form of values, and for the interpretation of SQL."""

_FIXED_UNLESS_IN_THE_URL = {
    "search_path": '"$user", public',
    "lock_timeout": "0",
    "transaction_timeout": "0",
    "idle_in_transaction_session_timeout": "0",
}
"""Postgres's defaults, which the `options` in the warehouse's URL may override."""

_SETTINGS_OF_A_SESSION = ("PGDATESTYLE", "PGTZ", "PGGEQO", "PGOPTIONS")
"""Environment variables with settings, not addresses or secrets; libpq would send them when it connects."""

_environment = threading.Lock()


def connect(url: str, *, embedded: bool = False, **options: Any) -> psycopg.Connection:
    """Connect to `url`. For the `embedded` server, which only Tarmac uses, all PG… variables are ignored."""
    with without_variables(None if embedded else _SETTINGS_OF_A_SESSION):
        return psycopg.connect(url, client_encoding="UTF8", **options)


@contextmanager
def without_variables(names: tuple[str, ...] | None = None) -> Iterator[None]:
    """Hide these environment variables from libpq inside the block; None: every PG… variable."""
    with _environment:
        hidden = {name: os.environ[name] for name in list(os.environ) if _is_hidden(name, names)}
        for name in hidden:
            del os.environ[name]
        try:
            yield
        finally:
            os.environ.update(hidden)


def _is_hidden(name: str, names: tuple[str, ...] | None) -> bool:
    return name.startswith("PG") if names is None else name in names


@contextmanager
def transaction(connection: psycopg.Connection) -> Iterator[psycopg.Cursor[Any]]:
    """A transaction whose results do not depend on settings of the server, the database, the role or the session."""
    with connection.transaction(), connection.cursor() as cursor:
        fix_settings(connection)
        yield cursor


def fix_settings(connection: psycopg.Connection, *, row_security: str = "off") -> None:
    """Set everything that could affect a result, until the transaction ends.

    With `row_security` off, a policy that hides rows causes an error; with on, the rows are omitted.
    """
    in_url = connection.info.options.lower()
    if "statement_timeout" not in in_url:
        connection.execute("SET LOCAL statement_timeout = 0")  # by itself: the next statement may take longer
    fixed = _FIXED | {"row_security": row_security}
    fixed |= {name: value for name, value in _FIXED_UNLESS_IN_THE_URL.items() if name not in in_url}
    # Which settings there are depends on the server's version.
    query = sql.SQL(
        "SELECT pg_catalog.set_config(name, value, true) "
        "FROM (VALUES {}) AS fixed (name, value) JOIN pg_catalog.pg_settings AS known USING (name) "
        "WHERE known.setting <> fixed.value"
    ).format(sql.SQL(", ").join(sql.SQL("({}, {})").format(*map(sql.Literal, pair)) for pair in fixed.items()))
    connection.execute(query)
