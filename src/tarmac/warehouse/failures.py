"""Postgres's errors as messages: what failed, where, why, and what to do about it."""

import re
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from psycopg import errors

from tarmac.errors import SystemFailure

_ANOTHER_PLACE = (
    "name another database in --warehouse, or a schema of Tarmac's own with ?options=-c%20search_path%3DSCHEMA in it"
)

_NEXT_STEPS: tuple[tuple[type[psycopg.Error], str], ...] = (
    (errors.QueryCanceled, "Raise the statement_timeout in the options of --warehouse, or ask who cancelled it"),
    (errors.LockNotAvailable, "Raise the lock_timeout in the options of --warehouse, or ask what holds the tables"),
    (errors.DiskFull, "Free space on the database's disk"),
    (errors.ReadOnlySqlTransaction, "Name the primary server, not a read-only copy, in --warehouse"),
    (errors.DuplicateTable, f"That table is not Tarmac's: rename it, or {_ANOTHER_PLACE}"),
    (errors.WrongObjectType, f"Tarmac needs a table there: rename what Postgres names, or {_ANOTHER_PLACE}"),
    (errors.FeatureNotSupported, "Drop what Postgres names (a view can be made again afterwards)"),
    (errors.DependentObjectsStillExist, "Drop what Postgres names (a view can be made again afterwards)"),
    (
        errors.InvalidSchemaName,
        "Create the schema (CREATE SCHEMA), have its owner give the user of --warehouse the right to it (GRANT USAGE, CREATE "
        "ON SCHEMA … TO …), or fix search_path in the options of --warehouse",
    ),
)

_WHILE_CONNECTING: tuple[tuple[str, str], ...] = (
    ("password authentication failed|no password supplied", "Fix the user or the password in --warehouse"),
    (
        'no pg_hba.conf entry|role ".*" does not exist',
        "Fix the user in --warehouse, or allow it in the server's pg_hba.conf",
    ),
    ('database ".*" does not exist', "Create that database (createdb), or fix its name in --warehouse"),
    (
        'denied for database "',
        "Ask its owner to give the user of --warehouse that right (GRANT CONNECT ON DATABASE … TO …)",
    ),
    ("too many clients|connection slots", "Close other connections to the server, or raise its max_connections"),
    ("invalid value for parameter|unrecognized configuration parameter", "Fix the options in --warehouse"),
)
"""libpq gives no SQLSTATE while it connects, only the server's message."""

_RIGHTS: tuple[tuple[str, str], ...] = (
    (r"create temporary tables in database (\S+)", "GRANT TEMPORARY ON DATABASE {}"),
    (r"denied for database (\S+)", "GRANT CONNECT, TEMPORARY ON DATABASE {}"),
    (r"denied for schema (\S+)", "GRANT USAGE, CREATE ON SCHEMA {}"),
    (
        r"denied for (?:table|view|relation|materialized view|foreign table) (\S+)",
        "GRANT SELECT, INSERT, UPDATE, DELETE ON {}",
    ),
)
"""Postgres's message about a missing privilege, and the statement that grants it."""


def to_reason(error: psycopg.Error) -> str:
    """Postgres's message and detail in one line."""
    text = error.diag.message_primary or str(error) or type(error).__name__
    detail = f" ({error.diag.message_detail})" if error.diag.message_detail else ""
    return " ".join(f"{text}{detail}".split())


def to_next_step(error: psycopg.Error) -> str:
    """What the user can do about it, before running the same command again."""
    if isinstance(error, errors.InsufficientPrivilege):
        return _to_right(to_reason(error))
    for kind, step in _NEXT_STEPS:
        if isinstance(error, kind):
            return step
    text = str(error)
    if error.sqlstate is None:
        for words, step in _WHILE_CONNECTING:
            if re.search(words, text):
                return step
    if not isinstance(error, psycopg.OperationalError):
        return "Fix what Postgres names, or report it with this message"
    if "certificate" in text:
        return (
            "Check that sslrootcert in --warehouse is the server's certificate authority, and that "
            "--warehouse has its host name"
        )
    return "Check that Postgres is running and that --warehouse names its host and port"


def _to_right(reason: str) -> str:
    """The statement with which the owner grants the missing privilege."""
    if "row-level security" in reason:
        return "Read as the table's owner or as a user with BYPASSRLS: a policy hides rows from this one"
    if "must be owner of" in reason:
        return "Load once as its owner, or make the user of --warehouse the owner (ALTER TABLE … OWNER TO …)"
    for pattern, statement in _RIGHTS:
        if found := re.search(pattern, reason):
            return f"Ask its owner to give the user of --warehouse that right ({statement.format(found[1])} TO …)"
    return "Ask the owner of what Postgres names to give the user of --warehouse that right (GRANT)"


@contextmanager
def explained(doing: str, *, outcome: str = "") -> Iterator[None]:
    """Turn errors of Postgres in the block into a SystemFailure that says what was being done."""
    try:
        yield
    except psycopg.Error as error:
        outcome = f" {outcome}" if outcome else ""
        raise SystemFailure(
            f"{doing} failed: {to_reason(error)}.{outcome} {to_next_step(error)}; then run the same command again."
        ) from error
