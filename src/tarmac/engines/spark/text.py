"""Bronze on a cluster: each task reads a part of a text, sets malformed lines aside and gives the others as typed columns.

The text is checked and read by the same functions as on one machine, a few megabytes at a time, so that engines do not disagree
on what a number or a damaged line is. Everything after that is Spark's own expressions.
"""

import hashlib
import io
import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, BinaryIO, cast

import polars as pl
import pyarrow as pa

from tarmac.bronze.opened import on_disk
from tarmac.bronze.reading import to_bronze
from tarmac.bronze.survey import form_of
from tarmac.bronze.tabular import lines_of_table, reading, scan_table
from tarmac.bronze.text import LONGEST_KEPT, TextReport, well_formed_chunks
from tarmac.bronze.texts import TextLocation, open_text
from tarmac.engines.polars.flights import read_lines
from tarmac.errors import SystemFailure, TarmacError
from tarmac.storage.lake import Lake
from tarmac.tables.bronze import FLIGHT_COLUMNS, TEXT_COLUMNS

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

SPLIT_BYTES = 64 << 20
"""A task's share of a plain file; a packed one can only be read from its beginning, by one task."""

BATCH_BYTES = 8 << 20
TABLE_ROWS = 200_000
_BLOCK = 1 << 20
LINE_BITS = 40

_TYPES = {
    "source_file": pa.string(),
    "source_line": pa.int64(),
    **{name: pa.string() if name in TEXT_COLUMNS else pa.float64() for name in FLIGHT_COLUMNS},
    "FL_DATE": pa.date32(),
    "unreadable": pa.string(),
    "dropped": pa.bool_(),
    "no_dest": pa.bool_(),
    "malformed": pa.string(),
    "row": pa.string(),
    "report": pa.string(),
}
ROWS = pa.schema(_TYPES)
"""What reading gives: bronze rows; malformed lines, with their reason and text; and one report a split, in JSON.

`source_line` is a place, that of a line in its split (`line_of`); places are in the order of the files' lines.
"""


@dataclass(frozen=True, kw_only=True)
class Split:
    """The lines of a text that begin in these bytes; the header is none of them. `whole`: its digest is the text's."""

    text: TextLocation
    start: int
    stop: int | None
    whole: bool
    digest_only: bool = False


@dataclass(frozen=True, kw_only=True)
class SplitReport:
    """What was seen of a split. `lines` and `rows` are counted as in TextReport, without the header; `malformed` by reason."""

    split: int
    lines: int = 0
    rows: int = 0
    malformed: Mapping[str, int] = field(default_factory=dict)
    digest: str = ""
    last_malformed: tuple[int, str] = (0, "")
    error: str = ""
    exit_code: int = 0


def split_texts(texts: Sequence[TextLocation], split_bytes: int = SPLIT_BYTES) -> list[Split]:
    """The parts of these texts in the order of their lines; for a text of several, one more that has its digest."""
    splits = []
    for text in texts:
        begin, size = len(text.header_line), text.file.size
        if text.packed or size <= begin + split_bytes:
            splits.append(Split(text=text, start=begin, stop=None, whole=True))
            continue
        splits.append(Split(text=text, start=0, stop=None, whole=True, digest_only=True))
        starts = range(begin, size, split_bytes)
        splits += [Split(text=text, start=start, stop=start + split_bytes, whole=False) for start in starts]
    return splits


def read_splits(spark: "SparkSession", lake: Lake, splits: Sequence[Split]) -> "DataFrame":
    """The rows of these splits, one task each, as `ROWS` says."""
    from pyspark.sql.pandas.types import from_arrow_schema

    def read(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in batches:
            for number in batch.column(0).to_pylist():
                yield from read_split(lake, number, splits[number])

    numbers = spark.range(0, len(splits), 1, len(splits))
    return numbers.mapInArrow(read, from_arrow_schema(ROWS))


def read_split(lake: Lake, number: int, split: Split) -> Iterator[pa.RecordBatch]:
    """The split's rows, then its report; an error that another try would only repeat is in the report."""
    report, seen = TextReport(), _Malformed()
    try:
        with open_text(lake, split.text) as stream:
            if split.text.kind != "csv":
                yield from _table_rows(stream, number, split, report)
            elif split.digest_only:
                report.digest = hashlib.file_digest(cast("io.BufferedReader", stream), "sha256").hexdigest()
            else:
                yield from _rows(SplitLines(stream, split), number, split, report, seen)
    except (TarmacError, pl.exceptions.PolarsError) as error:
        exit_code = error.exit_code if isinstance(error, TarmacError) else SystemFailure.exit_code
        yield _report(SplitReport(split=number, error=str(error), exit_code=exit_code))
        return
    yield _report(
        SplitReport(
            split=number,
            lines=report.lines - 1,
            rows=report.rows,
            malformed=seen.counts,
            digest=report.digest if split.whole else "",
            last_malformed=seen.last,
        )
    )


def _table_rows(stream: BinaryIO, number: int, split: Split, report: TextReport) -> Iterator[pa.RecordBatch]:
    """The rows of a Parquet or Arrow file, which one task reads."""
    text = split.text
    with on_disk(stream) as path, reading(text.name):
        with path.open("rb") as file:
            report.digest = hashlib.file_digest(file, "sha256").hexdigest()
        raw, schema = scan_table(path, text.kind, text.header)
        rows = to_bronze(raw, schema, text.header, text.name)
        report.rows = raw.select(pl.len()).collect().item()
        report.lines = report.rows + 1
        for start in range(0, report.rows, TABLE_ROWS):
            frame = rows.slice(start, TABLE_ROWS).collect(engine="streaming")
            yield from _to_arrow(frame.with_columns(pl.col("source_line") + place_of(number, 0)))


def reports_from(texts: Iterable[str]) -> list[SplitReport]:
    """The reports of all splits, in their order."""
    return sorted((SplitReport(**json.loads(text)) for text in texts), key=lambda report: report.split)


def place_of(split: int, line: int) -> int:
    """The place of that line of that split; a split's first line is 2, as after a header."""
    return split << LINE_BITS | line


def line_of(place: int) -> tuple[int, int]:
    """The split of a place, and the line in it."""
    return place >> LINE_BITS, place & ((1 << LINE_BITS) - 1)


def first_lines(splits: Sequence[Split], reports: Sequence[SplitReport]) -> dict[int, int]:
    """For each split the number of lines of its text before it, without the header."""
    before: dict[tuple[str, int], int] = {}
    found = {}
    for report in reports:
        text = splits[report.split].text
        key = (text.file.key, text.number)
        found[report.split] = before.get(key, 0)
        before[key] = found[report.split] + report.lines
    return found


def pick(lake: Lake, split: Split, wanted: frozenset[int]) -> dict[int, str]:
    """The texts of these lines of a split, cut to what the quarantine keeps."""
    found: dict[int, str] = {}
    with open_text(lake, split.text) as stream:
        if split.text.kind != "csv":
            with on_disk(stream) as path:
                lines = lines_of_table(path, split.text.kind, split.text.header, wanted)
            return {number: line.decode() for number, line in lines.items()}
        for number, line in enumerate(io.BufferedReader(SplitLines(stream, split), _BLOCK), start=2):
            if number in wanted:
                found[number] = line.rstrip(b"\r\n")[:LONGEST_KEPT].decode(errors="backslashreplace")
                if len(found) == len(wanted):
                    break
    return found


class SplitLines(io.RawIOBase):
    """The bytes of the lines that begin in the split, to the end of the last of them; the stream is at its beginning."""

    def __init__(self, stream: BinaryIO, split: Split) -> None:
        self._stream, self._stop = stream, split.stop
        self._at = self._begin(split)
        self._ended = split.stop is not None and self._at >= split.stop

    def _begin(self, split: Split) -> int:
        header = len(split.text.header_line)
        if split.start <= header:
            self._stream.read(header)
            return header
        self._stream.seek(split.start - 1)
        at = split.start - 1
        while piece := self._stream.readline(_BLOCK):
            at += len(piece)
            if piece.endswith(b"\n"):
                break
        return at

    def readable(self) -> bool:
        """It is."""
        return True

    def read(self, size: int = -1) -> bytes:
        """The next bytes, at most that many; none at the end."""
        if self._ended:
            return b""
        size = _BLOCK if size < 0 else size
        if self._stop is None or self._at < self._stop:
            block = self._stream.read(size if self._stop is None else min(size, self._stop - self._at))
            self._ended = not block or (self._at + len(block) == self._stop and block.endswith(b"\n"))
        else:
            block = self._stream.readline(size)
            self._ended = not block or block.endswith(b"\n")
        self._at += len(block)
        return block

    def readinto(self, buffer: Any) -> int:
        """As io.BufferedReader asks for it."""
        block = self.read(len(buffer))
        buffer[: len(block)] = block
        return len(block)


@dataclass
class _Malformed:
    """How many lines were malformed, by reason, and which was the last."""

    counts: Counter[str] = field(default_factory=Counter)
    last: tuple[int, str] = (0, "")


def _rows(
    stream: io.RawIOBase, number: int, split: Split, report: TextReport, seen: _Malformed
) -> Iterator[pa.RecordBatch]:
    header = split.text.header_line if split.whole else b""
    pieces: list[bytes] = []
    before, size = report.lines, 0
    chunks = well_formed_chunks(cast("BinaryIO", stream), header, form_of(split.text.header), report)
    for chunk in chunks:
        pieces.append(bytes(chunk))
        size += len(chunk)
        if size >= BATCH_BYTES:
            yield from _batch(b"".join(pieces), number, before, split, report, seen)
            pieces, before, size = [], report.lines, 0
    yield from _batch(b"".join(pieces), number, before, split, report, seen)


def _batch(
    lines: bytes, number: int, before: int, split: Split, report: TextReport, seen: _Malformed
) -> Iterator[pa.RecordBatch]:
    """The rows of these lines, of which `before` is the one before the first, and the malformed among them."""
    malformed, blank = report.malformed, report.blank_lines
    report.malformed, report.blank_lines = [], []
    place = place_of(number, 0)
    if lines:
        frame = read_lines(lines, split.text.header, name=split.text.name, quoted=b'"' in lines)
        frame = frame.with_columns(pl.col("source_line") + (before - 1))
        if empty := [*blank, *(line.line for line in malformed)]:
            frame = frame.filter(~pl.col("source_line").is_in(empty))
        frame = frame.with_columns(pl.col("source_line") + place)
        yield from _to_arrow(frame)
    if malformed:
        seen.counts.update(line.reason for line in malformed)
        seen.last = (malformed[-1].line, malformed[-1].reason)
        columns = {
            "source_file": [split.text.name] * len(malformed),
            "source_line": [place + line.line for line in malformed],
            "malformed": [line.reason for line in malformed],
            "row": [line.text for line in malformed],
        }
        yield from _to_arrow(pl.DataFrame(columns))


def _report(report: SplitReport) -> pa.RecordBatch:
    return next(_to_arrow(pl.DataFrame({"report": [json.dumps(vars(report))]})))


def _to_arrow(frame: pl.DataFrame) -> Iterator[pa.RecordBatch]:
    """The frame in the schema of `ROWS`; columns that it lacks are null."""
    table = frame.to_arrow(compat_level=pl.CompatLevel.oldest())
    columns = [
        table.column(field.name).cast(field.type)
        if field.name in table.column_names
        else pa.nulls(frame.height, field.type)
        for field in ROWS
    ]
    yield from pa.Table.from_arrays(columns, schema=ROWS).to_batches()
