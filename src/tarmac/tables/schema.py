"""The declaration of a table: its grain, columns, types, units and key.

The Postgres DDL, the Polars schemas, the checks before publishing and the data dictionary all come from these records.
"""

from dataclasses import dataclass
from typing import Literal

Kind = Literal[
    "text", "date", "boolean", "smallint", "integer", "bigint", "real", "double", "numeric(8,2)", "instant", "json"
]

POSTGRES_TYPES: dict[Kind, str] = {
    "text": "text",
    "date": "date",
    "boolean": "boolean",
    "smallint": "smallint",
    "integer": "integer",
    "bigint": "bigint",
    "real": "real",
    "double": "double precision",
    "numeric(8,2)": "numeric(8,2)",
    "instant": "timestamp with time zone",
    "json": "jsonb",
}


@dataclass(frozen=True, kw_only=True)
class Column:
    """One column: `unit` is empty where a value has none (a code, a name, a date)."""

    name: str
    kind: Kind
    description: str
    unit: str = ""
    nullable: bool = True


@dataclass(frozen=True, kw_only=True)
class Table:
    """One table. `grain` is the sentence "One row per …"; `key` names the columns that make a row unique."""

    name: str
    grain: str
    key: tuple[str, ...]
    columns: tuple[Column, ...]

    def __post_init__(self) -> None:
        """Refuse a key that names no column, or a column named twice."""
        names = self.names
        if len(set(names)) != len(names):
            raise ValueError(f"table {self.name!r} names a column twice: {names}")
        if missing := [name for name in self.key if name not in names]:
            raise ValueError(f"table {self.name!r} has no key column {missing}. Columns: {names}")

    @property
    def names(self) -> tuple[str, ...]:
        """The columns' names, in order."""
        return tuple(column.name for column in self.columns)

    def column(self, name: str) -> Column:
        """The column of that name; KeyError where there is none."""
        for column in self.columns:
            if column.name == name:
                return column
        raise KeyError(f"table {self.name!r} has no column {name!r}. Columns: {', '.join(self.names)}")
