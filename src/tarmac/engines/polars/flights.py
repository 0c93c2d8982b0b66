"""Reading the texts, silver's rules and writing Parquet, with Polars' streaming engine."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import narwhals as nw
import numpy as np
import polars as pl

from tarmac.bronze.header import Header
from tarmac.bronze.reading import to_bronze
from tarmac.bronze.texts import FlightText, scan_text
from tarmac.tables.flights import FLIGHTS
from tarmac.tables.frames import COMPRESSION, schema_of
from tarmac.transform import silver

DUPLICATE_KEY = ("fl_date", "op_carrier", "op_carrier_fl_num", "origin", "dest", "crs_dep_time", "dep_time")
PARQUET: dict[str, Any] = {"compression": COMPRESSION, "maintain_order": True}


@dataclass(frozen=True, kw_only=True)
class Cleaned:
    """The result of cleaning: number of rows kept, invalid rows (source_file, source_line, reason), and repairs."""

    kept: int
    quarantined: pl.DataFrame
    repairs: dict[str, int]


def clean_flights(texts: Sequence[FlightText], *, year: int, as_text: bool, out: Path) -> Cleaned:
    """Write the valid rows of these texts to `out` and return the others.

    With `as_text` every value is first read as text, so that one that is not a number invalidates its row; without, such a
    value raises polars.exceptions.ComputeError, and reading is a third faster.
    """
    validated = pl.concat(
        [silver.validate(nw.from_native(_scan(text, as_text=as_text)), year=year).to_native() for text in texts]
    )
    lazy = nw.from_native(validated)
    kept = silver.keep_valid(lazy).to_native().cast(dict(schema_of(FLIGHTS)))
    quarantined = silver.keep_invalid(lazy).to_native()
    repairs = silver.count_repairs(lazy).to_native()
    _, quarantined_frame, repairs_frame = pl.collect_all(
        [kept.sink_parquet(out, lazy=True, **PARQUET), quarantined, repairs], engine="streaming"
    )
    rows = pl.scan_parquet(out, glob=False).select(pl.len()).collect().item()
    return Cleaned(
        kept=rows,
        quarantined=quarantined_frame,
        repairs={name: count or 0 for name, count in repairs_frame.row(0, named=True).items()},
    )


def exact_duplicates(flights: Path) -> np.ndarray[Any, np.dtype[np.int64]]:
    """Positions (from 0) of rows that equal an earlier row in every column.

    A row without a flight number equals no other, because two flights may have the same other values.
    """
    scan = pl.scan_parquet(flights, glob=False)
    numbered = pl.when(pl.col("op_carrier_fl_num").is_not_null()).then(pl.struct(*DUPLICATE_KEY).hash())
    hashes = scan.select(numbered.alias("hash")).collect(engine="streaming").to_series()
    ordered = hashes.drop_nulls().sort()  # on all cores; numpy's takes five times as long
    twice = ordered.filter(ordered == ordered.shift()).unique()
    if twice.is_empty():
        return np.empty(0, np.int64)
    positions = hashes.is_in(twice.implode()).arg_true()
    suspects = (
        scan.with_row_index("position")
        .filter(pl.col("position").is_in(positions.implode()))
        .collect(engine="streaming")
        .sort("position")
    )
    repeats = suspects.filter(~pl.struct(FLIGHTS.names).is_first_distinct())
    return repeats["position"].cast(pl.Int64).to_numpy()


def drop_rows(flights: Path, positions: np.ndarray[Any, np.dtype[np.int64]], out: Path) -> None:
    """Write the rows that are not at these positions."""
    keep = ~pl.col("position").is_in(positions)
    rows = pl.scan_parquet(flights, glob=False).with_row_index("position")
    rows.filter(keep).select(FLIGHTS.names).sink_parquet(out, **PARQUET)


def _scan(text: FlightText, *, as_text: bool) -> pl.LazyFrame:
    raw, schema = text.scan(as_text=as_text)
    return to_bronze(raw, schema, text.header, text.name)


def read_lines(lines: bytes, header: Header, *, name: str, quoted: bool) -> pl.DataFrame:
    """The same columns for some well-formed lines, the first of which is line 2."""

    def read(*, as_text: bool) -> pl.DataFrame:
        raw, schema = scan_text(lines, header, as_text=as_text, quoted=quoted, skip=0)
        numbered = raw.with_columns(pl.col("source_line") + 1)
        return to_bronze(numbered, schema, header, name).collect()

    try:
        return read(as_text=False)
    except pl.exceptions.PolarsError:
        return read(as_text=True)
