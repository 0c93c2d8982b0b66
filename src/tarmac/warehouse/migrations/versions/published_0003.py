"""What a day lost, and its severity."""

import sqlalchemy as sa
from alembic import op

revision = "published_0003"
down_revision = "published_0002"


def upgrade(table: str) -> None:
    """Add the columns; days that are not loaded again have none."""
    for name in ("excess_cancelled", "excess_delay_minutes", "lost_flights"):
        op.add_column(table, sa.Column(name, sa.Double), if_not_exists=True)
    op.add_column(table, sa.Column("severity", sa.SmallInteger), if_not_exists=True)
