"""One row per disruption: flagged airport-days that belong together."""

from tarmac.tables.schema import Column, Table

EVENTS = Table(
    name="disruption_events",
    grain="One row per disruption: flagged airport-days that belong together in time and place.",
    key=("event_id",),
    columns=(
        Column(
            name="event_id",
            kind="text",
            nullable=False,
            description="The id of its worst airport-day, as JFK20090101, in agg_dep_delay_by_date.",
        ),
        Column(name="year", kind="integer", nullable=False, description="The year of flights it was found in."),
        Column(name="start_date", kind="date", nullable=False, description="Local date of its first flagged day."),
        Column(name="end_date", kind="date", nullable=False, description="Local date of its last flagged day."),
        Column(name="airports", kind="integer", unit="airports", nullable=False, description="Airports it touched."),
        Column(
            name="origins",
            kind="text",
            nullable=False,
            description="IATA codes of these airports in alphabetical order, with commas between.",
        ),
        Column(
            name="airport_days",
            kind="integer",
            unit="airport-days",
            nullable=False,
            description="Flagged airport-days that belong to it.",
        ),
        Column(
            name="flights",
            kind="bigint",
            unit="flights",
            nullable=False,
            description="Scheduled flights on these airport-days.",
        ),
        Column(
            name="cancelled",
            kind="bigint",
            unit="flights",
            nullable=False,
            description="Cancelled flights on these airport-days.",
        ),
        Column(name="worst_origin", kind="text", nullable=False, description="Airport of its highest score."),
        Column(name="worst_date", kind="date", nullable=False, description="Local date of its highest score."),
        Column(
            name="peak_score",
            kind="double",
            description="Its highest score; higher is more anomalous. Null: no day of it could be scored.",
        ),
        Column(
            name="cause",
            kind="text",
            description="The cause with over 40 % of its minutes of delay (carrier, weather, national air system, security, "
            "late aircraft), else cancellations where over 25 % of its flights were; null where neither.",
        ),
    ),
)
