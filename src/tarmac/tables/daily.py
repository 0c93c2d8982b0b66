"""One row per origin airport and local flight date with scheduled flights: the gold table."""

from tarmac.tables.schema import Column, Table

CAUSES: tuple[str, ...] = ("carrier_delay", "weather_delay", "nas_delay", "security_delay", "late_aircraft_delay")
"""BTS's five causes of a delay of fifteen minutes or more; nas_delay is the air traffic system's."""

MEASURES = (
    Column(
        name="mean_dep_delay",
        kind="double",
        unit="minutes",
        description="Mean departure delay over departed flights, early ones negative; null when none departed.",
    ),
    Column(name="flights", kind="integer", unit="flights", nullable=False, description="Scheduled flights."),
    Column(
        name="departed",
        kind="integer",
        unit="flights",
        nullable=False,
        description="Flights that were not cancelled: flights - cancelled.",
    ),
    Column(name="cancelled", kind="integer", unit="flights", nullable=False, description="Cancelled flights."),
    Column(
        name="cancelled_share",
        kind="double",
        unit="0-1",
        nullable=False,
        description="cancelled / flights.",
    ),
    Column(
        name="diverted", kind="integer", unit="flights", nullable=False, description="Flights that landed elsewhere."
    ),
    Column(
        name="dep_del15_share",
        kind="double",
        unit="0-1",
        description="Share of departed flights with a known delay that left 15 minutes late or later.",
    ),
    Column(name="median_dep_delay", kind="double", unit="minutes", description="Median departure delay, as the mean."),
    Column(
        name="p90_dep_delay",
        kind="double",
        unit="minutes",
        description="90th percentile of the departure delay, linear between neighbours.",
    ),
    Column(
        name="std_dep_delay",
        kind="double",
        unit="minutes",
        description="Sample standard deviation of the departure delay; null below two departed flights.",
    ),
    *(
        Column(
            name=cause,
            kind="double",
            unit="minutes",
            description=f"Minutes of arrival delay that carriers put down to {cause.removesuffix('_delay').replace('_', ' ')}, "
            "summed over the day; null where the source reports no causes.",
        )
        for cause in CAUSES
    ),
)

DAILY = Table(
    name="agg_dep_delay_by_date",
    grain="One row per origin airport and local flight date with scheduled flights.",
    key=("origin", "fl_date"),
    columns=(
        Column(
            name="origin", kind="text", nullable=False, description="IATA code of the airport the flights leave from."
        ),
        Column(
            name="fl_date", kind="date", nullable=False, description="Scheduled local date of departure at the origin."
        ),
        *MEASURES,
    ),
)
