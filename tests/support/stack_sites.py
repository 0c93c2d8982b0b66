"""Sites: a lake with its warehouse, whose contents are compared byte by byte and row by row."""

import hashlib
import os
import signal
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil
import psycopg

from tarmac.cli.app import run_command
from tarmac.warehouse.embedded import embedded_server

YEARS = (2009, 2010)
TABLES = ("agg_dep_delay_by_date", "anomaly_scores", "carrier_days", "disruption_events", "disruption_parts")


@dataclass(frozen=True, kw_only=True)
class Site:
    """A lake, a warehouse with the folder of its server, and for a lake on S3 its environment variables."""

    lake: str
    warehouse: str
    home: Path
    environment: Mapping[str, str] = field(default_factory=dict)
    client: Any = None

    @classmethod
    @contextmanager
    def with_warehouse(cls, home: Path, **rest: Any) -> Iterator["Site"]:
        """A site whose warehouse runs during the block."""
        with embedded_server(home) as url:
            yield cls(home=home, warehouse=url, **rest)

    def files(self) -> dict[str, str]:
        """Every file of silver and gold, by key, with the hash of its bytes."""
        return {key: hashlib.sha256(body).hexdigest() for key, body in self._bodies() if key.startswith(("02_", "03_"))}

    def written(self) -> dict[str, Any]:
        """When each file and each row was written."""
        with psycopg.connect(self.warehouse) as connection:
            rows = connection.execute("SELECT id, last_update FROM agg_dep_delay_by_date").fetchall()
        listed = self.client.list_objects_v2(Bucket=self._bucket)["Contents"]
        files = {entry["Key"]: (entry["LastModified"], entry["ETag"]) for entry in listed}
        return {**dict(rows), **{key: value for key, value in files.items() if key.startswith(("02_", "03_"))}}

    def rows(self) -> dict[str, list[str]]:
        """Every row of the warehouse, sorted, without the time at which it was written."""
        with psycopg.connect(self.warehouse) as connection:
            return {
                table: [line for (line,) in connection.execute(
                    f"SELECT (to_jsonb(t) - 'last_update')::text AS line FROM {table} AS t ORDER BY line"
                )]
                for table in TABLES
            }  # fmt: skip

    def forget(self, year: int) -> None:
        """Remove a year from silver, gold and the warehouse."""
        for key, _ in self._bodies():
            if key.startswith(("02_", "03_")) and f"/{year}/" in key:
                self.client.delete_object(Bucket=self._bucket, Key=key)
        with psycopg.connect(self.warehouse) as connection:
            for table in TABLES:
                its_year = "year" if table.startswith("disruption_") else "extract(year FROM fl_date)"
                connection.execute(f"DELETE FROM {table} WHERE {its_year} = %s", [year])

    def is_loading(self) -> bool:
        """Whether a load is in its transaction, that is, holds the year's lock."""
        with psycopg.connect(self.warehouse) as connection:
            return connection.execute("SELECT 1 FROM pg_locks WHERE locktype = 'advisory'").fetchone() is not None

    @contextmanager
    def loads_held_up(self) -> Iterator[None]:
        """During the block no load can finish: each writes the airports last, and they are locked."""
        connection = psycopg.connect(self.warehouse)
        try:
            connection.execute("LOCK TABLE airports IN SHARE MODE")
            yield
        finally:
            connection.close()  # whether or not its server is still running

    def restart_postgres(self) -> None:
        """Kill the warehouse's server as in a crash, and restart it with the data on disk."""
        pid = int((self.home / "warehouse" / "data" / "postmaster.pid").read_text().split()[0])
        server = psutil.Process(pid)
        os.kill(pid, signal.SIGQUIT)
        server.wait(60)
        with embedded_server(self.home):
            pass

    def _bodies(self) -> Iterator[tuple[str, bytes]]:
        if self.client is None:
            root = Path(self.lake)
            yield from ((str(file.relative_to(root)), file.read_bytes()) for file in root.rglob("*") if file.is_file())
            return
        for entry in self.client.list_objects_v2(Bucket=self._bucket)["Contents"]:
            yield entry["Key"], self.client.get_object(Bucket=self._bucket, Key=entry["Key"])["Body"].read()

    @property
    def _bucket(self) -> str:
        return self.lake.removeprefix("s3://").partition("/")[0]


def make_bronze(folder: Path) -> dict[int, Path]:
    """Small simulated years, with enough flights for some disruptions to be found."""
    for year in YEARS:
        made = ("--flights", "60000", "--airports", "6", "--seed", str(year))
        assert run_command(["simulate", "--year", str(year), *made, "--out", str(folder), "--quiet"]) == 0
    return {year: folder / f"{year}.csv" for year in YEARS}


@contextmanager
def run_undisturbed(bronze: Mapping[int, Path], folder: Path, home: Path) -> Iterator[Site]:
    """A site in folders, filled by the command line with the DAG's default detectors."""
    with Site.with_warehouse(home, lake=str(folder / "lake")) as site:
        files = [str(file) for file in bronze.values()]
        assert run_command(["ingest", *files, "--lake", site.lake, "--quiet"]) == 0
        years = f"{min(YEARS)}..{max(YEARS)}"
        run = ["run", "--year", years, "--lake", site.lake, "--warehouse", site.warehouse, "--quiet"]
        assert run_command([*run, "--detectors", "isolation_forest,arima,disruption"]) == 0
        yield site
