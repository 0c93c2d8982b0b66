"""The database, and what a dataset is. Columns come from `tarmac.tables`, so that a new one cannot be forgotten."""

from dataclasses import dataclass
from typing import Any

from define.names import uuid_of
from tarmac.tables.schema import POSTGRES_TYPES, Column, Table

DATABASE: dict[str, Any] = {
    "database_name": "Tarmac warehouse",
    # The address is the machine's own and comes with the password when the assets are imported: see prepare.py.
    "sqlalchemy_uri": "postgresql+psycopg2://tarmac_dashboards@warehouse:5432/tarmac",
    "expose_in_sqllab": True,
    "allow_run_async": True,
    "allow_ctas": False,
    "allow_cvas": False,
    "allow_dml": False,
    "allow_file_upload": False,
    "extra": {"allows_virtual_table_explore": True},
    "uuid": uuid_of("database", "warehouse"),
    "version": "1.0.0",
}


@dataclass(frozen=True, kw_only=True)
class Derived:
    """A column that the dashboards add to a table's own."""

    name: str
    kind: str
    expression: str
    description: str


@dataclass(frozen=True, kw_only=True)
class Dataset:
    """A table as charts see it: physical where `sql` is empty."""

    name: str
    tables: tuple[Table, ...]
    date: str
    description: str
    beside: tuple[Column, ...] = ()
    derived: tuple[Derived, ...] = ()
    sql: str = ""

    @property
    def uuid(self) -> str:
        """Fixed by the name."""
        return uuid_of("dataset", self.name)

    def to_yaml(self) -> dict[str, Any]:
        """The dataset in Superset's words."""
        own = {column.name: column for table in self.tables for column in table.columns}
        own |= {column.name: column for column in self.beside}
        return {
            "table_name": self.name,
            "schema": "public",
            "catalog": None,
            "sql": self.sql or None,
            "main_dttm_col": self.date,
            "description": self.description,
            "columns": [*map(_own, own.values()), *map(_derived, self.derived)],
            "metrics": [
                {"metric_name": "count", "verbose_name": "Rows", "metric_type": "count", "expression": "COUNT(*)"}
            ],
            "normalize_columns": False,
            "always_filter_main_dttm": False,
            "uuid": self.uuid,
            "database_uuid": DATABASE["uuid"],
            "version": "1.0.0",
        }


def _own(column: Column) -> dict[str, Any]:
    unit = f" ({column.unit})" if column.unit else ""
    is_date = column.kind in {"date", "instant"}
    return _entry(column.name, POSTGRES_TYPES[column.kind], f"{column.description}{unit}", is_date=is_date)


def _derived(column: Derived) -> dict[str, Any]:
    return _entry(column.name, column.kind, column.description) | {"expression": column.expression}


def _entry(name: str, kind: str, description: str, *, is_date: bool = False) -> dict[str, Any]:
    return {
        "column_name": name,
        "type": kind.upper(),
        "is_dttm": is_date,
        "is_active": True,
        "groupby": True,
        "filterable": True,
        "description": description,
    }
