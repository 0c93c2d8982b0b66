"""Open a year's bronze files: decompress, recognise the header, and make sure that the text can be read as CSV.

A plain file is read where it lies, an object on S3 where it was fetched to. A packed one is unpacked into the scratch folder.
"""

import errno
import gzip
import hashlib
import io
import lzma
import zipfile
import zlib
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import IO, BinaryIO, cast

from tarmac.bronze.header import Header, recognise_header
from tarmac.bronze.text import TextReport, sound_chunks
from tarmac.errors import InputError
from tarmac.storage.lake import BronzeFile, Lake

LONGEST_HEADER = 1 << 16
MANY_UNSOUND = 100_000
"""Unsound lines from which on a file that consists mostly of them is given up."""
_SAMPLE = 1 << 20
_GLANCE = 1 << 13

Progress = Callable[[int], None]


@dataclass(kw_only=True)
class FlightText:
    """One CSV file of flights on this machine: its shown name, its path, its header, and what reading it showed.

    `report` is complete once the text was read to its end by `inspect` or `spool`.
    """

    name: str
    path: Path
    header: Header
    header_line: bytes
    report: TextReport = field(default_factory=TextReport)

    def may_fill_memory(self) -> bool:
        """Whether Polars may take much of the file for one field: its beginning holds quotes, or a line has no end in sight.

        A few bytes of each MiB tell: a line of 2 MiB or more leaves one MiB without a newline.
        """
        with self.path.open("rb", buffering=0) as file:
            if b'"' in file.read(_SAMPLE):
                return True
            return any(
                b"\n" not in file.read(_GLANCE) and b"\n" not in file.read(_SAMPLE - _GLANCE)
                for start in range(_SAMPLE, self.path.stat().st_size - _SAMPLE, _SAMPLE)
                if file.seek(start)
            )

    def inspect(self, progress: Progress | None = None) -> None:
        """Read the file once for its digest, its number of rows and its unsound lines."""
        # Another thread builds its scan meanwhile: what it was told of quotes must not vanish and come back.
        self.report = TextReport(quoted=self.report.quoted)
        with self.path.open("rb", buffering=0) as stream:
            header = stream.read(len(self.header_line))
            for _ in sound_chunks(cast("BinaryIO", stream), header, self.header.width, self.report, progress=progress):
                _refuse_mostly_unsound(self.name, self.report)

    def spool(self, copy: Path) -> None:
        """Read the file from a copy in which unsound and blank lines are rows of empty fields; the numbers of lines stay."""
        with self.path.open("rb", buffering=0) as stream:
            header = stream.read(len(self.header_line))
            self.report = TextReport()
            _spool(self.name, cast("BinaryIO", stream), header, self.header.width, self.report, copy)
        self.path = copy


@dataclass(frozen=True, kw_only=True)
class TextPlace:
    """Where one CSV file of flights is: the bronze file, the text's number within it, and what its header says."""

    file: BronzeFile
    number: int
    name: str
    header: Header
    header_line: bytes
    version: str | None = None

    @property
    def packed(self) -> bool:
        """Whether the text can only be read from its beginning."""
        return not self.file.name.lower().endswith(".csv")


def find_texts(lake: Lake, file: BronzeFile) -> Iterator[TextPlace]:
    """The CSV files in one bronze file, of which no more than the headers is read.

    Raises:
        InputError: when the file is empty, not CSV, or has no known header.
    """
    version = lake.version_of(file.key)
    with lake.open(file.key, version) as packed:
        for number, (name, stream) in enumerate(_members(packed, file.name)):
            line, header = _header_of(stream, name)
            yield TextPlace(file=file, number=number, name=name, header=header, header_line=line, version=version)


@contextmanager
def open_text(lake: Lake, place: TextPlace) -> Iterator[BinaryIO]:
    """The text's bytes, from its header on.

    Raises:
        InputError: while it is read, when the file is damaged or cut off.
    """
    with (
        lake.open(place.file.key, place.version) as packed,
        closing(_members(packed, place.file.name)) as members,
        _damage(place.name),
    ):
        yield next(islice(members, place.number, None))[1]


def open_flight_texts(
    lake: Lake, file: BronzeFile, scratch: Path, progress: Progress | None = None
) -> Iterator[FlightText]:
    """The CSV files in one bronze file: one, or each member of an archive.

    Raises:
        InputError: when the file is empty, cut, not CSV, or has no known header.
    """
    local = lake.local_path(file.key) or lake.fetch(file.key, scratch)
    if local.name.lower().endswith(".csv"):
        with local.open("rb") as plain:
            line = _header_line(plain, file.name)
        yield FlightText(name=file.name, path=local, header=_header(line, file.name), header_line=line)
        return
    with local.open("rb") as packed:
        for number, (name, stream) in enumerate(_members(packed, file.name)):
            line = _header_line(stream, name)
            text = FlightText(
                name=name, path=scratch / f"{file.name}.{number}.csv", header=_header(line, name), header_line=line
            )
            with _damage(name):
                _spool(name, stream, line, text.header.width, text.report, text.path, progress)
            yield text


def first_lines(path: Path) -> tuple[str, bytes, bytes]:
    """Name, header line and first row (not a blank one) of the first CSV file in a file on this machine."""
    with path.open("rb") as packed:
        for name, stream in _members(packed, path.name):
            line = _header_line(stream, name)
            with _damage(name):
                row = stream.readline(LONGEST_HEADER)
                while row and not row.strip():
                    row = stream.readline(LONGEST_HEADER)
                return name, line, row
    raise InputError(f"{path} holds no CSV file.")


def check_readable(path: Path) -> None:
    """Raises InputError where a compressed file on this machine is damaged or cut off."""
    if path.name.lower().endswith(".csv"):
        return
    with path.open("rb") as packed:
        for name, stream in _members(packed, path.name):
            with _damage(name):
                while stream.read(_SAMPLE):
                    pass


def input_hash(paths: Sequence[tuple[str, Path]]) -> str:
    """The SHA-256 of the texts in these files, given by name and path: what a run that reads them has as its input's.

    Raises:
        InputError: when a packed file is damaged or cut off, or holds no CSV.
    """
    digests = []
    for name, path in paths:
        with path.open("rb") as packed:
            for shown, stream in _members(packed, name):
                with _damage(shown):
                    digests.append(hashlib.file_digest(cast("io.BufferedReader", stream), "sha256").hexdigest())
    return hash_of_digests(digests)


def hash_of_digests(digests: Sequence[str]) -> str:
    """The one text's digest, or that of all texts' digests in their order."""
    return digests[0] if len(digests) == 1 else hashlib.sha256("\n".join(digests).encode()).hexdigest()


def _members(packed: BinaryIO, name: str) -> Generator[tuple[str, BinaryIO]]:
    lower = name.lower()
    if lower.endswith(".gz"):
        with _damage(name), gzip.GzipFile(fileobj=packed) as stream:
            yield name, cast("BinaryIO", io.BufferedReader(stream, buffer_size=1 << 20))
    elif lower.endswith(".zip"):
        yield from _zip_members(packed, name)
    else:
        yield name, packed


def _zip_members(packed: BinaryIO, name: str) -> Iterator[tuple[str, BinaryIO]]:
    with _damage(name), zipfile.ZipFile(packed) as archive:
        members = [
            member
            for member in archive.infolist()
            if member.filename.lower().endswith(".csv") and not _is_hidden(member)
        ]
        if not members:
            inside = ", ".join(archive.namelist()[:5]) or "nothing"
            raise InputError(
                f"{name} holds no .csv file (it holds: {inside}). Give the archive as BTS or Kaggle wrote it."
            )
        for member in members:
            if member.flag_bits & 1:
                raise InputError(f"{name}: {member.filename} is encrypted. Unpack it and give the .csv file.")
            with archive.open(member) as stream:
                shown = name if len(members) == 1 else f"{name}/{member.filename}"
                yield shown, cast("BinaryIO", stream)


def _is_hidden(member: zipfile.ZipInfo) -> bool:
    return member.filename.startswith("__MACOSX/") or member.filename.rpartition("/")[2].startswith(".")


_DAMAGE = (EOFError, OSError, ValueError, zlib.error, lzma.LZMAError, zipfile.BadZipFile, NotImplementedError)
"""What the readers of packed files raise on damaged ones; of OSError, what comes from no device."""


@contextmanager
def _damage(name: str) -> Iterator[None]:
    try:
        yield
    except _DAMAGE as error:
        # A device that fails says so by a number; a packed file that points outside itself is an invalid argument.
        if isinstance(error, OSError) and error.errno not in {None, errno.EINVAL}:
            raise
        raise InputError(
            f"{name} is damaged or cut off: {error}. Nothing was published. Download the file again and ingest it anew."
        ) from error


def _header_line(stream: IO[bytes], name: str) -> bytes:
    with _damage(name):
        line = stream.readline(LONGEST_HEADER)
    if not line:
        raise InputError(f"{name} is empty (0 bytes of text). Download the file again.")
    if line[:2] in {b"\xff\xfe", b"\xfe\xff"} or b"\0" in line[:64]:
        raise InputError(
            f"{name}, line 1: the text is UTF-16 or binary, not UTF-8. Convert it, for example with: "
            f"iconv -f UTF-16 -t UTF-8 {name} > converted.csv"
        )
    if len(line) == LONGEST_HEADER and b"\r" not in line:
        raise InputError(
            f"{name}, line 1: the first line is longer than {LONGEST_HEADER:,} bytes, so it is no header of flights."
        )
    return line


def _header_of(stream: IO[bytes], name: str) -> tuple[bytes, Header]:
    line = _header_line(stream, name)
    return line, _header(line, name)


def _header(line: bytes, name: str) -> Header:
    return recognise_header(line.decode("utf-8", errors="replace"), file=name)


def _spool(
    name: str,
    stream: BinaryIO,
    header: bytes,
    width: int,
    report: TextReport,
    copy: Path,
    progress: Progress | None = None,
) -> None:
    with copy.open("wb") as out:
        out.write(header if header.endswith(b"\n") else header + b"\n")
        for chunk in sound_chunks(stream, header, width, report, progress=progress):
            _refuse_mostly_unsound(name, report)
            out.write(chunk)


def _refuse_mostly_unsound(name: str, report: TextReport) -> None:
    # Each unsound line is held in memory with its text: a file made of them must not fill it.
    if len(report.unsound) > MANY_UNSOUND and 2 * len(report.unsound) > report.rows:
        first = report.unsound[0]
        raise InputError(
            f"{name}: more than half of the first {report.rows:,} rows are no rows of this header. The first: line "
            f"{first.line}, {first.reason}: {first.text[:120]!r}. Nothing was published; download the file again."
        )
