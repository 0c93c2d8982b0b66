"""The steps on Spark, as the pipeline calls them."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl

from tarmac.detect import Detection, DetectParameters, detect
from tarmac.engines.accounting import Cleaning
from tarmac.engines.polars.cleaning import Progress
from tarmac.engines.spark.cleaning import clean_year
from tarmac.engines.spark.scoring import JudgeOnSpark
from tarmac.engines.spark.session import spark_errors, start_spark, write_gold
from tarmac.engines.spark.text import SPLIT_BYTES
from tarmac.storage.lake import BronzeFile, Lake

if TYPE_CHECKING:
    from pyspark.sql import SparkSession


@dataclass(frozen=True, kw_only=True)
class OnSpark:
    """Steps on a Spark cluster, or on this machine's cores through Spark; the session starts with the first of them."""

    master: str | None
    home: Path
    options: Mapping[str, str] = field(default_factory=dict)
    split_bytes: int = SPLIT_BYTES

    @cached_property
    def spark(self) -> "SparkSession":
        """The session; one for all steps and years of this process."""
        return start_spark(self.master, self.home, self.options)

    @property
    def versions(self) -> Mapping[str, str]:
        """What the run's record has of it."""
        return {"pyspark": self.spark.version}

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
        """See tarmac.engines.spark.cleaning."""
        del progress  # a job tells nothing before it ends
        with _parts(lake, scratch) as parts:
            return clean_year(
                self.spark,
                lake,
                year,
                files=files,
                scratch=scratch,
                parts=parts,
                most_quarantined=most_quarantined,
                split_bytes=self.split_bytes,
            )

    def write_gold(self, lake: Lake, year: int, scratch: Path) -> int:
        """See tarmac.engines.spark.session."""
        return write_gold(self.spark, lake.place(lake.silver_key(year)), scratch / "gold.parquet")

    def detect(
        self,
        gold: pl.DataFrame,
        parameters: DetectParameters,
        *,
        year: int,
        progress: Callable[[str], None] | None = None,
    ) -> Detection:
        """See tarmac.engines.spark.scoring."""
        with spark_errors():
            return detect(gold, parameters, year=year, progress=progress, judge=JudgeOnSpark(self.spark))


@contextmanager
def _parts(lake: Lake, scratch: Path) -> Iterator[str]:
    """A place for unjoined files that executors reach: the scratch folder, or a prefix of the bucket, emptied at the end."""
    if not lake.on_s3:
        yield str(scratch / "parts")
        return
    prefix = f".scratch/{scratch.name}"
    try:
        yield lake.place(prefix)
    finally:
        lake.remove(prefix)
