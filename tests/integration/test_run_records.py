"""Each run leaves a record in the lake and in the warehouse, and both say the same."""

import json
import subprocess
import sys
from pathlib import Path

import polars as pl
import psycopg
import pytest
from psycopg.rows import dict_row

from tarmac.cli.app import run_command
from tarmac.cli.demonstration import run_demo
from tarmac.detect import DetectParameters
from tarmac.errors import InputError, SystemFailure
from tarmac.pipeline import Parameters, SilentReporter, Workspace, run_year
from tarmac.runs.record import new_run_id, read_run
from tarmac.settings import ALL_STEPS
from tarmac.simulate import SimulationParameters, write_simulation
from tarmac.storage.lake import open_lake
from tarmac.tables.runs import RUNS

QUICK = Parameters(detect=DetectParameters(detectors=("disruption",)))


@pytest.fixture
def workspace(tmp_path: Path, warehouse_url: str) -> Workspace:
    """A lake with a small simulated year in bronze, and an empty warehouse."""
    made = write_simulation(SimulationParameters(year=2009, flights=3000, airports=3, seed=1), tmp_path / "made")
    bronze = tmp_path / "lake" / "01_bronze" / "2009.csv"
    bronze.parent.mkdir(parents=True)
    made.csv.rename(bronze)
    lake = open_lake(str(tmp_path / "lake"))
    return Workspace(lake=lake, scratch=tmp_path / "scratch", home=tmp_path, warehouse=warehouse_url)


def in_the_lake(workspace: Workspace, year: int = 2009) -> list[dict]:
    """The records, of which `steps` is the lake's alone."""
    files = sorted(Path(workspace.lake.root).glob(f"runs/year/{year}/*.json"))
    return [json.loads(file.read_text(encoding="utf-8")) for file in files]


def in_the_warehouse(warehouse: psycopg.Connection) -> list[dict]:
    with warehouse.cursor(row_factory=dict_row) as cursor:
        rows = cursor.execute("SELECT * FROM pipeline_runs ORDER BY run_id").fetchall()
    return json.loads(json.dumps(rows, default=str))


def test_the_lake_s_record_and_the_warehouse_s_row_are_equal(workspace: Workspace, warehouse: psycopg.Connection):
    """In every column; times to the microsecond."""
    run = run_year(workspace, 2009, QUICK)
    (record,), (row,) = in_the_lake(workspace), in_the_warehouse(warehouse)
    steps = record.pop("steps")
    assert record == row
    assert set(record) == set(RUNS.names)
    assert list(steps) == list(ALL_STEPS)
    assert {name: step["seconds"] for name, step in steps.items()} == {name: record["seconds"][name] for name in steps}
    written = {table: counts for step in steps.values() for table, counts in step["written"].items()}
    assert record["written"] == written | {name: steps["detect"][name] for name in ("flags", "failed_detectors")}
    assert read_run(workspace.lake, 2009, run.run_id).steps == run.steps
    assert (record["status"], record["rows_in"], record["command"]) == ("done", 3000, "run")
    assert record["rows_in"] == record["rows_kept"] + record["rows_quarantined"]
    assert sum(record["quarantined_by_reason"].values()) == record["rows_quarantined"]
    parts = {"detect.disruption", "detect.carriers", "detect.explain"}
    assert set(record["seconds"]) == {"silver", "gold", "detect", "load", *parts}
    assert run.finished >= run.started
    assert record["parameters"]["detect"]["detectors"] == ["disruption"]
    assert {"tarmac", "python", "polars"} <= set(record["versions"])


def test_a_year_that_no_detector_could_score_keeps_its_earlier_scores(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
):
    """An empty table in their place would say that nothing was abnormal."""
    run_year(workspace, 2009, QUICK, steps=("silver", "gold", "detect"))
    anomalies = Path(workspace.lake.location(workspace.lake.anomalies_key(2009)))
    before = anomalies.read_bytes()
    monkeypatch.setitem(sys.modules, "statsmodels", None)
    needs_an_extra = Parameters(detect=DetectParameters(detectors=("stl",)))
    with pytest.raises(SystemFailure, match=r"no detector could score 2009.*stl.*tarmac\[compare\]"):
        run_year(workspace, 2009, needs_an_extra, steps=("detect",))
    assert anomalies.read_bytes() == before


def test_a_run_that_failed_says_so_in_both_places(workspace: Workspace, warehouse: psycopg.Connection):
    """What it had counted before is there; the next run succeeds and has a record of its own."""
    gold = Path(workspace.lake.location(workspace.lake.gold_key(2009)))
    gold.mkdir(parents=True)
    with pytest.raises((InputError, SystemFailure)):
        run_year(workspace, 2009, QUICK)
    (record,), (row,) = in_the_lake(workspace), in_the_warehouse(warehouse)
    assert set(record.pop("steps")) == {"silver"}
    assert record == row
    assert (record["status"], record["rows_in"]) == ("failed", 3000)
    assert set(record["seconds"]) == {"silver"}
    gold.rmdir()
    run_year(workspace, 2009, QUICK)
    assert [run["status"] for run in in_the_lake(workspace)] == ["failed", "done"]
    assert [run["status"] for run in in_the_warehouse(warehouse)] == ["failed", "done"]


def test_a_run_whose_warehouse_is_gone_is_on_record_in_the_lake(workspace: Workspace):
    """The first error is the one that is told."""
    nowhere = Workspace(
        lake=workspace.lake, scratch=workspace.scratch, home=workspace.home, warehouse="postgresql://127.0.0.1:1/none"
    )
    with pytest.raises((InputError, SystemFailure), match=r"127\.0\.0\.1"):
        run_year(nowhere, 2009, QUICK)
    (record,) = in_the_lake(workspace)
    assert record["status"] == "failed"
    assert {"silver", "gold", "detect"} <= set(record["seconds"])


def test_a_single_step_is_on_record_in_the_lake(workspace: Workspace):
    """It asks no warehouse for anything, so none is opened."""
    run = run_year(
        Workspace(lake=workspace.lake, scratch=workspace.scratch, home=workspace.home),
        2009,
        QUICK,
        steps=("silver",),
        command="silver",
    )
    (record,) = in_the_lake(workspace)
    assert (record["run_id"], record["command"], record["status"]) == (run.run_id, "silver", "done")
    assert set(record["seconds"]) == {"silver"}
    assert not (workspace.home / "postgres").exists()


@pytest.mark.slow
def test_the_demonstration_goes_the_whole_way_and_tells_how_well(tmp_path: Path, open_folder: Path):
    """A report, a warehouse to ask, and an honest count of what was found."""
    out = tmp_path / "out.html"
    demo = run_demo(
        open_folder, QUICK, year=2019, flights=20_000, airports=5, seed=1, out=out, reporter=SilentReporter()
    )
    assert out.read_text(encoding="utf-8").startswith("<!")
    assert demo.run.status == "done"
    assert 0 <= demo.found <= min(demo.true, demo.flagged)
    anomalies = pl.read_parquet(demo.workspace.lake.location(demo.workspace.lake.anomalies_key(2019)))
    assert anomalies["flag"].sum() == demo.flagged > 0
    facts = json.loads(json.dumps(demo.facts(), default=str))
    assert (facts["command"], facts["true"], facts["found"]) == ("demo", demo.true, demo.found)
    assert str(out) in demo.sentence()
    assert f"flagged {demo.flagged:,}" in demo.sentence()


def test_a_report_on_standard_output_is_not_mixed_with_json(tmp_path: Path, capfd: pytest.CaptureFixture[str]):
    """Exit code 2 before anything is simulated."""
    assert run_command(["demo", "--out", "/dev/stdout", "--json"]) == 2
    assert "both write to standard output" in capfd.readouterr().err


@pytest.mark.slow
def test_the_demonstrations_report_is_all_that_it_writes_to_standard_output(
    open_folder: Path, monkeypatch: pytest.MonkeyPatch
):
    """The summary goes to standard error."""
    monkeypatch.setenv("TARMAC_HOME", str(open_folder))
    command = [sys.executable, "-m", "tarmac", "demo", "--flights", "20000", "--airports", "5", "--out", "/dev/stdout"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout.startswith("<!")
    assert done.stdout.rstrip().endswith("</html>")
    assert "abnormal airport-days" in done.stderr


def test_one_record_of_a_run_whose_steps_several_commands_take(workspace: Workspace, tmp_path: Path, capfd):
    """By the run's id, as a scheduler gives it: half of the way is no finished run, the last step ends it."""
    run_id, year = (
        new_run_id(),
        ["--year", "2009", "--lake", workspace.lake.root, "--detectors", "disruption", "--quiet"],
    )
    assert run_command(["run", *year, "--run-id", run_id, "--steps", "silver,gold"]) == 0
    (record,) = in_the_lake(workspace)
    assert (record["run_id"], record["status"]) == (run_id, "running")
    assert set(record["seconds"]) == {"silver", "gold"}
    assert (
        run_command(["run", *year, "--run-id", run_id, "--steps", "detect,load", "--warehouse", workspace.warehouse])
        == 0
    )
    (record,) = in_the_lake(workspace)
    assert record["status"] == "done"
    assert {"silver", "gold", "detect", "load"} <= set(record["seconds"])
