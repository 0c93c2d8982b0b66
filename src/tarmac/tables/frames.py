"""Tables as Polars frames: each column's type, and how the lake's Parquet files are compressed."""

from typing import Final

import polars as pl

from tarmac.tables.schema import Kind, Table

DTYPES: dict[Kind, pl.DataType] = {
    "text": pl.String(),
    "date": pl.Date(),
    "boolean": pl.Boolean(),
    "smallint": pl.Int16(),
    "integer": pl.Int32(),
    "bigint": pl.Int64(),
    "real": pl.Float32(),
    "double": pl.Float64(),
    "numeric(8,2)": pl.Float64(),
    "instant": pl.Int64(),  # microseconds since 1970, as COPY is asked for them
    "json": pl.String(),
}

COMPRESSION: Final = "snappy"
"""Every reader of Parquet knows it; equal rows give equal bytes."""


def schema_of(table: Table) -> pl.Schema:
    """A table's Polars schema, its columns in order."""
    return pl.Schema({column.name: DTYPES[column.kind] for column in table.columns})
