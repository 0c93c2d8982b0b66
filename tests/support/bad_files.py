"""Invalid and unusual files, and what Tarmac does with each. The tests and docs/bad-input.md use them.

Each file has 300 flights of 2009; an invalid row is on line 12.
"""

import io
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from tests.support.flight_lines import KAGGLE_NAMES, flight, flights, gz, kaggle_csv, kaggle_line, zipped

BASE = flights(300)
GOOD = kaggle_csv(BASE)
ROW = kaggle_line(BASE[10])
WITHOUT_AIRPORT = [name for name in KAGGLE_NAMES if name != "ORIGIN"]


@dataclass(frozen=True, kw_only=True)
class BadFile:
    """A bronze file. With `aside` (reason → quarantined lines) or `rows` (kept) the run continues; else exit code 2."""

    what: str
    make: Callable[[], bytes]
    suffix: str = ".csv"
    says: tuple[str, ...] = ()
    aside: dict[str, list[int]] = field(default_factory=dict)
    rows: int | None = None

    @property
    def goes_on(self) -> bool:
        """Whether the run continues."""
        return bool(self.aside) or self.rows is not None


def _stops(what: str, content: Callable[[], bytes], *says: str, suffix: str = ".csv") -> BadFile:
    return BadFile(what=what, make=content, suffix=suffix, says=says)


def _aside(what: str, row: bytes | dict[str, str], reason: str, *says: str) -> BadFile:
    return BadFile(what=what, make=lambda: with_row(row), aside={reason: [12]}, says=says)


def _fine(what: str, content: Callable[[], bytes], *says: str, suffix: str = ".csv", rows: int = 300) -> BadFile:
    return BadFile(what=what, make=content, suffix=suffix, says=says, rows=rows)


def with_row(row: bytes | dict[str, str], at: int = 12) -> bytes:
    """The good file with this row on that line."""
    rows: list[bytes | dict[str, str]] = list(BASE)
    rows[at - 2] = row
    return kaggle_csv(rows)


def _encrypted() -> bytes:
    packed = bytearray(zipped(flights__csv=GOOD))
    packed[6] |= 1
    packed[packed.find(b"PK\x01\x02") + 8] |= 1
    return bytes(packed)


def _stored() -> bytes:
    """A zip without compression, so that the error message does not depend on the compression library's version."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("flights.csv", GOOD)
    return packed.getvalue()


def _flipped(packed: bytes, at: int) -> bytes:
    return packed[:at] + bytes([packed[at] ^ 0xFF]) + packed[at + 1 :]


def _in(encoding: str, mark: bytes = b"") -> Callable[[], bytes]:
    return lambda: mark + GOOD.decode().encode(encoding)


UTF16 = ("2009.csv, line 1", "UTF-16", "iconv -f UTF-16")
DAMAGED = ("damaged or cut off", "Download the file again")

STOPPED: Sequence[BadFile] = (
    _stops("an empty file", lambda: b"", "2009.csv is empty", "Download"),
    _stops("an empty .csv.gz", lambda: b"", "2009.csv.gz is empty", suffix=".csv.gz"),
    _stops("a .csv.gz of an empty file", lambda: gz(b""), "2009.csv.gz is empty", suffix=".csv.gz"),
    _stops("only a header", lambda: kaggle_csv([]), "2009.csv", "has a header but no rows", "download"),
    _stops("only a header, without a line end", lambda: kaggle_csv([])[:-1], "has a header but no rows"),
    _stops("only a header and blank lines", lambda: kaggle_csv([b"", b" "]), "has a header but no rows"),
    _stops("no airport column", lambda: kaggle_csv(BASE, names=WITHOUT_AIRPORT), "2009.csv, line 1", "Missing: ORIGIN"),
    _stops(
        "a column named twice",
        lambda: kaggle_csv(BASE, names=[*KAGGLE_NAMES, "DEP_DELAY"]),
        "2009.csv, line 1",
        "DEP_DELAY appears 2 times",
        "columns 8, 29",
    ),
    _stops("a CSV of something else", lambda: b"a,b,c\n1,2,3\n", "not the header of a file of flights", "'a,b,c'"),
    _stops("an HTML page", lambda: b"<html>\n<body>\n", "2009.csv is a page of HTML", "open the address in a browser"),
    _stops(
        "a Git LFS pointer",
        lambda: b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 1\n",
        "2009.csv is a Git LFS pointer",
        "git lfs pull",
    ),
    _stops(
        "a table of airports", lambda: b"IATA_CODE,AIRPORT,CITY\nEWR,Newark,Newark\n", "2009.csv is a table of airports"
    ),
    _stops(
        "no usable delay column",
        lambda: kaggle_csv([row | {"DEP_DELAY": "", "DEP_TIME": ""} for row in BASE]),
        "DEP_DELAY is empty in every row",
        "CRS_DEP_TIME or DEP_TIME",
    ),
    _stops("no line end in the first 64 KiB", lambda: b"x," * 100_000, "2009.csv, line 1", "longer than 65,536 bytes"),
    _stops("lines that end in a lone CR", lambda: kaggle_csv(BASE, end=b"\r"), "line 1", "lone CR", "tr '\\r'"),
    _stops("UTF-16 with a byte order mark", _in("utf-16"), *UTF16),
    _stops("UTF-16 LE without a byte order mark", _in("utf-16-le"), *UTF16),
    _stops("UTF-16 BE with a byte order mark", _in("utf-16-be", b"\xfe\xff"), *UTF16),
    _stops("UTF-16 BE without a byte order mark", _in("utf-16-be"), *UTF16),
    _stops("a truncated .gz", lambda: gz(GOOD)[:-20], "2009.csv.gz", *DAMAGED, suffix=".csv.gz"),
    _stops("a .gz with a wrong checksum", lambda: _flipped(gz(GOOD), -6), *DAMAGED, suffix=".csv.gz"),
    _stops("a truncated zip", lambda: zipped(f__csv=GOOD)[:-30], "2009.zip", *DAMAGED, suffix=".zip"),
    _stops("a zip with a damaged member", lambda: _flipped(_stored(), 5000), "2009.zip", *DAMAGED, suffix=".zip"),
    _stops(
        "a zip without a .csv",
        lambda: zipped(readme__html=b"x"),
        "contains no file of flights",
        "readme.html",
        suffix=".zip",
    ),
    _stops("an encrypted zip", _encrypted, "2009.zip: flights.csv is encrypted", "Unpack", suffix=".zip"),
    _stops(
        "flights of another year",
        lambda: kaggle_csv(flights(300, year=2010)),
        "300 of 300 rows",
        "wrong_year 300",
        "2009.csv, line 2",
        "another year than 2009?",
    ),
    _stops(
        "more invalid rows than --max-quarantined allows",
        lambda: kaggle_csv([*BASE, *[flight(i, DEP_DELAY="late") for i in range(4)]]),
        "4 of 304 rows",
        "bad_dep_delay 4",
        "line 302",
        "'2009-01-01,UA,1,",
        "--max-quarantined",
    ),
    _stops(
        "a short file with a truncated last line",
        lambda: kaggle_csv(BASE[:20])[:-60],
        "1 of 20 rows",
        "line 21",
        "may be truncated",
    ),
    _stops("rows with more fields than the header", lambda: GOOD.replace(b",Unnamed: 27", b"", 1), "300 of 300 rows"),
)

ASIDE: Sequence[BadFile] = (
    _aside("a NUL byte", ROW.replace(b"UA", b"U\0"), "nul_byte"),
    _aside("bytes that are not UTF-8", ROW.replace(b"UA", b"U\xe9"), "not_utf8"),
    _aside("an unclosed quote", ROW.replace(b"UA", b'"UA'), "unclosed_quote"),
    _aside("a quote within a field", ROW.replace(b"UA", b'U"A"'), "misplaced_quote"),
    _aside("text after a quoted field", ROW.replace(b"UA", b'"U"A'), "misplaced_quote"),
    _aside("too few fields", b"2009-01-11,UA", "wrong_number_of_fields"),
    _aside("too many fields", ROW + b",,", "wrong_number_of_fields"),
    _aside("a field of 2 MB", ROW.replace(b"UA", b"9" * 2_000_000), "line_too_long"),
    BadFile(
        what="a truncated last line",
        make=lambda: GOOD[:-60],
        aside={"wrong_number_of_fields": [301]},
        says=("2009.csv ends in the middle of line 301", "may be truncated"),
    ),
    BadFile(
        what="a last line truncated within quotes",
        make=lambda: GOOD + ROW.replace(b"UA", b'"UA')[:13],
        aside={"unclosed_quote": [302]},
        says=("2009.csv ends in the middle of line 302",),
    ),
    BadFile(what="an invalid first row", make=lambda: with_row(b"-", at=2), aside={"wrong_number_of_fields": [2]}),
    _aside("a date that does not exist", flight(10, FL_DATE="2009-02-30"), "bad_fl_date"),
    _aside("a date in another year", flight(10, FL_DATE="2008-12-31"), "wrong_year"),
    _aside("an airport code with a path", flight(10, ORIGIN="../../x"), "bad_origin"),
    _aside("an airport code with SQL", flight(10, ORIGIN='"""; drop table x; --"'), "bad_origin"),
    _aside("an airport code with SQL and unbalanced quotes", flight(10, DEST='"; drop table x; --'), "unclosed_quote"),
    _aside("a delay that is not a number", flight(10, DEP_DELAY="late"), "bad_dep_delay"),
    _aside("a delay that is not finite", flight(10, DEP_DELAY="inf"), "bad_dep_delay"),
    _aside("a delay of more than a week", flight(10, DEP_DELAY="10081"), "bad_dep_delay"),
    BadFile(
        what="a flight that appears twice",
        make=lambda: kaggle_csv([*BASE, BASE[3]]),
        aside={"duplicate": [302]},
    ),
)

FINE: Sequence[BadFile] = (
    _fine("CRLF", lambda: kaggle_csv(BASE, end=b"\r\n")),
    _fine("no line end after the last row", lambda: GOOD[:-1]),
    _fine("a UTF-8 byte order mark", lambda: b"\xef\xbb\xbf" + GOOD),
    _fine("columns in another order", lambda: kaggle_csv(BASE, names=KAGGLE_NAMES[::-1])),
    _fine(
        "columns that Tarmac does not use",
        lambda: kaggle_csv(BASE, names=[*KAGGLE_NAMES, "GATE", "CREW"]),
        "ignored 2 columns",
        "CREW, GATE",
    ),
    _fine("a time that does not exist", lambda: with_row(flight(10, DEP_TIME="1275.0"))),
    _fine("a distance that is not a number", lambda: with_row(flight(10, DISTANCE="far"))),
    _fine(
        "bytes that are not UTF-8 in an unused column",
        lambda: kaggle_csv([row | {"TAIL_NUM": "N1"} for row in BASE], names=[*KAGGLE_NAMES, "TAIL_NUM"]).replace(
            b"N1", b"N\xe9"
        ),
    ),
    _fine("NaN as a missing value", lambda: with_row(flight(10, CANCELLED="1.0", DEP_TIME="NaN", DEP_DELAY="NaN"))),
    _fine("a .csv named .csv.gz", lambda: GOOD, suffix=".csv.gz"),
    _fine("blank lines", lambda: kaggle_csv([b"", *BASE[:5], b"   ", *BASE[5:], b"", b""])),
    _fine("blank lines that end in CRLF", lambda: kaggle_csv([b"", *BASE[:5], b"", *BASE[5:], b""], end=b"\r\n")),
    _fine("a zip with another file besides the .csv", lambda: zipped(readme__html=b"<p>", f__csv=GOOD), suffix=".zip"),
    _fine("two concatenated .gz streams", lambda: gz(GOOD[:5000]) + gz(GOOD[5000:]), suffix=".csv.gz"),
)
