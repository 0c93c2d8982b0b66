"""The work of the tasks: each calls tarmac.pipeline for one step and returns keys and counts. Imported when a task runs."""

import logging
import shutil
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from tarmac import pipeline
from tarmac.bronze.local_copy import BronzeCopy, download_bronze, open_copy
from tarmac.declare import flat
from tarmac.errors import InputError, SystemFailure, TarmacError
from tarmac.runs.alerts import note_news
from tarmac.runs.record import find_same_run, read_run, record_failure
from tarmac.runs.scores import remove_parts, score_part
from tarmac.settings import SETTINGS
from tarmac_dags.emr import Cluster, Job
from tarmac_dags.plan import Plan, open_storage

log = logging.getLogger(__name__)


def download(plan: Plan) -> dict[str, Any]:
    """Bronze into the run's scratch folder."""
    copy = download_bronze(plan.year, plan.storage.open_lake(), Path(plan.storage.scratch))
    return {"bytes": copy.size, "sha256": dict(copy.sha256), "input_hash": copy.input_hash}


def is_new(plan: Plan, input_hash: str) -> bool:
    """Whether there is something to do; if not, this is logged."""
    if plan.force:
        log.info("force: running again, whether or not anything changed")
        return True
    same = find_same_run(plan.storage.workspace(), plan.year, plan.parameters, input_hash)
    if same:
        log.info("nothing changed: run %s of %s had the same input, parameters and versions", same, plan.year)
    return same is None


def to_silver(plan: Plan, input_hash: str) -> dict[str, Any]:
    """Bronze to silver, from the copy that was downloaded."""
    return _run(plan, "silver", bronze=_copy(plan, input_hash))


def to_gold(plan: Plan) -> dict[str, Any]:
    """Silver to gold."""
    return _run(plan, "gold")


def cluster_of(plan: Plan) -> Cluster:
    """The cluster that runs the job."""
    return Cluster(**(plan.cluster or {}))


def spark_job(plan: Plan) -> Job:
    """The job for silver and gold; a different one if bronze differs, or if the task `plan` ran again."""
    lake = plan.storage.open_lake()
    options: dict[str, Any] = {
        "year": plan.year,
        "steps": "silver,gold",
        "lake": lake.root,
        "engine": "spark",
        "run-id": plan.run_id,
    }
    parameters = (
        f"{SETTINGS[name].option}={SETTINGS[name].to_text(value)}" for name, value in flat(plan.parameters).items()
    )
    return Job(
        cluster=cluster_of(plan),
        label=f"silver-gold-{plan.year}",
        arguments=("run", *(f"--{name}={value}" for name, value in options.items()), *parameters, "--quiet"),
        input="\n".join(f"{file.key} {lake.version_of(file.key)} {file.size}" for file in lake.bronze_files(plan.year)),
        settings={
            SETTINGS["request_payer"].variable: plan.storage.request_payer,
            **{SETTINGS[f"{zone}_folder"].variable: folder for zone, folder in plan.storage.zones.items()},
        },
    )


def written_by(plan: Plan) -> dict[str, Any]:
    """The rows that earlier steps have written, from the run's record in the lake."""
    run = read_run(plan.storage.open_lake(), plan.year, plan.run_id)
    if run is None:
        raise SystemFailure(
            f"the lake {plan.storage.lake} has no record of run {plan.run_id}, though its job succeeded"
        )
    return {"year": run.year, "run_id": run.run_id, "written": run.written}


def spark_failure(plan: Plan, said: Mapping[str, Any]) -> TarmacError:
    """The failure of a job, from GetJobRun's answer; the warehouse records the failed run."""
    if run := read_run(plan.storage.open_lake(), plan.year, plan.run_id):
        run.status = "failed"
        record_failure(plan.storage.workspace(), run)
    job = said["jobRun"]
    details = job.get("stateDetails") or "no details"
    kind = InputError if f"ExitCode: {InputError.exit_code}." in details else SystemFailure
    return kind(
        f"job {job['jobRunId']} ({job['name']}) of application {job['applicationId']} is {job['state']}: {details} "
        "Its output is in EMR Studio. Fix the cause, then clear this task: it waits for a job that is still running, "
        "or starts another."
    )


def detect(plan: Plan, detector: str) -> int:
    """One detector's part; returns its rows."""
    return score_part(plan.storage.workspace(), plan.year, plan.parameters, detector, plan.run_id)


def publish_anomalies(plan: Plan) -> dict[str, Any]:
    """The detectors' parts joined."""
    return _run(plan, "detect", parts=True)


def load(plan: Plan) -> dict[str, Any]:
    """Load the year into the warehouse; `news` is the key of the new disruptions."""
    news = note_news(plan.storage.workspace(), plan.year, plan.run_id)
    return _run(plan, "load") | {"news": news.key, "new_disruptions": news.disruptions}


def clean_up(plan: Plan) -> None:
    """Remove the run's scratch folder and the detectors' parts."""
    _remove(plan.storage.scratch)
    remove_parts(plan.storage.open_lake(), plan.year)


def write_report(year: int, dag_run_id: str) -> str:
    """The year's report, from the warehouse into the lake; returns its key."""
    return pipeline.publish_report_to_lake(open_storage(dag_run_id).workspace(), year)


def remove_scratch(dag_run_id: str) -> None:
    """Remove the scratch folder of a run that has no plan."""
    _remove(open_storage(dag_run_id).scratch)


def _remove(folder: str) -> None:
    with suppress(FileNotFoundError):
        shutil.rmtree(folder)


def _run(plan: Plan, step: str, bronze: BronzeCopy | None = None, *, parts: bool = False) -> dict[str, Any]:
    run = pipeline.run_year(
        plan.storage.workspace(),
        plan.year,
        plan.parameters,
        steps=(step,),
        command="airflow",
        reporter=LogReporter(),
        run_id=plan.run_id,
        bronze=bronze,
        parts=parts,
    )
    log.info("%s of %s: %s", step, plan.year, run.written)
    return {"year": run.year, "run_id": run.run_id, "written": run.written}


def _copy(plan: Plan, input_hash: str) -> BronzeCopy:
    """The downloaded copy; downloaded again if it no longer exists, as after clean_up or on another machine."""
    folder = Path(plan.storage.scratch)
    copy = open_copy(plan.year, folder) or download_bronze(plan.year, plan.storage.open_lake(), folder)
    if copy.input_hash != input_hash:
        raise InputError(
            f"bronze of {plan.year} in {plan.storage.lake} has changed since download_bronze: its SHA-256 was {input_hash}, "
            f"now {copy.input_hash}. Clear download_bronze with downstream."
        )
    return copy


class LogReporter(pipeline.SilentReporter):
    """A reporter that writes notes into the task's log."""

    def note(self, text: str, **facts: object) -> None:
        """One line."""
        log.warning("%s %s", text, " ".join(f"{name}={value}" for name, value in facts.items()))
