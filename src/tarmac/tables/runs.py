"""One row per run of the pipeline, or of some of its steps, for one year."""

from tarmac.tables.schema import Column, Table

RUNS = Table(
    name="pipeline_runs",
    grain="One row per run of the pipeline for one year.",
    key=("run_id",),
    columns=(
        Column(name="run_id", kind="text", nullable=False, description="Unique name of the run, sortable by time."),
        Column(name="year", kind="integer", nullable=False, description="The year of flights."),
        Column(name="command", kind="text", nullable=False, description="The command that ran, such as run or silver."),
        Column(name="status", kind="text", nullable=False, description="done or failed."),
        Column(name="started", kind="instant", nullable=False, description="When the run began."),
        Column(name="finished", kind="instant", nullable=False, description="When the run ended."),
        Column(name="input_hash", kind="text", description="SHA-256 of the bronze files as they were read."),
        Column(name="rows_in", kind="bigint", unit="rows", description="Rows read from bronze: kept + quarantined."),
        Column(name="rows_kept", kind="bigint", unit="rows", description="Rows published in silver."),
        Column(name="rows_quarantined", kind="bigint", unit="rows", description="Rows quarantined."),
        Column(name="quarantined_by_reason", kind="json", description="Rows quarantined, by reason."),
        Column(name="repairs", kind="json", description="Values repaired, by kind of repair."),
        Column(
            name="written",
            kind="json",
            description="Rows written, by table and kind of write; flags and failed_detectors by detector.",
        ),
        Column(
            name="seconds",
            kind="json",
            unit="seconds",
            description="Seconds by step; detect.NAME: of each detector, carriers, explain.",
        ),
        Column(
            name="versions",
            kind="json",
            description="Versions of Tarmac, Python and the libraries that decide results.",
        ),
        Column(name="parameters", kind="json", description="All parameters of the run."),
    ),
)
