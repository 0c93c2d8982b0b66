"""Polars' streaming engine reads the texts, runs silver's rules and writes Parquet."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import narwhals as nw
import numpy as np
import polars as pl

from tarmac.bronze.header import Header
from tarmac.bronze.texts import FlightText
from tarmac.tables.bronze import FLIGHT_COLUMNS, NULL_MARKERS, TEXT_COLUMNS
from tarmac.tables.flights import FLIGHTS
from tarmac.tables.frames import COMPRESSION, schema_of
from tarmac.transform import silver

DUPLICATE_KEY = ("fl_date", "op_carrier", "op_carrier_fl_num", "origin", "dest", "crs_dep_time", "dep_time")
PARQUET: dict[str, Any] = {"compression": COMPRESSION, "maintain_order": True}


@dataclass(frozen=True, kw_only=True)
class Cleaned:
    """What a cleaning wrote: the rows kept, those set aside (source_file, source_line, reason), and the repairs."""

    kept: int
    aside: pl.DataFrame
    repairs: dict[str, int]


def clean_flights(texts: Sequence[FlightText], *, year: int, as_text: bool, out: Path) -> Cleaned:
    """Write the sound rows of these texts to `out` and return the others.

    With `as_text` every value is read as text first, so that one which is no number sets its row aside; without, such a
    value raises polars.exceptions.ComputeError, and reading is a third faster.
    """
    judged = pl.concat(
        [silver.judge(nw.from_native(_scan(text, as_text=as_text)), year=year).to_native() for text in texts]
    )
    lazy = nw.from_native(judged)
    kept = silver.keep_sound(lazy).to_native().cast(dict(schema_of(FLIGHTS)))
    aside = silver.set_aside(lazy).to_native()
    repairs = silver.count_repairs(lazy).to_native()
    _, aside_frame, repairs_frame = pl.collect_all(
        [kept.sink_parquet(out, lazy=True, **PARQUET), aside, repairs], engine="streaming"
    )
    rows = pl.scan_parquet(out, glob=False).select(pl.len()).collect().item()
    return Cleaned(
        kept=rows,
        aside=aside_frame,
        repairs={name: count or 0 for name, count in repairs_frame.row(0, named=True).items()},
    )


def exact_duplicates(flights: Path) -> np.ndarray[Any, np.dtype[np.int64]]:
    """Positions, from 0, of rows that equal an earlier row in every column."""
    scan = pl.scan_parquet(flights, glob=False)
    hashes = scan.select(pl.struct(*DUPLICATE_KEY).hash()).collect(engine="streaming").to_series()
    ordered = hashes.sort()  # on all cores; numpy's takes five times as long
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
    raw = pl.scan_csv(text.path, skip_lines=1, **_form(text.header, quoted=text.report.quoted, as_text=as_text))
    return _typed(raw, text.name, as_text=as_text)


def read_lines(lines: bytes, header: Header, *, name: str, quoted: bool) -> pl.DataFrame:
    """The same columns of some sound lines, of which the first is line 2."""

    def read(*, as_text: bool) -> pl.DataFrame:
        raw = pl.scan_csv(lines, **_form(header, quoted=quoted, as_text=as_text))
        return _typed(raw, name, as_text=as_text).collect()

    try:
        return read(as_text=False)
    except pl.exceptions.PolarsError:
        return read(as_text=True)


def _form(header: Header, *, quoted: bool, as_text: bool) -> dict[str, Any]:
    return {
        "has_header": False,
        "schema": _raw_schema(header, as_text=as_text),
        "quote_char": '"' if quoted else None,
        "row_index_name": "source_line",
        "row_index_offset": 2,
        "glob": False,
    }


def _typed(raw: pl.LazyFrame, name: str, *, as_text: bool) -> pl.LazyFrame:
    """The bronze columns of a text, typed as `silver.judge` wants them; a blank line is a row of nulls."""
    readable = _values(as_text=as_text)
    return raw.select(
        pl.lit(name).alias("source_file"),
        pl.col("source_line").cast(pl.Int64),
        *readable,
        _unreadable() if as_text else pl.lit(None, pl.String).alias("unreadable"),
    )


def _raw_schema(header: Header, *, as_text: bool) -> dict[str, pl.DataType]:
    names = {position: column for column, position in header.positions.items()}
    return {
        names.get(i, f"unused {i}"): pl.Float64()
        if not as_text and i in names and names[i] not in TEXT_COLUMNS
        else pl.String()
        for i in range(header.width)
    }


def _values(*, as_text: bool) -> list[pl.Expr]:
    text = {name: pl.when(~pl.col(name).is_in(NULL_MARKERS)).then(name) for name in ("OP_CARRIER", "CANCELLATION_CODE")}
    return [
        pl.col(name).str.to_date("%Y-%m-%d", strict=False)
        if name == "FL_DATE"
        else text.get(name, pl.col(name))
        if name in TEXT_COLUMNS or not as_text
        else _trimmed(name).cast(pl.Float64, strict=False)
        for name in FLIGHT_COLUMNS
    ]


def _unreadable() -> pl.Expr:
    """The first numeric column that holds something, but no number."""
    numeric = [name for name in FLIGHT_COLUMNS if name not in TEXT_COLUMNS]
    return pl.coalesce(
        pl.when(_trimmed(name).cast(pl.Float64, strict=False).is_null() & ~_trimmed(name).is_in(NULL_MARKERS)).then(
            pl.lit(name)
        )
        for name in numeric
    ).alias("unreadable")


def _trimmed(name: str) -> pl.Expr:
    # The reader of numbers skips blanks; a number must not become unreadable because another row of the file is.
    return pl.col(name).str.strip_chars()
