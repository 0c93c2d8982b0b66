"""The scored days that reports and dashboards read from the warehouse: one row per airport and day, or carrier and day."""

from tarmac.tables.daily import CANCELLATION_CODES, CARRIER_DAILY, DAILY, MEASURES
from tarmac.tables.losses import LOSSES
from tarmac.tables.schema import Column, Table

_REFERENCE = (
    Column(
        name="mean_dep_delay",
        kind="numeric(8,2)",
        unit="minutes",
        description="Mean departure delay over departed flights; null when none departed.",
    ),
    Column(
        name="anomaly_if",
        kind="smallint",
        description="1 where Isolation Forest flags the day's mean_dep_delay, else 0; null where it did not run.",
    ),
    Column(
        name="anomaly_arima",
        kind="smallint",
        description="1 where ARIMA flags the day's mean_dep_delay, else 0; null where it did not run.",
    ),
    Column(
        name="last_update",
        kind="instant",
        nullable=False,
        description="When the row was inserted or last changed; a load that changes nothing leaves it.",
    ),
)

_RESULT = (
    Column(name="detector", kind="text", description="The chosen detector, whose results are in the next columns."),
    Column(name="measure", kind="text", description="The measure that expected, lower and upper are of."),
    Column(name="expected", kind="double", unit="the measure's", description="What the chosen detector expected."),
    Column(name="lower", kind="double", unit="the measure's", description="Lower end of the expected interval."),
    Column(name="upper", kind="double", unit="the measure's", description="Upper end of the expected interval."),
    Column(
        name="anomaly_score", kind="double", description="Its score: higher is more anomalous; null where it has none."
    ),
    Column(name="anomaly", kind="smallint", description="1 where it flags the day, else 0; null where it did not run."),
    Column(
        name="anomaly_direction",
        kind="text",
        description="'high' or 'low': on which side of what was expected a flagged day lies; null where not flagged.",
    ),
)

_COLUMNS = (
    *_REFERENCE,
    *(column for column in MEASURES if column.name not in {"mean_dep_delay", *CANCELLATION_CODES}),
    *_RESULT,
    *(column for column in MEASURES if column.name in CANCELLATION_CODES),
    *LOSSES,
)

PUBLISHED = Table(
    name="agg_dep_delay_by_date",
    grain="One row per origin airport and local flight date with scheduled flights, with the chosen detector's result.",
    key=("id",),
    columns=(
        Column(name="id", kind="text", nullable=False, description="origin and fl_date as JFK20090101."),
        *DAILY.columns[:2],
        *_COLUMNS,
    ),
)

CARRIER_DAYS = Table(
    name="carrier_days",
    grain="One row per carrier and local flight date with scheduled flights, with the chosen detector's result.",
    key=("op_carrier", "fl_date"),
    columns=(*CARRIER_DAILY.columns[:2], *_COLUMNS),
)
