"""What a day lost, as columns that several tables have. `tarmac.detect.severity` defines them."""

from tarmac.tables.schema import Column

LOSSES = (
    Column(
        name="excess_cancelled",
        kind="double",
        unit="flights",
        description="Flights cancelled above what is expected on an ordinary day; negative on a day with fewer.",
    ),
    Column(
        name="excess_delay_minutes",
        kind="double",
        unit="minutes",
        description="Minutes of delay, of all departed flights together, above what is expected on an ordinary day; "
        "negative on a day with fewer; 0 where no delay is known.",
    ),
    Column(
        name="lost_flights",
        kind="double",
        unit="flights",
        description="Flights lost: excess_cancelled plus excess_delay_minutes / 300, neither below 0, delay no more than all "
        "departed flights. A cancelled flight makes its passengers about five hours late.",
    ),
    Column(
        name="severity",
        kind="smallint",
        description="0 to 5, from lost_flights / (flights + 5), the share of the schedule that was lost: 1 from 5 %, "
        "2 from 10 %, 3 from 18 %, 4 from 35 %, 5 from 60 %. The five flights without a loss keep thin days from jumping.",
    ),
)
