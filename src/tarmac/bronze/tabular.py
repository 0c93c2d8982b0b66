"""Parquet and Arrow files of flights, read with their column types, without conversion to text."""

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from tarmac.bronze.header import Header, recognise_names
from tarmac.bronze.reading import names_of
from tarmac.errors import InputError, in_one_line

MOST_COLUMNS = 2_000
MOST_FOOTER = 64 << 20
MOST_ROW_GROUP = 8 << 30
MOST_GROUP_ROWS = 20_000_000
FREE_ROWS, MOST_ROWS_PER_BYTE = 10_000_000, 2
"""Rows that any Parquet file may have; beyond them at most so many for each of its bytes. A flight takes two bytes or more."""
FIRST_ROWS = 10_000


def header_of_table(path: Path, kind: str, *, file: str) -> Header:
    """The header of a Parquet or Arrow file.

    Raises:
        InputError: when it cannot be read, promises more than flights have, or is of no known shape.
    """
    with reading(file):
        scan = _scan(path, kind)
        schema = scan.collect_schema()
        names, flat = schema.names(), [name for name, dtype in schema.items() if not dtype.is_nested()]
        (first, *_) = [*scan.head(1).select(pl.col(flat).cast(pl.String, strict=False)).collect().to_dicts(), {}]
    given = {name: "" if value is None else str(value) for name, value in first.items()}
    return recognise_names(names, given, file=file)


def scan_table(path: Path, kind: str, header: Header) -> tuple[pl.LazyFrame, dict[str, pl.DataType]]:
    """The rows with the columns that the header places, under their names there, and `source_line`; and the columns' types."""
    scan = _scan(path, kind)
    schema = scan.collect_schema()
    originals = schema.names()
    frame = scan.with_row_index("source_line", 2).select(
        "source_line", *(_plain(originals[place], schema).alias(name) for place, name in names_of(header).items())
    )
    types = dict(frame.collect_schema())
    return frame, {name: dtype for name, dtype in types.items() if name != "source_line"}


def _plain(name: str, schema: Mapping[str, pl.DataType]) -> pl.Expr:
    """Texts as texts, whatever they are stored as; whole numbers that are dates, airports or marks as texts, too."""
    dtype = schema[name]
    if dtype.is_nested():
        raise InputError(f"its column {name} has lists or records instead of single values ({dtype}). Save it flat.")
    if isinstance(dtype, pl.Categorical | pl.Enum | pl.Binary):
        return pl.col(name).cast(pl.String)
    if isinstance(dtype, pl.Decimal):
        return pl.col(name).cast(pl.Float64)
    if dtype.is_numeric() and name.casefold() in {"date", "fl_date", "flightdate"}:
        return pl.col(name).cast(pl.Int64).cast(pl.String)
    return pl.col(name)


def _scan(path: Path, kind: str) -> pl.LazyFrame:
    return pl.scan_parquet(path, glob=False) if kind == "parquet" else pl.scan_ipc(path)


def refuse_hostile(table: BinaryIO, kind: str, file: str) -> None:
    """Raises InputError where a Parquet or Arrow file promises more than flights have, before memory is taken for it."""
    size = table.seek(0, 2)
    if kind == "arrow":
        table.seek(0)
        stream = table.read(4) == b"\xff\xff\xff\xff"
        table.seek(0)
        opened = pa.ipc.open_stream(table) if stream else pa.ipc.open_file(table)
        _refuse_columns(len(opened.schema), file)
        return
    table.seek(max(0, size - 8))
    end = table.read()
    footer = int.from_bytes(end[:4], "little")
    if end[4:] != b"PAR1" or footer + 12 > size:
        raise InputError(f"{file} is damaged or cut off: it does not end like a Parquet file. Download it again.")
    if footer > MOST_FOOTER:
        raise InputError(
            f"{file}: its metadata has {footer:,} bytes, more than any file of flights needs. Use another file."
        )
    table.seek(size - 8 - footer)
    _refuse_columns(_columns_promised(table.read(32)), file)
    table.seek(0)
    facts = pq.read_metadata(table)
    _refuse_columns(facts.num_columns, file)
    if facts.num_rows > max(FREE_ROWS, MOST_ROWS_PER_BYTE * size):
        raise InputError(
            f"{file} has {facts.num_rows:,} rows in {size:,} bytes, which no flights do. Download it again."
        )
    most = max((facts.row_group(i).num_rows for i in range(facts.num_row_groups)), default=0)
    if most > MOST_GROUP_ROWS:
        raise InputError(
            f"{file}: one of its row groups has {most:,} rows, more than fit into memory. Write it anew with smaller row "
            "groups (1,000,000 rows)."
        )
    largest = max((facts.row_group(i).total_byte_size for i in range(facts.num_row_groups)), default=0)
    if largest > MOST_ROW_GROUP:
        raise InputError(
            f"{file}: one of its row groups unpacks to {largest:,} bytes, more than fits into memory. Save it with "
            "smaller row groups (1,000,000 rows)."
        )


def _columns_promised(metadata: bytes) -> int:
    """The number of columns at the start of a Parquet file's metadata, before memory is taken for them.

    Thrift's compact protocol: field 1 is the version, field 2 a list of structures that begins with their number.
    """
    begin = re.match(rb"\x15[\x80-\xff]*[\x00-\x7f]\x19\xfc([\x80-\xff]{0,8}[\x00-\x7f])", metadata, re.DOTALL)
    digits = begin[1] if begin else b""
    elements = sum((int(digit) & 0x7F) << (7 * place) for place, digit in enumerate(digits))
    return max(elements - 1, 0)  # the first one is the table itself


def _refuse_columns(count: int, file: str) -> None:
    if count > MOST_COLUMNS:
        raise InputError(f"{file} has {count:,} columns; flights have at most {MOST_COLUMNS:,}.")


@contextmanager
def reading(file: str) -> Iterator[None]:
    """Turns what the readers of tables raise on a damaged file into InputError."""
    try:
        yield
    except InputError:
        raise
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException, pa.ArrowException, OSError) as error:
        if isinstance(error, OSError) and error.errno:
            raise
        raise InputError(
            f"{file} is damaged or cut off: {in_one_line(error)}. Nothing was published. Download it and ingest it again."
        ) from error


def lines_of_table(path: Path, kind: str, header: Header, wanted: frozenset[int]) -> dict[int, bytes]:
    """These rows of a table as lines of CSV; the first row is 2."""
    frame, _ = scan_table(path, kind, header)
    rows: list[tuple[Any, ...]] = frame.filter(pl.col("source_line").is_in(list(wanted))).collect().rows()
    return {row[0]: ",".join("" if cell is None else str(cell) for cell in row[1:]).encode() for row in rows}
