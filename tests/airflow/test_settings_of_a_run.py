"""Where a run's settings come from: variables, connections and secrets backends, by the reference pipeline's names."""

import json
import logging
import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tarmac.declare import Setting, declared, flat
from tarmac.errors import InputError
from tarmac.settings import SETTINGS, Parameters
from tests.support.airflow_deployment import DAGS, supervised

OF_A_RUN = ("engine", *declared(Parameters))
PARAMS = {"year": 2009, "detectors": ["arima"], "months": 12, "force": False}


@pytest.fixture(autouse=True)
def on_the_path(monkeypatch: pytest.MonkeyPatch) -> None:
    """As in a task: the DAGs' folder is on Python's path, and the DAGs' own variables are set."""
    monkeypatch.syspath_prepend(str(DAGS))
    monkeypatch.setenv("AIRFLOW_VAR_DATA_LAKE_BUCKET", "lake")
    monkeypatch.setenv("AIRFLOW_VAR_LOCAL_PATH", "/scratch")


def _plan(**params: Any) -> Any:
    from tarmac_dags.plan import Plan, read_plan

    context = {"params": PARAMS | params, "dag_run": SimpleNamespace(run_id="scheduled__2010")}
    plan = read_plan(context)
    assert Plan.of(json.loads(json.dumps(plan.to_xcom()))) == plan
    return plan


@pytest.mark.parametrize(
    ("bucket", "root"), [("lake", "s3://lake"), ("s3://lake/p", "s3://lake/p"), ("/data/lake", "/data/lake")]
)
def test_a_plan_is_what_variables_and_params_say(bucket: str, root: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """By the reference pipeline's names; a lake may also be a folder."""
    told = {"data_lake_bucket": bucket, "max_p": "3", "outliers_fraction": "0.02", "db_table": "other", "max_q": ""}
    for name, value in told.items():
        monkeypatch.setenv(f"AIRFLOW_VAR_{name.upper()}", value)
    plan = _plan(history=2)
    assert (plan.year, plan.storage.lake, plan.storage.table) == (2009, root, "other")
    detect = plan.parameters.detect
    assert (detect.max_p, detect.max_q, detect.outliers_fraction, plan.parameters.history) == (3, 4, 0.02, 2)
    assert plan.storage.scratch.startswith("/scratch/run-")
    assert detect.detectors == ("arima",)


@pytest.mark.parametrize(
    ("variable", "value", "said"),
    [
        ("max_p", "many", ["max_p", "'many'", "Fix Airflow's variable max_p"]),
        ("outliers_fraction", "0.9", ["outliers_fraction", "0.9"]),
        ("data_lake_bucket", "", ["no variable data_lake_bucket", "airflow variables import"]),
        ("last_year", "soon", ["last_year is 'soon'"]),
    ],
)
def test_a_variable_that_is_wrong_is_named(
    variable: str, value: str, said: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """With its value and the next step."""
    import pendulum

    from tarmac_dags.plan import read_plan

    monkeypatch.setenv(f"AIRFLOW_VAR_{variable.upper()}", value)
    context = {
        "params": PARAMS | {"year": None},
        "data_interval_start": pendulum.datetime(2009, 1, 1),
        "dag_run": SimpleNamespace(run_id="x"),
    }
    with pytest.raises(InputError) as raised:
        read_plan(context)
    for fragment in said:
        assert fragment in str(raised.value)


@pytest.mark.parametrize("name", sorted(OF_A_RUN))
def test_every_setting_of_a_run_is_a_param_which_wins_over_the_variable(
    name: str, dags: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the range that its declaration has; a param that is empty leaves it to the variable, and that to the default."""
    each = SETTINGS[name]
    param = dags["etl_ml_pipeline"].params.get_param(name)
    assert param.resolve() is None
    assert each.help in param.description
    for name_of_emr in ("APPLICATION", "ROLE", "ARTIFACTS"):
        monkeypatch.setenv(f"AIRFLOW_VAR_EMR_{name_of_emr}", "x")
    first, second = _two_values(each)
    monkeypatch.setenv(f"AIRFLOW_VAR_{(each.reference or name).upper()}", each.to_text(first))
    for given, expected in ((None, first), (second, second)):
        assert param.resolve(given) == given
        plan = _plan(**{name: given})
        assert (flat(plan.parameters) | {"engine": plan.engine})[name] == (
            tuple(expected) if each.kind is tuple else expected
        )


def _two_values(each: Setting) -> tuple[Any, Any]:
    """Two that are allowed, the first of them not the default."""
    if each.limit is not None and each.limit.choices:
        return each.limit.choices[1], each.limit.choices[0]
    return {int: (3, 2), float: (0.03, 0.2), tuple: (["constant"], ["ecod", "random"])}[each.kind]


@pytest.mark.parametrize(
    ("name", "value"), [("outliers_fraction", 0.6), ("max_p", 11), ("mode", "foresight"), ("detectors", ["x"])]
)
def test_a_param_outside_its_range_is_refused_when_the_run_is_triggered(
    name: str, value: Any, dags: dict[str, Any]
) -> None:
    """By Airflow itself, before any task runs."""
    from airflow.sdk.exceptions import ParamValidationError

    with pytest.raises(ParamValidationError):
        dags["etl_ml_pipeline"].params.get_param(name).resolve(value)


def test_a_run_without_a_year_is_refused() -> None:
    """In the first task, before anything is done."""
    with pytest.raises(InputError, match="Trigger it again with the param year"):
        _plan(year=None)


def test_spark_needs_to_be_told_where(monkeypatch: pytest.MonkeyPatch) -> None:
    """In the first task as well; what is missing is named, and how many executors must be a number."""
    with pytest.raises(InputError, match="no variable emr_application, emr_role, emr_artifacts"):
        _plan(engine="spark")
    for name in ("APPLICATION", "ROLE", "ARTIFACTS"):
        monkeypatch.setenv(f"AIRFLOW_VAR_EMR_{name}", "x")
    assert _plan(engine="spark").cluster["executors"] == 4
    monkeypatch.setenv("AIRFLOW_VAR_EMR_EXECUTORS", "0")
    with pytest.raises(InputError, match="emr_executors is '0'"):
        _plan(engine="spark")


def test_the_keys_to_the_lake_come_from_the_connection_and_stay_out_of_the_environment(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """And are not shown."""
    extra = {"endpoint_url": "http://s3.test:1", "region_name": "eu-west-1"}
    connection = {"conn_type": "aws", "login": "the-key", "password": "the-secret", "extra": extra}
    monkeypatch.setenv("AIRFLOW_CONN_S3_CONN", json.dumps(connection))
    before = dict(os.environ)
    lake = _plan().storage.open_lake()
    access = lake.store.access
    assert (access.key, access.secret, access.endpoint) == ("the-key", "the-secret", "http://s3.test:1")
    assert access.region == "eu-west-1"
    assert dict(os.environ) == before
    assert "the-secret" not in repr(lake)


@pytest.mark.parametrize(("given", "pays"), [(None, False), ("owner", False), ("requester", True)])
def test_a_variable_says_who_pays_for_requests_to_the_lake(
    given: str | None, pays: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """For the runs of all DAGs, whether or not they have a plan."""
    from tarmac_dags.plan import open_storage

    monkeypatch.setenv("AIRFLOW_CONN_S3_CONN", json.dumps({"conn_type": "aws", "login": "k", "password": "s"}))
    if given is not None:
        monkeypatch.setenv("AIRFLOW_VAR_REQUEST_PAYER", given)
    for storage in (_plan().storage, open_storage("run")):
        assert storage.open_lake().store.access.requester_pays is pays


def test_a_job_on_spark_is_told_who_pays_and_the_zones_folders(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """By the variables that the command line reads."""
    from tarmac_dags.steps import spark_job

    (tmp_path / "in").mkdir()
    (tmp_path / "in/2009.csv").write_text("x")
    told = {"data_lake_bucket": str(tmp_path), "s3_bronze_folder": "in", "request_payer": "requester"}
    for name, value in (told | dict.fromkeys(("emr_application", "emr_role", "emr_artifacts"), "x")).items():
        monkeypatch.setenv(f"AIRFLOW_VAR_{name.upper()}", value)
    asked = spark_job(_plan(engine="spark")).request(attempt=0)["jobDriver"]["sparkSubmit"]["sparkSubmitParameters"]
    for each in ("REQUEST_PAYER=requester", "BRONZE_FOLDER=in", "SILVER_FOLDER=02_silver", "GOLD_FOLDER=03_gold"):
        assert f"--conf spark.emr-serverless.driverEnv.TARMAC_{each}" in asked


@pytest.mark.parametrize(
    ("connection", "url"),
    [
        (
            {"login": "u@x", "password": "p/w:1", "host": "db.test", "port": 5433, "schema": "w h"},
            "postgresql://u%40x:p%2Fw%3A1@db.test:5433/w%20h",
        ),
        ({"login": "u", "host": "/var/run/pg", "schema": "w"}, "postgresql://u@%2Fvar%2Frun%2Fpg/w"),
        (
            {"host": "h", "schema": "w", "extra": {"sslmode": "require", "nested": {"a": 1}}},
            "postgresql://h/w?sslmode=require",
        ),
    ],
)
def test_the_warehouse_s_address_comes_from_the_connection(
    connection: dict[str, Any], url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As libpq reads it, whatever letters it holds."""
    from psycopg.conninfo import conninfo_to_dict

    from tarmac_dags.connections import warehouse_url

    monkeypatch.setenv("AIRFLOW_CONN_POSTGRES_CONN", json.dumps({"conn_type": "postgres", **connection}))
    assert warehouse_url() == url
    read = conninfo_to_dict(url)
    assert (read.get("host"), read.get("password")) == (connection["host"], connection.get("password"))


def test_db_url_is_taken_with_a_warning_where_there_is_no_connection(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The connection wins; without either the message says what to add. No password is in a log."""
    from tarmac_dags.connections import warehouse_url

    with pytest.raises(InputError, match="no connection postgres_conn"):
        warehouse_url()
    monkeypatch.setenv("AIRFLOW_VAR_DB_URL", "postgresql+psycopg2://u:hidden@h/w")
    with caplog.at_level(logging.WARNING, logger="tarmac_dags.connections"):
        assert warehouse_url() == "postgresql+psycopg2://u:hidden@h/w"
    assert "put it into the connection postgres_conn" in caplog.text
    monkeypatch.setenv("AIRFLOW_CONN_POSTGRES_CONN", json.dumps({"conn_type": "postgres", "host": "h", "schema": "w"}))
    with caplog.at_level(logging.WARNING, logger="tarmac_dags.connections"):
        assert warehouse_url() == "postgresql://h/w"
    assert "db_url is not used" in caplog.text
    assert "hidden" not in caplog.text


_READ = """
import json
from tarmac_dags.connections import s3_access, warehouse_url
from tarmac_dags.plan import open_storage
storage, access = open_storage("run"), s3_access()
print(json.dumps({"lake": storage.lake, "key": access.key, "secret": access.secret, "url": warehouse_url()}))
"""


@pytest.mark.slow
def test_a_secrets_backend_gives_variables_and_connections(tmp_path: Path) -> None:
    """Airflow's own, over files; another one, such as AWS Secrets Manager, is asked in the same way."""
    variables = json.loads((DAGS.parent / "airflow/variables.json").read_text(encoding="utf-8"))
    (tmp_path / "variables.json").write_text(json.dumps(variables | {"data_lake_bucket": "from-the-backend"}))
    connections = {
        "s3_conn": {"conn_type": "aws", "login": "k", "password": "s"},
        "postgres_conn": "postgres://u:p@h:5432/w",
    }
    (tmp_path / "connections.json").write_text(json.dumps(connections))
    given = {f"{kind}_file_path": str(tmp_path / f"{kind}.json") for kind in ("variables", "connections")}
    environment = {name: value for name, value in os.environ.items() if not name.startswith("AIRFLOW_VAR_")} | {
        "AIRFLOW__SECRETS__BACKEND": "airflow.secrets.local_filesystem.LocalFilesystemBackend",
        "AIRFLOW__SECRETS__BACKEND_KWARGS": json.dumps(given),
        "PYTHONPATH": str(DAGS),
    }
    done = subprocess.run(
        [sys.executable, "-c", _READ], env=environment, capture_output=True, text=True, check=False, timeout=300
    )
    assert done.returncode == 0, done.stderr[-2000:]
    assert json.loads(done.stdout.splitlines()[-1]) == {
        "lake": "s3://from-the-backend",
        "key": "k",
        "secret": "s",
        "url": "postgresql://u:p@h:5432/w",
    }


@pytest.mark.slow
def test_the_variables_file_is_imported_as_it_is(metadata: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """By Airflow's own command; a plan is then made of what the database holds."""
    from airflow.__main__ import main
    from airflow.models.variable import Variable as Stored

    for name in ("AIRFLOW_VAR_DATA_LAKE_BUCKET", "AIRFLOW_VAR_LOCAL_PATH"):
        monkeypatch.delenv(name)
    monkeypatch.setattr(sys, "argv", ["airflow", "variables", "import", str(DAGS.parent / "airflow/variables.json")])
    main()
    with supervised():
        plan = _plan(detectors=None)
    assert (plan.storage.lake, plan.storage.table) == ("s3://airline-data-lake", "agg_dep_delay_by_date")
    assert plan.parameters == Parameters()
    assert Stored.get("last_year") == "2018"
