"""The keys of a lake's files: its zones, and the files of a year in each."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tarmac.errors import InputError
from tarmac.settings import SETTINGS

BRONZE_SUFFIXES: tuple[str, ...] = (
    ".csv",
    ".csv.gz",
    ".csv.bz2",
    ".csv.xz",
    ".csv.zst",
    ".zip",
    ".parquet",
    ".arrow",
    ".xlsx",
    ".json",
)
"""The suffixes of bronze files; `.csv.zip` ends with one of them. How a file is read depends only on its content."""

LEADERBOARD = "reports/leaderboard"
"""The folder of the detectors' leaderboard in the lake."""


@dataclass(frozen=True, kw_only=True)
class Zones:
    """The folders of the three zones, as keys."""

    bronze: str = SETTINGS["bronze_folder"].default
    silver: str = SETTINGS["silver_folder"].default
    gold: str = SETTINGS["gold_folder"].default

    def __post_init__(self) -> None:
        """Reject a folder that is empty or outside the lake."""
        for zone, folder in vars(self).items():
            if not folder or folder.startswith("/") or ".." in folder.split("/"):
                raise InputError(
                    f"the {zone} folder {folder!r} is not a path inside the lake. Name one like 01_bronze."
                )


@dataclass(frozen=True, kw_only=True)
class BronzeFile:
    """One file of a year's bronze: its key below the lake's root, and its size in bytes.

    `called` is the name to show, if it differs, as for a copy. `readings` is how each table in it is to be read, by its
    number, as `tarmac ingest` has determined; empty otherwise.
    """

    key: str
    size: int
    called: str = ""
    readings: Mapping[str, Any] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """The file's name as shown in messages and in the quarantine."""
        return self.called or self.key.rpartition("/")[2]


@dataclass(frozen=True, kw_only=True)
class Layout:
    """The keys of the lake's files; a key is a path below the lake's root."""

    zones: Zones

    def ingested_key(self, key: str) -> str:
        """Key of the findings of `tarmac ingest` in the bronze file with this key."""
        return f"{self.zones.bronze}/ingested/{key.removeprefix(f'{self.zones.bronze}/')}.json"

    def downloaded_key(self, year: int, month: int) -> str:
        """Key of the note of `tarmac download` on a month: its edition and its file in bronze."""
        return f"{self.zones.bronze}/downloaded/{year}-{month:02d}.json"

    @property
    def airport_ids_key(self) -> str:
        """Key of BTS's airport ids and their codes, collected from files in bronze."""
        return f"{self.zones.bronze}/ingested/airport_ids.json"

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
        """Key of the year's scores and flags."""
        return f"{self.zones.gold}/anomalies_by_date/year/{year}/{year}_03_anomalies.parquet"

    def carriers_key(self, year: int) -> str:
        """Key of the year's carrier-days."""
        return f"{self.zones.gold}/agg_dep_delay_by_carrier/year/{year}/{year}_03_gold_carriers.parquet"

    def carrier_origins_key(self, year: int) -> str:
        """Key of the year's days of each carrier at each airport."""
        folder = f"{self.zones.gold}/agg_dep_delay_by_carrier_origin"
        return f"{folder}/year/{year}/{year}_03_gold_carrier_origins.parquet"

    def carrier_anomalies_key(self, year: int) -> str:
        """Key of the scores and flags of the year's carrier-days."""
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
