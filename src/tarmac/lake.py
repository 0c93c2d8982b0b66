"""The lake: where each zone's files are, and how one is published with a single visible change.

A lake is a folder or `s3://bucket/prefix`; both have the same layout. Files are written aside, in the run's scratch
folder, and published by one atomic act: a rename on a folder, the completion of an upload on S3.
"""

import io
import os
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, cast

from tarmac.errors import InputError, TarmacError
from tarmac.storage_errors import is_taken, translate

BRONZE_SUFFIXES: tuple[str, ...] = (".csv", ".csv.gz", ".zip")
"""The forms of a bronze file; `.csv.zip` ends with the last."""

_S3 = re.compile(r"s3a?://(?P<bucket>[a-z0-9][a-z0-9.\-]{1,61}[a-z0-9])(?:/(?P<prefix>.*))?")


@dataclass(frozen=True, kw_only=True)
class Zones:
    """The folders of the three zones, below the lake's root."""

    bronze: str = "01_bronze"
    silver: str = "02_silver"
    gold: str = "03_gold"

    def __post_init__(self) -> None:
        """Refuse a folder that is empty or climbs out of the lake."""
        for zone, folder in vars(self).items():
            if not folder or folder.startswith("/") or ".." in folder.split("/"):
                raise InputError(
                    f"the {zone} folder {folder!r} is not a path inside the lake. Name one like 01_bronze."
                )


@dataclass(frozen=True, kw_only=True)
class BronzeFile:
    """One file of a year's bronze: its key below the lake's root, and its size in bytes."""

    key: str
    size: int

    @property
    def name(self) -> str:
        """The file's own name."""
        return self.key.rpartition("/")[2]


@dataclass(frozen=True, kw_only=True)
class Lake:
    """Keys of the files, and the acts on them. Make one with `open_lake`."""

    root: str
    zones: Zones

    @property
    def on_s3(self) -> bool:
        """Whether the lake is on S3."""
        return self.root.startswith("s3://")

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

    def run_key(self, year: int, run_id: str) -> str:
        """Key of a run's record."""
        return f"runs/year/{year}/{run_id}.json"

    def place(self, key: str) -> str:
        """Where a key is: a path or an s3:// address, as shown to the user and given to Polars."""
        return f"{self.root}/{key}"

    def scan_options(self) -> dict[str, Any]:
        """What Polars needs beside the place to scan it; the place is meant as it is, whatever stars it holds."""
        options: dict[str, Any] = {"glob": False}
        endpoint = os.environ.get("AWS_ENDPOINT_URL_S3") or os.environ.get("AWS_ENDPOINT_URL") or ""
        if not self.on_s3 or not endpoint:
            return options
        return options | {
            "storage_options": {"aws_endpoint_url": endpoint, "aws_allow_http": str(endpoint.startswith("http:"))}
        }

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
            try:
                return int(_s3().info(self.place(key))["size"])
            except FileNotFoundError:
                return None

    def _list(self, folder: str) -> list[tuple[str, int]]:
        if not self.on_s3:
            path = Path(self.place(folder))
            files = sorted(path.iterdir()) if path.is_dir() else []
            return [
                (f"{folder}/{file.name}", file.stat().st_size)
                for file in files
                if file.is_file() and file.name[0] != "."
            ]
        try:
            entries = _s3().ls(self.place(folder), detail=True, refresh=True)
        except FileNotFoundError:
            return []
        found = [
            (str(entry["name"]).rpartition("/")[2], int(entry["size"])) for entry in entries if entry["type"] == "file"
        ]
        return [(f"{folder}/{name}", size) for name, size in sorted(found) if name]

    def local_path(self, key: str) -> Path | None:
        """The file's own path, where the lake is a folder."""
        return None if self.on_s3 else Path(self.place(key))

    @contextmanager
    def open(self, key: str) -> Iterator[BinaryIO]:
        """Open a file for reading; on S3 every part comes from the same version of the object, or the read fails."""
        with self._errors(key):
            if self.on_s3:
                stream = _s3().open(self.place(key), "rb", block_size=16 << 20, cache_type="readahead")
                # s3fs' own readline knows no limit.
                with io.BufferedReader(stream, buffer_size=1 << 20) as buffered:
                    yield cast("BinaryIO", buffered)
            else:
                with Path(self.place(key)).open("rb") as stream:
                    yield stream

    def publish(self, file: Path, key: str, *, replace: bool = True) -> None:
        """Make a finished local file the lake's file of that key, in one visible change; the local one is gone after.

        Raises:
            InputError: when the key exists and `replace` is false.
        """
        with self._errors(key):
            try:
                self._publish(file, key, replace)
            except OSError as error:
                if replace or not is_taken(error):
                    raise
                raise InputError(
                    f"another run put {self.place(key)} there meanwhile, and it is never changed. Run the same command "
                    "again: it compares the two."
                ) from error

    def _publish(self, file: Path, key: str, replace: bool) -> None:
        if self.on_s3:
            _s3().put_file(str(file), self.place(key), mode="overwrite" if replace else "create")
            file.unlink()
            return
        place = Path(self.place(key))
        place.parent.mkdir(parents=True, exist_ok=True)
        _sync(file)
        if replace:
            file.replace(place)
        else:
            os.link(file, place)
            file.unlink()
        _sync(place.parent)

    def remove(self, prefix: str) -> None:
        """Remove what a run left below this prefix of a lake on S3, if anything."""
        with self._errors(), suppress(FileNotFoundError):
            _s3().rm(self.place(prefix), recursive=True)

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
                there = self._bucket_is_there()
            else:
                there = Path(self.root).is_dir()
                if not there and Path(self.root).exists():
                    raise InputError(f"{self.root} is a file, not a folder. Name another with --lake or TARMAC_LAKE.")
        if not there:
            way = "Name an existing one with --lake or TARMAC_LAKE, or put files into a new one with: tarmac ingest FILE --lake …"
            raise InputError(f"there is no lake at {self.root}. {way}")

    def _bucket_is_there(self) -> bool:
        # Not s3fs' `exists`, which calls a bucket absent whatever went wrong; and with the prefix, as rights may ask for it.
        bucket, _, prefix = self.root.removeprefix("s3://").partition("/")
        try:
            _s3().call_s3("list_objects_v2", Bucket=bucket, Prefix=f"{prefix}/" if prefix else "", MaxKeys=1)
        except FileNotFoundError:
            return False
        return True

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


def open_lake(where: str, zones: Zones | None = None) -> Lake:
    """The lake at a folder or an s3:// address; nothing is read or made yet.

    Raises:
        InputError: when the address is neither.
    """
    if any(letter < " " or "\ud800" <= letter <= "\udfff" for letter in where):
        raise InputError(f"the lake {where!r} holds characters that no name can have. Fix --lake or TARMAC_LAKE.")
    if "://" not in where:
        return Lake(root=_folder(where), zones=zones or Zones())
    match = _S3.fullmatch(where.rstrip("/"))
    if match is None:
        raise InputError(f"the lake {where!r} is neither a folder nor s3://bucket/prefix. Fix --lake or TARMAC_LAKE.")
    prefix = (match["prefix"] or "").strip("/")
    return Lake(root=f"s3://{match['bucket']}" + (f"/{prefix}" if prefix else ""), zones=zones or Zones())


def _folder(where: str) -> str:
    try:
        return str(Path(where).expanduser().absolute())
    except RuntimeError:
        raise InputError(
            f"the lake {where!r} is in the home of a user unknown here. Fix --lake or TARMAC_LAKE."
        ) from None


def _s3() -> Any:
    import s3fs

    return s3fs.S3FileSystem(default_cache_type="readahead", use_listings_cache=False, config_kwargs=_S3_CONFIG)


_S3_CONFIG: Mapping[str, Any] = {
    "connect_timeout": 10,
    "read_timeout": 60,
    "retries": {"max_attempts": 4, "mode": "standard"},
}


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
