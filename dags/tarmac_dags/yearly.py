"""The yearly DAG's params and its runbook."""

from typing import Any

from airflow.sdk import Param

from tarmac.declare import Setting
from tarmac.detect.registry import DETECTORS
from tarmac.settings import SETTINGS
from tarmac.tables.flights import FIRST_YEAR, LAST_YEAR
from tarmac_dags.plan import OF_A_RUN, variable_of

RUNBOOK = """
### What it does
Each 1 January at 00:00 UTC it processes the previous year, from `01_bronze` in the lake to the warehouse: clean (silver),
aggregate (gold), score each airport's and carrier's days with every detector, find disruptions, load. One year at a
time, from 2009 to the year in the variable `last_year`; later years are skipped. A year that was
already processed with the same bronze, parameters and versions is skipped, and the task `anything_new` says so; the param
`force` runs it anyway. Tasks may run twice or be killed: readers always see a complete table, the old one or the new one.

A setting comes from the run's param; if that is empty, from the Airflow variable that the param's description names; else it
has its default.

With the param `engine` = `spark`, one job on EMR Serverless cleans and aggregates (`clean_on_spark`) and reads bronze from
the lake; the other tasks are the same. Such a year is always processed, whether its bronze is new or not.

### When a task fails
An email is sent to `fail_email`. A task fails at once if only a person can fix the cause; otherwise it is tried four times.
The last lines of its log say what is wrong and what to do. Then clear the task *with downstream*.

| task | likely cause | what to do |
|---|---|---|
| `plan` | a variable or a param is wrong or missing | fix it, clear the task |
| `wait_for_bronze` | the year has not arrived within `bronze_timeout_hours` | `tarmac ingest FILE --lake s3://…`, clear it |
| `download_bronze` | S3 failed, the file changed meanwhile, or it is damaged | clear it; if damaged, ingest it again |
| `to_silver` | too many rows are invalid: the log names one | fix the file, or raise `max_quarantined` and clear `plan` |
| `clean_on_spark` | the job failed; its output is in EMR Studio | fix what the log names, clear it: another job is started |
| `choose_engine`, `anything_new`, `to_gold`, `detectors` | S3, Postgres or the disk failed | clear it |
| `detect_anomalies` | one detector failed; the others are published without it | see its log; clear it with downstream |
| `publish_anomalies` | no detector has succeeded | clear `detect_anomalies` |
| `load_warehouse` | Postgres failed or cannot be reached; the load was rolled back | fix `postgres_conn` or Postgres, clear it |
| `send_alert` | the mail server or the webhook failed; the data are loaded | fix `smtp_default` or `alert_webhook`, clear it |
| `clean_up` | the scratch folder cannot be removed | remove the folder that the log names |

After a change of variables or params, clear `plan` with downstream: all tasks of a run use what `plan` has read.

### Run one year again
Trigger the DAG with the param `year` (and `force`, if bronze is the same), or clear the run of that year.

### Backfill
Unpausing the DAG runs every year from 2009, oldest first. For selected years:
`airflow backfill create --dag-id etl_ml_pipeline --from-date 2012-01-01 --to-date 2014-01-01 --max-active-runs 1`
(the run of a year has the date 1 January of that year). Add `--reprocess-behavior completed` for years that have run before.
"""

_TYPES = {int: "integer", float: "number", str: "string", tuple: "array"}
_RANGE = {"above": "exclusiveMinimum", "at_least": "minimum", "at_most": "maximum", "below": "exclusiveMaximum"}
_NAMES = {
    "items": {"type": "string", "enum": sorted(DETECTORS)},
    "examples": sorted(DETECTORS),
    "minItems": 1,
    "uniqueItems": True,
}
"""The schema of the only setting that is a list: detectors."""


def param_of(each: Setting) -> Param:
    """A run's param for a setting. If empty, the Airflow variable of its name is used, or else its default."""
    schema: dict[str, Any] = dict(_NAMES) if each.kind is tuple else {}
    if each.limit is not None:
        schema |= {word: end for name, word in _RANGE.items() if (end := getattr(each.limit, name)) is not None}
        schema |= {"enum": [*each.limit.choices, None]} if each.limit.choices else {}
    return Param(
        None,
        type=["null", _TYPES[each.kind]],
        description=f"{each.help} Empty: the variable {variable_of(each)}, or {each.to_text(each.default)}.",
        **schema,
    )


PARAMS = {
    "year": Param(
        None,
        type=["null", "integer"],
        minimum=FIRST_YEAR,
        maximum=LAST_YEAR,
        description="The year to run, instead of the year of the run's date.",
    ),
    **{name: param_of(SETTINGS[name]) for name in OF_A_RUN},
    "months": Param(
        12,
        type="integer",
        minimum=1,
        maximum=366,
        description="For a year that is a folder of files: the number of files to wait for.",
    ),
    "force": Param(
        False,
        type="boolean",
        description="Run even if this input was processed before with these parameters and versions.",
    ),
}
