"""One row per airport-day, measure and detector: what each detector expected, its score and its flag."""

from tarmac.tables.losses import LOSSES
from tarmac.tables.schema import Column, Table

ANOMALIES = Table(
    name="anomaly_scores",
    grain="One row per origin airport, local flight date, measure and detector.",
    key=("origin", "fl_date", "measure", "detector"),
    columns=(
        Column(name="origin", kind="text", nullable=False, description="IATA code of the airport."),
        Column(name="fl_date", kind="date", nullable=False, description="Local flight date."),
        Column(name="measure", kind="text", nullable=False, description="The gold column that was scored."),
        Column(name="detector", kind="text", nullable=False, description="The detector that scored it."),
        Column(name="observed", kind="double", unit="the measure's", description="The measure's value on that day."),
        Column(name="expected", kind="double", unit="the measure's", description="What the detector expected."),
        Column(name="lower", kind="double", unit="the measure's", description="Lower end of the expected interval."),
        Column(name="upper", kind="double", unit="the measure's", description="Upper end of the expected interval."),
        Column(
            name="score",
            kind="double",
            description="Higher is more anomalous; comparable within one detector only. Null: no score.",
        ),
        Column(
            name="flag",
            kind="boolean",
            nullable=False,
            description="Tarmac's decision that the day is abnormal; false where the score is null.",
        ),
        *LOSSES,
    ),
)
