"""Whole runs of the DAGs, in this process: the S3 protocol, Postgres, SMTP and HTTP are real."""

import json
import sys
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest

from tests.support.airflow_deployment import Deployment, Mailbox, states
from tests.support.disrupted_year import HOSTILE, disrupted_csv
from tests.support.flight_lines import flight, flights, kaggle_csv

Runner = Callable[..., Any]
QUICK = ["disruption", "constant"]
YEAR = disrupted_csv(HOSTILE)


@pytest.fixture
def webhook(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Any]]:
    """What was posted to the connection alert_webhook."""
    posted: list[Any] = []

    class Answer(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            posted.append((self.path, json.loads(self.rfile.read(int(self.headers["Content-Length"])))))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Answer)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    connection = {"conn_type": "http", "host": "127.0.0.1", "port": server.server_port, "extra": {"path": "/alerts"}}
    monkeypatch.setenv("AIRFLOW_CONN_ALERT_WEBHOOK", json.dumps(connection))
    yield posted
    server.shutdown()
    server.server_close()


def put_bronze(deployment: Deployment, text: bytes, name: str = "2009.csv") -> None:
    deployment.s3.put_object(Bucket="lake", Key=f"01_bronze/{name}", Body=text)


def assert_clean(deployment: Deployment) -> None:
    """Neither files in the scratch folder nor parts in the lake."""
    assert [path for path in deployment.scratch.rglob("*") if path.name != deployment.scratch.name] == []
    assert [key for key in deployment.keys("runs/") if "/parts/" in key] == []


def reference(folder: Path, warehouse: str) -> dict[str, bytes]:
    """The zones after `tarmac run` with the same parameters, on a folder."""
    from tarmac.detect import DetectParameters
    from tarmac.pipeline import Parameters, Workspace, run_year
    from tarmac.storage.lake import open_lake

    (folder / "lake/01_bronze").mkdir(parents=True)
    (folder / "lake/01_bronze/2009.csv").write_bytes(YEAR)
    place = Workspace(
        lake=open_lake(str(folder / "lake")), scratch=folder, home=folder, warehouse=warehouse, table="other"
    )
    run_year(place, 2009, Parameters(detect=DetectParameters(detectors=tuple(QUICK))))
    root = folder / "lake"
    return {str(file.relative_to(root)): file.read_bytes() for file in root.glob("0[123]*/**/*.*")}


@pytest.mark.slow
def test_a_year_goes_from_the_lake_to_the_warehouse_and_a_second_run_changes_nothing(
    deployment: Deployment,
    mailbox: Mailbox,
    webhook: list[Any],
    run_dag: Runner,
    tmp_path: Path,
) -> None:
    """Lake and warehouse are those of `tarmac run`; people hear of the news once; the second run says what it skipped."""
    put_bronze(deployment, YEAR)
    run = run_dag("etl_ml_pipeline", 2009, detectors=QUICK)
    assert str(run.state) == "success"
    others = {name: each for name, each in states(run).items() if set(each) != {"success"}}
    assert others == {"clean_on_spark": ["skipped"]}
    assert len(states(run)["detect_anomalies"]) == len(QUICK)
    made = deployment.files()
    assert_clean(deployment)
    of_year = "WHERE fl_date BETWEEN '2009-01-01' AND '2009-12-31'"
    loaded = deployment.rows(f"SELECT origin, fl_date, anomaly FROM agg_dep_delay_by_date {of_year} ORDER BY 1, 2")
    assert {key: text for key, (text, _) in made.items()} == reference(tmp_path, deployment.warehouse)
    assert loaded == deployment.rows("SELECT origin, fl_date, anomaly FROM other ORDER BY 1, 2")
    _assert_alerted(deployment, mailbox, webhook)
    _assert_events(2009)

    deployment.execute("DELETE FROM pipeline_runs WHERE command = 'run'")  # the reference run, which came later
    stamps = deployment.rows("SELECT id, last_update FROM agg_dep_delay_by_date ORDER BY 1")
    again = run_dag("etl_ml_pipeline", 2009, detectors=QUICK)
    assert str(again.state) == "success"
    assert states(again)["anything_new"] == ["success"]
    skipped = {name for name, each in states(again).items() if each == ["skipped"]}
    assert {"to_silver", "to_gold", "publish_anomalies", "load_warehouse", "send_alert"} <= skipped
    assert deployment.files() == made
    assert deployment.rows("SELECT id, last_update FROM agg_dep_delay_by_date ORDER BY 1") == stamps
    assert len(mailbox.mails) == len(webhook) == 1

    forced = run_dag("etl_ml_pipeline", 2009, detectors=QUICK, force=True)
    assert str(forced.state) == "success"
    assert states(forced)["load_warehouse"] == ["success"]
    assert deployment.files() == made
    assert deployment.rows("SELECT id, last_update FROM agg_dep_delay_by_date ORDER BY 1") == stamps
    ((written,),) = deployment.rows("SELECT written FROM pipeline_runs ORDER BY run_id DESC LIMIT 1")
    assert {name: list(written[name]) for name in ("silver", "gold", "anomalies")} == {
        name: ["unchanged"] for name in ("silver", "gold", "anomalies")
    }
    assert len(mailbox.mails) == 1

    report = run_dag("publish_report", 2009, year=2009)
    assert str(report.state) == "success"
    page = deployment.s3.get_object(Bucket="lake", Key="reports/year/2009/2009_report.html")["Body"].read()
    assert page.startswith(b"<!")
    assert_clean(deployment)


def _assert_alerted(deployment: Deployment, mailbox: Mailbox, webhook: list[Any]) -> None:
    """Both disruptions, one line each, most lost first; the hostile carrier's code is markup in neither."""
    told = deployment.rows("SELECT severity, summary FROM disruption_events ORDER BY excess_cancelled DESC")
    lines = [f"Severity {severity}: {summary}" for severity, summary in told]
    subject = "Tarmac: 2 new disruptions in 2009, severity up to 5 of 5"
    (mail,) = mailbox.texts()
    for said in (subject, "operator@tarmac.test", "".join(f"<li>{line}</li>" for line in lines)):
        assert said in mail
    assert "<img" not in mail
    ((path, posted),) = webhook
    assert (path, posted["disruptions"], posted["text"]) == ("/alerts", 2, "\n".join([subject, *lines]))
    assert [each["carriers"] for each in posted["worst"]] == [HOSTILE, ""]


def test_nothing_in_a_sentence_is_markup_or_a_second_line() -> None:
    """Whatever the lake holds: mails are HTML, chat services read <…> as links and mentions, and a line is a disruption."""
    from tarmac_dags.alert import to_body, to_posted

    worst = {"severity": 3, "summary": "<!channel> <a href='http://x'>you & I</a>\nSeverity 5: made up"}
    news = {"year": 2009, "disruptions": 30, "worst": [worst]}
    body = to_body(news, {"stl": "<b>no</b>"})
    assert "The 1 of 30 new disruptions of 2009" in body
    assert body.count("<li>") == 2
    assert not any(markup in body for markup in ("<!channel>", "<a href", "<b>"))
    text = to_posted(news)["text"]
    assert text.count("\n") == 1
    assert "&lt;!channel&gt;" in text
    assert "<" not in text


def _assert_events(year: int) -> None:
    from airflow.models.asset import AssetEvent, AssetModel
    from airflow.utils.session import create_session

    with create_session() as session:
        rows = session.query(AssetModel.name, AssetEvent.extra).join(AssetEvent, AssetEvent.asset_id == AssetModel.id)
        told = dict(rows.order_by(AssetEvent.id))
    assert {name: extra["year"] for name, extra in told.items()} == {"silver": year, "gold": year, "warehouse": year}
    assert told["silver"]["written"]["silver"]["replaced"] > 0


@pytest.mark.slow
def test_a_run_that_fails_cleans_up_and_mails_once(deployment: Deployment, mailbox: Mailbox, run_dag: Runner) -> None:
    """What only a person can fix is not tried again; the mail says which task, why, and where its log is."""
    put_bronze(deployment, kaggle_csv([*flights(50), *(flight(i, ORIGIN="../../x") for i in range(50, 100))]))
    run = run_dag("etl_ml_pipeline", 2009, detectors=QUICK)
    assert str(run.state) == "failed"
    found = states(run)
    assert (found["to_silver"], found["to_gold"], found["clean_up"]) == (["failed"], ["upstream_failed"], ["success"])
    (silver,) = (ti for ti in run.get_task_instances() if ti.task_id == "to_silver")
    assert silver.try_number == 1
    assert_clean(deployment)
    assert [key for key in deployment.keys("0") if not key.startswith("01")] == []
    (mail,) = mailbox.texts()
    for said in ("etl_ml_pipeline failed for 2009", "operator@tarmac.test", "to_silver", "are invalid"):
        assert said in mail
    assert f"http://airflow.test/dags/etl_ml_pipeline/runs/{run.run_id}/tasks/to_silver" in unquote(mail)
    assert deployment.rows("SELECT status FROM pipeline_runs") == [("failed",)]


@pytest.mark.slow
def test_a_system_that_fails_is_tried_four_times_and_told_once(
    deployment: Deployment, mailbox: Mailbox, run_dag: Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Here the warehouse, which nobody answers for."""
    put_bronze(deployment, kaggle_csv(flights(100)))
    nowhere = {"conn_type": "postgres", "host": "127.0.0.1", "port": 1, "login": "x", "schema": "x"}
    monkeypatch.setenv("AIRFLOW_CONN_POSTGRES_CONN", json.dumps(nowhere))
    run = run_dag("etl_ml_pipeline", 2009, detectors=QUICK)
    assert str(run.state) == "failed"
    (failed,) = (ti for ti in run.get_task_instances() if ti.task_id == "load_warehouse")
    assert (str(failed.state), failed.try_number) == ("failed", 4)
    assert states(run)["clean_up"] == ["success"]
    assert_clean(deployment)
    (mail,) = mailbox.texts()
    assert "load_warehouse" in mail
    assert "127.0.0.1" in mail


@pytest.mark.slow
def test_a_year_without_bronze_is_waited_for_and_then_fails_with_a_message(
    deployment: Deployment, mailbox: Mailbox, run_dag: Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The folder has one month of twelve, which is not the year; the mail says what was looked for, once."""
    put_bronze(deployment, b"x", "2009/january.csv")
    monkeypatch.setenv("AIRFLOW_VAR_BRONZE_TIMEOUT_HOURS", "0.001")
    run = run_dag("etl_ml_pipeline", 2009, detectors=QUICK)
    assert str(run.state) == "failed"
    assert states(run)["wait_for_bronze"] == ["failed"]
    assert states(run)["clean_up"] == ["success"]
    (waited,) = (ti for ti in run.get_task_instances() if ti.task_id == "wait_for_bronze")
    assert waited.end_date - run.start_date >= _hours(0.001)
    (mail,) = mailbox.texts()
    for said in ("no bronze for 2009", "12 files in 01_bronze/2009/ (found 1)", "tarmac ingest", "wait_for_bronze"):
        assert said in mail


def _hours(hours: float) -> Any:
    from datetime import timedelta

    return timedelta(hours=hours)


@pytest.mark.slow
def test_a_detector_that_fails_costs_the_others_nothing(
    deployment: Deployment,
    mailbox: Mailbox,
    run_dag: Runner,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Its mapped task fails, the year is loaded without it, and the alert says which is missing, and why."""
    put_bronze(deployment, YEAR)
    monkeypatch.setitem(sys.modules, "statsmodels", None)
    run = run_dag("etl_ml_pipeline", 2009, detectors=["stl", "constant"])
    assert sorted(states(run)["detect_anomalies"]) == ["failed", "success"]
    assert states(run)["load_warehouse"] == ["success"]
    assert str(run.state) == "success"
    assert deployment.rows("SELECT DISTINCT detector FROM anomaly_scores") == [("constant",)]
    (mail,) = mailbox.texts()
    assert "stl: " in mail
    assert "tarmac[compare]" in mail


@pytest.mark.slow
def test_a_year_after_the_last_is_skipped(
    deployment: Deployment, mailbox: Mailbox, run_dag: Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is read, nothing is written, nobody is told."""
    monkeypatch.setenv("AIRFLOW_VAR_LAST_YEAR", "2008")
    run = run_dag("etl_ml_pipeline", 2009)
    assert str(run.state) == "success"
    assert states(run)["plan"] == states(run)["wait_for_bronze"] == states(run)["load_warehouse"] == ["skipped"]
    assert deployment.keys() == []
    assert mailbox.mails == []


@pytest.mark.slow
def test_the_leaderboard_is_put_into_the_lake(deployment: Deployment, mailbox: Mailbox, run_dag: Runner) -> None:
    """As a page, as text and as figures."""
    asked = {"detectors": QUICK, "seeds": "1", "flights": 20_000, "airports": 5}
    run = run_dag("detector_leaderboard", 2009, **asked)
    assert str(run.state) == "success"
    assert deployment.keys("reports/") == [f"reports/leaderboard/leaderboard.{kind}" for kind in ("html", "json", "md")]
    facts = json.loads(
        deployment.s3.get_object(Bucket="lake", Key="reports/leaderboard/leaderboard.json")["Body"].read()
    )
    assert "--seeds 1" in facts["command"]
    assert_clean(deployment)
