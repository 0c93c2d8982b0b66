"""Scores, events, runs and the loads' fingerprints."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "shared_0001"
down_revision = None


def upgrade() -> None:
    """Make the tables whose names are fixed."""
    op.create_table(
        "anomaly_scores",
        sa.Column("origin", sa.Text, primary_key=True),
        sa.Column("fl_date", sa.Date, primary_key=True),
        sa.Column("measure", sa.Text, primary_key=True),
        sa.Column("detector", sa.Text, primary_key=True),
        sa.Column("observed", sa.Double),
        sa.Column("expected", sa.Double),
        sa.Column("lower", sa.Double),
        sa.Column("upper", sa.Double),
        sa.Column("score", sa.Double),
        sa.Column("flag", sa.Boolean, nullable=False),
    )
    # A load looks for the year's rows, and must not read ten years for one.
    op.create_index("anomaly_scores_fl_date", "anomaly_scores", ["fl_date"])
    op.create_table(
        "disruption_events",
        sa.Column("event_id", sa.Text, primary_key=True),
        sa.Column("year", sa.Integer, nullable=False),
        sa.Column("start_date", sa.Date, nullable=False),
        sa.Column("end_date", sa.Date, nullable=False),
        sa.Column("airports", sa.Integer, nullable=False),
        sa.Column("origins", sa.Text, nullable=False),
        sa.Column("airport_days", sa.Integer, nullable=False),
        sa.Column("flights", sa.BigInteger, nullable=False),
        sa.Column("cancelled", sa.BigInteger, nullable=False),
        sa.Column("worst_origin", sa.Text, nullable=False),
        sa.Column("worst_date", sa.Date, nullable=False),
        sa.Column("peak_score", sa.Double),
        sa.Column("cause", sa.Text),
    )
    op.create_table(
        "pipeline_runs",
        sa.Column("run_id", sa.Text, primary_key=True),
        sa.Column("year", sa.Integer, nullable=False),
        sa.Column("command", sa.Text, nullable=False),
        sa.Column("status", sa.Text, nullable=False),
        sa.Column("started", sa.DateTime(timezone=True), nullable=False),
        sa.Column("finished", sa.DateTime(timezone=True), nullable=False),
        sa.Column("input_hash", sa.Text),
        sa.Column("rows_in", sa.BigInteger),
        sa.Column("rows_kept", sa.BigInteger),
        sa.Column("rows_quarantined", sa.BigInteger),
        sa.Column("quarantined_by_reason", JSONB),
        sa.Column("repairs", JSONB),
        sa.Column("written", JSONB),
        sa.Column("seconds", JSONB),
        sa.Column("versions", JSONB),
        sa.Column("parameters", JSONB),
    )
    op.create_table(
        "load_fingerprints",
        sa.Column("table_name", sa.Text, primary_key=True),
        sa.Column("year", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("given", sa.Text, nullable=False),
        sa.Column("stored", sa.Text, nullable=False),
    )
