"""A year taken step by step, as a scheduler does it: each step in a process of its own, again after a failure, never mixed."""

import hashlib
import json
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import polars as pl
import psycopg
import pytest

from tarmac.bronze.local_copy import download_bronze, open_copy
from tarmac.detect import DetectParameters
from tarmac.errors import InputError, SystemFailure
from tarmac.pipeline import STEPS, Parameters, Workspace, publish_report_to_lake, run_year
from tarmac.runs.alerts import note_news, read_news
from tarmac.runs.record import find_same_run, new_run_id
from tarmac.runs.scores import remove_parts, score_part
from tarmac.simulate import SimulationParameters, write_simulation
from tarmac.storage.lake import Lake, open_lake
from tests.support.disrupted_year import GROUNDED, HOSTILE, STORM, disrupted_csv
from tests.support.flight_lines import bts_csv, flight, flights, gz, kaggle_csv, zipped

CSV = kaggle_csv([*flights(300), flight(7, ORIGIN="../../x"), flight(3)])
TWO = Parameters(detect=DetectParameters(detectors=("isolation_forest", "disruption"), outliers_fraction=0.02))


@pytest.fixture(scope="session")
def simulated(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A small year with anomalies."""
    parameters = SimulationParameters(year=2009, flights=6000, airports=4, seed=3)
    return write_simulation(parameters, tmp_path_factory.mktemp("simulated")).csv.read_bytes()


@pytest.fixture
def workspace(tmp_path: Path, warehouse_url: str, simulated: bytes) -> Workspace:
    """A lake with the simulated year in bronze, and an empty warehouse."""
    return _workspace(tmp_path, warehouse_url, simulated)


def _workspace(folder: Path, warehouse: str, text: bytes, name: str = "2009.csv") -> Workspace:
    bronze = folder / "lake" / "01_bronze" / name
    bronze.parent.mkdir(parents=True)
    bronze.write_bytes(text)
    return Workspace(lake=open_lake(str(folder / "lake")), scratch=folder / "scratch", home=folder, warehouse=warehouse)


def _published(workspace: Workspace) -> dict[str, bytes]:
    root = Path(workspace.lake.root)
    return {str(file.relative_to(root)): file.read_bytes() for file in root.glob("0[23]*/**/*.parquet")}


def _step(workspace: Workspace, parameters: Parameters, run_id: str, *steps: str, **more: Any) -> Any:
    return run_year(workspace, 2009, parameters, steps=steps, command="airflow", run_id=run_id, **more)


@pytest.mark.parametrize(
    ("name", "text", "copied"),
    [
        ("2009.csv", CSV, "2009_01_bronze.csv"),
        ("2009.csv.gz", gz(CSV), "2009_01_bronze.csv.gz"),
        ("2009.zip", zipped(a__csv=CSV), "2009_01_bronze.zip"),
        ("2009/m1.csv", bts_csv(flights(200)), "2009_01_bronze/m1.csv"),
    ],
)
def test_silver_from_a_copy_is_silver_from_the_lake(name: str, text: bytes, copied: str, tmp_path: Path) -> None:
    """Byte for byte, and so is the quarantine, which names the lake's file; the copy's hash is the run's input."""
    workspace = _workspace(tmp_path, "embedded", text, name)
    lenient = replace(TWO, max_quarantined=0.1)
    direct = run_year(workspace, 2009, lenient, steps=("silver",))
    before = _published(workspace)
    for file in Path(workspace.lake.root).glob("02*/**/*.parquet"):
        file.unlink()
    copy = download_bronze(2009, workspace.lake, tmp_path / "copy")
    assert (tmp_path / "copy" / copied).read_bytes() == text
    assert list(copy.sha256.values()) == [hashlib.sha256(text).hexdigest()]
    assert copy.size == len(text)
    assert copy.input_hash == direct.input_hash
    assert open_copy(2009, tmp_path / "copy") == copy
    run_year(workspace, 2009, lenient, steps=("silver",), bronze=open_copy(2009, tmp_path / "copy"))
    assert _published(workspace) == before


def test_a_copy_that_was_changed_is_refused(workspace: Workspace, tmp_path: Path) -> None:
    """By its size at once, by its SHA-256 when it is read; nothing is published."""
    copy = download_bronze(2009, workspace.lake, tmp_path / "copy")
    file = tmp_path / "copy" / "2009_01_bronze.csv"
    changed = file.read_bytes().replace(b"2009-01-01", b"2009-01-02", 1)
    file.unlink()  # it may be the lake's own file under another name
    file.write_bytes(changed)
    with pytest.raises(SystemFailure, match="is not what was downloaded"):
        run_year(workspace, 2009, TWO, steps=("silver",), bronze=copy)
    assert _published(workspace) == {}
    file.write_bytes(b"short")
    assert open_copy(2009, tmp_path / "copy") is None
    assert download_bronze(2009, workspace.lake, tmp_path / "copy") == copy
    assert open_copy(2009, tmp_path / "copy") == copy


class _Cut(Lake):
    """A lake whose files end before their end."""

    def fetch(self, key: str, scratch: Path) -> Path:
        file = scratch / "cut"
        file.write_bytes(super().fetch(key, scratch).read_bytes()[:1000])
        return file


def test_a_download_that_was_cut_leaves_nothing(workspace: Workspace, tmp_path: Path) -> None:
    """The next one finds no half file and succeeds."""
    with pytest.raises(SystemFailure, match="was not downloaded completely: 1,000 bytes"):
        download_bronze(2009, _Cut(zones=workspace.lake.zones, store=workspace.lake.store), tmp_path / "copy")
    assert [path for path in (tmp_path / "copy").rglob("*") if path.is_file()] == []


def test_a_damaged_archive_is_refused_when_it_is_downloaded(tmp_path: Path) -> None:
    """As the input's fault, which another try does not fix."""
    workspace = _workspace(tmp_path, "embedded", gz(CSV)[:-9], "2009.csv.gz")
    with pytest.raises(InputError, match=r"2009\.csv\.gz is damaged or cut off"):
        download_bronze(2009, workspace.lake, tmp_path / "copy")
    assert open_copy(2009, tmp_path / "copy") is None


def test_detectors_apart_and_joined_are_detectors_together(workspace: Workspace) -> None:
    """The same bytes, whatever the order of the parts."""
    run_year(workspace, 2009, TWO, steps=("silver", "gold", "detect"))
    together = _published(workspace)
    Path(workspace.lake.location(workspace.lake.anomalies_key(2009))).unlink()
    run_id = new_run_id()
    for name in reversed(TWO.detect.detectors):
        assert score_part(workspace, 2009, TWO, name, run_id) > 0
    joined = _step(workspace, TWO, run_id, "detect", parts=True)
    assert _published(workspace) == together
    assert joined.written["failed_detectors"] == {}
    assert set(joined.written["flags"]) == set(TWO.detect.detectors)
    remove_parts(workspace.lake, 2009)
    remove_parts(workspace.lake, 2009)
    assert not list(Path(workspace.lake.root).glob("runs/year/2009/parts*"))


def test_a_detector_that_failed_is_named_and_the_others_stand(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With its own reason; one whose part is missing for another cause is named as well."""
    three = replace(TWO, detect=replace(TWO.detect, detectors=("disruption", "stl", "constant")))
    run_year(workspace, 2009, three, steps=("silver", "gold"))
    run_id = new_run_id()
    monkeypatch.setitem(sys.modules, "statsmodels", None)
    score_part(workspace, 2009, three, "disruption", run_id)
    with pytest.raises(SystemFailure, match=r"detector stl could not score 2009: .*tarmac\[compare\]"):
        score_part(workspace, 2009, three, "stl", run_id)
    run = _step(workspace, three, run_id, "detect", parts=True)
    assert set(run.written["failed_detectors"]) == {"stl", "constant"}
    assert "tarmac[compare]" in run.written["failed_detectors"]["stl"]
    assert "its task did not end" in run.written["failed_detectors"]["constant"]
    anomalies = pl.read_parquet(workspace.lake.location(workspace.lake.anomalies_key(2009)))
    assert anomalies["detector"].unique().to_list() == ["disruption"]


def test_without_any_part_nothing_is_published(workspace: Workspace) -> None:
    """The earlier scores stay."""
    run_year(workspace, 2009, TWO, steps=("silver", "gold", "detect"))
    before = _published(workspace)
    with pytest.raises(SystemFailure, match="no detector could score 2009, so nothing was published"):
        _step(workspace, TWO, new_run_id(), "detect", parts=True)
    assert _published(workspace) == before


def test_parts_of_another_run_other_parameters_or_other_gold_are_never_joined(
    workspace: Workspace, simulated: bytes
) -> None:
    """Each of them would be a score of something else."""
    run_year(workspace, 2009, TWO, steps=("silver", "gold"))
    run_id = new_run_id()
    for name in TWO.detect.detectors:
        score_part(workspace, 2009, TWO, name, run_id)
    stricter = replace(TWO, detect=replace(TWO.detect, outliers_fraction=0.01))
    for parameters, run in ((TWO, new_run_id()), (stricter, run_id)):
        with pytest.raises(SystemFailure, match="no detector could score"):
            _step(workspace, parameters, run, "detect", parts=True)
    bronze = Path(workspace.lake.root, "01_bronze/2009.csv")
    bronze.write_bytes(simulated + simulated.splitlines(keepends=True)[1].replace(b"2009-01-01", b"2009-01-02"))
    run_year(workspace, 2009, TWO, steps=("silver", "gold"))
    with pytest.raises(SystemFailure, match="no detector could score"):
        _step(workspace, TWO, run_id, "detect", parts=True)


def test_steps_apart_leave_one_record_and_what_the_whole_run_leaves(
    workspace: Workspace, warehouse: psycopg.Connection, tmp_path: Path
) -> None:
    """One record in the lake and one row in the warehouse, which end with the load."""
    run_year(workspace, 2009, TWO, steps=("silver", "gold", "detect"))
    together = _published(workspace)
    for file in [
        *Path(workspace.lake.root).glob("0[23]*/**/*.parquet"),
        *Path(workspace.lake.root).glob("runs/**/*.json"),
    ]:
        file.unlink()
    run_id = new_run_id()
    copy = download_bronze(2009, workspace.lake, tmp_path / "copy")
    assert _step(workspace, TWO, run_id, "silver", bronze=copy).status == "running"
    _step(workspace, TWO, run_id, "gold")
    for name in TWO.detect.detectors:
        score_part(workspace, 2009, TWO, name, run_id)
    _step(workspace, TWO, run_id, "detect", parts=True)
    _step(workspace, TWO, run_id, "load")
    assert _published(workspace) == together
    (file,) = Path(workspace.lake.root).glob("runs/year/2009/*.json")
    record = json.loads(file.read_text(encoding="utf-8"))
    assert (record["run_id"], record["status"], record["rows_in"]) == (run_id, "done", 6000)
    assert {"silver", "gold", "detect", "load"} <= set(record["seconds"])
    assert record["written"]["silver"] == {"replaced": record["rows_kept"]}
    columns = "run_id, status, rows_in, written, parameters, input_hash"
    row = warehouse.execute(f"SELECT {columns} FROM pipeline_runs").fetchall()
    assert row == [tuple(record[name] for name in columns.split(", "))]


def test_a_step_that_failed_is_on_record_and_its_retry_goes_on(
    workspace: Workspace, warehouse: psycopg.Connection
) -> None:
    """The warehouse hears of the failure at once; the same record ends well."""
    run_id = new_run_id()
    with pytest.raises(InputError, match="tarmac silver"):
        _step(workspace, TWO, run_id, "gold")
    query = "SELECT run_id, status FROM pipeline_runs"
    assert warehouse.execute(query).fetchall() == [(run_id, "failed")]
    _step(workspace, TWO, run_id, "silver")
    _step(workspace, TWO, run_id, "gold", "detect", "load")
    assert warehouse.execute(query).fetchall() == [(run_id, "done")]


def test_a_second_run_says_that_it_changed_nothing(workspace: Workspace) -> None:
    """Nothing is written anew, and the counts say so."""
    run_year(workspace, 2009, TWO)
    root = Path(workspace.lake.root)
    before = {file: file.stat().st_mtime_ns for file in root.glob("0[123]*/**/*.*")}
    again = run_year(workspace, 2009, TWO)
    for table in ("silver", "quarantine", "gold", "anomalies"):
        assert set(again.written[table]) == {"unchanged"}, table
    assert {file: file.stat().st_mtime_ns for file in root.glob("0[123]*/**/*.*")} == before


def test_the_same_run_is_found_and_nothing_else_is_taken_for_it(workspace: Workspace) -> None:
    """Other input, other parameters, a lost file, a lost warehouse or a later run: each is something to do."""
    run = run_year(workspace, 2009, TWO)
    assert run.input_hash
    assert find_same_run(workspace, 2009, TWO, run.input_hash) == run.run_id
    assert find_same_run(workspace, 2009, TWO, "other") is None
    assert find_same_run(workspace, 2009, replace(TWO, history=1), run.input_hash) is None
    assert find_same_run(workspace, 2010, TWO, run.input_hash) is None
    gold = Path(workspace.lake.location(workspace.lake.gold_key(2009)))
    kept = gold.read_bytes()
    gold.unlink()
    assert find_same_run(workspace, 2009, TWO, run.input_hash) is None
    gold.write_bytes(kept)
    with psycopg.connect(workspace.warehouse, autocommit=True) as connection:
        connection.execute("DELETE FROM pipeline_runs")
    assert find_same_run(workspace, 2009, TWO, run.input_hash) is None
    again = run_year(workspace, 2009, TWO, steps=STEPS)
    assert find_same_run(workspace, 2009, TWO, run.input_hash) == again.run_id
    run_year(workspace, 2009, TWO, steps=("silver",))
    assert find_same_run(workspace, 2009, TWO, run.input_hash) is None


def test_news_are_the_disruptions_that_the_warehouse_does_not_have(tmp_path: Path, warehouse_url: str) -> None:
    """All of them at first, most lost first; the same ones when the step is tried again after its load; none in the next run."""
    workspace = _workspace(tmp_path, warehouse_url, disrupted_csv())
    run_year(workspace, 2009, TWO, steps=("silver", "gold", "detect"))
    first = note_news(workspace, 2009, "one")
    told = read_news(workspace.lake, first.key)
    ids = [f"AA{GROUNDED:%Y%m%d}", f"DEN{STORM:%Y%m%d}"]
    assert [each["event_id"] for each in told["worst"]] == ids
    assert first.disruptions == told["disruptions"] == 2
    run_year(workspace, 2009, TWO, steps=("load",))
    assert note_news(workspace, 2009, "one") == first
    assert note_news(workspace, 2009, "two").disruptions == 0
    with psycopg.connect(workspace.warehouse, autocommit=True) as connection:
        connection.execute("DELETE FROM disruption_events WHERE event_id = %s", [ids[0]])
    assert read_news(workspace.lake, note_news(workspace, 2009, "three").key)["worst"] == told["worst"][:1]


def test_a_carriers_hostile_code_is_loaded_as_it_is_and_told_harmlessly(tmp_path: Path, warehouse_url: str) -> None:
    """Markup, SQL and a template are text in every table; the sentence has letters and question marks."""
    workspace = _workspace(tmp_path, warehouse_url, disrupted_csv(HOSTILE))
    run_year(workspace, 2009, TWO)
    note_news(workspace, 2009, "known")
    with psycopg.connect(workspace.warehouse, autocommit=True) as connection:
        assert connection.execute("SELECT count(*) FROM airports").fetchone() == (4,)
        for table, column in (("carrier_days", "op_carrier"), ("disruption_events", "carriers")):
            query = f"SELECT count(*) > 0 FROM {table} WHERE {column} = %s"
            assert connection.execute(query, [HOSTILE]).fetchone() == (True,), table
        parts = "SELECT count(*) > 0 FROM disruption_parts WHERE dimension = 'op_carrier' AND value = %s"
        assert connection.execute(parts, [HOSTILE]).fetchone() == (True,)
        (sentences,) = connection.execute("SELECT string_agg(summary, ' ') FROM disruption_events").fetchone()
    assert not set(sentences) & set("<>'\"{}&=")


def test_a_year_s_report_is_put_into_the_lake(workspace: Workspace) -> None:
    """In place of an older one; a year that was not loaded is refused."""
    with pytest.raises(InputError, match="tarmac run"):
        publish_report_to_lake(workspace, 2009)
    run_year(workspace, 2009, TWO)
    for _ in range(2):
        key = publish_report_to_lake(workspace, 2009)
    report = Path(workspace.lake.location(key))
    assert key == "reports/year/2009/2009_report.html"
    assert report.read_text(encoding="utf-8").startswith("<!")
    assert [path.name for path in report.parent.iterdir()] == ["2009_report.html"]
