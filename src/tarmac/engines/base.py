"""What does the work of the steps: one machine, or a cluster. The pipeline knows no more of either than this."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Protocol

import polars as pl

from tarmac.detect import Detection, DetectParameters, detect
from tarmac.engines.accounting import Cleaning
from tarmac.engines.polars import cleaning
from tarmac.engines.polars.cleaning import Progress
from tarmac.engines.polars.flights import write_gold
from tarmac.errors import InputError
from tarmac.storage.lake import BronzeFile, Lake

ENGINES = ("polars", "spark")


class Engine(Protocol):
    """Cleans, aggregates and judges; what it gives does not depend on which one it is."""

    @property
    def versions(self) -> Mapping[str, str]:
        """The libraries, beside those of every run, that a run's record names."""

    def clean_year(
        self,
        lake: Lake,
        year: int,
        *,
        files: Sequence[BronzeFile],
        scratch: Path,
        most_quarantined: float,
        progress: Progress | None = None,
    ) -> Cleaning:
        """Clean the year's bronze files into `scratch`: see tarmac.engines.polars.cleaning.clean_year."""

    def write_gold(self, lake: Lake, year: int, scratch: Path) -> int:
        """Aggregate the year's silver to `gold.parquet` in `scratch`, sorted by origin and date; returns its rows."""

    def detect(
        self,
        gold: pl.DataFrame,
        parameters: DetectParameters,
        *,
        year: int,
        progress: Callable[[str], None] | None = None,
    ) -> Detection:
        """Judge the days of `year` in gold: see tarmac.detect.detect."""


class OnPolars:
    """One machine."""

    versions: Mapping[str, str] = {}

    def clean_year(
        self,
        lake: Lake,
        year: int,
        *,
        files: Sequence[BronzeFile],
        scratch: Path,
        most_quarantined: float,
        progress: Progress | None = None,
    ) -> Cleaning:
        """See tarmac.engines.polars.cleaning.clean_year."""
        return cleaning.clean_year(
            lake, year, files=files, scratch=scratch, most_quarantined=most_quarantined, progress=progress
        )

    def write_gold(self, lake: Lake, year: int, scratch: Path) -> int:
        """See tarmac.engines.polars.flights.write_gold."""
        return write_gold(lake.fetch(lake.silver_key(year), scratch), year, scratch / "gold.parquet")

    def detect(
        self,
        gold: pl.DataFrame,
        parameters: DetectParameters,
        *,
        year: int,
        progress: Callable[[str], None] | None = None,
    ) -> Detection:
        """See tarmac.detect.detect."""
        return detect(gold, parameters, year=year, progress=progress)


def engine_named(name: str, *, master: str | None, home: Path, split_bytes: int) -> Engine:
    """The engine of that name.

    Args:
        name: one of ENGINES.
        master: the Spark cluster's address; None for spark-submit's, else this machine's cores.
        home: where local state lives.
        split_bytes: how much of a plain file one Spark task reads.

    Raises:
        InputError: when there is no such engine, or a master without Spark.
    """
    if name not in ENGINES:
        raise InputError(f"engine {name!r} is unknown. Known: {', '.join(ENGINES)}. Fix --engine or TARMAC_ENGINE.")
    if name == "polars":
        if master:
            raise InputError(f"--spark-master {master!r} was given, but the engine is polars. Add --engine spark.")
        return OnPolars()
    from tarmac.engines.spark.engine import OnSpark

    return OnSpark(master=master, home=home, split_bytes=split_bytes)
