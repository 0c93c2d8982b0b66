"""Tables that their readers would hold in memory whole, written anew in row groups of bounded size.

Those are streams and large files of Arrow, and files of which one batch or row group has very many rows. A batch of an Arrow
file that is not compressed is mapped, not read, and what was used of it is given back.
"""

import mmap
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, BinaryIO, cast

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from tarmac.bronze.tabular import reading, refuse_hostile
from tarmac.errors import InputError

MOST_ROWS = 1 << 20
"""Rows of a batch or row group that is read as it is; pandas and pyarrow write no larger row groups unless told to."""
MOST_GROUP = 1 << 30
"""Bytes of such a row group."""
MOST_MAPPED = 1 << 28
"""Bytes of an Arrow file that is read as it is: all of it counts as memory while it is read."""
MOST_UNPACKED = 1 << 29
"""Bytes that one compressed batch of an Arrow file may unpack to: it can only be unpacked whole."""
_PIECE = 1 << 16
_PIECES_OF_A_GROUP = 4


@contextmanager
def in_pieces(table: BinaryIO, kind: str, name: str) -> Iterator[tuple[str, BinaryIO]]:
    """A Parquet or Arrow file as it is, where it can be read in pieces, else as a Parquet file that can; and which it is.

    Raises:
        InputError: when it is damaged or hostile, or one of its batches unpacks to more than MOST_UNPACKED.
    """
    with reading(name):
        refuse_hostile(table, kind, name)
        pieces = _parquet_pieces(table) if kind == "parquet" else _arrow_pieces(table, name)
    if pieces is None:
        table.seek(0)
        yield kind, table
        return
    schema, batches = pieces
    with tempfile.TemporaryFile() as file:
        with reading(name):
            _write(file, schema, batches)
        file.seek(0)
        yield "parquet", cast("BinaryIO", file)


def _write(file: Any, schema: pa.Schema, batches: Iterator[pa.RecordBatch]) -> None:
    # Without Arrow's own schema texts are texts, not categories.
    with pq.ParquetWriter(file, schema, compression="snappy", store_schema=False) as writer:
        group: list[pa.RecordBatch] = []
        for batch in batches:
            group.append(batch)
            if len(group) == _PIECES_OF_A_GROUP:
                writer.write_table(pa.Table.from_batches(group, schema))
                group = []
        if group:
            writer.write_table(pa.Table.from_batches(group, schema))


def _parquet_pieces(table: BinaryIO) -> tuple[pa.Schema, Iterator[pa.RecordBatch]] | None:
    table.seek(0)
    facts = pq.read_metadata(table)
    groups = [facts.row_group(i) for i in range(facts.num_row_groups)]
    if all(group.num_rows <= MOST_ROWS and group.total_byte_size <= MOST_GROUP for group in groups):
        return None
    # A text that repeats is kept once, as in the file.
    texts = [facts.schema.column(i).path for i in range(facts.num_columns)]
    texts = [path for i, path in enumerate(texts) if facts.schema.column(i).physical_type == "BYTE_ARRAY"]
    table.seek(0)
    file = pq.ParquetFile(table, read_dictionary=texts, pre_buffer=False, buffer_size=1 << 20)
    return file.schema_arrow, file.iter_batches(_PIECE, use_threads=False)


def _arrow_pieces(table: BinaryIO, name: str) -> tuple[pa.Schema, Iterator[pa.RecordBatch]] | None:
    mapped = mmap.mmap(table.fileno(), 0, access=mmap.ACCESS_READ)
    source = pa.py_buffer(mapped)
    stream = mapped[:4] == b"\xff\xff\xff\xff"
    schema = _opened(source, stream).schema
    sizes = list(_sizes(source, schema, stream, name))
    if not stream and source.size <= MOST_MAPPED and all(rows <= MOST_ROWS for rows in sizes):
        return None
    return _plain(schema.empty_table()).schema, _slices(mapped, _opened(source, stream))


def _opened(source: pa.Buffer, stream: bool, field: int | None = None) -> Any:
    options = pa.ipc.IpcReadOptions(included_fields=None if field is None else [field])
    opened = pa.ipc.open_stream if stream else pa.ipc.open_file
    return opened(pa.BufferReader(source), options=options)


def _batches(opened: Any) -> Iterator[pa.RecordBatch]:
    if hasattr(opened, "get_batch"):
        yield from map(opened.get_batch, range(opened.num_record_batches))
    else:
        yield from opened


def _sizes(source: pa.Buffer, schema: pa.Schema, stream: bool, name: str) -> Iterator[int]:
    """The rows of each batch, from one column of numbers where there is one."""
    field = next((i for i, field in enumerate(schema) if pa.types.is_primitive(field.type)), 0)
    for batch in _batches(_opened(source, stream, field)):
        data = next((buffer for buffer in reversed(batch.column(0).buffers()) if buffer is not None), source)
        compressed = not source.address <= data.address < source.address + source.size
        if compressed and batch.num_rows * len(schema) * 8 > MOST_UNPACKED:
            raise InputError(
                f"{name}: one of its batches has {batch.num_rows:,} compressed rows, which can only be unpacked at once and "
                "need too much memory. Save it in batches of 1,000,000 rows or fewer, or as Parquet."
            )
        yield batch.num_rows


def _slices(mapped: mmap.mmap, opened: Any) -> Iterator[pa.RecordBatch]:
    for batch in _batches(opened):
        for start in range(0, batch.num_rows, _PIECE):
            piece = batch.slice(start, _PIECE)
            piece.validate(full=True)
            yield from _plain(pa.Table.from_batches([piece])).to_batches()
            if start % (16 * _PIECE) == 0:
                mapped.madvise(mmap.MADV_DONTNEED)


def _plain(table: pa.Table) -> pa.Table:
    """Texts as texts, however they are stored: as categories, or as views, which Parquet does not have."""
    frame = cast("pl.DataFrame", pl.from_arrow(table))
    return frame.with_columns(pl.col(pl.Categorical, pl.Enum).cast(pl.String)).to_arrow(
        compat_level=pl.CompatLevel.oldest()
    )
