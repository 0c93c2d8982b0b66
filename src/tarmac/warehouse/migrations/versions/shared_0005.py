"""Disruptions: who, why and how badly, and their parts."""

import sqlalchemy as sa
from alembic import op

revision = "shared_0005"
down_revision = "shared_0004"


def upgrade() -> None:
    """Add the columns, which are null in years that are not loaded again, and make the table of parts."""
    for column in (
        sa.Column("scope", sa.Text),
        sa.Column("carriers", sa.Text),
        sa.Column("excess_cancelled", sa.Double),
        sa.Column("excess_delay_minutes", sa.Double),
        sa.Column("severity", sa.SmallInteger),
        sa.Column("cause_share", sa.Double),
        sa.Column("summary", sa.Text),
    ):
        op.add_column("disruption_events", column)
    op.create_table(
        "disruption_parts",
        sa.Column("event_id", sa.Text, primary_key=True),
        sa.Column("dimension", sa.Text, primary_key=True),
        sa.Column("value", sa.Text, primary_key=True),
        sa.Column("flights", sa.BigInteger, nullable=False),
        sa.Column("cancelled", sa.BigInteger, nullable=False),
        sa.Column("excess_cancelled", sa.Double, nullable=False),
        sa.Column("excess_delay_minutes", sa.Double, nullable=False),
        sa.Column("share_of_excess", sa.Double),
        sa.Column("share_of_flights", sa.Double, nullable=False),
        sa.Column("year", sa.Integer, nullable=False),
    )
    op.create_index("disruption_parts_year", "disruption_parts", ["year"])
