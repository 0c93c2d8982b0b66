"""Sites: a lake in a folder or on S3 with a warehouse, which tests read and change directly, not through Tarmac."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg

from tarmac.pipeline import Workspace
from tarmac.storage.lake import Lake
from tarmac.tables.anomalies import ANOMALIES as ANOMALY_SCORES
from tarmac.tables.disruption_parts import DISRUPTION_PARTS as PARTS
from tarmac.tables.events import EVENTS
from tarmac.tables.published import CARRIER_DAYS, PUBLISHED
from tests.support.step_processes import YEAR, Task

BRONZE = f"01_bronze/{YEAR}.csv.gz"
INGESTED = f"01_bronze/ingested/{YEAR}.csv.gz.json"
SILVER = f"02_silver/year/{YEAR}/{YEAR}_02_silver.parquet"
QUARANTINE = f"02_silver/year/{YEAR}/{YEAR}_02_quarantine.parquet"
GOLD = f"03_gold/agg_dep_delay_by_date/year/{YEAR}/{YEAR}_03_gold.parquet"
CARRIERS = f"03_gold/agg_dep_delay_by_carrier/year/{YEAR}/{YEAR}_03_gold_carriers.parquet"
CARRIER_ORIGINS = f"03_gold/agg_dep_delay_by_carrier_origin/year/{YEAR}/{YEAR}_03_gold_carrier_origins.parquet"
ANOMALIES = f"03_gold/anomalies_by_date/year/{YEAR}/{YEAR}_03_anomalies.parquet"
CARRIER_ANOMALIES = f"03_gold/anomalies_by_carrier/year/{YEAR}/{YEAR}_03_anomalies_carriers.parquet"
DISRUPTIONS = f"03_gold/disruptions/year/{YEAR}/{YEAR}_03_disruptions.parquet"
DISRUPTION_PARTS = f"03_gold/disruptions/year/{YEAR}/{YEAR}_03_disruption_parts.parquet"

ZONES = ("01_bronze", "02_silver", "03_gold")
FOUND = (ANOMALIES, CARRIER_ANOMALIES, DISRUPTION_PARTS, DISRUPTIONS)
READS = {
    "ingest": (),
    "silver": (BRONZE, INGESTED),
    "gold": (SILVER,),
    "detect": (GOLD, CARRIERS, SILVER),
    "load": (GOLD, CARRIERS, *FOUND),
}
WRITES = {
    "ingest": (INGESTED, BRONZE),
    "silver": (QUARANTINE, SILVER),
    "gold": (CARRIER_ORIGINS, CARRIERS, GOLD),
    "detect": FOUND,
    "load": (),
}
"""Keys by step, in the order in which they are written."""


@dataclass(frozen=True, kw_only=True)
class Site:
    """A workspace, its AWS settings, and for a lake on S3 a client."""

    workspace: Workspace
    environment: Mapping[str, str] = field(default_factory=dict)
    client: Any = None

    @property
    def lake(self) -> Lake:
        """The site's lake."""
        return self.workspace.lake

    def task(self, step: str, source: Path | None = None) -> Task:
        """One step on this site."""
        return Task(step=step, workspace=self.workspace, environment=self.environment, source=source)

    def put(self, key: str, body: bytes) -> None:
        """Write this file."""
        if self.client is not None:
            self.client.put_object(Bucket=self._bucket, Key=self._prefix + key, Body=body)
            return
        file = Path(self.lake.location(key))
        file.parent.mkdir(parents=True, exist_ok=True)
        # Not into the old file, to which a step may have a hard link.
        file.unlink(missing_ok=True)
        file.write_bytes(body)

    def remove(self, key: str) -> None:
        """Remove this file, if it exists."""
        if self.client is not None:
            self.client.delete_object(Bucket=self._bucket, Key=self._prefix + key)
        else:
            Path(self.lake.location(key)).unlink(missing_ok=True)

    def files(self) -> dict[str, bytes]:
        """Every file of the three zones."""
        if self.client is not None:
            found = self.client.list_objects_v2(Bucket=self._bucket, Prefix=self._prefix).get("Contents", [])
            keys = [entry["Key"].removeprefix(self._prefix) for entry in found]
            bodies = {
                key: self.client.get_object(Bucket=self._bucket, Key=self._prefix + key)["Body"].read() for key in keys
            }
        else:
            # Without the scratch folder, whose files a running step may remove while they are listed.
            root = Path(self.lake.root)
            there = [file for zone in ZONES for file in (root / zone).rglob("*") if file.is_file()]
            bodies = {str(file.relative_to(root)): file.read_bytes() for file in there}
        return {key: body for key, body in bodies.items() if key.startswith(ZONES)}

    def unfinished_uploads(self) -> list[Any]:
        """Unfinished multipart uploads."""
        return self.client.list_multipart_uploads(Bucket=self._bucket).get("Uploads", []) if self.client else []

    def scratch(self) -> list[str]:
        """The contents of the scratch folder, without the names of the runs' own folders."""
        parent = self.lake.scratch_parent(self.workspace.scratch)
        return sorted(str(Path(*file.relative_to(parent).parts[1:])) for file in parent.glob("*/*"))

    def rows(self) -> str:
        """A digest of all rows of the warehouse in one snapshot, without the times at which they were written."""
        with psycopg.connect(self.workspace.warehouse) as connection:
            tables = [table.name for table in (PUBLISHED, ANOMALY_SCORES, CARRIER_DAYS, EVENTS, PARTS)]
            if connection.execute("SELECT to_regclass(%s)", [tables[0]]).fetchone() == (None,):
                return "empty"
            digest = (
                "(SELECT coalesce(md5(string_agg(line, '|' ORDER BY line)), '') FROM "
                "(SELECT (to_jsonb(t) - 'last_update')::text AS line FROM {} AS t) AS lines)"
            )
            row = connection.execute("SELECT " + ", ".join(digest.format(table) for table in tables)).fetchone()
            return hashlib.sha256(repr(row).encode()).hexdigest()

    @property
    def _bucket(self) -> str:
        return self.lake.root.removeprefix("s3://").partition("/")[0]

    @property
    def _prefix(self) -> str:
        prefix = self.lake.root.removeprefix("s3://").partition("/")[2]
        return f"{prefix}/" if prefix else ""
