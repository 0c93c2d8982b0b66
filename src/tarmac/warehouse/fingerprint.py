"""Fingerprints by which a load skips rows that the warehouse already has."""

import hashlib
import io
from collections.abc import Iterator
from typing import Any

import polars as pl
import psycopg
from psycopg import sql

from tarmac.tables.loads import LOADS
from tarmac.warehouse.table_year import TableYear, names

_ROWS_PER_BLOCK = 20_000  # limits the text in memory
_FIRST_WITH_ROW_HASH = 140_000


def to_csv_blocks(frame: pl.DataFrame) -> Iterator[memoryview]:
    """The frame as Postgres's CSV: floats in full, null empty, empty text quoted."""
    for block in frame.iter_slices(_ROWS_PER_BLOCK):
        text = io.BytesIO()
        block.write_csv(text, include_header=False)
        yield text.getbuffer()


class Digest:
    """SHA-256 of streamed rows and their columns' names."""

    def __init__(self, columns: list[str]) -> None:
        self._sum = hashlib.sha256(",".join(columns).encode())

    def of(self, blocks: Iterator[memoryview]) -> Iterator[memoryview]:
        """Yield the same blocks, after adding them to the digest."""
        for block in blocks:
            self._sum.update(block)
            yield block

    def __str__(self) -> str:
        return self._sum.hexdigest()


def of_frame(frame: pl.DataFrame) -> str:
    """The digest of the frame's rows, in their order."""
    digest = Digest(frame.columns)
    for _ in digest.of(to_csv_blocks(frame)):
        pass
    return str(digest)


def is_unchanged(cursor: psycopg.Cursor[Any], part: TableYear, frame: pl.DataFrame) -> bool:
    """Whether the last load had the same rows, and they have not been edited since."""
    query = "SELECT given, stored FROM {} WHERE table_name = %s AND year = %s"
    cursor.execute(sql.SQL(query).format(sql.Identifier(LOADS.name)), [part.name, part.year])
    recorded = cursor.fetchone()
    return recorded is not None and recorded[0] == of_frame(frame) and recorded[1] == _of_stored(cursor, part)


def record(cursor: psycopg.Cursor[Any], part: TableYear, given: str) -> None:
    """Store fingerprints of the given and the stored rows for the next load."""
    stored = _of_stored(cursor, part)
    if stored is None:
        return
    statement = (
        "INSERT INTO {} (table_name, year, given, stored) VALUES (%s, %s, %s, %s) "
        "ON CONFLICT (table_name, year) DO UPDATE SET given = excluded.given, stored = excluded.stored"
    )
    cursor.execute(sql.SQL(statement).format(sql.Identifier(LOADS.name)), [part.name, part.year, given, stored])


def _of_stored(cursor: psycopg.Cursor[Any], part: TableYear) -> str | None:
    """Number and sum of hashes of the year's rows; None on a server that cannot hash rows."""
    if cursor.connection.info.server_version < _FIRST_WITH_ROW_HASH:
        return None
    query = sql.SQL("SELECT count(*), sum(hash_record_extended(ROW({}), 0)) FROM {} AS stored WHERE {}").format(
        names(part.table.names, "stored"), part.target, part.belongs("stored")
    )
    row = cursor.execute(query).fetchone()
    return None if row is None else f"{row[0]}:{row[1]}"
