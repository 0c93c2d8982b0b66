"""The lake: where each zone's files are, and how one is published with a single visible change.

A lake is a folder or `s3://bucket/prefix`; both have the same layout. Files are written aside, in the run's scratch
folder, and published by one atomic act: a rename on a folder, one upload on S3.
"""

import errno
import filecmp
import hashlib
import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from io import BufferedReader
from pathlib import Path
from typing import BinaryIO, cast

from tarmac.errors import InputError, TarmacError
from tarmac.storage.errors import is_taken, translate
from tarmac.storage.layout import BRONZE_SUFFIXES, BronzeFile, Zones, folder_of
from tarmac.storage.s3 import S3Access, S3Folder
from tarmac.storage.scratch import sync

__all__ = ["BRONZE_SUFFIXES", "BronzeFile", "Lake", "Zones", "open_lake"]

_NO_LINK = frozenset({errno.EXDEV, errno.EPERM, errno.EOPNOTSUPP, errno.EMLINK})
"""Why a file cannot have a second name: it is on another file system or one without links, or another user's."""

_S3 = re.compile(r"s3a?://(?P<bucket>[a-z0-9][a-z0-9.\-]{1,61}[a-z0-9])(?:/(?P<prefix>.*))?")


@dataclass(frozen=True, kw_only=True)
class Lake:
    """Keys of the files, and the acts on them. Make one with `open_lake`."""

    root: str
    zones: Zones
    access: S3Access = field(default_factory=S3Access)

    @property
    def on_s3(self) -> bool:
        """Whether the lake is on S3."""
        return self.root.startswith("s3://")

    @property
    def _objects(self) -> S3Folder:
        bucket, _, prefix = self.root.removeprefix("s3://").partition("/")
        return S3Folder(bucket=bucket, prefix=prefix, access=self.access)

    def silver_key(self, year: int) -> str:
        """Key of the year's silver file."""
        return f"{self.zones.silver}/year/{year}/{year}_02_silver.parquet"

    def quarantine_key(self, year: int) -> str:
        """Key of the year's quarantine."""
        return f"{self.zones.silver}/year/{year}/{year}_02_quarantine.parquet"

    def gold_key(self, year: int) -> str:
        """Key of the year's airport-days."""
        return f"{self.zones.gold}/agg_dep_delay_by_date/year/{year}/{year}_03_gold.parquet"

    def anomalies_key(self, year: int) -> str:
        """Key of the year's judgements."""
        return f"{self.zones.gold}/anomalies_by_date/year/{year}/{year}_03_anomalies.parquet"

    def carriers_key(self, year: int) -> str:
        """Key of the year's carriers' days."""
        return f"{self.zones.gold}/agg_dep_delay_by_carrier/year/{year}/{year}_03_gold_carriers.parquet"

    def carrier_origins_key(self, year: int) -> str:
        """Key of the year's carriers' days at each airport."""
        folder = f"{self.zones.gold}/agg_dep_delay_by_carrier_origin"
        return f"{folder}/year/{year}/{year}_03_gold_carrier_origins.parquet"

    def carrier_anomalies_key(self, year: int) -> str:
        """Key of the judgements of the year's carriers' days."""
        return f"{self.zones.gold}/anomalies_by_carrier/year/{year}/{year}_03_anomalies_carriers.parquet"

    def disruptions_key(self, year: int) -> str:
        """Key of the year's disruptions."""
        return f"{self.zones.gold}/disruptions/year/{year}/{year}_03_disruptions.parquet"

    def disruption_parts_key(self, year: int) -> str:
        """Key of the parts of the year's disruptions."""
        return f"{self.zones.gold}/disruptions/year/{year}/{year}_03_disruption_parts.parquet"

    def run_key(self, year: int, run_id: str) -> str:
        """Key of a run's record."""
        return f"{self.runs_folder(year)}/{run_id}.json"

    def runs_folder(self, year: int) -> str:
        """Key of the folder of the year's records."""
        return f"runs/year/{year}"

    def report_key(self, year: int) -> str:
        """Key of the year's HTML report."""
        return f"reports/year/{year}/{year}_report.html"

    def place(self, key: str) -> str:
        """Where a key is: a path or an s3:// address, as shown to the user."""
        return f"{self.root}/{key}"

    def scratch_parent(self, local: Path) -> Path:
        """Where runs put what is not published yet: beside the zones, to publish by a rename; `local` for S3."""
        return local if self.on_s3 else Path(self.root) / ".scratch"

    def bronze_files(self, year: int) -> list[BronzeFile]:
        """The year's bronze files in order of name: one file, or all in the year's folder.

        Raises:
            InputError: when there is none, or when several forms of the year stand side by side.
        """
        found = self.bronze_candidates(year)
        forms = sorted(
            {file.key if "/" not in file.key.removeprefix(f"{self.zones.bronze}/") else f"{year}/" for file in found}
        )
        if not found:
            raise InputError(
                f"the lake {self.root} has no bronze for {year}: looked for {self.zones.bronze}/{year}.csv, .csv.gz, .zip "
                f"and files in {self.zones.bronze}/{year}/. Put it there with: tarmac ingest FILE --year {year}"
            )
        if len(forms) > 1:
            raise InputError(
                f"the lake {self.root} has bronze for {year} in several forms: {', '.join(forms)}. Keep one of them."
            )
        return found

    def bronze_candidates(self, year: int) -> list[BronzeFile]:
        """All files that could be the year's bronze, in whatever form."""
        single = [f"{self.zones.bronze}/{year}{suffix}" for suffix in (*BRONZE_SUFFIXES, ".csv.zip")]
        files = [BronzeFile(key=key, size=size) for key in single if (size := self.size(key)) is not None]
        folder = f"{self.zones.bronze}/{year}"
        with self._errors():
            inside = self._list(folder)
        return files + [BronzeFile(key=key, size=size) for key, size in inside if key.lower().endswith(BRONZE_SUFFIXES)]

    def size(self, key: str) -> int | None:
        """The size of a file in bytes; None where there is none."""
        with self._errors():
            if not self.on_s3:
                path = Path(self.place(key))
                return path.stat().st_size if path.is_file() else None
            return self._objects.size(key)

    def _list(self, folder: str) -> list[tuple[str, int]]:
        if not self.on_s3:
            path = Path(self.place(folder))
            files = sorted(path.iterdir()) if path.is_dir() else []
            return [
                (f"{folder}/{file.name}", file.stat().st_size)
                for file in files
                if file.is_file() and file.name[0] != "."
            ]
        return [(key, size) for key, size in self._objects.list(folder) if not key.endswith("/")]

    def files_in(self, folder: str) -> list[str]:
        """Keys of the files right below a folder, in order of name."""
        with self._errors():
            return [key for key, _ in self._list(folder)]

    def remove(self, folder: str) -> None:
        """Remove a folder with all that is below it; one that is not there is no error."""
        with self._errors(folder), suppress(FileNotFoundError):
            if not self.on_s3:
                shutil.rmtree(self.place(folder))
                return
            for key, _ in self._objects.list(folder, deep=True):
                self._objects.remove(key)

    def local_path(self, key: str) -> Path | None:
        """The file's own path, where the lake is a folder."""
        return None if self.on_s3 else Path(self.place(key))

    def fetch(self, key: str, scratch: Path) -> Path:
        """A file in `scratch` with the bytes that the key had at one moment, whatever is published there meanwhile.

        Raises:
            SystemFailure: when S3 fails, or the object was replaced while it was copied.
        """
        file = scratch / f"fetched {key.replace('/', ' ')}"
        with self._errors(key):
            if self.on_s3:
                self._objects.fetch(key, file)
                return file
            try:
                os.link(self.place(key), file)
            except OSError as error:
                if error.errno not in _NO_LINK:
                    raise
                shutil.copyfile(self.place(key), file)
        return file

    def read(self, key: str) -> bytes:
        """The bytes of a file that fits into memory: all of one version of it."""
        with self._errors(key):
            return self._objects.read(key) if self.on_s3 else Path(self.place(key)).read_bytes()

    @contextmanager
    def open(self, key: str, version: str | None = None) -> Iterator[BinaryIO]:
        """Open a file to read parts of it; on S3 all come from `version`, one that `version_of` told, or the reading fails."""
        with self._errors(key), self._open(key, version) as stream:
            yield cast("BinaryIO", stream)

    def _open(self, key: str, version: str | None) -> BufferedReader:
        return self._objects.open(key, version) if self.on_s3 else Path(self.place(key)).open("rb")

    def version_of(self, key: str) -> str | None:
        """What tells a file's bytes on S3 from those that were or will be under its key; None for a folder's."""
        with self._errors(key):
            return self._objects.version_of(key) if self.on_s3 else None

    def facts_of(self, key: str) -> tuple[int, str | None]:
        """Size in bytes of a file that is there, and its MD5 in hex where the lake tells it without reading the file."""
        with self._errors(key):
            return self._objects.facts_of(key) if self.on_s3 else (Path(self.place(key)).stat().st_size, None)

    def publish(self, file: Path, key: str, *, replace: bool = True) -> None:
        """Make a finished local file the lake's file of that key, in one visible change; the local one is gone after.

        Raises:
            InputError: when the key exists and `replace` is false.
        """
        with self._errors(key):
            try:
                self._publish(file, key, replace)
            except Exception as error:
                if replace or not is_taken(error):
                    raise
                raise InputError(
                    f"another run put {self.place(key)} there meanwhile, and it is never changed. Run the same command "
                    "again: it compares the two."
                ) from error

    def publish_changed(self, file: Path, key: str) -> bool:
        """Publish unless the lake's file is the very same already; returns whether it was published."""
        if self._holds(key, file):
            file.unlink()
            return False
        self.publish(file, key)
        return True

    def _holds(self, key: str, file: Path) -> bool:
        if self.size(key) != file.stat().st_size:
            return False
        with self._errors(key), file.open("rb") as new:
            if not self.on_s3:
                return filecmp.cmp(self.place(key), file, shallow=False)
            _, md5 = self._objects.facts_of(key)
            seen = hashlib.file_digest(new, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()
        # An object that came in parts, or is encrypted under a key of KMS, does not tell its MD5: it is written again.
        return md5 == seen

    def _publish(self, file: Path, key: str, replace: bool) -> None:
        if self.on_s3:
            with file.open("rb") as stream:
                self._objects.put(stream, key, replace=replace)
            file.unlink()
            return
        place = Path(self.place(key))
        place.parent.mkdir(parents=True, exist_ok=True)
        sync(file)
        if replace:
            file.replace(place)
        else:
            os.link(file, place)
            file.unlink()
        sync(place.parent)

    def make(self) -> None:
        """Make the lake's folder, where it is one and is not there; a bucket is never made."""
        with self._errors():
            if not self.on_s3:
                with suppress(FileExistsError):
                    Path(self.root).mkdir(parents=True)
        self.check_exists()

    def check_exists(self) -> None:
        """Raises InputError where the lake is not there."""
        with self._errors():
            if self.on_s3:
                there = self._objects.is_there()
            else:
                there = Path(self.root).is_dir()
                if not there and Path(self.root).exists():
                    raise InputError(f"{self.root} is a file, not a folder. Name another with --lake or TARMAC_LAKE.")
        if not there:
            way = "Name an existing one with --lake or TARMAC_LAKE, or put files into a new one with: tarmac ingest FILE --lake …"
            raise InputError(f"there is no lake at {self.root}. {way}")

    @contextmanager
    def _errors(self, key: str = "") -> Iterator[None]:
        try:
            yield
        except TarmacError:
            raise
        except Exception as error:
            translated = translate(error, self.place(key) if key else self.root)
            if translated is None:
                raise
            raise translated from error


def open_lake(where: str, zones: Zones | None = None, access: S3Access | None = None) -> Lake:
    """The lake at a folder or an s3:// address; nothing is read or made yet.

    `access` is for a lake on S3 that the process's own AWS settings do not reach.

    Raises:
        InputError: when the address is neither.
    """
    if any(letter < " " or "\ud800" <= letter <= "\udfff" for letter in where):
        raise InputError(f"the lake {where!r} holds characters that no name can have. Fix --lake or TARMAC_LAKE.")
    if "://" not in where:
        return Lake(root=folder_of(where), zones=zones or Zones())
    match = _S3.fullmatch(where.rstrip("/"))
    if match is None:
        raise InputError(f"the lake {where!r} is neither a folder nor s3://bucket/prefix. Fix --lake or TARMAC_LAKE.")
    prefix = (match["prefix"] or "").strip("/")
    root = f"s3://{match['bucket']}" + (f"/{prefix}" if prefix else "")
    return Lake(root=root, zones=zones or Zones(), access=access or S3Access())
