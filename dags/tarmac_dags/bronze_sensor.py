"""The sensor for a year's bronze: it checks every few minutes, and occupies no worker in between."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, NoReturn

from airflow.sdk import BaseOperator
from airflow.sdk.definitions.context import Context

from tarmac_dags.plan import Plan, current_plan


class BronzeSensor(BaseOperator):
    """Waits until the lake has the year's bronze in any of its forms; fails with a message at its time limit.

    It checks in the task and then defers to Airflow's time trigger. So the rules of what counts as bronze are in one place, only
    workers have the lake's keys, and the triggerer does not need Tarmac.
    """

    def __init__(self, *, look_every: timedelta = timedelta(minutes=10), **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.look_every = look_every

    def execute(self, context: Context, event: Any = None) -> dict[str, Any]:
        """Check once; then succeed, defer, or fail."""
        del event
        found, said = _look(current_plan())
        if found is None:
            self._wait_on(said, context)
        return found

    def _wait_on(self, said: str, context: Context) -> NoReturn:
        from airflow.providers.standard.triggers.temporal import TimeDeltaTrigger

        limit = _limit(context)
        left = limit - datetime.now(UTC)
        if left <= timedelta():
            _give_up(said)
        self.log.info("%s. Waiting until %s", said, limit.isoformat(timespec="minutes"))
        self.defer(trigger=TimeDeltaTrigger(min(left, self.look_every)), method_name="execute")


def _look(plan: Plan) -> tuple[dict[str, Any] | None, str]:
    lake = plan.storage.open_lake()
    lake.check_exists()
    there = lake.bronze_candidates(plan.year)
    folder = f"{lake.zones.bronze}/{plan.year}/"
    months = sum(file.key.startswith(folder) for file in there)
    if there and (months == 0 or months >= plan.months):
        files = lake.bronze_files(plan.year)
        return {"keys": [file.key for file in files], "bytes": sum(file.size for file in files)}, ""
    return None, (
        f"the lake {lake.root} has no bronze for {plan.year}: looked for {lake.zones.bronze}/{plan.year}.csv, .csv.gz, .zip, "
        f"and for {plan.months} files in {folder} (found {months})"
    )


def _limit(context: Mapping[str, Any]) -> datetime:
    """When to give up: this many hours after the start of the run, which changes when the run is cleared."""
    from airflow.sdk import Variable

    from tarmac.errors import InputError

    hours = Variable.get("bronze_timeout_hours", default=None) or 168
    began: datetime = context["dag_run"].start_date
    try:
        return began + timedelta(hours=float(hours))
    except (ValueError, OverflowError):
        raise InputError(f"the variable bronze_timeout_hours is {hours!r}, not a number of hours. Fix it.") from None


def _give_up(said: str) -> NoReturn:
    from airflow.sdk.exceptions import AirflowFailException

    raise AirflowFailException(
        f"{said}. The time set by bronze_timeout_hours is over. Put the year there (tarmac ingest FILE --lake …), then "
        "clear this task."
    )
