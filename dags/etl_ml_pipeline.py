"""Each 1 January: process the year before, from bronze to the warehouse, with the steps of tarmac.pipeline."""

from datetime import UTC, datetime, timedelta
from typing import Any

from airflow.sdk import CronDataIntervalTimetable, TriggerRule, dag, get_current_context, task

from tarmac_dags.assets import GOLD, SILVER, WAREHOUSE, announce
from tarmac_dags.bronze_sensor import BronzeSensor
from tarmac_dags.mail import mail_failure
from tarmac_dags.plan import current_plan, find_plan, read_plan
from tarmac_dags.policy import DEFAULTS
from tarmac_dags.spark import CleanOnSpark
from tarmac_dags.yearly import PARAMS, RUNBOOK

HOURS = timedelta(hours=1)


@task(multiple_outputs=False)
def plan() -> dict[str, Any]:
    """The run's year and settings; skips a year after the variable last_year."""
    return read_plan(get_current_context()).to_xcom()


@task.branch
def choose_engine() -> str:
    """Depending on the setting engine: clean and aggregate here, from a copy of bronze, or in a job on a cluster."""
    return "clean_on_spark" if current_plan().engine == "spark" else "download_bronze"


@task(multiple_outputs=False, execution_timeout=2 * HOURS)
def download_bronze() -> dict[str, Any]:
    """Copy the year's bronze into the run's scratch folder, and verify size and checksum."""
    from tarmac_dags import steps

    return steps.download(current_plan())


@task.short_circuit
def anything_new(downloaded: Any) -> bool:
    """Whether this input is new for these parameters and versions; if it is not, nothing is written."""
    from tarmac_dags import steps

    return steps.is_new(current_plan(), downloaded["input_hash"])


@task(multiple_outputs=False, execution_timeout=2 * HOURS, outlets=[SILVER])
def to_silver(downloaded: Any) -> dict[str, Any]:
    """Clean bronze into silver; invalid rows go to the quarantine."""
    from tarmac_dags import steps

    return announce(SILVER, steps.to_silver(current_plan(), downloaded["input_hash"]))


@task(multiple_outputs=False, execution_timeout=HOURS, outlets=[GOLD])
def to_gold() -> dict[str, Any]:
    """Aggregate silver into gold, one row per airport and day."""
    from tarmac_dags import steps

    return announce(GOLD, steps.to_gold(current_plan()))


@task(trigger_rule=TriggerRule.NONE_FAILED_MIN_ONE_SUCCESS)
def detectors() -> list[str]:
    """The names that the next task is mapped over; Airflow can map over a whole result only."""
    return list(current_plan().parameters.detect.detectors)


@task(execution_timeout=2 * HOURS, map_index_template="{{ detector }}")
def detect_anomalies(detector: str) -> int:
    """Score the year with one detector, whether or not others fail."""
    from tarmac_dags import steps

    get_current_context()["detector"] = detector  # type: ignore[typeddict-unknown-key]
    return steps.detect(current_plan(), detector)


@task(multiple_outputs=False, execution_timeout=2 * HOURS, trigger_rule=TriggerRule.ALL_DONE_MIN_ONE_SUCCESS)
def publish_anomalies() -> dict[str, Any]:
    """Join and publish the detectors' scores and name those that failed; score carriers, and find disruptions."""
    from tarmac_dags import steps

    return steps.publish_anomalies(current_plan())


@task(multiple_outputs=False, execution_timeout=2 * HOURS, outlets=[WAREHOUSE])
def load_warehouse() -> dict[str, Any]:
    """Upsert the scored days into the warehouse, after noting which disruptions it does not have yet."""
    from tarmac_dags import steps

    return announce(WAREHOUSE, steps.load(current_plan()))


@task
def send_alert(published: Any, loaded: Any) -> int:
    """Send the new disruptions by email, and to the webhook if there is one."""
    from tarmac_dags import alert

    failed = published["written"]["failed_detectors"]
    return alert.send_alert(current_plan(), loaded["news"], failed)


@task
def clean_up() -> None:
    """Remove the run's scratch folder and its parts in the lake."""
    from tarmac_dags import steps

    if given := find_plan():
        steps.clean_up(given)


@dag(
    schedule=CronDataIntervalTimetable("0 0 1 1 *", timezone="UTC"),
    start_date=datetime(2009, 1, 1, tzinfo=UTC),
    catchup=True,
    max_active_runs=1,
    # The sensor for bronze has its own time limit; this one ends a run that hangs for any other reason.
    dagrun_timeout=timedelta(days=60),
    default_args=DEFAULTS,
    params=PARAMS,
    tags=["tarmac", "yearly"],
    on_failure_callback=mail_failure,
    description="A year of flights from the lake to the warehouse",
    doc_md=RUNBOOK,
)
def etl_ml_pipeline() -> None:
    """One run is one year of flights."""
    waited = BronzeSensor(task_id="wait_for_bronze")
    downloaded = download_bronze()
    silver, names = to_silver(downloaded), detectors()
    scored = detect_anomalies.expand(detector=names)
    published, loaded = publish_anomalies(), load_warehouse()
    # The plan is pulled, not passed: publish_anomalies must depend on the detectors only.
    on_spark = CleanOnSpark(task_id="clean_on_spark", execution_timeout=3 * HOURS, outlets=[SILVER, GOLD])
    plan() >> waited >> choose_engine() >> [downloaded, on_spark]
    downloaded >> anything_new(downloaded) >> silver >> to_gold() >> names
    on_spark >> names
    scored >> published >> loaded
    send_alert(published, loaded) >> clean_up().as_teardown()


etl_ml_pipeline()
