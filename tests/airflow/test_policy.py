"""What holds for every DAG: who owns it, what limits it has, what its page says, and that parsing it reads nothing."""

import json
import re
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tarmac.detect.registry import DETECTORS
from tests.support.airflow_deployment import DAGS

IDS = ("bts_months", "detector_leaderboard", "etl_ml_pipeline", "publish_report")
ROOT = DAGS.parent
REFERENCE_VARIABLES = {
    "data_lake_bucket",
    "s3_bronze_folder",
    "s3_silver_folder",
    "s3_gold_folder",
    "local_path",
    "fail_email",
    "db_url",
    "db_table",
    "outliers_fraction",
    "max_p",
    "max_q",
}
OWN_VARIABLES = {
    "bronze_timeout_hours",
    "emr_application",
    "emr_artifacts",
    "emr_executors",
    "emr_role",
    "last_year",
    "max_quarantined",
}


def test_these_dags_are_found_and_no_other(dags: dict[str, Any]) -> None:
    """A new one is to be named here, and is then held to the rest."""
    assert tuple(sorted(dags)) == IDS


@pytest.mark.parametrize("dag_id", IDS)
class TestEachDag:
    """The rules that all DAGs keep."""

    def test_says_who_owns_it_and_what_it_is(self, dag_id: str, dags: dict[str, Any]) -> None:
        dag = dags[dag_id]
        assert "tarmac" in dag.tags
        assert dag.description
        assert {task.owner for task in dag.tasks} == {"tarmac"}

    def test_has_limits(self, dag_id: str, dags: dict[str, Any]) -> None:
        """On the run, on its tasks and on how many run at once; a task may not outlast its run."""
        dag = dags[dag_id]
        assert dag.max_active_runs == 1
        for task in dag.tasks:
            assert timedelta() < task.execution_timeout < dag.dagrun_timeout, task.task_id

    def test_tries_three_times_more_and_waits_longer_each_time(self, dag_id: str, dags: dict[str, Any]) -> None:
        for task in dags[dag_id].tasks:
            assert (task.retries, task.retry_delay) == (3, timedelta(minutes=1)), task.task_id
            assert task.retry_exponential_backoff > 1
            assert task.max_retry_delay == timedelta(minutes=30)

    def test_does_not_try_again_what_only_a_person_can_fix(self, dag_id: str, dags: dict[str, Any]) -> None:
        from airflow.sdk import RetryAction

        from tarmac.errors import InputError, SystemFailure

        for task in dags[dag_id].tasks:
            policy = (task.partial_kwargs if task.is_mapped else vars(task))["retry_policy"]
            assert policy.evaluate(InputError("wrong"), 1, 3).action is RetryAction.FAIL
            assert policy.evaluate(SystemFailure("down"), 1, 3).action is RetryAction.DEFAULT

    def test_tells_people_once_a_run(self, dag_id: str, dags: dict[str, Any]) -> None:
        """The mail is the DAG's: a task's callback would send one for each task that failed."""
        from tarmac_dags.mail import keep_reason, mail_failure

        dag = dags[dag_id]
        assert dag.on_failure_callback in (mail_failure, [mail_failure])
        assert all(task.on_failure_callback == [keep_reason] for task in dag.tasks if not task.is_mapped)

    def test_has_a_runbook_that_names_each_task(self, dag_id: str, dags: dict[str, Any]) -> None:
        dag = dags[dag_id]
        for part in ("### What it does", "### When a task fails", "again", "ackfill"):
            assert part in dag.doc_md
        for task in dag.tasks:
            assert f"`{task.task_id}`" in dag.doc_md, task.task_id
        assert all(task.doc_md or task.__doc__ or task.python_callable.__doc__ for task in dag.tasks)

    def test_cleans_up_by_a_teardown(self, dag_id: str, dags: dict[str, Any]) -> None:
        """Which runs after a failure as well, and does not turn the failed run into a good one."""
        clean_up = dags[dag_id].get_task("clean_up")
        assert clean_up.is_teardown
        assert not clean_up.on_failure_fail_dagrun
        assert clean_up.downstream_task_ids == set()

    def test_describes_and_validates_its_params(self, dag_id: str, dags: dict[str, Any]) -> None:
        for name in dags[dag_id].params:
            param = dags[dag_id].params.get_param(name)
            assert param.description, name
            assert {"type", "enum"} & set(param.schema), name
            assert param.resolve() == param.value


def test_the_year_s_dag_runs_each_january_for_the_year_before(dags: dict[str, Any]) -> None:
    """From 2009 on, with catch-up."""
    from airflow.serialization.encoders import coerce_to_core_timetable
    from airflow.timetables.base import TimeRestriction

    dag = dags["etl_ml_pipeline"]
    timetable = coerce_to_core_timetable(dag.timetable)
    restriction = TimeRestriction(earliest=_utc(dag.start_date), latest=None, catchup=dag.catchup)
    last, found = None, []
    for _ in range(3):
        info = timetable.next_dagrun_info(last_automated_data_interval=last, restriction=restriction)
        last = info.data_interval
        found.append((last.start, last.end, info.run_after))
    assert found == [(_january(year), _january(year + 1), _january(year + 1)) for year in (2009, 2010, 2011)]


def _utc(moment: datetime) -> Any:
    import pendulum

    return pendulum.instance(moment)


def _january(year: int) -> datetime:
    return datetime(year, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("param", "wrong"),
    [
        ("year", "2009"),
        ("year", 1900),
        ("detectors", ["iforest"]),
        ("detectors", []),
        ("engine", "pandas"),
        ("history", -1),
        ("months", 0),
        ("force", "yes"),
    ],
)
def test_a_param_that_is_not_allowed_is_refused_before_the_run(param: str, wrong: Any, dags: dict[str, Any]) -> None:
    from airflow.sdk.exceptions import ParamValidationError

    with pytest.raises(ParamValidationError):
        dags["etl_ml_pipeline"].params.get_param(param).resolve(wrong)


def test_every_detector_can_be_chosen(dags: dict[str, Any]) -> None:
    """The page's list is the registry's."""
    for dag_id in ("etl_ml_pipeline", "detector_leaderboard"):
        param = dags[dag_id].params.get_param("detectors")
        assert param.schema["items"]["enum"] == param.schema["examples"] == sorted(DETECTORS)


_PARSE = """
import json, pathlib, socket, sys, time
import airflow.sdk
from airflow.sdk import CronDataIntervalTimetable, Connection, ExceptionRetryPolicy, Param, Variable, dag, task
from airflow.providers.amazon.aws.operators.emr import EmrServerlessStartJobOperator  # a base class: it is needed then

def refuse(*_, **__):
    raise AssertionError("a DAG file must read nothing while it is parsed")

Variable.get = Connection.get = socket.socket.connect = socket.getaddrinfo = refuse
folder = pathlib.Path(sys.argv[1])
sys.path.insert(0, str(folder))
before = set(sys.modules)
opened = []
sys.addaudithook(lambda event, given: opened.append(str(given[0])) if event == "open" else None)
began = time.process_time()
for file in sorted(folder.glob("*.py")):
    exec(compile(file.read_text(), str(file), "exec"), {"__name__": file.stem, "__file__": str(file)})
seconds = time.process_time() - began
read = [name for name in opened if not name.endswith((".py", ".pyc")) and "__pycache__" not in name]
print(json.dumps({"modules": sorted(set(sys.modules) - before), "read": read, "seconds": seconds}))
"""


def test_parsing_reads_nothing_and_loads_nothing_heavy() -> None:
    """No socket, no variable, no connection, no file but Python's own; what only tasks need is imported by tasks."""
    done = subprocess.run(
        [sys.executable, "-c", _PARSE, str(DAGS)], capture_output=True, text=True, check=False, timeout=300
    )
    assert done.returncode == 0, done.stderr[-2000:]
    found = json.loads(done.stdout.splitlines()[-1])
    heavy = re.compile(
        r"(polars|numpy|pandas|numba|scipy|sklearn|pyarrow|psycopg|sqlalchemy|boto3|botocore|s3fs|pyspark|aiosmtplib)(\.|$)"
        r"|tarmac\.(pipeline|runs|storage|engines|detect\.detectors|evaluate|warehouse)"
        r"|airflow\.providers\.(amazon|smtp|http|postgres)"
    )
    assert [name for name in found["modules"] if heavy.match(name)] == []
    assert found["read"] == []
    assert found["seconds"] < 1


def test_the_variables_are_the_reference_s_and_hold_no_secret() -> None:
    """The reference pipeline's keys, and ours; none of them names a host or a password."""
    variables = json.loads((ROOT / "airflow/variables.json").read_text(encoding="utf-8"))
    assert set(variables) - REFERENCE_VARIABLES == OWN_VARIABLES
    assert set(variables) >= REFERENCE_VARIABLES
    assert variables["db_url"] == variables["fail_email"] == ""
    assert not re.search(r"://|@|password|secret", json.dumps(variables))
