"""What one run is to do: Airflow's variables and the run's params, read once and then the same for all its tasks."""

import hashlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tarmac.lake import Lake
    from tarmac.pipeline import Parameters, Place

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
class Plan:
    """One run's year and settings; nothing in it is secret."""

    run_id: str
    year: int
    lake: str
    zones: Mapping[str, str]
    scratch: str
    table: str
    engine: str
    force: bool
    months: int
    detectors: tuple[str, ...]
    outliers_fraction: float
    max_p: int
    max_q: int
    max_quarantined: float
    history: int

    def to_xcom(self) -> dict[str, Any]:
        """The plan as XCom keeps it."""
        return asdict(self) | {"detectors": list(self.detectors)}

    @classmethod
    def of(cls, given: Mapping[str, Any]) -> "Plan":
        """The plan that `to_xcom` gave."""
        return cls(**{**given, "detectors": tuple(given["detectors"])})

    def lake_of(self) -> "Lake":
        """The lake, reached by the keys of the connection s3_conn."""
        from tarmac.lake import Zones, open_lake
        from tarmac_dags.connections import s3_access

        access = s3_access() if self.lake.startswith("s3://") else None
        return open_lake(self.lake, Zones(**self.zones), access)

    def place(self) -> "Place":
        """Where the run reads and writes; its scratch folder is its own."""
        from tarmac.pipeline import Place
        from tarmac_dags.connections import warehouse_url

        folder = Path(self.scratch)
        return Place(lake=self.lake_of(), scratch=folder, home=folder, warehouse=warehouse_url(), table=self.table)

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
        InputError: a variable or a param is missing or not allowed.
    """
    from airflow.sdk import Variable
    from airflow.sdk.exceptions import AirflowSkipException

    params = context["params"]
    year, last = params["year"], Variable.get("last_year", default=None)
    if year is None:
        year = _year_of(context)
        if last and year > _whole(last, "last_year"):
            raise AirflowSkipException(f"{year} is after {last}, the variable last_year")
    return make_plan(year, context["dag_run"].run_id, params)


def _year_of(context: Mapping[str, Any]) -> int:
    from tarmac.errors import InputError

    start = context.get("data_interval_start")
    if start is None:
        raise InputError("a run without a date has no year. Trigger it again with the param year.")
    return int(start.year)


def _whole(text: str, variable: str) -> int:
    from tarmac.errors import InputError

    if not text.strip().isdecimal():
        raise InputError(f"the variable {variable} is {text!r}, not a whole number. Mend it.")
    return int(text)


def make_plan(year: int, dag_run_id: str, params: Mapping[str, Any]) -> Plan:
    """The plan of this run.

    Raises:
        InputError: a variable or a param is missing or not allowed; the message names it.
    """
    from tarmac.runs import new_run_id

    settings = _settings(params)
    _check_engine(params["engine"])
    plan = Plan(
        run_id=new_run_id(),
        year=year,
        lake=settings.lake,
        zones={"bronze": settings.bronze_folder, "silver": settings.silver_folder, "gold": settings.gold_folder},
        # The same after the run was cleared and has a new plan: whatever it left is removed at its end.
        scratch=str(Path(settings.scratch) / f"run-{hashlib.sha256(dag_run_id.encode()).hexdigest()[:16]}"),
        table=settings.table,
        engine=params["engine"],
        force=params["force"],
        months=params["months"],
        detectors=tuple(params["detectors"]),
        outliers_fraction=settings.outliers_fraction,
        max_p=settings.max_p,
        max_q=settings.max_q,
        max_quarantined=settings.max_quarantined,
        history=settings.history,
    )
    plan.parameters()
    return plan


def _settings(params: Mapping[str, Any]) -> Any:
    from airflow.sdk import Variable

    from tarmac.errors import InputError
    from tarmac.settings import settings_of

    given = {name: Variable.get(name, default=None) for name in VARIABLES}
    if missing := [name for name in ("data_lake_bucket", "local_path") if not given[name]]:
        raise InputError(
            f"Airflow has no variable {', '.join(missing)}. Set it, or import all: airflow variables import variables.json"
        )
    return settings_of(
        {name: value for name, value in given.items() if value not in {None, ""}} | {"history": params["history"]},
        source="Airflow's variables and the run's params",
    )


def _check_engine(engine: str) -> None:
    # The seam for another engine: `spark` belongs here, and to the steps to_silver and to_gold.
    from tarmac.errors import InputError

    if engine != "polars":
        raise InputError(f"engine {engine!r} is not available here yet. Known: polars. Fix the param engine.")
