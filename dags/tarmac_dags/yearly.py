"""The yearly DAG's params and its runbook."""

from airflow.sdk import Param

from tarmac.detect.registry import DETECTORS
from tarmac_dags.plan import ENGINES

RUNBOOK = """
### What it does
Each 1 January at 00:00 UTC it takes the year before from `01_bronze` in the lake to the warehouse: clean (silver), aggregate
(gold), judge each airport's days with every detector, load. One year at a time, from 2009 to the year in the variable
`last_year`; later ones are skipped. A year whose bronze, parameters and versions were done before is left as it is and the
task `anything_new` says so; the param `force` runs it all the same. Every task may run twice or be killed: what readers see
is a whole table, the old one or the new.

With the param `engine` = `spark` one job on EMR Serverless cleans and aggregates (`clean_on_spark`), from bronze where it lies;
the rest is the same. Such a year is always done, whether its bronze is new or not.

### When a task fails
A mail goes to `fail_email`. What only a person can mend fails at once; else a task is tried four times. Read the last
lines of its log: they say what is wrong and what to do. Then clear the task *with downstream*.

| task | what it may be | what to do |
|---|---|---|
| `plan` | a variable or a param is wrong or missing | mend it, clear the task |
| `wait_for_bronze` | the year is not there after `bronze_timeout_hours` | `tarmac ingest FILE --lake s3://…`, clear it |
| `download_bronze` | S3 failed or the file changed meanwhile; a packed file is damaged | clear it; if damaged, ingest another |
| `to_silver` | too many rows cannot be right: the log names one | mend the file, or raise `max_quarantined` and clear `plan` |
| `clean_on_spark` | the job failed; its output is in EMR Studio | mend what the log names, clear it: another job is started |
| `choose_engine`, `anything_new`, `to_gold`, `detectors` | S3, Postgres or the disk failed | clear it |
| `detect_anomalies` | one detector failed; the others are published without it | see its log; clear it with downstream |
| `publish_anomalies` | no detector has judged | clear `detect_anomalies` |
| `load_warehouse` | Postgres is away or refuses; the load was rolled back | mend `postgres_conn` or the database, clear it |
| `send_alert` | the mail server or the webhook failed; the data are loaded | mend `smtp_default` or `alert_webhook`, clear it |
| `clean_up` | the scratch folder cannot be removed | remove the folder that the log names |

After a change of variables or params clear `plan` with downstream: the tasks of a run all use what `plan` read.

### Run one year again
Trigger the DAG with the param `year` (and `force`, if bronze is the same), or clear the year's run.

### Backfill
Unpausing the DAG runs every year from 2009 by itself, oldest first. For some years only:
`airflow backfill create --dag-id etl_ml_pipeline --from-date 2012-01-01 --to-date 2014-01-01 --max-active-runs 1`
(a year's run has the date 1 January of that year). Add `--reprocess-behavior completed` for years that have run.
"""

PARAMS = {
    "year": Param(
        None,
        type=["null", "integer"],
        minimum=1987,
        maximum=2099,
        description="The year to run, in place of the one that the run's date says.",
    ),
    "detectors": Param(
        ["isolation_forest", "arima", "disruption"],
        type="array",
        items={"type": "string", "enum": sorted(DETECTORS)},
        examples=sorted(DETECTORS),
        minItems=1,
        uniqueItems=True,
        description="Which detectors judge the year. Warehouse and report show disruption, or else the first.",
    ),
    "engine": Param(
        "polars", enum=list(ENGINES), description="What cleans and aggregates: polars on one machine, or spark."
    ),
    "history": Param(
        0, type="integer", minimum=0, maximum=100, description="Years before it whose gold the detectors see too."
    ),
    "months": Param(
        12,
        type="integer",
        minimum=1,
        maximum=366,
        description="Where the year is a folder of files: how many there must be before it is read.",
    ),
    "force": Param(
        False, type="boolean", description="Run again even if this input was done with these parameters and versions."
    ),
}
