"""The published table: created, or taken over from the reference pipeline together with its rows."""

from typing import Any

import sqlalchemy as sa
from alembic import op

from tarmac.errors import InputError
from tarmac.warehouse.migrations.day_columns import day_columns

revision = "published_0001"
down_revision = None


def upgrade(table: str) -> None:
    """Create the table, or add the missing columns to an existing one."""
    inspector = sa.inspect(op.get_bind())
    if inspector.has_table(table):
        _take_over(table, inspector)
    else:
        op.create_table(table, *_columns())
    op.create_index(f"{table}_fl_date", table, ["fl_date"], if_not_exists=True)


def _columns() -> list["sa.Column[Any]"]:
    return [
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("origin", sa.Text, nullable=False),
        sa.Column("fl_date", sa.Date, nullable=False),
        *day_columns(),
    ]


def _take_over(table: str, inspector: sa.Inspector) -> None:
    present = {column["name"]: column["type"] for column in inspector.get_columns(table)}
    if lacking := {"id", "origin", "fl_date"} - present.keys():
        raise InputError(
            f"The database has a table {table!r} without {', '.join(sorted(lacking))}, so Tarmac cannot fill it. "
            "Name another table in db_table, or another database in --warehouse."
        )
    for column in _columns():
        if column.name not in present:
            # Rows of years that are not loaded again have no value for it; 0 would be wrong.
            column.nullable = True
            op.add_column(table, column)
        else:
            _convert(table, column, present[column.name])
    if inspector.get_pk_constraint(table)["constrained_columns"] != ["id"]:
        op.create_unique_constraint(f"{table}_id_key"[:63], table, ["id"])


def _convert(table: str, column: "sa.Column[Any]", present: "sa.types.TypeEngine[Any]") -> None:
    """Give the column our type, unless both are kinds of text, which need no change."""
    dialect = op.get_bind().dialect
    wanted = column.type.compile(dialect)
    found = present.compile(dialect)
    if found == wanted or (isinstance(present, sa.String) and isinstance(column.type, sa.String)):
        return
    name = dialect.identifier_preparer.quote(column.name)
    # The reference pipeline writes its clock, which is UTC in the cloud, without saying so.
    using = f"{name} AT TIME ZONE 'UTC'" if found.startswith("TIMESTAMP") else f"{name}::text::{wanted}"
    if found == "BOOLEAN":
        using = f"{name}::integer::{wanted}"
    op.alter_column(table, column.name, type_=column.type, postgresql_using=using)
