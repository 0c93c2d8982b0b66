"""Open a year's bronze files: decompress, recognise the shape, decide how to read it, and check that it can be read.

A plain file is read where it lies, an object on S3 where it was fetched to. A packed text is unpacked into the scratch folder.
"""

import hashlib
import io
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO, cast

import polars as pl

from tarmac.bronze.containers import damage
from tarmac.bronze.header import Header
from tarmac.bronze.opened import SAMPLE, Opened, Source, on_disk, stream_of, tables_in
from tarmac.bronze.reading import text_schema
from tarmac.bronze.survey import Joined, form_of, pieces_of
from tarmac.bronze.tabular import lines_of_table, reading, scan_table
from tarmac.bronze.text import TextReport, well_formed_chunks
from tarmac.errors import InputError
from tarmac.storage.lake import BronzeFile, Lake

MANY_MALFORMED = 100_000
"""After so many malformed lines reading stops, if they are more than half of the rows."""
_GLANCE = 1 << 13

Progress = Callable[[int], None]


@dataclass(kw_only=True)
class FlightText:
    """One CSV file of flights on this machine: its shown name, its path, its header, and what reading it showed.

    `header_line` is all that stands before the first row. `report` is complete once the text was read to its end by
    `inspect` or `spool`.
    """

    name: str
    path: Path
    header: Header
    header_line: bytes
    report: TextReport = field(default_factory=TextReport)

    def scan(self, *, as_text: bool) -> tuple[pl.LazyFrame, Mapping[str, pl.DataType]]:
        """The rows under the names of the header's columns, with `source_line`, and the columns' types."""
        return scan_text(self.path, self.header, as_text=as_text, quoted=self.report.quoted, skip=self.header.lines)

    def may_fill_memory(self) -> bool:
        """Whether Polars may take much of the file for one field: its beginning holds quotes, or a line has no end in sight.

        A few bytes of each MiB tell: a line of 2 MiB or more leaves one MiB without a newline.
        """
        with self.path.open("rb", buffering=0) as file:
            if b'"' in file.read(SAMPLE):
                return True
            return any(
                b"\n" not in file.read(_GLANCE) and b"\n" not in file.read(SAMPLE - _GLANCE)
                for start in range(SAMPLE, self.path.stat().st_size - SAMPLE, SAMPLE)
                if file.seek(start)
            )

    def inspect(self, progress: Progress | None = None) -> None:
        """Read the file once for its digest, its number of rows and its malformed lines."""
        # Another thread builds its scan at the same time: `quoted` must not change back and forth.
        self.report = TextReport(quoted=self.report.quoted, lines=self.header.lines)
        with self.path.open("rb", buffering=0) as stream:
            head = stream.read(len(self.header_line))
            chunks = well_formed_chunks(
                cast("BinaryIO", stream), head, form_of(self.header), self.report, progress=progress
            )
            for _ in chunks:
                _refuse_mostly_malformed(self.name, self.report)

    def spool(self, copy: Path) -> None:
        """Read the file from a copy in which malformed and blank lines are rows of empty fields; the numbers of lines stay."""
        with self.path.open("rb", buffering=0) as stream:
            head = stream.read(len(self.header_line))
            self.report = TextReport(lines=self.header.lines)
            _spool(self, cast("BinaryIO", stream), head, copy)
        self.path = copy

    def lines(self, wanted: frozenset[int]) -> dict[int, bytes]:
        """The lines of these numbers, without their ends; the file's first line is 1."""
        found: dict[int, bytes] = {}
        last = max(wanted, default=0)
        with self.path.open("rb") as stream:
            for number, line in enumerate(stream, start=1):
                if number in wanted:
                    found[number] = line.rstrip(b"\r\n")
                if number >= last:
                    break
        return found


@dataclass(kw_only=True)
class FlightTable(FlightText):
    """One Parquet or Arrow file of flights on this machine; its first row counts as line 2."""

    kind: str

    def scan(self, *, as_text: bool) -> tuple[pl.LazyFrame, Mapping[str, pl.DataType]]:
        """The rows under the names of the header's columns, with `source_line`, and the columns' types."""
        del as_text
        return scan_table(self.path, self.kind, self.header)

    def may_fill_memory(self) -> bool:
        """It is read in parts whatever it holds."""
        return False

    def inspect(self, progress: Progress | None = None) -> None:
        """Its digest and its number of rows."""
        with self.path.open("rb") as stream:
            digest = hashlib.file_digest(stream, "sha256").hexdigest()
        with reading(self.name):
            frame, _ = self.scan(as_text=False)
            rows = frame.select(pl.len()).collect(engine="streaming").item()
        self.report = TextReport(rows=rows, lines=rows + 1, digest=digest, bytes_read=self.path.stat().st_size)
        if progress is not None:
            progress(self.report.bytes_read)

    def spool(self, copy: Path) -> None:
        """Nothing in it needs a copy."""
        del copy

    def lines(self, wanted: frozenset[int]) -> dict[int, bytes]:
        """These rows as lines of CSV."""
        return lines_of_table(self.path, self.kind, self.header, wanted)


def scan_text(
    source: Path | bytes, header: Header, *, as_text: bool, quoted: bool, skip: int
) -> tuple[pl.LazyFrame, Mapping[str, pl.DataType]]:
    """The rows of a text from the line after `skip` on, which has number `skip + 1`; and the columns' types."""
    schema = text_schema(header, as_text=as_text)
    raw = pl.scan_csv(
        source,
        skip_lines=skip,
        has_header=False,
        schema=schema,
        separator=header.delimiter,
        quote_char='"' if quoted else None,
        encoding="utf8-lossy",
        row_index_name="source_line",
        row_index_offset=skip + 1,
        glob=False,
    )
    return raw, {name: dtype for name, dtype in schema.items() if not name.startswith("unused ")}


@dataclass(frozen=True, kw_only=True)
class TextLocation:
    """Where one table of flights is: the bronze file, its number within it, and what its header says."""

    file: BronzeFile
    number: int
    name: str
    header: Header
    header_line: bytes
    version: str | None = None
    kind: str = "csv"
    packed: bool = False
    """Whether it can only be read from its beginning."""


def find_texts(lake: Lake, file: BronzeFile) -> Iterator[TextLocation]:
    """The tables in one bronze file, of which no more than the first rows is read where these tell how to read the rest.

    Raises:
        InputError: when the file is empty, damaged, or of no known shape.
    """
    version = lake.version_of(file.key)
    for opened in tables_in(_source(lake, file, version)):
        yield TextLocation(
            file=file,
            number=opened.number,
            name=opened.name,
            header=opened.header,
            header_line=opened.before,
            version=version,
            kind=opened.kind,
            packed=opened.kind != "csv" or not opened.plain,
        )


@contextmanager
def open_text(lake: Lake, place: TextLocation) -> Iterator[BinaryIO]:
    """The table's bytes, from its first on.

    Raises:
        InputError: while it is read, when the file is damaged or cut off.
    """
    with stream_of(_source(lake, place.file, place.version), place.number) as stream:
        yield stream


def open_flight_texts(
    lake: Lake, file: BronzeFile, scratch: Path, progress: Progress | None = None
) -> Iterator[FlightText]:
    """The tables in one bronze file: one, or each member of an archive that holds flights.

    Raises:
        InputError: when the file is empty, cut, or of no known shape.
    """
    local = lake.local_path(file.key) or lake.fetch(file.key, scratch)
    source = Source(name=file.name, size=file.size, open=lambda: local.open("rb"), readings=file.readings)
    for opened in tables_in(source):
        copy = scratch / f"{file.name}.{opened.number}.{opened.kind}"
        if opened.kind != "csv":
            yield _table(opened, local, copy)
            continue
        text = FlightText(
            name=opened.name,
            path=local if opened.plain else copy,
            header=opened.header,
            header_line=opened.before,
            report=TextReport(lines=opened.header.lines),
        )
        if not opened.plain:
            with damage(opened.name):
                rest = cast("BinaryIO", io.BufferedReader(Joined(pieces_of(opened.stream, opened.rows)), 1 << 20))
                _spool(text, rest, opened.before, copy, progress)
        yield text


def _source(lake: Lake, file: BronzeFile, version: str | None) -> Source:
    return Source(name=file.name, size=file.size, open=lambda: lake.open(file.key, version), readings=file.readings)


def _table(opened: Opened, local: Path, copy: Path) -> FlightTable:
    if not opened.plain:
        with on_disk(opened.stream) as path:
            shutil.copyfile(path, copy)
    path = local if opened.plain else copy
    return FlightTable(name=opened.name, path=path, header=opened.header, header_line=b"", kind=opened.kind)


def input_hash(paths: Sequence[tuple[str, Path]]) -> str:
    """The SHA-256 of the tables of flights in these files, given by name and path: what a run that reads them has as its input's.

    Raises:
        InputError: when a file is damaged or cut off, or holds no flights.
    """
    digests = []
    for name, path in paths:
        source = Source(name=name, size=path.stat().st_size, open=lambda path=path: path.open("rb"))  # type: ignore[misc]
        for opened in tables_in(source):
            digest = hashlib.sha256(opened.before)
            with damage(opened.name):
                for piece in pieces_of(opened.stream, opened.rows):
                    digest.update(piece)
            digests.append(digest.hexdigest())
    return hash_of_digests(digests)


def hash_of_digests(digests: Sequence[str]) -> str:
    """The one text's digest, or that of all texts' digests in their order."""
    return digests[0] if len(digests) == 1 else hashlib.sha256("\n".join(digests).encode()).hexdigest()


def _spool(text: FlightText, stream: BinaryIO, head: bytes, copy: Path, progress: Progress | None = None) -> None:
    with copy.open("wb") as out:
        out.write(head if head.endswith(b"\n") or not head else head + b"\n")
        for chunk in well_formed_chunks(stream, head, form_of(text.header), text.report, progress=progress):
            _refuse_mostly_malformed(text.name, text.report)
            out.write(chunk)


def _refuse_mostly_malformed(name: str, report: TextReport) -> None:
    # Each malformed line is held in memory with its text: a file made of them must not fill it.
    if len(report.malformed) > MANY_MALFORMED and 2 * len(report.malformed) > report.rows:
        first = report.malformed[0]
        raise InputError(
            f"{name}: more than half of the first {report.rows:,} rows do not match the header. The first: line "
            f"{first.line}, {first.reason}: {first.text[:120]!r}. Nothing was published; download the file again."
        )
