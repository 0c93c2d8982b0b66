"""Survey a file's rows for decisions that apply to the whole file, such as its date format."""

import io
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import BinaryIO, cast

import polars as pl

from tarmac.bronze.decide import Options, Seen, decide
from tarmac.bronze.header import Header
from tarmac.bronze.reading import names_of
from tarmac.bronze.tabular import FIRST_ROWS, reading, scan_table
from tarmac.bronze.text import Form, TextReport, validate, well_formed_chunks
from tarmac.errors import InputError

_BATCH = 8 << 20
_ROWS = 1 << 20
_ALWAYS = ("FL_DATE", "YEAR", "MONTH", "DAY", "ORIGIN", "ORIGIN_ID", "OP_CARRIER")
_DECISIVE = ("DEP_DELAY", "CANCELLED", "FL_DATE", "DAY", "ORIGIN")

Rows = Callable[[], Iterable[bytes]]
"""Gives the rows of a text from the first on, in pieces of whole lines."""


def form_of(header: Header) -> Form:
    """How the lines of a text with this header must be written."""
    return Form(width=header.width, delimiter=header.delimiter, lines=header.lines)


def read_rows(lines: bytes, header: Header, columns: Iterable[str]) -> pl.DataFrame:
    """These columns of some lines, as texts."""
    names = names_of(header)
    wanted = [name for name in columns if name in header.positions]
    if not lines.strip():
        return pl.DataFrame(schema=dict.fromkeys(wanted, pl.String))
    places = sorted(header.positions[name] for name in wanted)
    read = pl.read_csv(
        lines,
        has_header=False,
        schema={f"{i}": pl.String for i in range(header.width)},
        columns=places,
        separator=header.delimiter,
        quote_char='"' if b'"' in lines else None,
        encoding="utf8-lossy",
        truncate_ragged_lines=True,
        ignore_errors=True,
        raise_if_empty=False,
    )
    return read.rename({f"{place}": names[place] for place in places}).select(wanted)


def decided_by_sample(header: Header, sample: bytes, *, whole: bool, options: Options, file: str) -> Header | None:
    """The header with its reading, where the first rows are enough to tell it; None where all must be seen."""
    seen = Seen()
    valid = validate(sample if sample.endswith(b"\n") else sample + b"\n", form_of(header), TextReport())
    seen.add(_without_empty(read_rows(valid, header, header.positions)))
    return _decided(header, seen, whole, options, file)


def _decided(header: Header, seen: Seen, whole: bool, options: Options, file: str) -> Header | None:
    unsure = seen.by_id or any(name in header.positions and not seen.filled.get(name) for name in _DECISIVE)
    if whole:
        return decide(header, seen, options, file=file)
    if unsure:
        return None
    try:
        return decide(header, seen, options, file=file)
    except InputError:
        return None  # all rows may tell what the first do not


def survey_text(header: Header, pieces: Iterable[bytes]) -> tuple[Seen, TextReport]:
    """What all rows of a text hold; `pieces` are its bytes from the first row on."""
    seen, report = Seen(), TextReport(lines=header.lines)
    stream = cast("BinaryIO", io.BufferedReader(Joined(pieces), 1 << 20))
    batch: list[bytes] = []
    size = 0
    for chunk in well_formed_chunks(stream, b"", form_of(header), report):
        batch.append(bytes(chunk))
        size += len(chunk)
        if size >= _BATCH:
            seen.add(_filled_rows(b"".join(batch), header, seen))
            batch, size = [], 0
    seen.add(_filled_rows(b"".join(batch), header, seen))
    seen.rows = report.rows
    return seen, report


def _filled_rows(lines: bytes, header: Header, seen: Seen) -> pl.DataFrame:
    """The rows, with the columns that are still of interest; blank lines left out."""
    return _without_empty(read_rows(lines, header, _wanted(header, seen)))


def _wanted(header: Header, seen: Seen) -> list[str]:
    """The columns that are always looked at, and those that were empty so far."""
    empty = [name for name in header.positions if not seen.filled.get(name)]
    always = (*_ALWAYS, "CANCELLED") if "DEP_DELAY" in empty else _ALWAYS
    return [*(name for name in always if name in header.positions and name not in empty), *empty]


def _without_empty(frame: pl.DataFrame) -> pl.DataFrame:
    """Without blank and malformed lines."""
    return frame.filter(~pl.all_horizontal(pl.all().is_null())) if frame.width else frame


class Joined(io.RawIOBase):
    """Pieces of bytes as one stream."""

    def __init__(self, pieces: Iterable[bytes]) -> None:
        self._pieces, self._rest = iter(pieces), memoryview(b"")

    def readable(self) -> bool:
        """It is."""
        return True

    def readinto(self, buffer: "memoryview[int]") -> int:  # type: ignore[override]
        """As io.BufferedReader asks for it."""
        while not self._rest:
            piece = next(self._pieces, None)
            if piece is None:
                return 0
            self._rest = memoryview(piece)
        size = min(len(buffer), len(self._rest))
        buffer[:size] = self._rest[:size]
        self._rest = self._rest[size:]
        return size


def pieces_of(stream: BinaryIO, *before: bytes) -> Iterator[bytes]:
    """What was read already, then the rest of the stream."""
    yield from before
    while block := stream.read(1 << 20):
        yield block


def survey_table(path: Path, kind: str, header: Header, *, file: str) -> Seen:
    """What all rows of a Parquet or Arrow file hold."""
    frame, _ = scan_table(path, kind, header)
    seen = Seen()
    with reading(file):
        rows = frame.select(pl.len()).collect(engine="streaming").item()
        start, size = 0, FIRST_ROWS
        while start < rows:
            seen.add(frame.select(_wanted(header, seen)).slice(start, size).collect(engine="streaming"))
            start, size = start + size, _ROWS
    return seen


def decided_table(path: Path, kind: str, header: Header, options: Options, *, file: str) -> Header:
    """The header of a Parquet or Arrow file with its reading, from its first rows where they are enough."""
    frame, _ = scan_table(path, kind, header)
    seen = Seen()
    with reading(file):
        first = frame.drop("source_line").head(FIRST_ROWS + 1).collect(engine="streaming")
    seen.add(first.head(FIRST_ROWS))
    decided = _decided(header, seen, first.height <= FIRST_ROWS, options, file)
    return decided or decide(header, survey_table(path, kind, header, file=file), options, file=file)
