"""Open the tables of flights in one file, recognise each, and decide how to read it."""

import io
import shutil
import tempfile
from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import AbstractContextManager, closing, contextmanager
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO

from tarmac.bronze.containers import Member, damage, members_of
from tarmac.bronze.decide import Options, Seen, decide
from tarmac.bronze.header import Header, recognise_header
from tarmac.bronze.lookalikes import NoFlightsError
from tarmac.bronze.reading import Reading
from tarmac.bronze.survey import decided_by_sample, decided_table, pieces_of, survey_table, survey_text
from tarmac.bronze.tabular import header_of_table
from tarmac.bronze.text import TextReport
from tarmac.errors import InputError

LONGEST_HEADER = 1 << 16
SAMPLE = 1 << 20
"""Bytes of a text that are read to recognise its shape."""


@dataclass(frozen=True, kw_only=True)
class Source:
    """A file that may hold flights.

    Attributes:
        name: as messages show it.
        size: its bytes.
        open: opens it to be read from its beginning.
        options: what the user said of it.
        undecided: the headers are wanted as they are, without a reading.
        readings: what `ingest` decided for each of its tables, by number; where there is none it is decided again.
    """

    name: str
    size: int
    open: Callable[[], AbstractContextManager[BinaryIO]]
    options: Options = field(default_factory=Options)
    undecided: bool = False
    readings: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Opened:
    """A table of flights of which the first bytes were read.

    Attributes:
        number: its place among all tables of the file.
        name: as messages show it.
        kind: "csv", "parquet" or "arrow".
        header: what it holds where, and how that is read.
        before: the bytes before the first row of a CSV.
        rows: the rows that were read with it, the last one perhaps in part.
        stream: the rest of a CSV; all of another table.
        plain: whether the file is this table itself, not something that holds it.
    """

    number: int
    name: str
    kind: str
    header: Header
    before: bytes
    rows: bytes
    stream: BinaryIO
    plain: bool


def tables_in(source: Source) -> Generator[Opened]:
    """The tables of flights in a file, each readable until the next is asked for.

    Raises:
        InputError: when the file is empty, damaged, or holds no flights of a known shape.
    """
    refused: list[NoFlightsError] = []
    found = False
    with source.open() as packed, closing(members_of(packed, source.name, size=source.size)) as members:
        for number, member in enumerate(members):
            try:
                if member.refusal is not None:
                    raise member.refusal
                opened = _opened(member, number, plain=member.stream is packed)
            except NoFlightsError as error:
                refused.append(error)
                continue
            found = True
            yield replace(opened, header=_with_reading(opened, source))
    if refused and not found:
        raise refused[0]
    if not found:
        raise NoFlightsError(
            f"{source.name} contains no file of flights. Use the archive as BTS or Kaggle published it."
        )


@contextmanager
def stream_of(source: Source, number: int) -> Iterator[BinaryIO]:
    """All bytes of the table with this number.

    Raises:
        InputError: while it is read, when the file is damaged or cut off.
    """
    with (
        source.open() as packed,
        closing(members_of(packed, source.name, size=source.size)) as members,
        damage(source.name),
    ):
        yield next(islice(members, number, None)).stream


@contextmanager
def on_disk(stream: BinaryIO) -> Iterator[Path]:
    """A path with the stream's bytes: its own, where it is a file of this machine."""
    raw = getattr(stream, "raw", None)
    if isinstance(raw, io.FileIO) and isinstance(raw.name, str | Path):
        yield Path(raw.name)
        return
    with tempfile.NamedTemporaryFile() as copy:
        shutil.copyfileobj(stream, copy, 1 << 20)
        copy.flush()
        stream.seek(0)  # the next caller reads it from its beginning
        yield Path(copy.name)


def survey(source: Source, opened: Opened) -> tuple[Seen, TextReport]:
    """What all rows of a table hold."""
    with stream_of(source, opened.number) as stream:
        if opened.kind != "csv":
            with on_disk(stream) as path:
                seen = survey_table(path, opened.kind, opened.header, file=opened.name)
            return seen, TextReport(rows=seen.rows)
        stream.read(len(opened.before))
        return survey_text(opened.header, pieces_of(stream))


def _opened(member: Member, number: int, *, plain: bool) -> Opened:
    if member.kind != "csv":
        with on_disk(member.stream) as path:
            header = header_of_table(path, member.kind, file=member.name)
        return Opened(
            number=number,
            name=member.name,
            kind=member.kind,
            header=header,
            before=b"",
            rows=b"",
            stream=member.stream,
            plain=plain,
        )
    with damage(member.name):
        head = member.stream.read(SAMPLE)
    _refuse_no_text(head, member.name)
    header = recognise_header(head[:LONGEST_HEADER].decode("utf-8", errors="replace"), file=member.name)
    before = b"".join(line + b"\n" for line in head.split(b"\n", header.lines)[: header.lines])[: len(head)]
    return Opened(
        number=number,
        name=member.name,
        kind="csv",
        header=header,
        before=before,
        rows=head[len(before) :],
        stream=member.stream,
        plain=plain,
    )


def _refuse_no_text(head: bytes, name: str) -> None:
    if not head:
        raise NoFlightsError(f"{name} is empty (0 bytes of text). Download the file again.")
    if head[:2] in {b"\xff\xfe", b"\xfe\xff"} or b"\0" in head[:64]:
        raise InputError(
            f"{name}, line 1: the text is UTF-16 or binary, not UTF-8. Convert it, for example with: "
            f"iconv -f UTF-16 -t UTF-8 {name} > converted.csv"
        )
    line = head.partition(b"\n")[0]
    if len(line) >= LONGEST_HEADER and b"\r" not in line[:LONGEST_HEADER]:
        raise InputError(
            f"{name}, line 1: the first line is longer than {LONGEST_HEADER:,} bytes, so it is not the header of a file of "
            "flights."
        )


def _with_reading(opened: Opened, source: Source) -> Header:
    header, name = opened.header, opened.name
    if source.undecided:
        return header
    known = source.readings.get(str(opened.number))
    if known is not None:
        reading = Reading(**known)
        unused = {"DEP_DELAY"} if reading.delay != "given" else set()
        return replace(
            header, reading=reading, positions={k: v for k, v in header.positions.items() if k not in unused}
        )
    if opened.kind != "csv":
        with on_disk(opened.stream) as path:
            return decided_table(path, opened.kind, header, source.options, file=name)
    whole = len(opened.before) + len(opened.rows) < SAMPLE
    sample = opened.rows if whole else opened.rows[: opened.rows.rfind(b"\n") + 1]
    if not sample.strip():
        return header  # no rows: reading it reports that
    decided = decided_by_sample(header, sample, whole=whole, options=source.options, file=name)
    return decided or decide(header, survey(source, opened)[0], source.options, file=name)
