"""Read a bronze file's bytes and find malformed lines before a CSV reader sees them.

In flight records a line is a row: no source writes a newline inside a field. So a line with a NUL byte, an odd number of
quotes or the wrong number of fields can be set aside alone, and cannot swallow its neighbours. Bytes that are not UTF-8 matter
only in columns that are used, so they are left to the reader.
Whole chunks are validated with a few vector operations; only a chunk that fails them is looked at line by line.
"""

import hashlib
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cache
from typing import BinaryIO, Literal

import numpy as np
import numpy.typing as npt

CHUNK_BYTES = 1 << 18
"""Small enough for the vector operations to stay in the processor's cache."""
LONGEST_LINE = 1 << 20
"""A BTS row is under 1 kB; a line beyond 1 MiB is damage."""
LONGEST_KEPT = 1 << 16
"""How much of a malformed line goes into the quarantine."""

NEWLINE, RETURN, QUOTE = ord("\n"), ord("\r"), ord('"')

Reason = Literal["nul_byte", "unclosed_quote", "misplaced_quote", "wrong_number_of_fields", "line_too_long"]

_FOOTER = re.compile(rb'\s*"?SOURCE: ')
"""What BTS writes below the rows of its detailed statistics; such a line is read as a blank one."""


@dataclass(frozen=True, kw_only=True)
class Form:
    """The format of a text: number of fields, delimiter, and number of lines before the first row."""

    width: int
    delimiter: str = ","
    lines: int = 1


@cache
def _quoted_line(delimiter: bytes) -> re.Pattern[bytes]:
    """Quotes enclose a whole field and are doubled within it; CSV readers disagree on anything else, or refuse the file."""
    field = rb'(?:"(?:[^"]|"")*+"|[^"' + re.escape(delimiter) + rb"]*+)"
    return re.compile(field + rb"(?:" + re.escape(delimiter) + field + rb")*+")


@dataclass(frozen=True, kw_only=True)
class MalformedLine:
    """A line set aside: its number in the uncompressed file (the header is 1), why, and its (cut) text."""

    line: int
    reason: Reason
    text: str


@dataclass(kw_only=True)
class TextReport:
    """What was seen while reading: `rows` counts lines after the header that are not blank, malformed ones included."""

    rows: int = 0
    lines: int = 1
    not_utf8: bool = False
    bytes_read: int = 0
    digest: str = ""
    quoted: bool = False
    blank_lines: list[int] = field(default_factory=list)
    malformed: list[MalformedLine] = field(default_factory=list)


def well_formed_chunks(
    stream: BinaryIO, header: bytes, form: Form, report: TextReport, *, progress: Callable[[int], None] | None = None
) -> Iterator[memoryview | bytes]:
    """Yield the stream's lines after the header in chunks, malformed and blank ones made empty rows, and fill the report.

    Args:
        stream: positioned at the first row; the lines before it are given as `header`, so that the digest covers the whole file.
        header: the lines before the first row, with their newlines.
        form: how each line must be written.
        report: filled while reading; complete when the iterator ends.
        progress: called with the number of bytes read so far.
    """
    digest = hashlib.sha256(header)
    report.bytes_read = len(header)
    carry = _Carry()
    while block := stream.read(CHUNK_BYTES):
        digest.update(block)
        report.bytes_read += len(block)
        if progress is not None:
            progress(report.bytes_read)
        whole = carry.join(block)
        if whole:
            yield validate(whole, form, report)
    rest = carry.rest()
    if rest:
        yield validate(rest, form, report)
    report.digest = digest.hexdigest()


class _Carry:
    """Holds the unfinished line between two blocks, and cuts one that grows too long."""

    def __init__(self) -> None:
        self._pieces: list[bytes] = []
        self._size = 0

    def join(self, block: bytes) -> bytes:
        """The whole lines so far; what follows the last newline is kept for the next block."""
        cut = block.rfind(b"\n") + 1
        if not cut:
            self._keep(block)
            return b""
        whole = b"".join((*self._pieces, block[:cut]))
        self._pieces, self._size = [], 0
        self._keep(block[cut:])
        return whole

    def rest(self) -> bytes:
        """The last line, where the file does not end with a newline."""
        return b"".join(self._pieces)

    def _keep(self, piece: bytes) -> None:
        # A line that is already too long is malformed in any case, so the middle of it need not be kept in memory.
        if piece and self._size <= 2 * LONGEST_LINE:
            self._pieces.append(piece[: 4 * LONGEST_LINE])
            self._size += len(piece)


def validate(whole: bytes, form: Form, report: TextReport) -> bytes:
    """Whole lines, malformed and blank ones made empty rows; the report is filled."""
    array = np.frombuffer(whole, np.uint8)
    quoted = b'"' in whole
    report.quoted = report.quoted or quoted
    if not report.not_utf8 and not whole.isascii():
        report.not_utf8 = not _is_utf8(whole)
    if lines := _well_formed_lines(whole, array, form, quoted=quoted):
        report.lines += lines
        report.rows += lines
        return whole
    return _validate_lines(whole, form, report)


def _well_formed_lines(whole: bytes, array: npt.NDArray[np.uint8], form: Form, *, quoted: bool) -> int:
    """The number of lines, if all are certainly well-formed; else 0."""
    if b"\0" in whole:
        return 0
    width, delimiter = form.width, ord(form.delimiter)
    commas = array == delimiter
    ends = np.flatnonzero(array == NEWLINE)
    if quoted:
        inside = np.cumsum(array == QUOTE, dtype=np.uint8) & 1
        if inside[ends].any() or inside[-1] or not _quotes_are_placed(array, delimiter):
            return 0
        commas &= inside == 0
    if not whole.endswith(b"\n"):
        ends = np.append(ends, array.size)
    if np.diff(ends, prepend=-1).max() > LONGEST_LINE:
        return 0
    places = np.flatnonzero(commas)
    if places.size != ends.size * (width - 1):
        return 0
    by_line = places.reshape(ends.size, width - 1)
    even = width == 1 or bool((by_line[:, -1] < ends).all() and (by_line[1:, 0] > ends[:-1]).all())
    return ends.size if even else 0


def _quotes_are_placed(array: npt.NDArray[np.uint8], delimiter: int) -> bool:
    """Whether each opening quote begins a field, or goes on after one written twice, and each closing quote ends one."""
    quotes = np.flatnonzero(array == QUOTE)
    around = np.concatenate(([NEWLINE], array, [NEWLINE, NEWLINE]))
    before, after, then = around[quotes[::2]], around[quotes[1::2] + 2], around[quotes[1::2] + 3]
    begins = (before == delimiter) | (before == NEWLINE) | (before == QUOTE)
    ends = (after == delimiter) | (after == NEWLINE) | (after == QUOTE) | ((after == RETURN) & (then == NEWLINE))
    return bool(begins.all() and ends.all())


def _is_utf8(text: bytes) -> bool:
    try:
        text.decode()
    except UnicodeDecodeError:
        return False
    return True


def _validate_lines(whole: bytes, form: Form, report: TextReport) -> bytes:
    out = []
    # A row of empty fields, not a blank line: Polars takes the number of columns from the first row.
    empty = form.delimiter.encode() * (form.width - 1)
    for line in whole.split(b"\n")[: None if not whole.endswith(b"\n") else -1]:
        report.lines += 1
        text = line.removesuffix(b"\r")
        if not text.strip() or _FOOTER.match(text):
            report.blank_lines.append(report.lines)
            out.append(empty)
            continue
        report.rows += 1
        reason = _reason(text, form)
        if reason is None:
            out.append(line)
            continue
        shown = text[:LONGEST_KEPT].decode(errors="backslashreplace").replace("\0", "\\x00")
        report.malformed.append(MalformedLine(line=report.lines, reason=reason, text=shown))
        out.append(empty)
    return b"\n".join(out) + b"\n"


def _reason(text: bytes, form: Form) -> Reason | None:
    if len(text) > LONGEST_LINE:
        return "line_too_long"
    if b"\0" in text:
        return "nul_byte"
    return _reason_by_fields(text, form)


def _reason_by_fields(text: bytes, form: Form) -> Reason | None:
    delimiter = form.delimiter.encode()
    if text.count(b'"') % 2:
        return "unclosed_quote"
    if b'"' in text and not _quoted_line(delimiter).fullmatch(text):
        return "misplaced_quote"
    outside = b"".join(text.split(b'"')[::2]) if b'"' in text else text
    return "wrong_number_of_fields" if outside.count(delimiter) != form.width - 1 else None
