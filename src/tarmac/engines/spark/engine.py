"""The steps on a Spark cluster, or on this machine's cores through Spark."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from tarmac.bronze.texts import find_texts
from tarmac.detect.contract import Detector, Scores
from tarmac.detect.panel import Panel
from tarmac.engines.base import BronzeYear, Cleaning, Progress, write_tables
from tarmac.engines.spark.cleaning import clean_lines, collect_reports, held, validate
from tarmac.engines.spark.gold import aggregate
from tarmac.engines.spark.scoring import score_in_blocks
from tarmac.engines.spark.session import spark_errors, spark_uri, start_spark
from tarmac.engines.spark.text import SPLIT_BYTES, read_splits, split_texts
from tarmac.settings import Mode
from tarmac.storage.lake import Lake

if TYPE_CHECKING:
    from pyspark.sql import SparkSession


@dataclass(frozen=True, kw_only=True)
class SparkEngine:
    """See tarmac.engines.base.Engine. The session starts with the first step that needs it.

    `master` is the cluster's address, None for spark-submit's or this machine's cores; `split_bytes` is how much of a
    plain file one task reads.
    """

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
        """See tarmac.engines.base.Engine."""
        return {"pyspark": self.spark.version}

    def clean_year(
        self, bronze: BronzeYear, scratch: Path, *, max_quarantined: float, progress: Progress | None = None
    ) -> Cleaning:
        """See tarmac.engines.base.Engine. All executors must reach the lake."""
        del progress  # a job reports nothing before it ends
        lake, spark = bronze.lake, self.spark
        texts = [text for file in bronze.files for text in find_texts(lake, file)]
        splits = split_texts(texts, self.split_bytes)
        with (
            lake.shared_scratch(scratch) as parts,
            spark_errors(),
            held(validate(read_splits(spark, lake, splits), bronze.year)) as lines,
        ):
            read = collect_reports(lines, lake, texts, splits)
            return clean_lines(lines, read, bronze.year, scratch, spark_uri(parts, spark), max_quarantined)

    def write_gold(self, lake: Lake, year: int, scratch: Path) -> Mapping[str, int]:
        """See tarmac.engines.base.Engine."""
        with spark_errors():
            tables = aggregate(self.spark, lake.location(lake.silver_key(year)))
        return write_tables(tables, scratch)

    def score(self, detector: Detector, panel: Panel, *, mode: Mode, workers: int) -> Scores:
        """See tarmac.engines.base.Engine. A detector that pools airports gets the panel in one task."""
        del workers  # Spark decides where the blocks are scored
        with spark_errors():
            return score_in_blocks(self.spark, detector, panel, mode)
