"""Carriers' days."""

import sqlalchemy as sa
from alembic import op

revision = "shared_0003"
down_revision = "shared_0002"


def upgrade() -> None:
    """Make the table; loads fill it."""
    op.create_table(
        "carrier_days",
        sa.Column("op_carrier", sa.Text, primary_key=True),
        sa.Column("fl_date", sa.Date, primary_key=True),
        sa.Column("mean_dep_delay", sa.Numeric(8, 2)),
        sa.Column("anomaly_if", sa.SmallInteger),
        sa.Column("anomaly_arima", sa.SmallInteger),
        sa.Column("last_update", sa.DateTime(timezone=True), nullable=False),
        sa.Column("flights", sa.Integer, nullable=False),
        sa.Column("departed", sa.Integer, nullable=False),
        sa.Column("cancelled", sa.Integer, nullable=False),
        sa.Column("cancelled_share", sa.Double, nullable=False),
        sa.Column("diverted", sa.Integer, nullable=False),
        sa.Column("dep_del15_share", sa.Double),
        sa.Column("median_dep_delay", sa.Double),
        sa.Column("p90_dep_delay", sa.Double),
        sa.Column("std_dep_delay", sa.Double),
        sa.Column("carrier_delay", sa.Double),
        sa.Column("weather_delay", sa.Double),
        sa.Column("nas_delay", sa.Double),
        sa.Column("security_delay", sa.Double),
        sa.Column("late_aircraft_delay", sa.Double),
        sa.Column("detector", sa.Text),
        sa.Column("measure", sa.Text),
        sa.Column("expected", sa.Double),
        sa.Column("lower", sa.Double),
        sa.Column("upper", sa.Double),
        sa.Column("anomaly_score", sa.Double),
        sa.Column("anomaly", sa.SmallInteger),
        sa.Column("anomaly_direction", sa.Text),
        sa.Column("cancelled_carrier", sa.Integer),
        sa.Column("cancelled_weather", sa.Integer),
        sa.Column("cancelled_nas", sa.Integer),
        sa.Column("cancelled_security", sa.Integer),
    )
    op.create_index("carrier_days_fl_date", "carrier_days", ["fl_date"])
