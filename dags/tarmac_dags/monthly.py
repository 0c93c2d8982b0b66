"""The work of the monthly DAG: download what BTS has published or corrected, and find the years that this changes."""

import logging
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any, NoReturn

from tarmac.bronze.download.bts import Month, Request, download_months, last_change
from tarmac.bronze.download.http import Politeness
from tarmac.errors import InputError
from tarmac.runs.record import last_run
from tarmac.storage.lake import Lake
from tarmac_dags.plan import open_downloads

YEARLY = "etl_ml_pipeline"

log = logging.getLogger(__name__)


def download(years: Sequence[int], today: date, dag_run_id: str) -> list[int]:
    """Download the months of these years that have ended; returns the years whose bronze is newer than their last run."""
    storage, settings = open_downloads(dag_run_id)
    lake, folder = storage.open_lake(), Path(storage.scratch)
    months = [
        Month(year=year, month=month)
        for year in years
        for month in range(1, 13)
        if (year, month) < (today.year, today.month)
    ]
    request = Request(
        address=settings.mirror,
        politeness=Politeness(
            attempts=settings.download_attempts, pause=settings.download_pause, timeout=settings.download_timeout
        ),
        at_once=settings.download_at_once,
        replace=True,
    )
    for outcome in download_months(months, lake, request, home=folder, scratch=folder, watcher=_Log()):
        log.info("%s: %s", outcome.month, outcome.status)
    return [year for year in years if is_behind(year, lake)]


def is_behind(year: int, lake: Lake) -> bool:
    """Whether a download changed the year's bronze after its last successful run began.

    Decided by the lake's notes, because an earlier, killed attempt may have downloaded the month.
    """
    changed, run = last_change(year, lake), last_run(lake, year)
    return changed is not None and (run is None or run.status != "done" or run.started < changed)


def trigger(year: int, context: Mapping[str, Any]) -> NoReturn:
    """Trigger the yearly DAG for the months of a year so far; once for each run of this DAG, even if the task is retried.

    Raises:
        InputError: the yearly DAG is paused, so its run would wait forever.
    """
    from airflow.sdk.exceptions import DagRunTriggerException

    if context["ti"].get_dag(YEARLY).is_paused:
        raise InputError(f"the DAG {YEARLY} is paused. Unpause it, then clear this task.")
    # TriggerDagRunOperator raises the same exception: Airflow then triggers the run, and the task succeeds.
    raise DagRunTriggerException(
        trigger_dag_id=YEARLY,
        dag_run_id=f"{context['dag_run'].run_id}__{year}",
        conf={"year": year, "months": 1},
        logical_date=None,
        reset_dag_run=False,
        skip_when_already_exists=True,
        wait_for_completion=False,
        allowed_states=[],
        failed_states=[],
        poke_interval=0,
        deferrable=False,
    )


class _Log:
    """Writes a download's progress and warnings to the task's log."""

    def progress(self, month: Month, received: int, size: int | None) -> None:
        """See Watcher."""

    def ended(self, month: Month) -> None:
        """See Watcher."""

    def note(self, text: str) -> None:
        """See Watcher."""
        log.warning("%s", text)
