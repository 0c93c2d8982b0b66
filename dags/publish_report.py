"""After each load of the warehouse: the year's HTML report into the lake."""

from datetime import UTC, datetime
from typing import Any

from airflow.sdk import Param, dag, get_current_context, task
from airflow.sdk.exceptions import AirflowSkipException

from tarmac_dags.assets import WAREHOUSE, years_of
from tarmac_dags.mail import mail_failure
from tarmac_dags.policy import DEFAULTS

RUNBOOK = """
### What it does
Whenever `etl_ml_pipeline` has loaded a year, it reads that year from the warehouse and writes the HTML report to
`reports/year/{year}/{year}_report.html` in the lake, replacing the older one. If several years are
loaded in the meantime, one run writes all their reports.

### When a task fails
An email is sent to `fail_email`. This DAG does not change the data: nothing is lost.

| task | likely cause | what to do |
|---|---|---|
| `years` | triggered by hand without the param `year` (it is skipped) | trigger it again with a year |
| `write_report` | the warehouse lacks the year; it or the lake cannot be reached | load the year, fix the connection, clear it |
| `clean_up` | the scratch folder cannot be removed | remove the folder that the log names |

### Run one year again, backfill
Trigger the DAG with the param `year`, once per year. Reports show the current warehouse, so there is no backfill.
"""


@task
def years() -> list[int]:
    """The years that were loaded since the last run, or the param's."""
    context = get_current_context()
    chosen = context["params"]["year"]
    found = [chosen] if chosen else years_of(context["triggering_asset_events"], WAREHOUSE)
    if not found:
        raise AirflowSkipException("no year was loaded, and the param year is empty")
    return found


@task(map_index_template="{{ year }}")
def write_report(year: int) -> str:
    """One year's report; returns its key."""
    from tarmac_dags import steps

    get_current_context()["year"] = year  # type: ignore[typeddict-unknown-key]
    return steps.write_report(year, get_current_context()["dag_run"].run_id)


@task
def clean_up() -> None:
    """Remove the run's scratch folder."""
    from tarmac_dags import steps

    steps.remove_scratch(get_current_context()["dag_run"].run_id)


@dag(
    schedule=[WAREHOUSE],
    start_date=datetime(2009, 1, 1, tzinfo=UTC),
    catchup=False,
    max_active_runs=1,
    dagrun_timeout=DEFAULTS["execution_timeout"] * 30,
    default_args=DEFAULTS,
    params={
        "year": Param(
            None, type=["null", "integer"], minimum=1987, maximum=2099, description="A year to report on by hand."
        )
    },
    tags=["tarmac", "report"],
    on_failure_callback=mail_failure,
    description="The HTML report of each year that was loaded",
    doc_md=RUNBOOK,
)
def publish_report() -> None:
    """One run is all years loaded since the last one."""
    given: Any = years()
    write_report.expand(year=given) >> clean_up().as_teardown()


publish_report()
