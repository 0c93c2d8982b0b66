"""Cancelled flights by cancellation code."""

import sqlalchemy as sa
from alembic import op

revision = "published_0002"
down_revision = "published_0001"


def upgrade(table: str) -> None:
    """Add the counts; days that are not loaded again have none."""
    for name in ("cancelled_carrier", "cancelled_weather", "cancelled_nas", "cancelled_security"):
        op.add_column(table, sa.Column(name, sa.Integer), if_not_exists=True)
