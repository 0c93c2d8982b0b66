"""Malformed lines of text, against a naive check of each line by itself."""

import io
from unittest.mock import patch

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tarmac.bronze import text
from tarmac.bronze.text import Form, TextReport, well_formed_chunks
from tarmac.engines.polars.cleaning import source_lines

HEADER = b"a,b,c\n"
WIDTH = 3
FORM = Form(width=WIDTH)

FIELDS = st.sampled_from(
    [
        b"",
        b"1",
        b"EWR",
        b"-5.0",
        "Zürich".encode(),
        b'"a,b"',
        b'""',
        b'"x""y"',
        b" ",
        b"\r",
        b'"',
        b"\0",
        b"\xe9",
        b"9" * 60,
    ]
)
LINES = st.lists(FIELDS, min_size=0, max_size=5).map(b",".join)
FILES = st.tuples(
    st.lists(LINES, max_size=12).flatmap(
        lambda lines: st.tuples(
            st.just(lines), st.lists(st.sampled_from([b"\n", b"\r\n"]), min_size=len(lines), max_size=len(lines))
        )
    ),
    st.booleans(),
)
"""Lines with their ends, and whether the last line has one."""


def _read(content: bytes, *, chunk: int) -> tuple[TextReport, bytes]:
    report = TextReport()
    with patch.object(text, "CHUNK_BYTES", chunk), patch.object(text, "LONGEST_LINE", 50):
        out = b"".join(bytes(part) for part in well_formed_chunks(io.BytesIO(content), HEADER, FORM, report))
    return report, out


def _naive(line: bytes) -> str | None:
    """Why the line is malformed, 'blank', or None."""
    line = line.removesuffix(b"\r")
    if not line.strip():
        return "blank"
    if len(line) > 50:
        return "line_too_long"
    if 0 in line:
        return "nul_byte"
    fields, inside = 1, False
    for letter in line:
        inside ^= letter == ord('"')
        fields += letter == ord(",") and not inside
    if inside:
        return "unclosed_quote"
    if any(_misplaced(field) for field in _split_outside_quotes(line)):
        return "misplaced_quote"
    return None if fields == WIDTH else "wrong_number_of_fields"


def _split_outside_quotes(line: bytes) -> list[bytes]:
    fields, inside = [b""], False
    for letter in line:
        inside ^= letter == ord('"')
        if letter == ord(",") and not inside:
            fields.append(b"")
        else:
            fields[-1] += bytes([letter])
    return fields


def _misplaced(field: bytes) -> bool:
    if b'"' not in field:
        return False
    whole = len(field) > 1 and field[:1] == field[-1:] == b'"'
    return not whole or b'"' in field[1:-1].replace(b'""', b"")


@settings(deadline=None)
@given(FILES, st.integers(1, 40))
def test_exactly_the_malformed_lines_are_set_aside(file: tuple, chunk: int) -> None:
    """Whatever the lines, their ends and the size of chunks: the numbers, the reasons and the counts are right."""
    (lines, ends), last_has_end = file
    content = b"".join(line + end for line, end in zip(lines, ends, strict=True))
    content = content if last_has_end else content.removesuffix(b"\n")
    report, out = _read(content, chunk=chunk)

    there = content.split(b"\n")
    there = there if there[-1] else there[:-1]
    reasons = [_naive(line) for line in there]
    assert [(line.line, line.reason) for line in report.malformed] == [
        (n, why) for n, why in enumerate(reasons, start=2) if why not in {None, "blank"}
    ]
    assert report.blank_lines == [n for n, why in enumerate(reasons, start=2) if why == "blank"]
    assert report.rows == sum(why != "blank" for why in reasons)
    assert report.lines == len(there) + 1
    assert report.bytes_read == len(HEADER) + len(content)
    written = out.split(b"\n")
    assert written[: len(there)] == [line if why is None else b",," for line, why in zip(there, reasons, strict=True)]
    assert written[len(there) :] in ([b""], [])
    assert report.quoted or b'"' not in out


@settings(deadline=None)
@given(FILES, st.integers(1, 40), st.integers(1, 40))
def test_the_digest_is_of_the_file_and_not_of_its_chunks(file: tuple, one: int, other: int) -> None:
    """The same bytes have the same digest; one byte more has another."""
    (lines, ends), _ = file
    content = b"".join(line + end for line, end in zip(lines, ends, strict=True))
    assert _read(content, chunk=one)[0].digest == _read(content, chunk=other)[0].digest
    assert _read(content + b"x", chunk=one)[0].digest != _read(content, chunk=other)[0].digest


@pytest.mark.parametrize("before", [b"", b"1,2,3\n"])
def test_a_line_without_end_does_not_fill_the_memory(before: bytes) -> None:
    """Of a line that is too long only its beginning is held, and the lines around it stay."""
    size, block = 64 << 20, bytes([ord("9")]) * (1 << 20)

    class Endless(io.RawIOBase):
        """A stream of one line of 64 MiB between two well-formed ones, made while it is read."""

        def __init__(self) -> None:
            self.left = [before, *[block] * (size // len(block)), b"\n4,5,6\n"]
            self.held = b""

        def read(self, wanted: int = -1) -> bytes:
            while len(self.held) < wanted and self.left:
                self.held += self.left.pop(0)
            out, self.held = self.held[:wanted], self.held[wanted:]
            return out

    report = TextReport()
    largest, text_out = 0, b""
    for part in well_formed_chunks(Endless(), HEADER, FORM, report):
        largest, text_out = max(largest, len(part)), text_out + bytes(part)
    assert [(line.line, line.reason) for line in report.malformed] == [(2 + bool(before), "line_too_long")]
    assert text_out == before + b",,\n4,5,6\n"
    assert largest < 1 << 20
    assert len(report.malformed[0].text) == text.LONGEST_KEPT


@settings(deadline=None)
@given(st.sets(st.integers(2, 60)), st.integers(0, 60))
def test_positions_of_kept_rows_are_told_as_lines(removed: set[int], kept: int) -> None:
    """The n-th row that was kept stands on the n-th line that was not removed."""
    lines = [line for line in range(2, 200) if line not in removed][:kept]
    found = source_lines(np.arange(kept, dtype=np.int64), np.array(sorted(removed), np.int64))
    assert found.tolist() == lines
