"""On demand: evaluate how well each detector finds the known anomalies of simulated years."""

from datetime import UTC, datetime, timedelta

from airflow.sdk import Param, dag, get_current_context, task

from tarmac.detect.registry import DETECTORS
from tarmac_dags.mail import mail_failure
from tarmac_dags.policy import DEFAULTS

RUNBOOK = """
### What it does
Simulates years of flights with known anomalies, scores them with the detectors, and writes `leaderboard.md`, `.json` and
`.html` to `reports/leaderboard/` in the lake. It reads and writes nothing else. A year of a million flights at a hundred
airports takes some minutes with all detectors; the memory grows with the airports.

### When a task fails
An email is sent to `fail_email`. `evaluate`: a param is not allowed (the log names it: trigger the run again), or the lake
cannot be reached (clear the task). `clean_up`: remove the scratch folder that the log names.

### Run it again, backfill
Trigger it; the same params give the same figures, except for seconds and memory. It has no schedule, so nothing to backfill.
"""

PARAMS = {
    "detectors": Param(
        None,
        type=["null", "array"],
        items={"type": "string", "enum": sorted(DETECTORS)},
        examples=sorted(DETECTORS),
        minItems=1,
        uniqueItems=True,
        description="Detectors to compare. Empty: all but the slow ones.",
    ),
    "seeds": Param("901,902", type="string", pattern="^[0-9]+(,[0-9]+)*$", description="One simulated year for each."),
    "shapes": Param("default", type="string", description="Mixes of anomalies: default, storms, outages, thin."),
    "flights": Param(1_000_000, type="integer", minimum=1000, description="Flights in a simulated year."),
    "airports": Param(100, type="integer", minimum=2, maximum=400, description="Airports in a simulated year."),
}


@task(execution_timeout=timedelta(hours=12))
def evaluate() -> list[str]:
    """Simulate, score, measure and publish; returns the keys of the files written."""
    from tarmac_dags import leaderboard

    context = get_current_context()
    return leaderboard.evaluate(context["params"], context["dag_run"].run_id)


@task
def clean_up() -> None:
    """Remove the run's scratch folder."""
    from tarmac_dags import steps

    steps.remove_scratch(get_current_context()["dag_run"].run_id)


@dag(
    schedule=None,
    start_date=datetime(2009, 1, 1, tzinfo=UTC),
    catchup=False,
    max_active_runs=1,
    dagrun_timeout=timedelta(days=2),
    default_args=DEFAULTS,
    params=PARAMS,
    tags=["tarmac", "evaluation"],
    on_failure_callback=mail_failure,
    description="The leaderboard of detectors, on years whose truth is known",
    doc_md=RUNBOOK,
)
def detector_leaderboard() -> None:
    """One run is one leaderboard."""
    evaluate() >> clean_up().as_teardown()


detector_leaderboard()
