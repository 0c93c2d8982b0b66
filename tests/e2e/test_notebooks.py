"""The notebooks, run as their reader runs them, and what they say counted a second time by other means."""

import csv
import importlib.util
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import date
from html import unescape
from pathlib import Path
from types import ModuleType
from typing import Any

import marimo as mo
import numpy as np
import plotly.graph_objects as go
import polars as pl
import pytest

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "notebooks"
NOTEBOOKS = ("arima", "descriptive_statistics", "gradient_boosting", "isolation_forest", "stl")
DEFAULT, LARGE, THIN = None, "ORD", "CHS"
AIRPORTS = pytest.mark.parametrize("airport", [DEFAULT, LARGE, THIN], ids=["default", "large", "thin"])
EACH = pytest.mark.parametrize("notebook", NOTEBOOKS)

Run = Callable[..., tuple[str, dict[str, Any]]]


def loaded(name: str) -> ModuleType:
    """A module of the notebooks' folder, under a name that no other module has."""
    spec = importlib.util.spec_from_file_location(f"tarmac_notebook_{name}", FOLDER / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture(autouse=True)
def home(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """One folder for all tests here, so that the year is simulated once; no lake of the user's."""
    folder = tmp_path_factory.getbasetemp() / "notebooks"
    for name in [name for name in os.environ if name.startswith("TARMAC_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("TARMAC_HOME", str(folder))
    monkeypatch.syspath_prepend(FOLDER)
    return folder


@pytest.fixture(scope="module")
def runs() -> Iterator[dict[tuple[str, str | None], tuple[str, dict[str, Any]]]]:
    """What has run already in this module."""
    kept: dict[tuple[str, str | None], tuple[str, dict[str, Any]]] = {}
    yield kept
    kept.clear()


@pytest.fixture
def run(runs: dict[tuple[str, str | None], tuple[str, dict[str, Any]]]) -> Run:
    """Runs a notebook on an airport, once: the words of its last cell, and its names."""

    def running(notebook: str, airport: str | None = None) -> tuple[str, dict[str, Any]]:
        if (notebook, airport) not in runs:
            chosen = {"airport": mo.ui.dropdown([airport], value=airport)} if airport else None
            runs[notebook, airport] = ran(notebook, chosen)
        return runs[notebook, airport]

    return running


def ran(notebook: str, defs: dict[str, Any] | None = None) -> tuple[str, dict[str, Any]]:
    """The words of a notebook's last cell, and its names."""
    outputs, names = loaded(notebook).app.run(defs=defs)
    words = unescape(re.sub(r"<[^>]+>", "", outputs[-1].text))
    return " ".join(words.split()), dict(names)


def truth_of(home: Path, airport: str) -> set[date]:
    (file,) = home.glob("notebooks/*/truth.csv")
    with file.open(newline="") as lines:
        return {date.fromisoformat(row["fl_date"]) for row in csv.DictReader(lines) if row["origin"] == airport}


def gold_of(home: Path, airport: str) -> list[dict[str, Any]]:
    (file,) = home.glob("notebooks/*/gold.parquet")
    return [row for row in pl.read_parquet(file).rows(named=True) if row["origin"] == airport]


def flagged_in(names: dict[str, Any]) -> set[date]:
    return {row["fl_date"] for row in names["scores"].rows(named=True) if row["flag"]}


@AIRPORTS
@EACH
def test_the_last_words_count_the_true_days_found_and_missed(run: Run, home: Path, notebook: str, airport: str | None):
    """Set arithmetic on the truth's file and the flagged dates gives the same counts."""
    words, names = run(notebook, airport)
    code = names["airport"].value
    assert airport in (None, code)
    true, flagged = truth_of(home, code), flagged_in(names)
    assert words.startswith(f"{code}: what ")
    assert re.search(r"It flagged (\d+) days?\.", words)[1] == str(len(flagged))
    assert re.search(r"made (\d+) days? truly abnormal", words)[1] == str(len(true))
    told = re.search(r"(\d+) found, (\d+) missed, and (\d+) false alarms", words)
    assert [int(count) for count in told.groups()] == [len(true & flagged), len(true - flagged), len(flagged - true)]


@AIRPORTS
@EACH
def test_the_last_words_count_the_days_of_most_cancellations(run: Run, home: Path, notebook: str, airport: str | None):
    """The ten largest shares of flights cancelled; among equals more flights, then the earlier day."""
    words, names = run(notebook, airport)
    cancelled = [row for row in gold_of(home, names["airport"].value) if row["cancelled"] > 0]
    cancelled.sort(key=lambda row: (-row["cancelled"] / row["flights"], -row["flights"], row["fl_date"]))
    worst = {row["fl_date"] for row in cancelled[:10]}
    flagged = flagged_in(names)
    told = re.search(r"Of the (\d+) days? with .*flagged (\d+) and passed over (\d+)", words)
    assert [int(count) for count in told.groups()] == [len(worst), len(worst & flagged), len(worst - flagged)]


@AIRPORTS
@EACH
def test_every_figure_has_data_and_names_its_units(run: Run, notebook: str, airport: str | None):
    """No empty trace, and no picture whose axes say nothing."""
    _, names = run(notebook, airport)
    figures = {name: value for name, value in names.items() if isinstance(value, go.Figure)}
    assert len(figures) >= 2
    for name, figure in figures.items():
        assert figure.data, name
        for trace in figure.data:
            values = np.asarray(trace.x if trace.type == "histogram" else trace.y)
            assert values.size > 0, (name, trace.name)
        titles = [axis.title.text for axis in (*figure.select_xaxes(), *figure.select_yaxes()) if axis.title.text]
        assert any(unit in " ".join(titles) for unit in ("[minutes]", "[0 to 1", "[−1 to 1]")), (name, titles)


@EACH
def test_the_marks_in_the_year_are_as_many_as_the_words_say(run: Run, notebook: str):
    """A reader who counts the marks comes to the sentence."""
    words, names = run(notebook, LARGE)
    marks = {
        trace.name.split(" (")[0]: len(trace.x) for trace in names["year_figure"].select_traces({"mode": "markers"})
    }
    found, missed, false = (
        int(count) for count in re.search(r"(\d+) found, (\d+) missed, and (\d+) f", words).groups()
    )
    assert [marks.get(name, 0) for name in ("found", "missed", "false alarm")] == [found, missed, false]


@EACH
def test_a_day_without_a_mean_delay_is_never_flagged_by_a_detector_of_means(run: Run, home: Path, notebook: str):
    """The thin airport skips days, and days that are filled in for the model's sake get no score."""
    _, names = run(notebook, THIN)
    gold = gold_of(home, THIN)
    assert len(gold) < 365
    assert flagged_in(names) <= {row["fl_date"] for row in gold if row["mean_dep_delay"] is not None}
    assert names["findings"].days.height == 365


@EACH
def test_every_day_passed_over_has_its_reason(run: Run, notebook: str):
    """As many rows as true days missed and days of most cancellations not flagged, each counted once."""
    findings = run(notebook)[1]["findings"]
    days = findings.days.rows(named=True)
    wanted = [row for row in days if not row["flag"] and (row["kind"] is not None or row["most_cancelled"])]
    missed = findings.missed_days()
    assert missed.height == len(wanted)
    assert missed["why"].null_count() == 0


def test_it_starts_with_the_airport_of_the_worst_day(run: Run, home: Path):
    """The largest share cancelled among days with ten flights or more."""
    _, names = run("descriptive_statistics")
    (file,) = home.glob("notebooks/*/gold.parquet")
    rows = [row for row in pl.read_parquet(file).rows(named=True) if row["flights"] >= 10]
    worst = max(row["cancelled"] / row["flights"] for row in rows)
    assert names["airport"].value in {row["origin"] for row in rows if row["cancelled"] / row["flights"] == worst}


@pytest.mark.parametrize("notebook", ["isolation_forest", "stl"])
def test_a_notebook_is_a_script_too(notebook: str, tmp_path: Path, home: Path):
    """From any folder, with warnings as errors and nothing on its path but its own place."""
    del home
    command = [sys.executable, "-W", "error", str(FOLDER / f"{notebook}.py")]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False, timeout=300)
    assert (done.returncode, done.stderr) == (0, "")
    assert not list(tmp_path.iterdir())


def test_marimo_itself_finds_nothing_to_mend():
    """Its linter knows cells that define a name twice, or wait for each other."""
    files = [str(FOLDER / f"{notebook}.py") for notebook in NOTEBOOKS]
    command = [sys.executable, "-m", "marimo", "check", "--strict", *files]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_notebook_of_the_folder_is_tested():
    """A sixth lesson must not escape."""
    there = {path.stem for path in FOLDER.glob("*.py") if "marimo.App(" in path.read_text(encoding="utf-8")}
    assert there == set(NOTEBOOKS)


@pytest.mark.parametrize("notebook", ["descriptive_statistics", "stl"])
def test_a_lake_of_ones_own_needs_no_truth(
    run: Run, home: Path, tmp_path: Path, notebook: str, monkeypatch: pytest.MonkeyPatch
):
    """Where nobody knows what was truly wrong, flags and cancellations are told, and no false alarm is claimed."""
    # Before the lake is named: what has run with it must not be kept as the simulated year's.
    simulated = run(notebook, LARGE)[1]
    (file,) = home.glob("notebooks/*/gold.parquet")
    gold = tmp_path / "lake" / "03_gold" / "agg_dep_delay_by_date" / "year" / "2018" / "2018_03_gold.parquet"
    gold.parent.mkdir(parents=True)
    gold.write_bytes(file.read_bytes())
    monkeypatch.setenv("TARMAC_LAKE", str(tmp_path / "lake"))
    monkeypatch.setenv("TARMAC_YEAR", "2018")
    words, names = ran(notebook, {"airport": mo.ui.dropdown([LARGE], value=LARGE)})
    assert "flagged" in words
    assert "false alarm" not in words
    assert "found" not in words
    assert names["days"].truth is None
    assert flagged_in(names) == flagged_in(simulated)


@pytest.mark.parametrize(
    ("lake", "year", "said"),
    [
        ("lake", None, "TARMAC_LAKE is set and TARMAC_YEAR is not"),
        (None, "2018", "TARMAC_YEAR is set and TARMAC_LAKE is not"),
        ("lake", "2018..2019", "looks at one year: set it to 2018"),
        ("lake", "2018", "has no gold of 2018. Make it: tarmac run --year 2018"),
        ("nowhere", "2018", "there is no lake at"),
    ],
)
def test_half_a_request_says_the_other_half(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, lake: str | None, year: str | None, said: str
):
    """An error states the fact and the way out."""
    (tmp_path / "lake").mkdir()
    if lake:
        monkeypatch.setenv("TARMAC_LAKE", str(tmp_path / lake))
    if year:
        monkeypatch.setenv("TARMAC_YEAR", year)
    from tarmac.errors import InputError

    with pytest.raises(InputError, match=re.escape(said)):
        loaded("airport_days").load_airport_days()
