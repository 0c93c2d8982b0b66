"""Airports by name and place, for maps."""

import sqlalchemy as sa
from alembic import op

revision = "shared_0002"
down_revision = "shared_0001"


def upgrade() -> None:
    """Make the table; loads fill it."""
    op.create_table(
        "airports",
        sa.Column("origin", sa.Text, primary_key=True),
        sa.Column("name", sa.Text),
        sa.Column("city", sa.Text),
        sa.Column("state", sa.Text),
        sa.Column("latitude", sa.Double),
        sa.Column("longitude", sa.Double),
    )
