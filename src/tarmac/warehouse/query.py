"""The user's SQL on the warehouse: a single read-only statement."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
from psycopg import errors

from tarmac.errors import InputError, SystemFailure
from tarmac.tables.runs import RUNS
from tarmac.warehouse.failures import explained, to_next_step, to_reason
from tarmac.warehouse.postgres import warehouse_url
from tarmac.warehouse.session import connect, fix_settings
from tarmac.warehouse.urls import EMBEDDED, to_label
from tarmac.warehouse.values import show_all_values

_ROWS_AT_ONCE = 1000

_EMPTY = "The warehouse is still empty. Fill it first: tarmac run --year …"

# Classes of SQLSTATE for failures of the server; all others concern the statement.
_SERVERS = ("08", "53", "55", "57", "58", "XX")


@dataclass(frozen=True, kw_only=True)
class QueryResult:
    """The columns' names, and the rows as they arrive, to be read inside the block."""

    columns: tuple[str, ...]
    rows: Iterator[tuple[Any, ...]]


@contextmanager
def run_query(warehouse: str, home: Path, statement: str) -> Iterator[QueryResult]:
    """Run one reading statement; raises InputError if it writes, is more than one, or is not valid SQL.

    Four safeguards, the last only for the embedded server: the extended protocol accepts one statement; the transaction is
    read-only and has a snapshot, after which Postgres does not allow it to become writable; a superuser switches to a role
    that may only read; and the connection to the embedded server uses such a role, which cannot switch back.
    """
    if "\0" in statement or not statement.strip():
        raise InputError(
            'The SQL is empty or holds a NUL byte. Example: tarmac query "SELECT count(*) FROM pipeline_runs"'
        )
    if warehouse == EMBEDDED and not (home / "warehouse").exists():
        raise InputError(_EMPTY)  # rather than create a server only to find it empty
    with warehouse_url(warehouse, home) as url:
        with explained(f"Reaching {to_label(warehouse)}"):
            embedded = warehouse == EMBEDDED
            connection = connect(_as_reader(url) if embedded else url, embedded=embedded)
        try:
            with explained("Preparing the query"):
                _fence(connection)
            show_all_values(connection)
            yield _started(connection, statement)
        finally:
            connection.close()


def _as_reader(url: str) -> str:
    from tarmac.warehouse.embedded import READER

    return url.replace("//postgres@", f"//{READER}@", 1)


def _fence(connection: psycopg.Connection) -> None:
    """Begin a read-only transaction: after its first query it can no longer be made writable."""
    connection.read_only = True
    fix_settings(connection, row_security="on")
    is_superuser = connection.execute("SELECT rolsuper FROM pg_roles WHERE rolname = current_user").fetchone()
    readers = connection.execute("SELECT FROM pg_roles WHERE rolname = 'pg_read_all_data'").fetchone()
    if readers is not None and is_superuser == (True,):
        # Otherwise COPY … TO PROGRAM and functions that write files would run, which a read-only transaction allows.
        connection.execute("SET LOCAL ROLE pg_read_all_data")


def _started(connection: psycopg.Connection, statement: str) -> QueryResult:
    """The result with its first rows fetched, so that an error in the statement is reported at once."""
    cursor = connection.cursor()
    incoming = _told(connection, statement, cursor.stream(_to_bytes(statement), size=_ROWS_AT_ONCE))
    first = next(incoming, None)
    columns = tuple(column.name for column in cursor.description or ()) or _described(connection, statement)

    def rows() -> Iterator[tuple[Any, ...]]:
        if first is not None:
            yield first
            yield from incoming

    return QueryResult(columns=columns, rows=rows())


def _to_bytes(statement: str) -> bytes:
    # A command line that is not UTF-8 arrives with surrogates; Postgres then says which byte is wrong.
    return statement.encode("utf-8", "surrogateescape")


def _described(connection: psycopg.Connection, statement: str) -> tuple[str, ...]:
    """The columns of a result without rows, which the stream does not give."""
    connection.pgconn.prepare(b"", _to_bytes(statement))
    found = connection.pgconn.describe_prepared(b"")
    return tuple((found.fname(number) or b"?").decode() for number in range(found.nfields))


def _told(connection: psycopg.Connection, statement: str, rows: Iterator[tuple[Any, ...]]) -> Iterator[tuple[Any, ...]]:
    try:
        yield from rows
    except psycopg.Error as error:
        if (error.sqlstate or "").startswith(_SERVERS) or (error.sqlstate is None and connection.broken):
            raise SystemFailure(f"The query failed: {to_reason(error)}. {to_next_step(error)}.") from error
        raise InputError(_complaint(connection, error, statement)) from error


def _complaint(connection: psycopg.Connection, error: psycopg.Error, statement: str) -> str:
    """The message: what is wrong with the statement, where, and what to write."""
    if isinstance(error, errors.ReadOnlySqlTransaction | errors.ActiveSqlTransaction | errors.InsufficientPrivilege):
        return f"tarmac query only reads, and this statement would do more: {to_reason(error)}. Use SELECT."
    if isinstance(error, psycopg.DataError) and error.sqlstate is None:
        return f"A value cannot be shown: {to_reason(error)}. Cast its column to text: column::text."
    if error.sqlstate is None:
        return "tarmac query shows the rows of one SELECT (or VALUES, SHOW, EXPLAIN), and this statement returns none."
    if error.diag.source_function == "exec_parse_message":  # its text may be in another language
        return "tarmac query runs one statement, but this is more than one. Remove what follows the first semicolon."
    hint = f" {error.diag.message_hint}" if error.diag.message_hint else ""
    tables = f" {_tables(connection)}" if isinstance(error, errors.UndefinedTable) else ""
    return f"The SQL is wrong{_position(error, statement)}: {to_reason(error)}.{hint}{tables}"


def _tables(connection: psycopg.Connection) -> str:
    """The names of the available tables, or that nothing has been loaded yet."""
    connection.rollback()
    query = "SELECT relname FROM pg_class WHERE relkind IN ('r', 'v', 'm', 'p') AND pg_table_is_visible(oid) "
    query += "AND relnamespace NOT IN ('pg_catalog'::regnamespace, 'information_schema'::regnamespace) ORDER BY relname"
    names = [str(row[0]) for row in connection.execute(query)]
    if RUNS.name not in names:
        return _EMPTY
    return f"Known tables: {', '.join(names)}."


def _position(error: psycopg.Error, statement: str) -> str:
    if not error.diag.statement_position:
        return ""
    before = statement[: int(error.diag.statement_position) - 1]
    return f" at line {before.count(chr(10)) + 1}, column {len(before) - before.rfind(chr(10))}"
