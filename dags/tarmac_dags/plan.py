"""The plan of a run: Airflow's variables and the run's params, read once and then the same for all its tasks."""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tarmac.declare import Setting, declared, flat, make
from tarmac.settings import SETTINGS, Parameters, Settings, Source, by_our_names, settings_from

if TYPE_CHECKING:
    from tarmac.pipeline import Workspace
    from tarmac.storage.lake import Lake

STORAGE = ("lake", "request_payer", "bronze_folder", "silver_folder", "gold_folder", "scratch", "table")
"""The settings that come only from variables, because they are the same for every run."""

DOWNLOADS = ("mirror", "download_at_once", "download_attempts", "download_pause", "download_timeout")
"""The settings of downloads, which also come only from variables."""

OF_A_RUN = ("engine", *declared(Parameters))
"""The settings that a run's params can give; otherwise the Airflow variable is used."""


def variable_of(setting: Setting) -> str:
    """The Airflow variable of a setting: it has the reference pipeline's name if there is one."""
    return setting.reference or setting.name


@dataclass(frozen=True, kw_only=True)
class Storage:
    """The locations that a run reads and writes, without credentials."""

    lake: str
    request_payer: str
    zones: Mapping[str, str]
    scratch: str
    table: str

    def open_lake(self) -> "Lake":
        """The lake, with the credentials of the connection s3_conn."""
        from tarmac.storage.lake import Zones, open_lake
        from tarmac_dags.connections import s3_access

        pays = self.request_payer == "requester"
        access = s3_access(requester_pays=pays) if self.lake.startswith("s3://") else None
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
    parameters: Parameters
    cluster: Mapping[str, Any] | None = None

    def to_xcom(self) -> dict[str, Any]:
        """The plan as stored in XCom."""
        values = {name: SETTINGS[name].to_text(value) for name, value in flat(self.parameters).items()}
        return asdict(self) | {"parameters": values}

    @classmethod
    def of(cls, given: Mapping[str, Any]) -> "Plan":
        """The plan from `to_xcom`'s result."""
        values = {name: SETTINGS[name].read(text) for name, text in given["parameters"].items()}
        return cls(**{**given, "storage": Storage(**given["storage"]), "parameters": make(Parameters, values)})


def read_plan(context: Mapping[str, Any]) -> Plan:
    """The plan of the run that this task belongs to.

    Raises:
        AirflowSkipException: the run's year is after the variable last_year.
        InputError: a variable or a param is missing or not allowed; the message names it.
    """
    from tarmac.runs.record import new_run_id

    params = context["params"]
    year = params["year"] or _scheduled_year(context)
    given = {name: params[name] for name in OF_A_RUN if params.get(name) is not None}
    settings = settings_from(
        Source(values=given, name_of=lambda each: f"the param {each.name}"), _variables((*STORAGE, *OF_A_RUN))
    )
    return Plan(
        run_id=new_run_id(),
        year=year,
        storage=_storage(settings, context["dag_run"].run_id),
        engine=settings.engine,
        force=params["force"],
        months=params["months"],
        parameters=settings.parameters,
        cluster=_cluster() if settings.engine == "spark" else None,
    )


def current_plan() -> Plan:
    """The plan that the task `plan` of this run has read."""
    plan = find_plan()
    if plan is None:
        raise LookupError("the task plan has no result: clear it, with downstream")
    return plan


def find_plan() -> Plan | None:
    """The same; None if that task failed or was skipped."""
    from airflow.sdk import get_current_context

    given = get_current_context()["ti"].xcom_pull(task_ids="plan")
    return Plan.of(given) if given else None


def open_storage(dag_run_id: str) -> Storage:
    """The locations for a run of a DAG without a plan, by the current values of Airflow's variables."""
    return _storage(settings_from(_variables(STORAGE)), dag_run_id)


def open_downloads(dag_run_id: str) -> tuple[Storage, Settings]:
    """The same, with the settings of downloads."""
    settings = settings_from(_variables((*STORAGE, *DOWNLOADS)))
    return _storage(settings, dag_run_id), settings


def _scheduled_year(context: Mapping[str, Any]) -> int:
    from airflow.sdk import Variable
    from airflow.sdk.exceptions import AirflowSkipException

    from tarmac.errors import InputError

    start, last = context.get("data_interval_start"), Variable.get("last_year", default="") or ""
    if start is None:
        raise InputError("a run without a date has no year. Trigger it again with the param year.")
    if last and not str(last).strip().isdecimal():
        raise InputError(f"the variable last_year is {last!r}, not a whole number. Fix it.")
    if last and start.year > int(last):
        raise AirflowSkipException(f"{start.year} is after {last}, the variable last_year")
    return int(start.year)


def _variables(names: Iterable[str]) -> Source:
    """Those of these settings that Airflow's variables give.

    Raises:
        InputError: there is no variable for the lake or the scratch folder.
    """
    from airflow.sdk import Variable

    from tarmac.errors import InputError

    given = {name: Variable.get(name, default=None) for name in (variable_of(SETTINGS[each]) for each in names)}
    if missing := [name for name in ("data_lake_bucket", "local_path") if not given[name]]:
        raise InputError(
            f"Airflow has no variable {', '.join(missing)}. Set it, or all: airflow variables import airflow/variables.json"
        )
    values = by_our_names({name: value for name, value in given.items() if value not in {None, ""}})
    return Source(values=values, name_of=lambda each: f"Airflow's variable {variable_of(each)}")


def _storage(settings: Settings, dag_run_id: str) -> Storage:
    # One folder for each Airflow run, also after it was cleared, so that files of its first attempt are removed at its end.
    own = f"run-{hashlib.sha256(dag_run_id.encode()).hexdigest()[:16]}"
    zones = {"bronze": settings.bronze_folder, "silver": settings.silver_folder, "gold": settings.gold_folder}
    return Storage(
        lake=settings.lake,
        request_payer=settings.request_payer,
        zones=zones,
        scratch=str(Path(settings.scratch) / own),
        table=settings.table,
    )


def _cluster() -> dict[str, Any]:
    from airflow.sdk import Variable

    from tarmac.errors import InputError

    given = {name: Variable.get(f"emr_{name}", default=None) for name in ("application", "role", "artifacts")}
    if missing := [f"emr_{name}" for name, value in given.items() if not value]:
        raise InputError(
            f"engine 'spark' needs a job on EMR Serverless, and Airflow has no variable {', '.join(missing)}. "
            "Set them as docs/spark.md describes, or use the engine polars."
        )
    executors = Variable.get("emr_executors", default=None) or 4
    if not str(executors).strip().isdecimal() or int(executors) < 1:
        raise InputError(f"the variable emr_executors is {executors!r}. It must be a whole number, at least 1. Fix it.")
    return given | {"artifacts": str(given["artifacts"]).rstrip("/"), "executors": int(executors)}
