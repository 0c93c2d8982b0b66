"""Gold: one row per airport and day, per carrier and day, and per carrier, airport and day, with the same measures."""

from tarmac.tables.schema import Column, Table

CAUSES: tuple[str, ...] = ("carrier_delay", "weather_delay", "nas_delay", "security_delay", "late_aircraft_delay")
"""BTS's five causes of a delay of fifteen minutes or more; nas_delay is the air traffic system's."""

CANCELLATION_CODES: dict[str, str] = {
    "cancelled_carrier": "A",
    "cancelled_weather": "B",
    "cancelled_nas": "C",
    "cancelled_security": "D",
}
"""The column that counts the cancelled flights with BTS's cancellation code, and the code."""

_CODE_WORDS = ("the carrier", "weather", "the national air system", "security")

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
    *(
        Column(
            name=name,
            kind="integer",
            unit="flights",
            description=f"Cancelled flights with cancellation code {code}: cancelled by {words}. Null where the source "
            "reports no codes: in months in which flights were cancelled and none has a code.",
        )
        for (name, code), words in zip(CANCELLATION_CODES.items(), _CODE_WORDS, strict=True)
    ),
)

_ORIGIN = Column(
    name="origin", kind="text", nullable=False, description="IATA code of the airport the flights leave from."
)
_CARRIER = Column(
    name="op_carrier", kind="text", nullable=False, description="Code of the carrier that reported the flights."
)
_DATE = Column(
    name="fl_date", kind="date", nullable=False, description="Scheduled local date of departure at the origin."
)

DAILY = Table(
    name="agg_dep_delay_by_date",
    grain="One row per origin airport and local flight date with scheduled flights.",
    key=("origin", "fl_date"),
    columns=(_ORIGIN, _DATE, *MEASURES),
)

CARRIER_DAILY = Table(
    name="agg_dep_delay_by_carrier",
    grain="One row per carrier and local flight date with scheduled flights. Empty where the source names no carriers.",
    key=("op_carrier", "fl_date"),
    columns=(_CARRIER, _DATE, *MEASURES),
)

CARRIER_ORIGIN_DAILY = Table(
    name="agg_dep_delay_by_carrier_origin",
    grain="One row per carrier, origin airport and local flight date with scheduled flights. Empty where the source names "
    "no carriers.",
    key=("op_carrier", "origin", "fl_date"),
    columns=(_CARRIER, _ORIGIN, _DATE, *MEASURES),
)

GRAINS: tuple[Table, ...] = (DAILY, CARRIER_DAILY, CARRIER_ORIGIN_DAILY)
"""All tables of gold."""
