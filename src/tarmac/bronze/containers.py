"""Decompress a file by its content, not its name, and refuse known files that are not flights."""

import bz2
import errno
import gzip
import io
import lzma
import shutil
import stat
import tempfile
import zipfile
import zlib
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import IO, BinaryIO, cast

import pyarrow as pa

from tarmac.bronze.converted import csv_of_json, csv_of_workbook
from tarmac.bronze.lookalikes import NoFlightsError
from tarmac.bronze.pieces import in_pieces
from tarmac.errors import InputError, in_one_line

GLANCE = 1 << 13
FREE_GROWTH, MOST_GROWTH = 128 << 20, 100
"""Bytes that any packed file may unpack to; beyond them at most so many times its own size. Flights shrink 5- to 20-fold."""
MOST_MEMBERS = 10_000
DEEPEST = 2
"""An archive may hold compressed files, and these texts; no more."""

MAGIC: tuple[tuple[bytes, str], ...] = (
    (b"\x1f\x8b", "gz"),
    (b"BZh", "bz2"),
    (b"\xfd7zXZ\x00", "xz"),
    (b"\x28\xb5\x2f\xfd", "zst"),
    (b"PK\x03\x04", "zip"),
    (b"PK\x05\x06", "zip"),
    (b"PAR1", "parquet"),
    (b"ARROW1", "arrow"),
    (b"\xff\xff\xff\xff", "arrow"),
)
"""How a file begins → what it is."""

NO_FLIGHTS: tuple[tuple[bytes, str, str], ...] = (
    (b"<!doctype html", "a page of HTML", "The download failed or needs a log-in: open the address in a browser."),
    (b"<html", "a page of HTML", "The download failed or needs a log-in: open the address in a browser."),
    (
        b"<?xml",
        "XML",
        "It is an error message of a storage service: read it, correct the address and download the file again.",
    ),
    (
        b"version https://git-lfs.github.com/spec",
        "a Git LFS pointer, not the file itself",
        "Fetch the file with: git lfs pull",
    ),
    (b"/annex/objects", "a git-annex pointer, not the file itself", "Fetch the file with: git annex get"),
    (b"%pdf", "a PDF", "Save the table that it shows as .csv."),
    (b"\xd0\xcf\x11\xe0", "an old Excel workbook (.xls)", "Save it as .xlsx or .csv."),
    (b"7z\xbc\xaf\x27\x1c", "a 7-Zip archive", "Unpack it and ingest the files in it."),
    (b"rar!", "a RAR archive", "Unpack it and ingest the files in it."),
    (b"rdx", "an R data file", "Write the table from R: write.csv(flights, 'flights.csv', row.names = FALSE)"),
    (b"rda", "an R data file", "Write the table from R: write.csv(flights, 'flights.csv', row.names = FALSE)"),
    (b"sqlite format", "an SQLite database", "Write the table of flights as .csv."),
    (b"fea1", "a Feather file of version 1", "Save it as Feather version 2 or Parquet."),
)
"""How a file begins, in lower case → what it is, and what to do."""


@dataclass(frozen=True, kw_only=True)
class Member:
    """A table in a file: the name shown for it, whether it is "csv", "parquet" or "arrow", and its bytes.

    `refusal` says why it is none, where that is so; it then has no bytes.
    """

    name: str
    kind: str
    stream: BinaryIO
    refusal: NoFlightsError | None = None


def kind_of(head: bytes, name: str) -> str:
    """What a file that begins with these bytes is: a key of MAGIC, "json" or "csv".

    Raises:
        InputError: when it is empty, or something that holds no flights.
    """
    if not head:
        raise NoFlightsError(f"{name} is empty (0 bytes of text). Download the file again.")
    for magic, kind in MAGIC:
        if head.startswith(magic):
            return kind
    text = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    lower = text[:64].lower()
    for begin, what, remedy in NO_FLIGHTS:
        if lower.startswith(begin):
            raise NoFlightsError(f"{name} is {what}. {remedy}")
    if head[257:262] == b"ustar":
        raise NoFlightsError(f"{name} is a tar archive. Unpack it and ingest the files in it.")
    return "json" if text[:1] in {b"[", b"{"} else "csv"


def members_of(packed: BinaryIO, name: str, *, size: int, depth: int = 0) -> Generator[Member]:
    """The tables in a file, each readable until the next is asked for.

    Args:
        packed: the file's bytes; it can seek.
        name: the file's name, for messages.
        size: its bytes, from which the bound on growth follows.
        depth: how many containers are around it.

    Raises:
        InputError: when the file is damaged, encrypted, grows beyond all measure, or holds no table.
    """
    with damage(name):
        stream = (
            packed if isinstance(packed, io.BufferedReader) else io.BufferedReader(cast("io.RawIOBase", packed), GLANCE)
        )
        kind = kind_of(stream.peek(GLANCE)[:GLANCE], name)
        if depth == DEEPEST and (kind in _UNPACK or kind == "zip"):
            raise InputError(
                f"{name} is compressed more than {DEEPEST} times over. Unpack it and ingest the files in it."
            )
        if kind in _UNPACK:
            with _UNPACK[kind](stream) as unpacked:
                bounded = io.BufferedReader(_Bounded(unpacked, _Budget(size, name)), 1 << 20)
                yield from members_of(cast("BinaryIO", bounded), name, size=size, depth=depth + 1)
        elif kind == "zip":
            yield from _in_zip(stream, name, size, depth)
        elif kind == "json":
            yield Member(name=name, kind="csv", stream=_buffered(csv_of_json(stream, name)))
        elif kind == "csv":
            yield Member(name=name, kind=kind, stream=stream)
        else:
            with _of_this_machine(stream) as table, in_pieces(table, kind, name) as (kind, pieces):
                yield Member(name=name, kind=kind, stream=pieces)


def _buffered(stream: BinaryIO) -> BinaryIO:
    return cast("BinaryIO", io.BufferedReader(cast("io.RawIOBase", stream), 1 << 20))


def _gz(stream: BinaryIO) -> IO[bytes]:
    return cast("IO[bytes]", gzip.GzipFile(fileobj=stream))


def _zst(stream: BinaryIO) -> IO[bytes]:
    return cast("IO[bytes]", pa.input_stream(stream, compression="zstd"))


_UNPACK: dict[str, Callable[[BinaryIO], IO[bytes]]] = {
    "gz": _gz,
    "bz2": bz2.BZ2File,
    "xz": lzma.LZMAFile,
    "zst": _zst,
}


class _Budget:
    """How many bytes a packed file, or all members of an archive together, may unpack to."""

    def __init__(self, packed_size: int, name: str) -> None:
        self._name, self._packed = name, packed_size
        self._left = max(FREE_GROWTH, MOST_GROWTH * packed_size)

    def spend(self, unpacked: int) -> None:
        """Count unpacked bytes; raises InputError where they grow beyond what flights do."""
        self._left -= unpacked
        if self._left < 0:
            raise InputError(
                f"{self._name} unpacks to more than {MOST_GROWTH} times its {self._packed:,} bytes, which no file of flights "
                "does. Reading was stopped. Download it again."
            )


class _Bounded(io.RawIOBase):
    """The unpacked bytes, as far as all of these budgets reach."""

    def __init__(self, stream: IO[bytes], *budgets: _Budget) -> None:
        self._stream, self._budgets = stream, budgets

    def readable(self) -> bool:
        """It is."""
        return True

    def readinto(self, buffer: "memoryview[int]") -> int:  # type: ignore[override]
        """As io.BufferedReader asks for it."""
        block = self._stream.read(len(buffer))
        for budget in self._budgets:
            budget.spend(len(block))
        buffer[: len(block)] = block
        return len(block)


@contextmanager
def _seekable(stream: io.BufferedReader) -> Iterator[BinaryIO]:
    if stream.seekable():
        yield cast("BinaryIO", stream)
        return
    with _of_this_machine(stream) as file:
        yield file


@contextmanager
def _of_this_machine(stream: io.BufferedReader) -> Iterator[BinaryIO]:
    if isinstance(stream.raw, io.FileIO):
        yield cast("BinaryIO", stream)
        return
    with tempfile.TemporaryFile() as file:
        shutil.copyfileobj(stream, file, 1 << 20)
        file.seek(0)
        yield cast("BinaryIO", file)


def _in_zip(packed: io.BufferedReader, name: str, size: int, depth: int) -> Iterator[Member]:
    with _seekable(packed) as seekable, zipfile.ZipFile(seekable) as archive:
        entries = archive.infolist()
        if len(entries) > MOST_MEMBERS:
            raise InputError(f"{name} contains {len(entries):,} files; at most {MOST_MEMBERS:,} are read. Unpack it.")
        if any(entry.filename == "xl/workbook.xml" for entry in entries):
            with csv_of_workbook(archive, name, most=max(FREE_GROWTH, MOST_GROWTH * size)) as sheet:
                yield Member(name=name, kind="csv", stream=sheet)
            return
        shown = [entry for entry in entries if not entry.is_dir() and not _is_hidden(entry)]
        for entry in shown:
            _refuse_entry(entry, name)
        # Members may share their packed bytes, so a small archive may hold any number of large ones.
        together = _Budget(size, name)
        several = sum(not _is_page(entry) for entry in shown) > 1
        _refuse_same_twice(shown, name)
        if all(map(_is_page, shown)):
            inside = ", ".join(archive.namelist()[:5]) or "nothing"
            raise NoFlightsError(
                f"{name} contains no file of flights (it holds: {inside}). Use the archive as BTS or Kaggle published it."
            )
        for entry in shown:
            if _is_page(entry):
                continue
            with archive.open(entry) as stream:
                inner = f"{name}/{entry.filename}" if several else name
                own = _Budget(entry.compress_size, inner)
                bounded = io.BufferedReader(_Bounded(stream, own, together), 1 << 20)
                try:
                    yield from members_of(cast("BinaryIO", bounded), inner, size=entry.compress_size, depth=depth + 1)
                except NoFlightsError as refusal:
                    yield Member(name=inner, kind="none", stream=io.BytesIO(), refusal=refusal)


def _is_hidden(entry: zipfile.ZipInfo) -> bool:
    return entry.filename.startswith("__MACOSX/") or entry.filename.rpartition("/")[2].startswith(".")


def _is_page(entry: zipfile.ZipInfo) -> bool:
    """Whether this is a page or note that accompanies the flights, or only a link to another file."""
    page = entry.filename.lower().endswith((".html", ".htm", ".md", ".pdf", ".png", ".jpg", ".xml"))
    return page or not entry.file_size or stat.S_ISLNK(entry.external_attr >> 16)


def _refuse_same_twice(entries: Sequence[zipfile.ZipInfo], name: str) -> None:
    """Flights without numbers would count twice, since those that look alike are different flights."""
    seen: dict[tuple[int, int], str] = {}
    for entry in entries:
        if _is_page(entry):
            continue
        if other := seen.get(content := (entry.CRC, entry.file_size)):
            raise InputError(
                f"{name} contains the same file twice: {other!r} and {entry.filename!r}. Unpack it and ingest one of them."
            )
        seen[content] = entry.filename


def _refuse_entry(entry: zipfile.ZipInfo, name: str) -> None:
    parts = entry.filename.replace("\\", "/").split("/")
    if ".." in parts or parts[0] == "" or ":" in parts[0]:
        raise InputError(f"{name} contains {entry.filename!r}, a path outside the archive's folder. Do not unpack it.")
    if entry.flag_bits & 1:
        raise InputError(f"{name}: {entry.filename} is encrypted. Unpack it and ingest the .csv file.")


_DAMAGE = (EOFError, OSError, ValueError, zlib.error, lzma.LZMAError, zipfile.BadZipFile, NotImplementedError)
"""What the readers of packed files raise on damaged ones; of OSError, what comes from no device."""


@contextmanager
def damage(name: str) -> Iterator[None]:
    """Turns what the readers raise on a damaged file into InputError."""
    try:
        yield
    except _DAMAGE as error:
        # A device that fails says so by a number; a packed file that points outside itself is an invalid argument.
        if isinstance(error, OSError) and error.errno not in {None, errno.EINVAL}:
            raise
        raise InputError(
            f"{name} is damaged or cut off: {in_one_line(error)}. Nothing was published. Download the file again and ingest it."
        ) from error
