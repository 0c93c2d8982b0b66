"""JSON files and workbooks, converted to lines of CSV."""

import codecs
import csv
import io
import json
import tempfile
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, BinaryIO, cast

import polars as pl

from tarmac.errors import InputError

LONGEST_OBJECT = 1 << 16
"""Characters of one flight in JSON; a real one has under 2,000."""
_BLOCK = 1 << 18
MOST_WORKBOOK = 300 << 20
"""Bytes that a workbook may unpack to, about 350,000 flights of 35 columns: its reader holds it whole, in three times as many."""


def csv_of_json(stream: BinaryIO, name: str) -> BinaryIO:
    """A list of objects, or one object a line, as CSV; the first object's keys are its header.

    Raises:
        InputError: while it is read, when it is no JSON, or no list of flat objects.
    """
    return cast("BinaryIO", _Lines(_rows_of_json(stream, name)))


def _rows_of_json(stream: BinaryIO, name: str) -> Iterator[list[Any]]:
    names: list[str] = []
    for number, record in enumerate(_objects(stream, name), start=1):
        if not names:
            names = list(record)
            yield names
        if any(isinstance(value, dict | list) for value in record.values()):
            raise InputError(
                f"{name}: object {number} contains nested objects or lists. Give one flat object per flight."
            )
        yield [_cell(record.get(key)) for key in names]
    if not names:
        raise InputError(f"{name} is JSON without any object. Give a list of flat objects, one per flight.")


def _objects(stream: BinaryIO, name: str) -> Iterator[Mapping[str, Any]]:
    """One object after the other, without holding more than one block of the text."""
    decoder = json.JSONDecoder()
    text, at, ended = "", 0, False
    first = last = ""
    decode = codecs.getincrementaldecoder("utf-8-sig")("replace").decode
    while True:
        start, at = at, _after_blanks(text, at)
        between = text[start:at].strip()
        first, last = first or text[start : at + 1].strip()[:1], between[-1:] or last
        if len(text) - at < LONGEST_OBJECT and not ended:
            block = stream.read(_BLOCK)
            ended = not block
            text, at = text[at:] + decode(block, final=ended), 0
            continue
        if at == len(text):
            if first == "[" and last != "]":
                raise InputError(f"{name} is cut off: its list of flights has no end. Download the file again.")
            return
        try:
            record, at = decoder.raw_decode(text, at)
        except (ValueError, RecursionError) as error:
            what = (
                "nests too deep"
                if isinstance(error, RecursionError)
                else f"is not valid JSON at {text[at : at + 40]!r}"
            )
            raise InputError(
                f"{name} {what}. Flights in JSON must be a list of flat objects, or one object per line, each under "
                f"{LONGEST_OBJECT:,} characters."
            ) from None
        if not isinstance(record, dict) or not record:
            raise InputError(
                f"{name} contains {json.dumps(record)[:40]} instead of an object. Give a list of flat objects."
            )
        last = "}"
        yield record


def _after_blanks(text: str, at: int) -> int:
    while at < len(text) and text[at] in " \t\r\n[],":
        at += 1
    return at


def _cell(value: Any) -> Any:
    # A line is a row everywhere after this.
    return "" if value is None else " ".join(value.splitlines()) if isinstance(value, str) else value


@contextmanager
def csv_of_workbook(archive: zipfile.ZipFile, name: str, *, most: int) -> Iterator[BinaryIO]:
    """The sheet of flights in a workbook as CSV: the first whose header is that of flights, or the first.

    `most`: bytes that it may unpack to, if that is less than MOST_WORKBOOK.

    Raises:
        InputError: when the workbook is too large or cannot be read.
    """
    _refuse_huge(archive, name, min(most, MOST_WORKBOOK))
    import fastexcel

    file = cast("Any", archive.fp)
    file.seek(0)
    try:
        book = fastexcel.read_excel(file.read())
        sheets = book.sheet_names
        sheet = next((each for each in sheets if _is_flights(book, each)), sheets[0] if sheets else None)
        if sheet is None:
            raise InputError(f"{name} has no sheet. Save the flights as .csv.")
        frame = book.load_sheet(sheet, dtypes="string").to_polars()
    except fastexcel.FastExcelError as error:
        raise InputError(
            f"{name} cannot be read as a workbook: {str(error)[:200]}. Save the flights as .csv."
        ) from error
    with tempfile.TemporaryFile() as spooled:
        frame.with_columns(pl.col(pl.String).str.replace_all(r"[\r\n]+", " ")).write_csv(spooled)
        spooled.seek(0)
        yield cast("BinaryIO", spooled)


def _is_flights(book: Any, sheet: str) -> bool:
    from tarmac.bronze.header import recognise_names

    top = book.load_sheet(sheet, n_rows=1, dtypes="string").to_polars()
    try:
        first = {key: "" if value is None else value for key, value in (top.to_dicts() or [{}])[0].items()}
        recognise_names(top.columns, first, file=sheet)
    except InputError:
        return False
    return True


def _refuse_huge(archive: zipfile.ZipFile, name: str, most: int) -> None:
    """Unpack every part once, without keeping it: what its directory says of sizes may be untrue."""
    left = most
    for entry in archive.infolist():
        with archive.open(entry) as part:
            while block := part.read(1 << 20):
                left -= len(block)
                if left < 0:
                    raise InputError(
                        f"{name} unpacks to more than {most >> 20:,} MiB, and a workbook can only be read whole, which takes "
                        "too much memory. Save its flights as .csv, which has no such limit."
                    )


class _Lines(io.RawIOBase):
    """Rows as the bytes of a CSV, made while they are read."""

    def __init__(self, rows: Iterable[list[Any]]) -> None:
        self._rows, self._rest = iter(rows), b""

    def readable(self) -> bool:
        """It is."""
        return True

    def read(self, size: int = -1) -> bytes:
        """The next bytes; none at the end."""
        size = _BLOCK if size < 0 else size
        out = io.StringIO()
        writer = csv.writer(out, lineterminator="\n")
        while not self._rest:
            for _, row in zip(range(1000), self._rows, strict=False):
                writer.writerow(row)
            self._rest = out.getvalue().encode()
            if not self._rest:
                return b""
        block, self._rest = self._rest[:size], self._rest[size:]
        return block

    def readinto(self, buffer: Any) -> int:
        """As io.BufferedReader asks for it."""
        block = self.read(len(buffer))
        buffer[: len(block)] = block
        return len(block)
