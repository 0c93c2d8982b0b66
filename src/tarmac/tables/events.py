"""One row per disruption: flights of some carriers from some airports on some days, lost for one reason."""

from tarmac.tables.schema import Column, Table

EVENTS = Table(
    name="disruption_events",
    grain="One row per disruption: flights of some carriers from some airports on some days, lost for one reason.",
    key=("event_id",),
    columns=(
        Column(
            name="event_id",
            kind="text",
            nullable=False,
            description="The id of its worst airport-day, as JFK20090101 in agg_dep_delay_by_date; of a carrier's, carrier and "
            "worst day, as AA20080409, and of a carrier's at one airport, as AA-DFW20080409. A second "
            "disruption with the same id has -2 after it.",
        ),
        Column(name="year", kind="integer", nullable=False, description="The year of flights it was found in."),
        Column(name="start_date", kind="date", nullable=False, description="Local date of its first day."),
        Column(name="end_date", kind="date", nullable=False, description="Local date of its last day."),
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
            description="Days of these airports that belong to it.",
        ),
        Column(
            name="flights",
            kind="bigint",
            unit="flights",
            nullable=False,
            description="Scheduled flights on these airport-days, of its carriers alone where it has any.",
        ),
        Column(
            name="cancelled",
            kind="bigint",
            unit="flights",
            nullable=False,
            description="Cancelled flights among them.",
        ),
        Column(
            name="worst_origin",
            kind="text",
            nullable=False,
            description="Airport that lost most flights on a day of it.",
        ),
        Column(name="worst_date", kind="date", nullable=False, description="Local date of that day."),
        Column(
            name="peak_score",
            kind="double",
            description="The highest anomaly_score of its airport-days; null where none could be scored.",
        ),
        Column(
            name="cause",
            kind="text",
            description="What the records name beyond what they usually do: carrier, weather, national air system or "
            "security; null where they do not tell. Late aircraft are a consequence and no cause.",
        ),
        Column(
            name="scope",
            kind="text",
            description="How far it reaches: airport, region, nation, carrier or carrier_at_airport.",
        ),
        Column(
            name="carriers",
            kind="text",
            description="Codes of its carriers in alphabetical order, with commas between; empty where it is not a carrier's.",
        ),
        Column(
            name="excess_cancelled",
            kind="double",
            unit="flights",
            description="Cancelled flights above what was expected.",
        ),
        Column(
            name="excess_delay_minutes",
            kind="double",
            unit="minutes",
            description="Minutes of departure delay above what was expected of as many departures.",
        ),
        Column(
            name="severity",
            kind="smallint",
            description="1 to 5 by the share of its flights that was lost: 5 %, 10 %, 18 %, 35 %, 60 %; five hours of "
            "excess delay count as a lost flight.",
        ),
        Column(
            name="cause_share",
            kind="double",
            unit="0-1",
            description="The cause's share of what the records name beyond the usual; null where cause is.",
        ),
        Column(name="summary", kind="text", description="The disruption in one or two English sentences."),
    ),
)
