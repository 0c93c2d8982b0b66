"""What a day lost, and its severity."""

import sqlalchemy as sa
from alembic import op

revision = "shared_0004"
down_revision = "shared_0003"


def upgrade() -> None:
    """Add the columns; days that are not loaded again have none."""
    for table in ("anomaly_scores", "carrier_days"):
        for name in ("excess_cancelled", "excess_delay_minutes", "lost_flights"):
            op.add_column(table, sa.Column(name, sa.Double), if_not_exists=True)
        op.add_column(table, sa.Column("severity", sa.SmallInteger), if_not_exists=True)
