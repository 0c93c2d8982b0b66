"""A verified copy of a year's bronze on this machine."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tarmac.bronze.texts import input_hash
from tarmac.errors import SystemFailure
from tarmac.storage.atomic import move
from tarmac.storage.errors import explained
from tarmac.storage.folder import FolderStore
from tarmac.storage.lake import BronzeFile, Lake, Zones
from tarmac.storage.scratch import scratch_folder

_BLOCK = 4 << 20


@dataclass(frozen=True, kw_only=True)
class BronzeCopy:
    """A verified copy: a lake of its own in a folder of this machine, and the year's files in it.

    `sha256` is each file's digest by its key in the lake it came from; `input_hash` that of the texts in all of them, as
    the run's record has it.
    """

    lake: Lake
    files: tuple[BronzeFile, ...]
    sha256: Mapping[str, str]
    input_hash: str

    @property
    def size(self) -> int:
        """Bytes of all files."""
        return sum(file.size for file in self.files)


def download_bronze(year: int, lake: Lake, folder: Path) -> BronzeCopy:
    """Copy the year's bronze into `folder`: as `{year}_01_bronze.csv` (.csv.gz, .zip), or several below `{year}_01_bronze/`.

    Each file appears there when it is complete. Size and, where the lake has it, MD5 are compared. Failed or killed, call
    it again.

    Raises:
        InputError: the lake has no bronze of the year, or a packed file is damaged.
        SystemFailure: the download was cut, or the file was replaced while it was read.
    """
    with explained(str(folder)):
        files, sha256 = [], {}
        for file in lake.bronze_files(year):
            copy = _name_of_copy(year, file, lake)
            size, sha256[file.key] = _fetch(lake, file, folder / copy)
            files.append(BronzeFile(key=copy, size=size, called=file.name, readings=file.readings))
        copied = input_hash([(file.name, folder / file.key) for file in files])
        return _copy_in(folder, {"files": [vars(file) for file in files], "sha256": sha256, "input_hash": copied}, year)


def open_copy(year: int, folder: Path) -> BronzeCopy | None:
    """The copy that `download_bronze` finished there; None where there is none, or a file of it has another size."""
    try:
        copy = _read(folder, json.loads(_manifest(folder, year).read_text(encoding="utf-8")))
    except FileNotFoundError:
        return None
    whole = all(copy.lake.size(file.key) == file.size for file in copy.files)
    return copy if whole else None


def _name_of_copy(year: int, file: BronzeFile, lake: Lake) -> str:
    single = f"{lake.zones.bronze}/{year}."
    if file.key.startswith(single):
        return f"{year}_01_bronze.{file.key.removeprefix(single)}"
    return f"{year}_01_bronze/{file.name}"


def _fetch(lake: Lake, file: BronzeFile, copy: Path) -> tuple[int, str]:
    copy.parent.mkdir(parents=True, exist_ok=True)
    with scratch_folder(copy.parent) as scratch:
        size, md5 = lake.facts_of(file.key)
        part = lake.fetch(file.key, scratch)
        sha256, seen = hashlib.sha256(), hashlib.md5(usedforsecurity=False)
        with part.open("rb") as stream:
            while block := stream.read(_BLOCK):
                sha256.update(block)
                if md5:
                    seen.update(block)
        _check(lake.location(file.key), part.stat().st_size, size, md5 and seen.hexdigest(), md5)
        move(part, copy, replace=True)
    return size, sha256.hexdigest()


def _check(place: str, size: int, expected: int, md5: str | None, expected_md5: str | None) -> None:
    if (size, md5) == (expected, expected_md5):
        return
    raise SystemFailure(
        f"{place} was not downloaded completely: {size:,} bytes arrived of {expected:,}, MD5 {md5 or 'unknown'} against "
        f"{expected_md5 or 'unknown'}. The copy was removed; download it again."
    )


def _manifest(folder: Path, year: int) -> Path:
    return folder / f"{year}_01_bronze.json"


def _copy_in(folder: Path, facts: Mapping[str, Any], year: int) -> BronzeCopy:
    """The copy, told to `open_copy` as well: last of all, so that what it names is there."""
    with scratch_folder(folder) as scratch:
        aside = scratch / "facts.json"
        aside.write_text(json.dumps(facts, indent=2) + "\n", encoding="utf-8")
        move(aside, _manifest(folder, year), replace=True)
    return _read(folder, facts)


def _read(folder: Path, facts: Mapping[str, Any]) -> BronzeCopy:
    return BronzeCopy(
        lake=Lake(store=FolderStore(str(folder.absolute())), zones=Zones()),
        files=tuple(BronzeFile(**file) for file in facts["files"]),
        sha256=facts["sha256"],
        input_hash=facts["input_hash"],
    )
