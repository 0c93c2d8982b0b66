"""The year's DAG with the engine spark: the service is moto's, the job is the real one, run by spark-submit here."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from tests.support.airflow_deployment import Deployment, Mailbox, states
from tests.support.emr_stand_in import ROLE, StandIn, emr_serverless
from tests.support.flight_lines import flight, flights, kaggle_csv

pytestmark = [pytest.mark.spark, pytest.mark.slow]
Runner = Callable[..., Any]
ASKED = {"engine": "spark", "detectors": ["constant"]}


@pytest.fixture
def lake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, deployment: Deployment) -> Path:
    """A lake in a folder, which Spark here and Airflow both reach; one zone has a name of its own."""
    monkeypatch.setenv("AIRFLOW_VAR_DATA_LAKE_BUCKET", str(tmp_path / "lake"))
    monkeypatch.setenv("AIRFLOW_VAR_S3_SILVER_FOLDER", "02_clean")
    (tmp_path / "lake/01_bronze").mkdir(parents=True)
    return tmp_path / "lake"


@pytest.fixture
def emr(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, lake: Path, hasty_dags: dict[str, Any]) -> Iterator[StandIn]:
    """The service, as Airflow's connection and variables name it."""
    with emr_serverless(tmp_path / "job", monkeypatch) as stand_in:
        service = {"emr-serverless": {"endpoint_url": stand_in.url}}
        extra = {"region_name": "us-east-1", "service_config": service}
        connection = {"conn_type": "aws", "login": "testing", "password": "testing", "extra": extra}
        monkeypatch.setenv("AIRFLOW_CONN_S3_CONN", json.dumps(connection))
        monkeypatch.setenv("AIRFLOW_VAR_EMR_APPLICATION", stand_in.application)
        monkeypatch.setenv("AIRFLOW_VAR_EMR_ROLE", ROLE)
        monkeypatch.setenv("AIRFLOW_VAR_EMR_ARTIFACTS", "s3://artifacts/1/")
        monkeypatch.setattr(hasty_dags["etl_ml_pipeline"].get_task("clean_on_spark"), "waiter_delay", 1)
        yield stand_in


@pytest.fixture
def dying_worker(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The worker dies at its first try, when the job is asked for and Airflow not yet told; the jobs that tries wait for."""
    from tarmac_dags.spark import CleanOnSpark

    defer, waited_for = CleanOnSpark.defer, []

    def die_once(self: Any, **given: Any) -> None:
        if self.job_id is not None:
            waited_for.append(self.job_id)
            if len(waited_for) == 1:
                raise RuntimeError("killed")
        defer(self, **given)

    monkeypatch.setattr(CleanOnSpark, "defer", die_once)
    return waited_for


def test_a_job_makes_silver_and_gold_and_the_rest_is_as_ever(
    emr: StandIn,
    lake: Path,
    deployment: Deployment,
    mailbox: Mailbox,
    run_dag: Runner,
    tmp_path: Path,
    dying_worker: list[str],
) -> None:
    """The same tables as on Polars; one record of the run; a try after a worker's death finds the job that was asked for."""
    (lake / "01_bronze/2009.csv").write_bytes(kaggle_csv([*flights(400), flight(3)]))
    run = run_dag("etl_ml_pipeline", 2009, **ASKED)
    assert str(run.state) == "success"
    found = states(run)
    assert found["clean_on_spark"] == found["load_warehouse"] == ["success"]
    assert found["download_bronze"] == found["to_silver"] == found["to_gold"] == ["skipped"]
    (job,) = emr.jobs
    assert dying_worker == [job.id, job.id]
    assert (job.state, job.execution_timeout_minutes) == ("SUCCESS", 120)
    (record,) = [json.loads(file.read_text()) for file in (lake / "runs/year/2009").glob("*.json")]
    assert (record["status"], record["rows_in"], record["rows_quarantined"]) == ("done", 401, 1)
    assert record["parameters"]["detect"]["detectors"] == ["constant"]
    assert deployment.rows("SELECT run_id, status FROM pipeline_runs") == [(record["run_id"], "done")]
    _assert_as_on_polars(lake, tmp_path / "other", deployment.warehouse)


def _assert_as_on_polars(lake: Path, folder: Path, warehouse: str) -> None:
    from tarmac.pipeline import Parameters, Workspace, run_year
    from tarmac.storage.lake import Zones, open_lake

    (folder / "01_bronze").mkdir(parents=True)
    (folder / "01_bronze/2009.csv").write_bytes((lake / "01_bronze/2009.csv").read_bytes())
    place = Workspace(
        lake=open_lake(str(folder), Zones(silver="02_clean")), scratch=folder, home=folder, warehouse=warehouse
    )
    run_year(place, 2009, Parameters(), steps=("silver", "gold"))
    made = sorted(file.relative_to(folder) for file in folder.glob("0[23]*/**/*.parquet"))
    assert len(made) == 5, "silver, quarantine and three tables of gold"
    for table in made:
        assert_frame_equal(
            pl.read_parquet(lake / table), pl.read_parquet(folder / table), check_row_order=False, rel_tol=1e-9
        )


def test_a_job_that_fails_by_its_input_is_not_tried_again(
    emr: StandIn, lake: Path, deployment: Deployment, mailbox: Mailbox, run_dag: Runner
) -> None:
    """The mail has the service's words; nothing is published; the warehouse knows that the run failed."""
    (lake / "01_bronze/2009.csv").write_bytes(
        kaggle_csv([*flights(50), *(flight(i, ORIGIN="../../x") for i in range(50, 100))])
    )
    run = run_dag("etl_ml_pipeline", 2009, **ASKED)
    assert str(run.state) == "failed"
    assert (states(run)["clean_on_spark"], states(run)["clean_up"]) == (["failed"], ["success"])
    assert [job.state for job in emr.jobs] == ["FAILED"]
    assert not list(lake.rglob("*.parquet"))
    (mail,) = mailbox.texts()
    for said in ("clean_on_spark", emr.jobs[0].id, "is FAILED", "ExitCode: 2", "are invalid"):
        assert said in mail
    assert deployment.rows("SELECT status FROM pipeline_runs") == [("failed",)]
