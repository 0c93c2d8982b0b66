"""A year's rows of one table, and the SQL that selects them, with quoted identifiers and literal values."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from psycopg import sql

from tarmac.tables.schema import Table

STAMP = "last_update"
"""The column that a load sets itself in new and changed rows."""


@dataclass(frozen=True, kw_only=True)
class TableYear:
    """The year's rows of one table; `name` is the table's name in the database, which the user may have chosen."""

    table: Table
    name: str
    year: int

    @property
    def target(self) -> sql.Identifier:
        """The table itself."""
        return sql.Identifier(self.name)

    @property
    def incoming(self) -> sql.Identifier:
        """The temporary table with the given rows."""
        return sql.Identifier("pg_temp", f"incoming_{self.table.name}")

    @property
    def columns(self) -> list[str]:
        """The columns of the given rows."""
        return [name for name in self.table.names if name != STAMP]

    @property
    def values(self) -> list[str]:
        """The columns in which a row may have changed."""
        return [name for name in self.columns if name not in self.table.key]

    def belongs(self, alias: str) -> sql.Composable:
        """The condition that a row belongs to the year; it can use the column's index."""
        if "fl_date" not in self.table.names:
            return sql.SQL("{}.year = {}").format(sql.Identifier(alias), self.year)
        return sql.SQL("{0}.fl_date BETWEEN {1} AND {2}").format(
            sql.Identifier(alias), date(self.year, 1, 1), date(self.year, 12, 31)
        )

    @property
    def same_key(self) -> sql.Composable:
        """The condition that a stored and a new row have the same key."""
        each = (sql.SQL("stored.{0} = new.{0}").format(sql.Identifier(name)) for name in self.table.key)
        return sql.SQL(" AND ").join(each)


def names(columns: Iterable[str], alias: str | None = None) -> sql.Composed:
    """The columns separated by commas, each prefixed with the alias if there is one."""
    return sql.SQL(", ").join(sql.Identifier(*([alias] if alias else []), name) for name in columns)
