"""The parts of cleaning a year on Spark: the same rules, counts and messages as on one machine.

Flights stay on the executors. Only counts and one report for each split come to this process.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import reduce
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any

import narwhals as nw
import pyarrow as pa

from tarmac.bronze.texts import MANY_MALFORMED, TextLocation, hash_of_digests
from tarmac.engines.base import Cleaning, check_rows, looks_cut, names_of, notes_on, refuse_none, warn_of_cut
from tarmac.engines.polars.flights import DUPLICATE_KEY
from tarmac.engines.spark.session import typed, write_parquet
from tarmac.engines.spark.text import (
    LINE_BITS,
    Split,
    SplitReport,
    first_lines,
    line_of,
    pick,
    reports_from,
)
from tarmac.errors import InputError, SystemFailure
from tarmac.storage.lake import Lake
from tarmac.tables.flights import FLIGHTS
from tarmac.transform import silver

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

_NO_FLIGHT = ("malformed", "row", "report")
_QUARANTINED = ("source_file", "source_line", "reason", "row")
_QUARANTINE = "source_file string, source_line bigint, reason string, row string"


@dataclass(frozen=True, kw_only=True)
class ReadTexts:
    """A year's texts and the reports on their splits."""

    lake: Lake
    texts: Sequence[TextLocation]
    splits: Sequence[Split]
    reports: Sequence[SplitReport]

    @property
    def names(self) -> str:
        """The texts' names, for messages."""
        return names_of([text.name for text in self.texts])

    @property
    def input_hash(self) -> str:
        """The hash of all texts, as tarmac.bronze.texts defines it."""
        return hash_of_digests([report.digest for report in self.reports if report.digest])

    @property
    def cut_off(self) -> list[str]:
        """A note on each text whose last line is damaged."""
        return [
            warn_of_cut(text.name, text.header.lines + before + last.lines)
            for text, last, before in self._last_splits()
            if looks_cut(last.last_malformed[1]) and last.last_malformed[0] == last.lines + 1
        ]

    def _last_splits(self) -> Iterator[tuple[TextLocation, SplitReport, int]]:
        before = first_lines(self.splits, self.reports)
        filled = [report for report in self.reports if report.lines]
        for _, reports in groupby(filled, lambda report: _key(self.splits[report.split].text)):
            *_, last = reports
            yield self.splits[last.split].text, last, before[last.split]


@contextmanager
def held(frame: "DataFrame") -> Iterator["DataFrame"]:
    """The frame, computed once and kept on the executors; from then on Spark knows its size."""
    frame.persist()
    try:
        frame.count()
        yield frame
    finally:
        frame.unpersist()


def collect_reports(
    lines: "DataFrame", lake: Lake, texts: Sequence[TextLocation], splits: Sequence[Split]
) -> ReadTexts:
    """The reports of all splits.

    Raises:
        InputError, SystemFailure: what a task reported.
    """
    told = lines.filter(lines["report"].isNotNull()).select("report").collect()
    reports = reports_from(row["report"] for row in told)
    for report in reports:
        if report.exit_code:
            raise (InputError if report.exit_code == InputError.exit_code else SystemFailure)(report.error)
    return ReadTexts(lake=lake, texts=texts, splits=splits, reports=reports)


def clean_lines(
    lines: "DataFrame", read: ReadTexts, year: int, scratch: Path, parts: str, max_quarantined: float
) -> Cleaning:
    """Find duplicates, count, check, and write silver and quarantine into `scratch`; their unjoined parts to `parts`."""
    rows_in = sum(report.rows for report in read.reports)
    refuse_none(rows_in, read.names)
    validated = flights_among(lines)
    with held(repeated_hashes(validated)) as hashes, held(duplicates(validated, hashes)) as twice:
        kept, repairs, counts = _count(validated)
        counts.update({"duplicate": repeated} if (repeated := twice.count()) else {})
        for report in read.reports:
            counts.update(report.malformed)
        cleaning = Cleaning(
            silver=scratch / "silver.parquet",
            quarantine=scratch / "quarantine.parquet",
            rows_in=rows_in,
            rows_kept=kept - repeated,
            quarantined=dict(sorted(counts.items())),
            repairs=repairs,
            input_hash=read.input_hash,
            notes=notes_on((text.header for text in read.texts), read.cut_off),
        )
        quarantined = _quarantined(lines, validated, twice)
        _check(cleaning, quarantined, read, max_quarantined, year)
        write_parquet(_kept(validated, twice), f"{parts}/silver", cleaning.silver)
        write_parquet(_quarantine(quarantined, read), f"{parts}/quarantine", cleaning.quarantine)
    return cleaning


def _count(validated: "DataFrame") -> tuple[int, dict[str, int], Counter[str]]:
    """Sound rows, duplicates among them; repairs of these; and the others by reason."""
    from pyspark.sql import functions as f

    repairs = [f.sum(validated[name].cast("bigint")).alias(name) for name in silver.REPAIRS]
    by_reason = {
        row["reason"]: row for row in validated.groupBy("reason").agg(f.count("*").alias("rows"), *repairs).collect()
    }
    valid = by_reason.pop(None, None)
    counts = Counter({reason: row["rows"] for reason, row in by_reason.items()})
    return (
        valid["rows"] if valid else 0,
        {name: valid[name] if valid else 0 for name in silver.REPAIRS},
        counts,
    )


def validate(rows: "DataFrame", year: int) -> "DataFrame":
    """What reading gives, validated by `tarmac.transform.silver`, in the types of the flights' table.

    All of it, so that it is kept in memory once; rows that are not flights are filtered out later (`flights_among`).
    """
    validated: DataFrame = silver.validate(nw.from_native(rows), year=year, also=_NO_FLIGHT).to_native()
    return validated.withColumns(typed(validated, {column.name: column.kind for column in FLIGHTS.columns}))


def flights_among(lines: "DataFrame") -> "DataFrame":
    """Without malformed lines and reports."""
    return lines.filter(lines["malformed"].isNull() & lines["report"].isNull())


def repeated_hashes(validated: "DataFrame") -> "DataFrame":
    """Hashes that several valid rows have: of all rows only these eight bytes are sorted."""
    return _hashed(validated).groupBy("hash").count().filter("count > 1").select("hash")


def duplicates(validated: "DataFrame", hashes: "DataFrame") -> "DataFrame":
    """The valid rows that equal an earlier one in every column; all of these have one of the repeated `hashes`."""
    from pyspark.sql import Window
    from pyspark.sql import functions as f

    order = Window.partitionBy(*FLIGHTS.names).orderBy("source_line")
    # A flight without a number equals no other (hash null): two that look alike are two flights.
    numbered = _hashed(validated).join(hashes, "hash", "left_semi").withColumn("nth", f.row_number().over(order))
    return numbered.filter("nth > 1").select("source_file", "source_line")


def _hashed(validated: "DataFrame") -> "DataFrame":
    from pyspark.sql import functions as f

    return validated.filter(validated["reason"].isNull() & validated["op_carrier_fl_num"].isNotNull()).withColumn(
        "hash", f.xxhash64(*DUPLICATE_KEY)
    )


def _kept(validated: "DataFrame", twice: "DataFrame") -> "DataFrame":
    from pyspark.sql import functions as f

    # Broadcast: no row is moved, so the partitions stay in the order of the files' lines.
    distinct = validated.join(f.broadcast(twice.select("source_line")), "source_line", "left_anti")
    kept: DataFrame = silver.keep_valid(nw.from_native(distinct)).to_native()
    return kept


def _quarantined(lines: "DataFrame", validated: "DataFrame", twice: "DataFrame") -> "DataFrame":
    from pyspark.sql import functions as f

    no_text = f.lit(None).cast("string").alias("row")
    wrong: DataFrame = silver.keep_invalid(nw.from_native(validated)).to_native()
    parts = (
        lines.filter(lines["malformed"].isNotNull()).select(
            "source_file", "source_line", lines["malformed"].alias("reason"), "row"
        ),
        wrong.select("*", no_text),
        twice.select("*", f.lit("duplicate").alias("reason"), no_text),
    )
    return reduce(lambda left, right: left.union(right), (part.select(*_QUARANTINED) for part in parts))


def _check(cleaning: Cleaning, quarantined: "DataFrame", read: ReadTexts, max_quarantined: float, year: int) -> None:
    def first() -> tuple[str, int, str, str]:
        row = quarantined.orderBy("source_line").first()
        assert row is not None  # noqa: S101 - asked only where rows were set aside
        (told,) = _with_texts([row.asDict()], read, first_lines(read.splits, read.reports))
        return tuple(told.values())

    malformed = sum(sum(report.malformed.values()) for report in read.reports)
    if malformed > MANY_MALFORMED and 2 * malformed > cleaning.rows_in:
        file, line, reason, text = first()
        raise InputError(
            f"{file}: more than half of the {cleaning.rows_in:,} rows do not match the header. The first: line "
            f"{line}, {reason}: {text[:120]!r}. Nothing was published; download the file again."
        )
    check_rows(
        cleaning,
        max_quarantined=max_quarantined,
        year=year,
        names=read.names,
        cut_off=read.cut_off,
        first=first,
    )


def _quarantine(quarantined: "DataFrame", read: ReadTexts) -> "DataFrame":
    """The lines set aside, with their numbers in the files and their texts; a split's are fetched by one task."""
    from pyspark.sql import functions as f

    before = first_lines(read.splits, read.reports)

    def fetch(table: pa.Table) -> pa.Table:
        rows = _with_texts(table.select(_QUARANTINED).to_pylist(), read, before)
        return pa.Table.from_pylist(rows, schema=table.select(_QUARANTINED).schema)

    placed = quarantined.withColumn("split", f.shiftright("source_line", LINE_BITS))
    fetched = placed.groupBy("split").applyInArrow(fetch, _QUARANTINE)
    # A hundredth of the rows at most: one task sorts them, and spills what it cannot hold.
    return fetched.repartition(1).sortWithinPartitions("source_file", "source_line")


def _with_texts(rows: Sequence[dict[str, Any]], read: ReadTexts, before: dict[int, int]) -> list[dict[str, Any]]:
    """These rows of one split with their lines' numbers in the file, and the text where they have none."""
    places = [line_of(row["source_line"]) for row in rows]
    split = places[0][0]
    first = before[split] + read.splits[split].text.header.lines - 1
    wanted = frozenset(line for (_, line), row in zip(places, rows, strict=True) if row["row"] is None)
    texts = pick(read.lake, read.splits[split], wanted) if wanted else {}
    return [
        row | {"source_line": first + line, "row": texts.get(line, row["row"])}
        for (_, line), row in zip(places, rows, strict=True)
    ]


def _key(text: TextLocation) -> tuple[str, int]:
    return text.file.key, text.number
