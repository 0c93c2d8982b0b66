"""Put source files into bronze as they are, never over something else."""

import csv
import filecmp
import shutil
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from tarmac.bronze.formats import bts
from tarmac.bronze.header import recognise_header
from tarmac.bronze.texts import check_readable, first_lines
from tarmac.errors import InputError
from tarmac.storage.lake import BRONZE_SUFFIXES, Lake
from tarmac.storage.scratch import scratch_folder
from tarmac.tables.flights import FIRST_YEAR, LAST_YEAR

_BLOCK = 1 << 20


@dataclass(frozen=True, kw_only=True)
class Ingested:
    """One file's way into bronze: `written` is false where the very same file was there already."""

    file: str
    year: int
    source: str
    key: str
    size: int
    written: bool


@dataclass(frozen=True, kw_only=True)
class _Candidate:
    path: Path
    year: int
    source: str


def ingest_files(files: Sequence[Path], lake: Lake, *, year: int | None, scratch: Path) -> list[Ingested]:
    """Copy files into bronze: one of a year as `{year}.csv…`, several or monthly ones into the folder `{year}/`.

    All files are looked at before the first is copied.

    Raises:
        InputError: when a file is no file of flights, its year cannot be told, or bronze holds another file in its place.
    """
    candidates = [_look_at(path, year) for path in files]
    by_year = Counter(candidate.year for candidate in candidates)
    keys = [_key(lake, candidate, alone=by_year[candidate.year] == 1) for candidate in candidates]
    if repeated := [key for key, times in Counter(keys).items() if times > 1]:
        raise InputError(f"two files would both become {lake.place(repeated[0])}. Rename one of them.")
    lake.make()
    new = [_is_new(lake, candidate, key, scratch) for candidate, key in zip(candidates, keys, strict=True)]
    done = []
    for candidate, key, is_new in zip(candidates, keys, new, strict=True):
        if is_new:
            _copy(candidate.path, lake, key, scratch)
        size = candidate.path.stat().st_size
        done.append(
            Ingested(
                file=str(candidate.path),
                year=candidate.year,
                source=candidate.source,
                key=key,
                size=size,
                written=is_new,
            )
        )
    return done


def _look_at(path: Path, year: int | None) -> _Candidate:
    if path.is_dir():
        raise InputError(f"{path} is a folder. Name the files in it, for example {path}/*.csv")
    if not path.is_file():
        raise InputError(f"there is no file {path}. Check the path.")
    if not path.name.lower().endswith(BRONZE_SUFFIXES):
        raise InputError(f"{path} is not named {', '.join(BRONZE_SUFFIXES)}. Rename it after what it is.")
    if path.name.startswith("."):
        raise InputError(f"{path} is a hidden file, which Tarmac would not find again in bronze. Rename it.")
    name, header_line, row = first_lines(path)
    header = recognise_header(header_line.decode("utf-8", errors="replace"), file=name)
    check_readable(path)
    if not row.strip():
        raise InputError(f"{name} has a header and no flights. Download the file again.")
    return _Candidate(path=path, year=year or _year_of(row, header.positions["FL_DATE"], name), source=header.source)


def _year_of(row: bytes, position: int, name: str) -> int:
    # A CR within the line is no end of it here, but the csv module would refuse it.
    line = row.decode("utf-8", errors="replace").replace("\r", "").rstrip("\n")
    fields = next(csv.reader([line]), [])
    text = fields[position] if position < len(fields) else ""
    try:
        year = datetime.strptime(text, "%Y-%m-%d").replace(tzinfo=UTC).year
    except ValueError:
        raise InputError(
            f"{name}: the date of the first row is {text[:40]!r}, not like 2009-12-31. Say the year yourself: --year 2009"
        ) from None
    if not FIRST_YEAR <= year <= LAST_YEAR:
        raise InputError(
            f"{name}: the date of the first row, {text!r}, is not of a year from {FIRST_YEAR} to {LAST_YEAR}. Mend the "
            "file, or say the year yourself: --year 2009"
        )
    return year


def _key(lake: Lake, candidate: _Candidate, *, alone: bool) -> str:
    bronze, year = lake.zones.bronze, candidate.year
    if candidate.source == bts.NAME or not alone:
        return f"{bronze}/{year}/{candidate.path.name}"
    suffix = next(suffix for suffix in BRONZE_SUFFIXES[::-1] if candidate.path.name.lower().endswith(suffix))
    return f"{bronze}/{year}{suffix}"


def _is_new(lake: Lake, candidate: _Candidate, key: str, scratch: Path) -> bool:
    there = lake.bronze_candidates(candidate.year)
    for file in there:
        if file.key == key:
            if file.size == candidate.path.stat().st_size and _same(lake, key, candidate.path, scratch):
                return False
            raise InputError(
                f"{lake.place(key)} holds another file than {candidate.path}, and bronze is never changed. "
                "Remove it yourself if it is wrong, or ingest into another lake."
            )
    folder = f"{lake.zones.bronze}/{candidate.year}/"
    if clash := [file.key for file in there if not (file.key.startswith(folder) and key.startswith(folder))]:
        raise InputError(
            f"the lake already has {', '.join(clash[:3])} for {candidate.year}, so {candidate.path} cannot stand beside it as "
            f"{key}. Keep one form of the year: one file, or a folder of files."
        )
    return True


def _same(lake: Lake, key: str, path: Path, scratch: Path) -> bool:
    with scratch_folder(lake.scratch_parent(scratch)) as folder:
        return filecmp.cmp(lake.fetch(key, folder), path, shallow=False)


def _copy(path: Path, lake: Lake, key: str, scratch: Path) -> None:
    with scratch_folder(lake.scratch_parent(scratch)) as folder:
        copy = folder / path.name
        shutil.copyfile(path, copy)
        lake.publish(copy, key, replace=False)
