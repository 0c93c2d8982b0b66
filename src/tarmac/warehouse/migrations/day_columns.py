"""The columns of a day's measures and result, as the first migrations of two tables create them.

Never change this list: a migration must stay as it was published. Add a column by a new migration.
"""

from typing import Any

import sqlalchemy as sa


def day_columns() -> list["sa.Column[Any]"]:
    """New column objects, in the tables' order."""
    return [
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
    ]
