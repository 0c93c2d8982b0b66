"""The monthly DAG, from a server that publishes and corrects months to the warehouse and the mail."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tarmac.bronze.download.bts import NAME
from tests.support.airflow_deployment import Deployment, Mailbox, states
from tests.support.file_server import Fault, FileServer, file_server
from tests.support.flight_lines import bts_csv, flight, zipped

Runner = Callable[..., Any]
YEAR = 2009


@pytest.fixture
def bts(monkeypatch: pytest.MonkeyPatch) -> Iterator[FileServer]:
    """A server in BTS's place, which has published nothing yet, and does not let us wait for long."""
    with file_server() as server:
        variables = {
            "MIRROR": server.url,
            "DOWNLOAD_PAUSE": "0.01",
            "DOWNLOAD_ATTEMPTS": "2",
            "DETECTORS": "disruption",
        }
        for name, value in variables.items():
            monkeypatch.setenv(f"AIRFLOW_VAR_{name}", value)
        yield server


def publish(server: FileServer, month: int, *, bad_day: int) -> None:
    """A month of two airports; on one day nothing flies."""
    rows = [
        flight(
            number,
            FL_DATE=f"{YEAR}-{month:02d}-{day:02d}",
            ORIGIN=origin,
            **(
                {"CANCELLED": "1.0", "CANCELLATION_CODE": "B", "DEP_TIME": "", "DEP_DELAY": ""}
                if day == bad_day
                else {}
            ),
        )
        for origin in ("EWR", "DEN")
        for day in range(1, 29)
        for number in range(60)
    ]
    server.changed = f"Mon, 02 Nov 2026 10:00:{bad_day} GMT"  # the archives may be of one size
    server.files[NAME.format(year=YEAR, month=month)] = zipped(**{f"On_Time_{YEAR}_{month}__csv": bts_csv(rows)})


def triggered() -> list[Any]:
    """The runs of the yearly DAG that the monthly one has triggered."""
    from airflow.models.dagrun import DagRun
    from airflow.utils.session import create_session

    with create_session() as session:
        runs = session.query(DagRun).filter(DagRun.dag_id == "etl_ml_pipeline").order_by(DagRun.id)
        return [run.conf for run in runs if run.run_id.endswith(f"__{YEAR}")]


def pause(paused: bool) -> None:
    """Pause the yearly DAG, or not."""
    from airflow.models.dag import DagModel
    from airflow.utils.session import create_session

    with create_session() as session:
        session.query(DagModel).filter(DagModel.dag_id == "etl_ml_pipeline").update({"is_paused": paused})


def disrupted(deployment: Deployment) -> list[str]:
    """The days of disruptions that the warehouse knows."""
    return [str(day) for (day,) in deployment.rows("SELECT DISTINCT worst_date FROM disruption_events ORDER BY 1")]


@pytest.mark.slow
def test_months_that_appear_or_change_are_run_and_told(
    deployment: Deployment, mailbox: Mailbox, bts: FileServer, run_dag: Runner
) -> None:
    """Late months are waited for without a mail; each new or corrected one runs the year so far and tells what is new."""
    nothing = run_dag("bts_months", YEAR, year=YEAR)
    assert str(nothing.state) == "success"
    assert states(nothing)["run_year"] == ["skipped"]
    assert deployment.keys("01_bronze/2009") == mailbox.mails == []

    pause(True)
    publish(bts, 1, bad_day=12)
    stopped = run_dag("bts_months", YEAR, year=YEAR)
    assert str(stopped.state) == "failed"
    assert "etl_ml_pipeline is paused. Unpause it" in mailbox.texts()[0]
    assert triggered() == []

    pause(False)  # the month was fetched by the run before, and is not lost
    assert states(run_dag("bts_months", YEAR, year=YEAR))["run_year"] == ["success"]
    assert triggered() == [{"year": YEAR, "months": 1}]
    assert states(run_dag("etl_ml_pipeline", YEAR, **triggered()[0]))["send_alert"] == ["success"]
    assert disrupted(deployment) == ["2009-01-12"]
    assert "new disruption" in mailbox.texts()[1]

    again = run_dag("bts_months", YEAR, year=YEAR)
    assert states(again)["run_year"] == ["skipped"]

    publish(bts, 1, bad_day=20)
    publish(bts, 2, bad_day=13)
    assert states(run_dag("bts_months", YEAR, year=YEAR))["run_year"] == ["success"]
    assert len(triggered()) == 2
    run_dag("etl_ml_pipeline", YEAR, **triggered()[1])
    assert disrupted(deployment) == ["2009-01-20", "2009-02-13"]
    assert len(deployment.keys("01_bronze/replaced/")) == 1
    assert len(mailbox.mails) == 3


@pytest.mark.slow
def test_a_server_that_fails_is_tried_four_times_and_told_once(
    deployment: Deployment, mailbox: Mailbox, bts: FileServer, run_dag: Runner
) -> None:
    """What was fetched before stays."""
    publish(bts, 1, bad_day=12)
    bts.faults[NAME.format(year=YEAR, month=2)] = [Fault(status=503)] * 100
    run = run_dag("bts_months", YEAR, year=YEAR)
    assert str(run.state) == "failed"
    (failed,) = (ti for ti in run.get_task_instances() if ti.task_id == "download_months")
    assert (str(failed.state), failed.try_number) == ("failed", 4)
    assert len(deployment.keys("01_bronze/2009/")) == 1
    (mail,) = mailbox.texts()
    assert "503" in mail
