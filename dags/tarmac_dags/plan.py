"""What one run is to do: Airflow's variables and the run's params, read once and then the same for all its tasks."""

import hashlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tarmac.pipeline import Parameters, Workspace
    from tarmac.settings import Settings
    from tarmac.storage.lake import Lake

VARIABLES = (
    "data_lake_bucket",
    "s3_bronze_folder",
    "s3_silver_folder",
    "s3_gold_folder",
    "local_path",
    "db_table",
    "outliers_fraction",
    "max_p",
    "max_q",
    "max_quarantined",
)
"""The variables that are Tarmac's settings, by the reference pipeline's names where it has them."""

ENGINES = ("polars", "spark")


@dataclass(frozen=True, kw_only=True)
class Storage:
    """Where a run reads and writes, without the keys to it."""

    lake: str
    zones: Mapping[str, str]
    scratch: str
    table: str

    def open_lake(self) -> "Lake":
        """The lake, reached by the keys of the connection s3_conn."""
        from tarmac.storage.lake import Zones, open_lake
        from tarmac_dags.connections import s3_access

        access = s3_access() if self.lake.startswith("s3://") else None
        return open_lake(self.lake, Zones(**self.zones), access)

    def workspace(self) -> "Workspace":
        """The lake, the warehouse of the connection postgres_conn, and the run's own scratch folder."""
        from tarmac.pipeline import Workspace
        from tarmac_dags.connections import warehouse_url

        folder = Path(self.scratch)
        return Workspace(
            lake=self.open_lake(), scratch=folder, home=folder, warehouse=warehouse_url(), table=self.table
        )


@dataclass(frozen=True, kw_only=True)
class Plan:
    """One run's year and settings; nothing in it is secret."""

    run_id: str
    year: int
    storage: Storage
    engine: str
    force: bool
    months: int
    detectors: tuple[str, ...]
    outliers_fraction: float
    max_p: int
    max_q: int
    max_quarantined: float
    history: int
    cluster: Mapping[str, Any] | None = None

    def to_xcom(self) -> dict[str, Any]:
        """The plan as XCom keeps it."""
        return asdict(self) | {"detectors": list(self.detectors)}

    @classmethod
    def of(cls, given: Mapping[str, Any]) -> "Plan":
        """The plan that `to_xcom` gave."""
        own = {"storage": Storage(**given["storage"]), "detectors": tuple(given["detectors"])}
        return cls(**{**given, **own})

    def parameters(self) -> "Parameters":
        """What decides the results."""
        from tarmac.detect import DetectParameters
        from tarmac.pipeline import Parameters

        detect = DetectParameters(
            detectors=self.detectors, outliers_fraction=self.outliers_fraction, max_p=self.max_p, max_q=self.max_q
        )
        return Parameters(detect=detect, max_quarantined=self.max_quarantined, history=self.history)


def read_plan(context: Mapping[str, Any]) -> Plan:
    """The plan of the run that this task belongs to.

    Raises:
        AirflowSkipException: the run's year is after the variable last_year.
        InputError: a variable or a param is missing or not allowed; the message names it.
    """
    from tarmac.runs.record import new_run_id

    params = context["params"]
    year = params["year"] or _scheduled_year(context)
    settings = _settings()
    plan = Plan(
        run_id=new_run_id(),
        year=year,
        storage=_storage(settings, context["dag_run"].run_id),
        outliers_fraction=settings.outliers_fraction,
        max_p=settings.max_p,
        max_q=settings.max_q,
        max_quarantined=settings.max_quarantined,
        detectors=tuple(params["detectors"]),
        cluster=_cluster() if params["engine"] == "spark" else None,
        **{name: params[name] for name in ("engine", "force", "months", "history")},
    )
    plan.parameters()  # refuses what no run could be made with, before anything is done
    return plan


def current_plan() -> Plan:
    """What the task `plan` of this run has read."""
    plan = find_plan()
    if plan is None:
        raise LookupError("the task plan has left nothing: clear it, with downstream")
    return plan


def find_plan() -> Plan | None:
    """The same; None where that task failed or was skipped."""
    from airflow.sdk import get_current_context

    given = get_current_context()["ti"].xcom_pull(task_ids="plan")
    return Plan.of(given) if given else None


def open_storage(dag_run_id: str) -> Storage:
    """Where a run of a DAG that has no plan reads and writes, by Airflow's variables as they are now."""
    return _storage(_settings(), dag_run_id)


def _scheduled_year(context: Mapping[str, Any]) -> int:
    from airflow.sdk import Variable
    from airflow.sdk.exceptions import AirflowSkipException

    from tarmac.errors import InputError

    start, last = context.get("data_interval_start"), Variable.get("last_year", default="") or ""
    if start is None:
        raise InputError("a run without a date has no year. Trigger it again with the param year.")
    if last and not str(last).strip().isdecimal():
        raise InputError(f"the variable last_year is {last!r}, not a whole number. Mend it.")
    if last and start.year > int(last):
        raise AirflowSkipException(f"{start.year} is after {last}, the variable last_year")
    return int(start.year)


def _settings() -> "Settings":
    from airflow.sdk import Variable

    from tarmac.errors import InputError
    from tarmac.settings import settings_of

    given = {name: Variable.get(name, default=None) for name in VARIABLES}
    if missing := [name for name in ("data_lake_bucket", "local_path") if not given[name]]:
        raise InputError(
            f"Airflow has no variable {', '.join(missing)}. Set it, or all: airflow variables import airflow/variables.json"
        )
    return settings_of(
        {name: value for name, value in given.items() if value not in {None, ""}}, source="Airflow's variables"
    )


def _storage(settings: "Settings", dag_run_id: str) -> Storage:
    # One folder for the Airflow run, also after it was cleared: whatever its first try left is removed at its end.
    own = f"run-{hashlib.sha256(dag_run_id.encode()).hexdigest()[:16]}"
    zones = {"bronze": settings.bronze_folder, "silver": settings.silver_folder, "gold": settings.gold_folder}
    return Storage(
        lake=settings.lake, zones=zones, scratch=str(Path(str(settings.scratch)) / own), table=settings.table
    )


def _cluster() -> dict[str, Any]:
    from airflow.sdk import Variable

    from tarmac.errors import InputError

    given = {name: Variable.get(f"emr_{name}", default=None) for name in ("application", "role", "artifacts")}
    if missing := [f"emr_{name}" for name, value in given.items() if not value]:
        raise InputError(
            f"engine 'spark' needs a job on EMR Serverless, and Airflow has no variable {', '.join(missing)}. "
            "Set them (docs/airflow.md says to what), or take the engine polars."
        )
    executors = Variable.get("emr_executors", default=None) or 4
    if not str(executors).strip().isdecimal() or int(executors) < 1:
        raise InputError(f"the variable emr_executors is {executors!r}, not a whole number from 1 on. Mend it.")
    return given | {"artifacts": str(given["artifacts"]).rstrip("/"), "executors": int(executors)}
