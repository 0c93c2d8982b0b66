"""The lake: the files of each zone by their keys, in a folder or on S3.

Files are written in the run's scratch folder, and published in one visible change: a rename, or one upload.
"""

import json
import re
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, BinaryIO

from tarmac.errors import InputError
from tarmac.storage.base import Store
from tarmac.storage.errors import explained
from tarmac.storage.folder import FolderStore
from tarmac.storage.layout import BRONZE_SUFFIXES, BronzeFile, Layout, Zones
from tarmac.storage.s3 import S3Access, S3Store

__all__ = ["BRONZE_SUFFIXES", "BronzeFile", "Lake", "Zones", "open_lake"]

_BUCKET = r"[a-z0-9][a-z0-9.\-]{1,61}[a-z0-9]"
_ACCESS_POINT = (
    r"arn:aws[a-z\-]*:s3[a-z\-]*:[a-z0-9\-]*:\d{12}:(?:outpost[/:][^/:]+[/:])?accesspoint[/:][A-Za-z0-9.\-]+"
)
_S3 = re.compile(rf"[sS]3a?://(?P<bucket>{_BUCKET}|{_ACCESS_POINT})(?:/(?P<prefix>.*))?")
_ADDRESS = re.compile(r"[A-Za-z][A-Za-z0-9+.\-]+:/|[sS]3[an]?:")
"""Addresses that begin like this are not folders; a single letter may be a drive."""


@dataclass(frozen=True, kw_only=True)
class Lake(Layout):
    """A lake's keys, and the store that holds its files. Make one with `open_lake`.

    Its methods are those of tarmac.storage.base.Store, with errors explained.
    """

    store: Store

    @property
    def root(self) -> str:
        """The lake's location: a path or an s3:// address."""
        return self.store.root

    def location(self, key: str) -> str:
        """A file's location, as shown to the user: a path or an s3:// address."""
        return f"{self.root}/{key}"

    def scratch_parent(self, local: Path) -> Path:
        """See Store."""
        return self.store.scratch_parent(local)

    def shared_scratch(self, scratch: Path) -> AbstractContextManager[str]:
        """See Store."""
        return self.store.shared_scratch(scratch)

    def local_path(self, key: str) -> Path | None:
        """See Store."""
        return self.store.local_path(key)

    def bronze_files(self, year: int) -> list[BronzeFile]:
        """The year's bronze files in order of name: one file, or all in the year's folder.

        Raises:
            InputError: when there is none, or when the year exists in several forms.
        """
        found = self.bronze_candidates(year)
        forms = sorted(
            {file.key if "/" not in file.key.removeprefix(f"{self.zones.bronze}/") else f"{year}/" for file in found}
        )
        if not found:
            raise InputError(
                f"the lake {self.root} has no bronze for {year}: looked for {self.zones.bronze}/{year}.csv, .csv.gz, .zip "
                f"and files in {self.zones.bronze}/{year}/. Add it with: tarmac ingest FILE --year {year}"
            )
        records = [self.ingested(file) for file in found]
        # Ingesting another file compares its months with those of the existing files.
        if len(forms) > 1 and not all(records):
            raise InputError(
                f"the lake {self.root} has bronze for {year} in several forms: {', '.join(forms)}. Keep one of them."
            )
        return [replace(file, readings=record.get("readings", {})) for file, record in zip(found, records, strict=True)]

    def bronze_candidates(self, year: int) -> list[BronzeFile]:
        """All files that could be the year's bronze, in any form."""
        folder = f"{self.zones.bronze}/{year}"
        single = {f"{folder}{suffix}" for suffix in (*BRONZE_SUFFIXES, ".csv.zip")}
        beside, inside = self._list(self.zones.bronze), self._list(folder)
        return [
            *(BronzeFile(key=key, size=size) for key, size in beside if key in single),
            *(BronzeFile(key=key, size=size) for key, size in inside if key.lower().endswith(BRONZE_SUFFIXES)),
        ]

    def ingested(self, file: BronzeFile) -> dict[str, Any]:
        """The findings of `tarmac ingest` in a bronze file; empty if there are none, or if the file was replaced since."""
        key = self.ingested_key(file.key)
        if self.size(key) is None:
            return {}
        record: dict[str, Any] = json.loads(self.read(key))
        return record if record.get("size") == file.size else {}

    def remove_file(self, key: str) -> None:
        """Remove one file."""
        with explained(self.location(key)):
            self.store.remove_file(key)

    def size(self, key: str) -> int | None:
        """The size of a file in bytes; None if there is no such file."""
        with explained(self.location(key)):
            return self.store.size(key)

    def _list(self, folder: str) -> list[tuple[str, int]]:
        with explained(self.location(folder)):
            return list(self.store.list(folder))

    def files_in(self, folder: str) -> list[str]:
        """Keys of the files directly in a folder, in order of name."""
        return [key for key, _ in self._list(folder)]

    def remove(self, folder: str) -> None:
        """Remove a folder and its contents, if it exists."""
        with explained(self.location(folder)):
            self.store.remove(folder)

    def fetch(self, key: str, scratch: Path) -> Path:
        """A copy in `scratch` of one version of the file, even if another version is published at the same time.

        Raises:
            SystemFailure: when S3 fails, or the object was replaced while it was copied.
        """
        file = scratch / f"fetched {key.replace('/', ' ')}"
        with explained(self.location(key)):
            self.store.fetch(key, file)
        return file

    def read(self, key: str) -> bytes:
        """The bytes of a file that fits into memory, all from one version."""
        with explained(self.location(key)):
            return self.store.read(key)

    @contextmanager
    def open(self, key: str, version: str | None = None) -> Iterator[BinaryIO]:
        """Open a file to read parts of it; reading fails unless all are from `version`, a result of `version_of`."""
        with explained(self.location(key)), self.store.open(key, version) as stream:
            yield stream

    def version_of(self, key: str) -> str | None:
        """An identifier of the version of a file, such as its ETag; None in a folder."""
        with explained(self.location(key)):
            return self.store.version(key)

    def facts_of(self, key: str) -> tuple[int, str | None]:
        """Size in bytes of an existing file, and its MD5 in hexadecimal if known without reading the file, else None."""
        with explained(self.location(key)):
            return self.store.checksum(key)

    def publish(self, file: Path, key: str, *, replace: bool = True) -> None:
        """Publish a finished local file under the key, in one visible change; the local file no longer exists afterwards.

        Raises:
            InputError: when the key exists and `replace` is false.
        """
        with explained(self.location(key)):
            try:
                self.store.publish(file, key, replace=replace)
            except Exception as error:
                if replace or not self.store.is_taken(error):
                    raise
                raise InputError(
                    f"another run has written {self.location(key)} in the meantime; it was not changed. Run the same command "
                    "again: it compares the two."
                ) from error

    def publish_changed(self, file: Path, key: str) -> bool:
        """Publish unless the lake's file already has the same bytes; returns whether it was published."""
        with explained(self.location(key)):
            same = self.store.holds(key, file)
        if same:
            file.unlink()
        else:
            self.publish(file, key)
        return not same

    def make(self) -> None:
        """Create the lake's folder if it does not exist; buckets are never created."""
        with explained(self.root):
            self.store.make()
        self.check_exists()

    def check_can_hold(self) -> None:
        """Raise InputError if the lake does not exist and cannot be created: buckets never are."""
        if self.local_path("") is None:
            self.check_exists()

    def check_exists(self) -> None:
        """Raise InputError if the lake does not exist."""
        with explained(self.root):
            there = self.store.exists()
        if not there:
            way = "Name an existing one with --lake or TARMAC_LAKE, or put files into a new one with: tarmac ingest FILE --lake …"
            raise InputError(f"there is no lake at {self.root}. {way}")


def open_lake(where: str, zones: Zones | None = None, access: S3Access | None = None) -> Lake:
    """The lake at a folder or an s3:// address; nothing is read or created yet.

    `access` is for a lake on S3 that needs other credentials than the process's own AWS settings.

    Raises:
        InputError: when the address is neither.
    """
    if any(letter < " " or "\ud800" <= letter <= "\udfff" for letter in where):
        raise InputError(
            f"the lake {where!r} has characters that are not allowed in a name. Fix --lake or TARMAC_LAKE."
        )
    return Lake(zones=zones or Zones(), store=_store_at(where, access or S3Access()))


def _store_at(where: str, access: S3Access) -> Store:
    if match := _S3.fullmatch(where.rstrip("/")):
        return S3Store(bucket=match["bucket"], prefix=(match["prefix"] or "").strip("/"), access=access)
    if _ADDRESS.match(where):
        raise InputError(
            f"the lake {where!r} is neither a folder nor s3://bucket/prefix, where the bucket is a name or an access "
            "point's ARN. Fix --lake or TARMAC_LAKE."
        )
    try:
        return FolderStore(str(Path(where).expanduser().absolute()))
    except RuntimeError:
        raise InputError(
            f"the lake {where!r} is in the home folder of a user who does not exist on this machine. Fix --lake or TARMAC_LAKE."
        ) from None
