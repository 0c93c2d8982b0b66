"""Carriers' days."""

import sqlalchemy as sa
from alembic import op

from tarmac.warehouse.migrations.day_columns import day_columns

revision = "shared_0003"
down_revision = "shared_0002"


def upgrade() -> None:
    """Create the table; loads fill it."""
    op.create_table(
        "carrier_days",
        sa.Column("op_carrier", sa.Text, primary_key=True),
        sa.Column("fl_date", sa.Date, primary_key=True),
        *day_columns(),
        sa.Column("cancelled_carrier", sa.Integer),
        sa.Column("cancelled_weather", sa.Integer),
        sa.Column("cancelled_nas", sa.Integer),
        sa.Column("cancelled_security", sa.Integer),
    )
    op.create_index("carrier_days_fl_date", "carrier_days", ["fl_date"])
