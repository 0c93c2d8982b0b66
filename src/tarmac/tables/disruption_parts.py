"""One row per disruption, dimension and value: the share of its losses by carrier, airport, hour or reason."""

from typing import Literal, get_args

from tarmac.tables.schema import Column, Table

Dimension = Literal["op_carrier", "origin", "dest", "hour", "cancellation_code", "delay_cause"]

DIMENSIONS: tuple[Dimension, ...] = get_args(Dimension)

COVERING: tuple[Dimension, ...] = ("op_carrier", "origin", "dest", "hour")
"""The dimensions of which every flight of a disruption has one value: their excesses sum to the disruption's."""

DISRUPTION_PARTS = Table(
    name="disruption_parts",
    grain="One row per disruption, dimension and value.",
    key=("event_id", "dimension", "value"),
    columns=(
        Column(name="event_id", kind="text", nullable=False, description="The disruption, as in disruption_events."),
        Column(
            name="dimension",
            kind="text",
            nullable=False,
            description="op_carrier, origin, dest, hour (of the scheduled departure), cancellation_code or delay_cause.",
        ),
        Column(
            name="value",
            kind="text",
            nullable=False,
            description="The dimension's value; empty where the records have none.",
        ),
        Column(
            name="flights", kind="bigint", unit="flights", nullable=False, description="Scheduled flights of the value."
        ),
        Column(
            name="cancelled",
            kind="bigint",
            unit="flights",
            nullable=False,
            description="Cancelled flights of the value.",
        ),
        Column(
            name="excess_cancelled",
            kind="double",
            unit="flights",
            nullable=False,
            description="Cancelled flights above what was expected.",
        ),
        Column(
            name="excess_delay_minutes",
            kind="double",
            unit="minutes",
            nullable=False,
            description="Minutes of departure delay above what was expected; of delay_cause, those above the usual.",
        ),
        Column(
            name="share_of_excess",
            kind="double",
            unit="0-1",
            description="The value's share of the disruption's lost flights; delays count as in severity.",
        ),
        Column(
            name="share_of_flights",
            kind="double",
            unit="0-1",
            nullable=False,
            description="The value's share of its flights.",
        ),
        Column(name="year", kind="integer", nullable=False, description="The year of flights it was found in."),
    ),
)
