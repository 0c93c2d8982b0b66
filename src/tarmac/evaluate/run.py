"""Runs detectors over corpora, with a clock and an eye on memory: the edge around the pure modules here."""

import json
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from time import perf_counter
from typing import Any
from uuid import uuid4

import polars as pl

from tarmac.detect import DetectParameters
from tarmac.detect.contract import Detector
from tarmac.detect.panel import panel_from_gold
from tarmac.detect.registry import detector_named
from tarmac.detect.run import available_cores
from tarmac.errors import InputError
from tarmac.evaluate.corpora import Corpus, planted_corpus, simulated_corpus, weak_corpus
from tarmac.evaluate.leaderboard import Cost, Result, leaderboard, result_of
from tarmac.evaluate.page import as_facts, as_markdown, as_page
from tarmac.evaluate.planting import Planting
from tarmac.evaluate.real import read_years
from tarmac.evaluate.request import Plan


def corpora_of(plan: Plan, told: Callable[[str], None]) -> Iterator[Corpus]:
    """One corpus after the other: a simulated year is made when it is asked for."""
    for parameters in plan.simulations():
        told(f"simulate {parameters.shape} {parameters.seed}")
        yield simulated_corpus(parameters)
    if plan.kind != "simulated" and plan.real is not None:
        told(f"read {plan.real}")
        for (place, year), flights in read_years(plan.real).items():
            for corpus in (planted_corpus(flights, place, year, Planting()), weak_corpus(flights, place, year)):
                if corpus.split == plan.split:
                    yield corpus


def run_evaluation(
    corpora: Iterable[Corpus], parameters: DetectParameters, *, told: Callable[[str], None], workers: int = 0
) -> list[Result]:
    """Every detector on every corpus that is fair to it."""
    detectors = [detector_named(name, parameters) for name in parameters.detectors]
    cores = workers or available_cores()
    warm = False
    results = []
    for corpus in corpora:
        for detector in detectors:
            # A detector that sees cancellations would be asked what it was told.
            if corpus.sees_cancellations or detector.measure == "mean_dep_delay":
                told(f"{corpus.name}: {detector.name}")
                if not warm:
                    _warm_up(detector, corpus)
                results.append(_judged(detector, corpus, cores))
        warm = True
    return results


def _warm_up(detector: Detector, corpus: Corpus) -> None:
    """Compile or load kernels on a few airports, so that no measured run pays for it."""
    few = corpus.gold.filter(pl.col("origin").is_in(corpus.gold["origin"].unique().sort().head(3).to_list()))
    detector.judge(panel_from_gold(few, detector.reads, year=corpus.year, also=detector.also))


def _judged(detector: Detector, corpus: Corpus, workers: int) -> Result:
    panel = panel_from_gold(corpus.gold, detector.reads, year=corpus.year, also=detector.also)
    with _watched() as cost:
        judgement = detector.judge(panel, workers=workers)
        flags = detector.flags(panel, judgement)
    return result_of(detector.name, corpus, panel, judgement.score, flags, cost[0])


@contextmanager
def _watched() -> Iterator[list[Cost]]:
    """A list that holds the block's cost once it is left; memory is looked at fifty times a second."""
    import psutil  # type: ignore[import-untyped]

    process, cost, over = psutil.Process(), list[Cost](), threading.Event()
    before = peak = process.memory_info().rss

    def look() -> None:
        nonlocal peak
        while not over.wait(0.02):
            peak = max(peak, process.memory_info().rss)

    thread = threading.Thread(target=look, daemon=True)
    thread.start()
    began = perf_counter()
    try:
        yield cost
    finally:
        seconds = perf_counter() - began
        over.set()
        thread.join()
    peak = max(peak, process.memory_info().rss)
    cost.append(Cost(seconds=seconds, megabytes=(peak - before) / 1e6))


def publish(results: Sequence[Result], out: Path, command: str) -> dict[str, Any]:
    """Write leaderboard.md, .json and .html into the folder `out`; returns what the JSON holds."""
    lines = leaderboard(results)
    facts = {"command": command, **as_facts(lines, results)}
    files = {
        "leaderboard.md": as_markdown(lines, results, command),
        "leaderboard.json": json.dumps(facts, indent=2) + "\n",
        "leaderboard.html": as_page(lines, results, command),
    }
    try:
        out.mkdir(parents=True, exist_ok=True)
        for name, text in files.items():
            aside = out / f".{name}.{uuid4().hex}.part"
            aside.write_text(text, encoding="utf-8")
            aside.replace(out / name)
    except OSError as error:
        raise InputError(
            f"the leaderboard cannot be written to {out}: {error.strerror}. Give a folder that you may write to: --out"
        ) from error
    return facts
