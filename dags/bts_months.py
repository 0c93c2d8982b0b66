"""Each day: download the months that BTS has published or corrected, and run the years to which they belong."""

from datetime import UTC, datetime, timedelta
from typing import Any

from airflow.sdk import Param, dag, get_current_context, task

from tarmac.tables.flights import FIRST_YEAR, LAST_YEAR
from tarmac_dags.mail import mail_failure
from tarmac_dags.policy import DEFAULTS

RUNBOOK = """
### What it does
BTS publishes a month of flights about two months after its end, and corrects some months later. Each day at 06:00 UTC
this DAG asks BTS for the months of this year and of the year before that have ended. A month that is new goes to
`01_bronze`; a newer edition of one replaces it, and the older edition is kept in `01_bronze/replaced/`. A month that bronze
has from another file is not changed. For each year that changed, `run_year` triggers `etl_ml_pipeline` with the param
`year`: it runs the year so far, loads it, and emails the new disruptions. If nothing is new, `run_year` is skipped: a
month that is late is not a failure.

Unpause `etl_ml_pipeline`, too: while it is paused, `run_year` fails with a message. The variable `mirror` sets another address
than BTS's; `download_attempts`, `download_pause` and `download_timeout` control retries and timeouts (docs/cli.md).

### When a task fails
An email is sent to `fail_email`. Months downloaded before the failure are complete in bronze; the next run downloads the rest.

| task | likely cause | what to do |
|---|---|---|
| `years_to_ask_for` | a param is wrong | trigger the DAG again with another |
| `download_months` | BTS, the network or the lake failed: see its log | wait for the next run, or clear it |
| `run_year` | `etl_ml_pipeline` is paused | unpause it, clear it |
| `clean_up` | the scratch folder cannot be removed | remove the folder that the log names |

### Run it again, backfill
Trigger it, with the param `year` for another year than these two. There is no backfill: it always gets what is published now.
"""


@task
def years_to_ask_for() -> list[int]:
    """This year and the year before, or the param's."""
    chosen = get_current_context()["params"]["year"]
    this = datetime.now(UTC).year
    return [chosen] if chosen else [this - 1, this]


@task(execution_timeout=timedelta(hours=6))
def download_months(years: list[int]) -> list[int]:
    """Download new and corrected months; returns the years to run."""
    from tarmac_dags import monthly

    return monthly.download(years, datetime.now(UTC).date(), get_current_context()["dag_run"].run_id)


@task(map_index_template="{{ year }}")
def run_year(year: int) -> None:
    """Trigger the yearly DAG for one of these years."""
    from tarmac_dags import monthly

    get_current_context()["year"] = year  # type: ignore[typeddict-unknown-key]
    monthly.trigger(year, get_current_context())


@task
def clean_up() -> None:
    """Remove the run's scratch folder."""
    from tarmac_dags import steps

    steps.remove_scratch(get_current_context()["dag_run"].run_id)


@dag(
    schedule="0 6 * * *",
    start_date=datetime(2009, 1, 1, tzinfo=UTC),
    catchup=False,
    max_active_runs=1,
    dagrun_timeout=timedelta(hours=20),
    default_args=DEFAULTS,
    params={
        "year": Param(
            None,
            type=["null", "integer"],
            minimum=FIRST_YEAR,
            maximum=LAST_YEAR,
            description="The year to download, instead of this year and the previous one.",
        )
    },
    tags=["tarmac", "monthly"],
    on_failure_callback=mail_failure,
    description="New and corrected months of BTS into the lake, and the years that they change",
    doc_md=RUNBOOK,
)
def bts_months() -> None:
    """One run checks once what BTS has published."""
    asked: Any = years_to_ask_for()
    found: Any = download_months(asked)
    run_year.expand(year=found) >> clean_up().as_teardown()


bts_months()
