"""Check that a file is BTS's archive of a month: undamaged, with flights of that month inside."""

import csv
import io
import zipfile
import zlib
from pathlib import Path

from tarmac.bronze.containers import GLANCE

_BLOCK = 1 << 20
MOST_UNPACKED = 2 << 30
"""Bytes that a month may unpack to. The largest months of BTS have 0.3 GB."""


def check_archive(path: Path, year: int, month: int) -> None:
    """Raises ValueError, with the reason, unless the file is the whole archive of that month."""
    try:
        with zipfile.ZipFile(path) as archive:
            tables = [entry for entry in archive.infolist() if entry.filename.lower().endswith(".csv")]
            if not tables:
                inside = ", ".join(archive.namelist()[:3]) or "nothing"
                raise ValueError(f"it is a zip archive without a table of flights (it holds {inside})")
            if sum(entry.file_size for entry in archive.infolist()) > MOST_UNPACKED:
                raise ValueError(f"it unpacks to more than {MOST_UNPACKED >> 30} GB, which no month does")
            for entry in archive.infolist():
                _read_through(archive, entry)
            _refuse_other_month(archive, tables[0], year, month)
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, NotImplementedError, RuntimeError) as error:
        if isinstance(error, OSError) and error.errno is not None:
            raise
        raise ValueError(_what_it_is(path) or f"the zip archive is damaged: {error}") from error


def _read_through(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> None:
    """Read to the end, where the checksum is compared; never beyond the size that the archive states."""
    with archive.open(entry) as stream:
        while stream.read(_BLOCK):
            pass


def _refuse_other_month(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, year: int, month: int) -> None:
    with archive.open(entry) as stream:
        lines = stream.read(GLANCE * 4).decode("latin-1").splitlines()
    names, *rows = csv.reader(io.StringIO("\n".join(lines[:2])))
    found = dict(zip((name.strip().lower() for name in names), rows[0] if rows else (), strict=False))
    held = found.get("year", "").strip(), found.get("month", "").strip()
    if all(part.isdecimal() for part in held) and tuple(map(int, held)) != (year, month):
        raise ValueError(f"it holds flights of {held[0]}-{held[1]:0>2}, not of {year}-{month:02d}")


def _what_it_is(path: Path) -> str:
    """In words, where it is a page and no archive."""
    with path.open("rb") as file:
        head = file.read(64).lstrip().lower()
    if head.startswith((b"<!doctype html", b"<html", b"<head")):
        return "it is a page of HTML"
    return "" if head else "it is empty"
