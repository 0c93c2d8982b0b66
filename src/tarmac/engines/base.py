"""The interface of an engine, and the checks of a cleaned year that all engines share.

The pipeline uses only this interface.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import polars as pl

from tarmac.bronze.header import Header
from tarmac.detect.contract import Detector, Scores
from tarmac.detect.panel import Panel
from tarmac.errors import InputError, SystemFailure
from tarmac.settings import Mode
from tarmac.storage.lake import BronzeFile, Lake
from tarmac.tables.frames import COMPRESSION

Progress = Callable[[int, int], None]
"""Called with the bytes read so far and the total number of bytes."""

_CUT = frozenset({"wrong_number_of_fields", "unclosed_quote"})
"""The reasons for which the last line of a truncated file is quarantined."""


@dataclass(frozen=True, kw_only=True)
class BronzeYear:
    """The bronze files of one year. `lake` is the lake that has them, or a local copy of its bronze."""

    lake: Lake
    year: int
    files: Sequence[BronzeFile]


@dataclass(frozen=True, kw_only=True)
class Cleaning:
    """A cleaned year that is not published yet: its two files and its counts.

    `rows_in` = `rows_kept` + the sum of `quarantined` (rows by reason); `repairs` counts rows by repair.
    """

    silver: Path
    quarantine: Path
    rows_in: int
    rows_kept: int
    quarantined: Mapping[str, int]
    repairs: Mapping[str, int]
    input_hash: str
    notes: tuple[str, ...]

    @property
    def rows_quarantined(self) -> int:
        """Quarantined rows, for whatever reason."""
        return sum(self.quarantined.values())


class Engine(Protocol):
    """Cleans, aggregates and scores. Every engine gives the same results."""

    @property
    def versions(self) -> Mapping[str, str]:
        """The engine's own libraries and their versions, for the run's record."""

    def clean_year(
        self, bronze: BronzeYear, scratch: Path, *, max_quarantined: float, progress: Progress | None = None
    ) -> Cleaning:
        """Clean a year's bronze files into `silver.parquet` and `quarantine.parquet` in `scratch`, an empty folder.

        Every row that is not kept is quarantined with its reason; `max_quarantined` is the largest share (0-1) of rows
        that may be.

        Raises:
            InputError: a file cannot be read as flights, or too many rows are invalid.
            SystemFailure: the engine, a disk or S3 failed.
        """

    def write_gold(self, lake: Lake, year: int, scratch: Path) -> Mapping[str, int]:
        """Aggregate the year's silver to the tables of gold (`tables.daily.GRAINS`), each sorted by its key.

        Returns the rows by table; the tables are in `scratch`, each in a file of `gold_file`.
        """

    def score(self, detector: Detector, panel: Panel, *, mode: Mode, workers: int) -> Scores:
        """Let the detector score a panel: see tarmac.detect.run.Scorer."""


def gold_file(scratch: Path, table: str) -> Path:
    """The file to which `write_gold` writes a table."""
    return scratch / f"{table}.parquet"


def write_tables(tables: Mapping[str, pl.DataFrame], scratch: Path) -> Mapping[str, int]:
    """Write the tables of gold for `write_gold`."""
    for name, days in tables.items():
        days.write_parquet(gold_file(scratch, name), compression=COMPRESSION)
    return {name: days.height for name, days in tables.items()}


def refuse_none(rows: int, names: str) -> None:
    """Raise InputError if the files have no rows."""
    if not rows:
        raise InputError(f"{names}: the file has a header but no rows. Nothing was published; download the file again.")


def notes_on(headers: Iterable[Header], cut_off: Sequence[str]) -> tuple[str, ...]:
    """Notes for the user on the files: columns that were ignored, and files that may be truncated."""
    extra = sorted({name for header in headers for name in header.extra})
    left_out = [f"ignored {len(extra)} columns that Tarmac does not use: {', '.join(extra[:10])}"] if extra else []
    return (*left_out, *cut_off)


def looks_cut(reason: str) -> bool:
    """Whether the last line of a truncated file would be quarantined for this reason."""
    return reason in _CUT


def warn_of_cut(name: str, line: int) -> str:
    """The note on a file whose last line is damaged."""
    return f"{name} ends in the middle of line {line}: it may be truncated. Compare its size with the source's."


def names_of(names: Sequence[str]) -> str:
    """The first files' names, and the number of others."""
    return ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")


def check_rows(
    cleaning: Cleaning,
    *,
    max_quarantined: float,
    year: int,
    names: str,
    cut_off: Sequence[str],
    first: Callable[[], tuple[str, int, str, str]],
) -> None:
    """Check that every row is accounted for, and that not too many are quarantined.

    Args:
        cleaning: the counts.
        max_quarantined: the largest share (0-1) of rows that may be quarantined.
        year: the year that the flights should be of.
        names: the files, for the message.
        cut_off: notes on files that may be truncated.
        first: returns file, line, reason and text of the first quarantined row.

    Raises:
        SystemFailure: rows were lost or added.
        InputError: too many rows, or all, are invalid.
    """
    if cleaning.rows_in != cleaning.rows_kept + cleaning.rows_quarantined:
        raise SystemFailure(
            f"{names}: {cleaning.rows_in:,} rows were read, but {cleaning.rows_kept:,} were kept and "
            f"{cleaning.rows_quarantined:,} quarantined. Nothing was published. This is a bug in Tarmac: please report it."
        )
    share = cleaning.rows_quarantined / cleaning.rows_in
    if share <= max_quarantined and cleaning.rows_kept:
        return
    reasons = ", ".join(f"{reason} {count:,}" for reason, count in Counter(cleaning.quarantined).most_common(5))
    file, line, reason, row = first()
    raise InputError(
        f"{cleaning.rows_quarantined:,} of {cleaning.rows_in:,} rows of {names} are invalid ({share:.1%}; at most "
        f"{max_quarantined:.1%} may be): {reasons}. The first: {file}, line {line}, {reason}: "
        f"{row[:120]!r}. Nothing was published. {_advice(cleaning, year, cut_off)}"
    )


def _advice(cleaning: Cleaning, year: int, cut_off: Sequence[str]) -> str:
    if cleaning.quarantined.get("wrong_year", 0) > cleaning.rows_in / 2:
        return f"Are these flights of another year than {year}?"
    twice = cleaning.quarantined.get("duplicate", 0) > cleaning.rows_quarantined / 2
    fix = "Is a month in these files twice? Remove the second file" if twice else "Fix the file"
    # A larger share does not help if no row is valid.
    allow = f"{fix}, or allow more with --max-quarantined." if cleaning.rows_kept else f"{fix}."
    return " ".join((*cut_off, allow))
