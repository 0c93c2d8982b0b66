"""Typed flights that come from no lake, cleaned as silver cleans a year. Pure."""

import narwhals as nw
import polars as pl

from tarmac.transform.silver import keep_valid, validate


def clean_flights(typed: pl.LazyFrame, *, year: int, source: str) -> pl.LazyFrame:
    """The valid flights of `typed` as silver rows; `typed` has the columns of `tables.bronze`, each in its type."""
    bronze = typed.with_columns(
        source_file=pl.lit(source),
        source_line=pl.lit(0),
        unreadable=pl.lit(None, dtype=pl.String),
        dropped=pl.lit(value=False),
        no_dest=pl.lit(value=False),
    )
    silver: pl.LazyFrame = keep_valid(validate(nw.from_native(bronze), year=year)).to_native()
    return silver
