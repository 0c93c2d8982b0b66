"""The leaderboard: who sees what, whose truth counts, and what people are shown."""

import json
from pathlib import Path

import numpy as np
import pytest

from tarmac.cli.app import run_command
from tarmac.detect import DetectParameters
from tarmac.detect.panel import panel_from_gold
from tarmac.evaluate import run
from tarmac.evaluate.corpora import Corpus, simulated_corpus
from tarmac.evaluate.leaderboard import Cost, leaderboard, result_of
from tarmac.evaluate.page import as_markdown, as_page
from tarmac.evaluate.request import read_request
from tarmac.evaluate.run import run_evaluation
from tarmac.simulate import SimulationParameters

COST = Cost(seconds=0.1, megabytes=1.0)


@pytest.fixture(scope="module")
def corpus() -> Corpus:
    """A small simulated year for reporting."""
    return simulated_corpus(SimulationParameters(year=2011, flights=30_000, airports=8, seed=901))


def perfect(corpus: Corpus) -> tuple[np.ndarray, np.ndarray]:
    """The labels as scores and as flags."""
    panel = panel_from_gold(corpus.gold, "mean_dep_delay", year=corpus.year)
    flags = np.zeros(panel.shape, dtype=np.bool_)
    for origin, day in corpus.labels.select("origin", "fl_date").iter_rows():
        flags[panel.origins.index(origin), int((np.datetime64(day) - panel.dates[0]).astype(int))] = True
    return flags.astype(float), flags


def test_who_knows_the_truth_has_the_highest_figures(corpus: Corpus) -> None:
    """1 for average precision, F1 and precision among the first."""
    panel = panel_from_gold(corpus.gold, "mean_dep_delay", year=corpus.year)
    score, flags = perfect(corpus)
    metrics = result_of("oracle", corpus, panel, score, flags, COST).metrics
    assert (metrics.average_precision, metrics.f1, metrics.precision_among_first) == (1.0, 1.0, 1.0)
    assert metrics.flagged_share == pytest.approx(corpus.labels.height / corpus.gold.height)


def test_labels_of_cancellations_are_for_detectors_that_do_not_see_them(corpus: Corpus) -> None:
    """`disruption` would be asked what it was told."""
    weak = Corpus(**{**vars(corpus), "sees_cancellations": False, "family": "weak"})
    names = DetectParameters(detectors=("disruption", "weekday_season"))
    results, failures = run_evaluation([corpus, weak], names, told=lambda _: None, workers=1)
    assert not failures
    assert all(result.metrics.peak_megabytes > 50 for result in results)
    assert [(r.family, r.detector) for r in results] == [
        ("simulated", "disruption"),
        ("simulated", "weekday_season"),
        ("weak", "weekday_season"),
    ]
    lines = leaderboard(results)
    assert [line.family for line in lines] == ["simulated", "simulated", "weak"]
    assert "| weekday_season |" in as_markdown(lines, results, "tarmac evaluate")
    page = as_page(lines, results, "tarmac evaluate <x>")
    assert "tarmac evaluate &lt;x&gt;" in page
    assert "<script src" not in page


def test_a_detector_that_fails_costs_its_own_row_and_what_is_kept_is_not_scored_again(
    corpus: Corpus, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The row is named with its reason; the second time only the one that failed is tried."""
    broken = Corpus(**{**vars(corpus), "gold": corpus.gold.drop("cancelled_share")})
    names = DetectParameters(detectors=("cancellations", "constant"))
    results, failures = run_evaluation([broken], names, told=lambda _: None, workers=1, keep=tmp_path)
    assert [result.detector for result in results] == ["constant"]
    assert [(failure.detector, "cancelled_share" in failure.reason) for failure in failures] == [
        ("cancellations", True)
    ]
    assert "- cancellations on simulated default 901: " in as_markdown(leaderboard(results), results, "x", failures)
    tried = []
    monkeypatch.setattr(run, "scored_alone", lambda name, *_: tried.append(name) or failures[0])
    again, _ = run_evaluation([broken], names, told=lambda _: None, workers=1, keep=tmp_path)
    assert tried == ["cancellations"]
    assert again[0].metrics == results[0].metrics
    assert np.array_equal(again[0].curve.recall, results[0].curve.recall)


def test_slow_detectors_are_given_a_year_of_few_airports() -> None:
    """Where they are named and the years asked for are larger."""
    asked = {"corpus": "simulated", "seeds": "901", "shapes": "default,thin", "flights": 6_500_000, "airports": 340}
    asked |= {"real": None, "split": "reporting"}
    large, slow = (read_request(**asked, detectors=names) for names in (None, "all"))  # type: ignore[arg-type]
    assert large.small_simulations() == []
    assert [(year.airports, year.seed) for year in slow.small_simulations()] == [(60, 901)]
    assert slow.command.endswith("--detectors all")


def test_the_command_writes_the_leaderboard_and_prints_it_as_json(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """One JSON object on standard output and nothing else; three files."""
    monkeypatch.chdir(tmp_path)
    asked = "evaluate --flights 5000 --airports 4 --seeds 901 --detectors disruption,random --out board --json"
    assert run_command(asked.split()) == 0
    facts = json.loads(capsys.readouterr().out)
    assert facts["command"].startswith("tarmac evaluate --corpus simulated --split reporting --seeds 901")
    assert {line["detector"] for line in facts["leaderboard"]} == {"disruption", "random"}
    assert facts == json.loads((tmp_path / "board" / "leaderboard.json").read_text())
    assert (tmp_path / "board" / "leaderboard.html").stat().st_size > 1_000_000
    assert (tmp_path / "board" / "leaderboard.md").read_text().startswith("# Leaderboard of detectors")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ("--corpus moon", "corpus 'moon' is unknown"),
        ("--corpus real", "--real DIR"),
        ("--corpus all", "--real DIR"),
        ("--corpus second --seeds 901 --detectors stl", "nothing was scored"),
        ("--seeds 1,x", "'x' is no seed"),
        ("--shapes flat", "shape is 'flat'"),
        ("--detectors iforrest", "detector 'iforrest' is unknown"),
        ("--split both", "split 'both' is unknown"),
        ("--corpus real --real nowhere", "holds no year of flights"),
    ],
)
def test_a_wrong_request_is_refused_before_anything_is_made(
    options: str, message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Exit code 2, and what to mend."""
    monkeypatch.chdir(tmp_path)
    assert run_command(["evaluate", *options.split()]) == 2
    assert message in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
@pytest.mark.parametrize("reference", ["reference_if", pytest.param("reference_arima", marks=pytest.mark.nightly)])
def test_the_default_beats_the_reference_rules_on_a_year_held_out(reference: str) -> None:
    """By average precision and by the F1 of what a run flags, clearly."""
    year = simulated_corpus(SimulationParameters(year=2013, flights=300_000, airports=50, seed=977))
    names = DetectParameters(detectors=("disruption", reference), max_p=1, max_q=1)
    default, rule = (r.metrics for r in run_evaluation([year], names, told=lambda _: None)[0])
    assert default.average_precision > 0.8
    assert default.flagged_share <= 0.015
    assert default.average_precision > rule.average_precision + 0.1
    assert default.f1 > rule.f1 + 0.1
