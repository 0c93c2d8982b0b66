"""The steps on one machine, with Polars."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from tarmac.bronze.texts import hash_of_digests, open_flight_texts
from tarmac.detect.contract import Detector, Scores
from tarmac.detect.panel import Panel
from tarmac.detect.run import score_here
from tarmac.engines.base import (
    BronzeYear,
    Cleaning,
    Progress,
    check_rows,
    names_of,
    notes_on,
    refuse_none,
    write_tables,
)
from tarmac.engines.polars.cleaning import (
    clean_texts,
    count_reasons,
    first_quarantined,
    lines_of,
    notes_on_cut,
    progress_over,
    quarantine_of,
    without_empty_rows,
)
from tarmac.engines.polars.flights import drop_rows, exact_duplicates
from tarmac.engines.polars.gold import aggregate
from tarmac.settings import Mode
from tarmac.storage.lake import Lake
from tarmac.tables.frames import COMPRESSION


@dataclass(frozen=True)
class PolarsEngine:
    """See tarmac.engines.base.Engine."""

    @property
    def versions(self) -> Mapping[str, str]:
        """None: every run's record has the version of Polars."""
        return {}

    def clean_year(
        self, bronze: BronzeYear, scratch: Path, *, max_quarantined: float, progress: Progress | None = None
    ) -> Cleaning:
        """See tarmac.engines.base.Engine."""
        texts = [text for file in bronze.files for text in open_flight_texts(bronze.lake, file, scratch)]
        silver = scratch / "silver.parquet"
        cleaned = clean_texts(texts, bronze.year, silver, progress_over(texts, bronze.files, progress))
        rows_in = sum(text.report.rows for text in texts)
        names = names_of([text.name for text in texts])
        refuse_none(rows_in, names)
        quarantined = without_empty_rows(cleaned.quarantined, texts)
        duplicates = exact_duplicates(silver)
        if duplicates.size:
            quarantined = pl.concat([quarantined, lines_of(duplicates, texts, cleaned.quarantined)])
            drop_rows(silver, duplicates, silver.with_suffix(".distinct"))
            silver.with_suffix(".distinct").replace(silver)
        cut_off = notes_on_cut(texts)
        cleaning = Cleaning(
            silver=silver,
            quarantine=scratch / "quarantine.parquet",
            rows_in=rows_in,
            rows_kept=cleaned.kept - duplicates.size,
            quarantined=count_reasons(quarantined, texts),
            repairs=cleaned.repairs,
            input_hash=hash_of_digests([text.report.digest for text in texts]),
            notes=notes_on((text.header for text in texts), cut_off),
        )
        # Before the lines are read again: for a file of another year these would be all of its lines.
        check_rows(
            cleaning,
            max_quarantined=max_quarantined,
            year=bronze.year,
            names=names,
            cut_off=cut_off,
            first=lambda: first_quarantined(quarantined, texts),
        )
        quarantine_of(quarantined, texts).write_parquet(cleaning.quarantine, compression=COMPRESSION)
        return cleaning

    def write_gold(self, lake: Lake, year: int, scratch: Path) -> Mapping[str, int]:
        """See tarmac.engines.base.Engine."""
        return write_tables(aggregate(lake.fetch(lake.silver_key(year), scratch), year), scratch)

    def score(self, detector: Detector, panel: Panel, *, mode: Mode, workers: int) -> Scores:
        """See tarmac.engines.base.Engine."""
        return score_here(detector, panel, mode=mode, workers=workers)
