"""Load one year's rows into the warehouse in one transaction: upsert, and removal of rows that the year no longer has."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import polars as pl
import psycopg
from psycopg import sql

from tarmac.errors import InputError
from tarmac.tables.airports import AIRPORTS
from tarmac.tables.anomalies import ANOMALIES
from tarmac.tables.disruption_parts import DISRUPTION_PARTS
from tarmac.tables.events import EVENTS
from tarmac.tables.published import CARRIER_DAYS, PUBLISHED
from tarmac.warehouse import fingerprint
from tarmac.warehouse.failures import explained
from tarmac.warehouse.migrations import migrate, to_table_name
from tarmac.warehouse.postgres import write_run
from tarmac.warehouse.session import transaction
from tarmac.warehouse.table_year import STAMP, TableYear, names


@dataclass(frozen=True, kw_only=True)
class LoadCounts:
    """The counts of a load for one table. `unchanged` rows were not written."""

    inserted: int = 0
    updated: int = 0
    unchanged: int = 0
    removed: int = 0

    @property
    def changed(self) -> int:
        """Rows that were written or removed."""
        return self.inserted + self.updated + self.removed


def load_year(
    connection: psycopg.Connection,
    year: int,
    *,
    published: pl.DataFrame,
    scores: pl.DataFrame,
    carriers: pl.DataFrame | None = None,
    events: pl.DataFrame | None = None,
    parts: pl.DataFrame | None = None,
    airports: pl.DataFrame | None = None,
    run: Mapping[str, Any] | None = None,
    published_table: str = PUBLISHED.name,
) -> dict[str, LoadCounts]:
    """Replace the year's rows in the warehouse by these; readers see all of the change or nothing.

    Returns the counts by table. `carriers`, `events` and `parts` may be None, which leaves the year's
    rows of that table unchanged; an empty frame removes them. `airports`
    (`tables.airports`) belong to no year: new and changed ones are written, and none is removed.
    The connection is from `open_warehouse`, outside a transaction. SystemFailure: rolled back, can be run again.
    """
    frames = {
        TableYear(table=PUBLISHED, name=to_table_name(published_table), year=year): _with_id(published),
        TableYear(table=ANOMALIES, name=ANOMALIES.name, year=year): scores,
    }
    for table, frame in ((CARRIER_DAYS, carriers), (EVENTS, events), (DISRUPTION_PARTS, parts)):
        if frame is not None:
            frames[TableYear(table=table, name=table.name, year=year)] = frame
    checked = {part: _checked(part, frame) for part, frame in frames.items()}
    migrate(connection, published_table)
    with (
        explained(f"Loading {year} into the warehouse", outcome="It was rolled back: nothing was changed."),
        transaction(connection) as cursor,
    ):
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_lock(year)])
        # Without statistics of a table that was just filled, the planner tends to choose nested loops.
        cursor.execute("SET LOCAL enable_nestloop = off")
        counts = {part.name: _replace(cursor, part, frame) for part, frame in checked.items()}
        if airports is not None:
            counts[AIRPORTS.name] = _upsert_airports(cursor, airports)
        if run is not None:
            write_run(connection, run)
    return counts


def _with_id(published: pl.DataFrame) -> pl.DataFrame:
    """The rows with their id, such as JFK20090101, as in the reference pipeline."""
    if not {"origin", "fl_date"} <= set(published.columns):
        return published  # the next check reports the missing column
    return published.with_columns(id=pl.col("origin") + pl.col("fl_date").dt.strftime("%Y%m%d"))


def _checked(part: TableYear, frame: pl.DataFrame) -> pl.DataFrame:
    """The table's columns in order; raises InputError for a missing column, a row of another year, or a repeated key."""
    table = part.table
    if missing := [name for name in part.columns if name not in {*frame.columns, "id"}]:
        raise InputError(
            f"The rows for {part.name!r} lack {', '.join(missing)}: were they made by another version? "
            f"Make them again: tarmac gold --year {part.year}, then tarmac detect --year {part.year}."
        )
    frame = frame.select(part.columns)
    of_year = pl.col("fl_date").dt.year() if "fl_date" in frame.columns else pl.col("year")
    if others := frame.filter(of_year.ne_missing(part.year)).height:
        raise InputError(f"{others} of the rows for {part.name!r} are not of {part.year}. Load them with their year.")
    twice = frame.filter(pl.struct(table.key).is_duplicated()).select(table.key)
    if twice.height:
        raise InputError(
            f"The rows for {part.name!r} contain a key twice: {dict(zip(table.key, twice.row(0), strict=True))}."
        )
    return frame


def _lock(year: int) -> int:
    """The advisory lock's number; one for all tables, since two published tables share the scores."""
    digest = hashlib.sha256(f"tarmac load {year}".encode()).digest()
    return int.from_bytes(digest[:8], "big", signed=True)


def _replace(cursor: psycopg.Cursor[Any], part: TableYear, frame: pl.DataFrame) -> LoadCounts:
    """Upsert the frame and remove the year's rows that it lacks, unless nothing has changed since the last load."""
    if fingerprint.is_unchanged(cursor, part, frame):
        return LoadCounts(unchanged=frame.height)
    given = _bring(cursor, part, frame)
    removed = cursor.execute(_removal(part)).rowcount
    found = cursor.execute(_upsert(part)).fetchone()
    cursor.execute(sql.SQL("DROP TABLE {}").format(part.incoming))
    fingerprint.record(cursor, part, given)
    inserted, updated = found or (0, 0)
    unchanged = frame.height - inserted - updated
    return LoadCounts(inserted=inserted, updated=updated, unchanged=unchanged, removed=removed)


def _upsert_airports(cursor: psycopg.Cursor[Any], airports: pl.DataFrame) -> LoadCounts:
    """Loads of different years write the same airports: in order, so that they cannot deadlock."""
    statement = sql.SQL(
        "INSERT INTO {target} AS stored ({columns}) VALUES ({values}) ON CONFLICT ({key}) DO UPDATE SET {assigned} "
        "WHERE ({stored}) IS DISTINCT FROM ({excluded}) RETURNING xmax = 0"
    ).format(
        target=sql.Identifier(AIRPORTS.name),
        columns=names(AIRPORTS.names),
        values=sql.SQL(", ").join(sql.Placeholder() * len(AIRPORTS.names)),
        key=names(AIRPORTS.key),
        assigned=sql.SQL(", ").join(sql.SQL("{0} = excluded.{0}").format(sql.Identifier(n)) for n in AIRPORTS.names),
        stored=names(AIRPORTS.names, "stored"),
        excluded=names(AIRPORTS.names, "excluded"),
    )
    rows = airports.select(AIRPORTS.names).sort(AIRPORTS.key).rows()
    written = [cursor.execute(statement, row).fetchone() for row in rows]
    inserted, updated = written.count((True,)), written.count((False,))
    return LoadCounts(inserted=inserted, updated=updated, unchanged=len(rows) - inserted - updated)


def _bring(cursor: psycopg.Cursor[Any], part: TableYear, frame: pl.DataFrame) -> str:
    """COPY the frame into a temporary table with the target's types, so that values compare as they are stored.

    Returns the rows' digest.
    """
    make = "CREATE TEMPORARY TABLE {} ON COMMIT DROP AS SELECT {} FROM {} WITH NO DATA"
    incoming = sql.Identifier(f"incoming_{part.table.name}")
    cursor.execute(sql.SQL(make).format(incoming, names(part.columns), part.target))
    digest = fingerprint.Digest(frame.columns)
    with cursor.copy(sql.SQL("COPY {} FROM STDIN (FORMAT csv)").format(part.incoming)) as copy:
        for block in digest.of(fingerprint.to_csv_blocks(frame)):
            copy.write(block)
    cursor.execute(sql.SQL("ANALYZE {} ({})").format(part.incoming, names(list(part.table.key))))
    return str(digest)


def _removal(part: TableYear) -> sql.Composed:
    return sql.SQL(
        "DELETE FROM {target} AS stored WHERE {belongs} AND NOT EXISTS (SELECT FROM {incoming} AS new WHERE {same_key})"
    ).format(
        target=part.target,
        incoming=part.incoming,
        belongs=part.belongs("stored"),
        same_key=part.same_key,
    )


def _upsert(part: TableYear) -> sql.Composed:
    """Write only new and changed rows, because `ON CONFLICT` locks, and so writes, equal rows as well."""
    stamp = [STAMP] if STAMP in part.table.names else []
    assigned = [sql.SQL("{0} = excluded.{0}").format(sql.Identifier(name)) for name in (*part.values, *stamp)]
    return sql.SQL(
        """
        WITH written AS (
            INSERT INTO {target} ({columns})
            SELECT {given}
            FROM {incoming} AS new LEFT JOIN {target} AS stored ON {same_key} AND {belongs}
            WHERE stored.{first_key} IS NULL OR ({new_values}) IS DISTINCT FROM ({stored_values})
            ON CONFLICT ({key}) DO UPDATE SET {assigned}
            RETURNING xmax = 0 AS inserted
        )
        SELECT count(*) FILTER (WHERE inserted), count(*) FILTER (WHERE NOT inserted) FROM written
        """
    ).format(
        target=part.target,
        incoming=part.incoming,
        columns=names([*part.columns, *stamp]),
        given=sql.SQL(", ").join([names(part.columns, "new"), *[sql.SQL("statement_timestamp()") for _ in stamp]]),
        same_key=part.same_key,
        belongs=part.belongs("stored"),
        first_key=sql.Identifier(part.table.key[0]),
        key=names(list(part.table.key)),
        new_values=names(part.values, "new"),
        stored_values=names(part.values, "stored"),
        assigned=sql.SQL(", ").join(assigned),
    )
