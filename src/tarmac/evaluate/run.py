"""Runs detectors over corpora and writes the leaderboard: the edge around the pure modules here."""

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from tarmac.detect import DetectParameters
from tarmac.detect.parameters import detector_named
from tarmac.detect.registry import slow_detectors
from tarmac.detect.run import available_cores
from tarmac.errors import InputError
from tarmac.evaluate.alone import scored_alone
from tarmac.evaluate.causes import Told, planted_year, simulated_year, told_of_year
from tarmac.evaluate.causes_page import causes_facts, causes_html, causes_section
from tarmac.evaluate.corpora import SMALL_AIRPORTS, Corpus, planted_corpus, second_corpus, simulated_corpus, weak_corpus
from tarmac.evaluate.history import FEWEST_DAYS, History, flag_history, real_year
from tarmac.evaluate.history_page import history_page, history_section
from tarmac.evaluate.kept import kept_or_made
from tarmac.evaluate.leaderboard import Failure, Result, leaderboard
from tarmac.evaluate.page import as_facts, as_markdown, as_page
from tarmac.evaluate.planting import Planting
from tarmac.evaluate.real import read_years
from tarmac.evaluate.request import Request
from tarmac.explanation.scan import FEWEST_AIRPORTS
from tarmac.storage.atomic import whole_files
from tarmac.storage.errors import explained


def corpora_of(request: Request, told: Callable[[str], None]) -> Iterator[Corpus]:
    """One corpus after the other: a simulated year is made when it is asked for."""
    plan, small = request.plan, request.small_simulations()
    for parameters in [*plan.simulations(), *small]:
        told(f"simulate {parameters.shape} {parameters.seed}, {parameters.airports} airports")
        yield simulated_corpus(parameters, small=parameters in small)
    for world in plan.worlds():
        told(f"simulate world {world.seed}.{world.number} of the second simulator")
        yield second_corpus(world)
    if plan.real is not None and plan.kind in ("real", "all"):
        told(f"read {plan.real}")
        for (place, year), flights in read_years(plan.real).items():
            for corpus in (planted_corpus(flights, place, year, Planting()), weak_corpus(flights, place, year)):
                if corpus.split == plan.split:
                    yield corpus


def history_of(request: Request, told: Callable[[str], None]) -> History | None:
    """What the detectors flag in the real years as they were, of both splits; None where they are not asked for.

    Slow detectors are left out.
    """
    plan = request.plan
    if plan.real is None or plan.kind not in ("history", "all"):
        return None
    quick = tuple(name for name in request.detect.detectors if name not in slow_detectors())
    if not quick:
        return None
    told(f"read {plan.real}")
    flights = read_years(plan.real, fewest_days=FEWEST_DAYS)
    years = (real_year(each, place, year) for (place, year), each in flights.items())
    return flag_history(years, replace(request.detect, detectors=quick), told)


def causes_of(request: Request, told: Callable[[str], None]) -> list[Told]:
    """What each method tells of disruptions: simulated ones, and some planted in real national flights if there are any."""
    plan, found = request.plan, []
    for parameters in plan.disrupted():
        told(f"simulate disruptions {parameters.seed}")
        found += list(told_of_year(simulated_year(parameters)))
    if plan.real is None or plan.kind not in ("causes", "all"):
        return found
    told(f"read {plan.real}")
    for (place, year), flights in read_years(plan.real, fewest_days=FEWEST_DAYS).items():
        if flights["origin"].n_unique() < FEWEST_AIRPORTS:
            continue
        for seed in plan.seeds:
            told(f"plant disruptions in {place} {year}, seed {seed}")
            found += list(told_of_year(planted_year(flights, place, year, seed)))
    return found


def run_evaluation(
    corpora: Iterable[Corpus],
    parameters: DetectParameters,
    *,
    told: Callable[[str], None],
    workers: int = 0,
    keep: Path | None = None,
) -> tuple[list[Result], list[Failure]]:
    """Every detector on every corpus that is fair to it; results that are already in `keep` are not computed again."""
    detectors = [detector_named(name, parameters) for name in parameters.detectors]
    cores = workers or available_cores()
    results: list[Result] = []
    failures: list[Failure] = []
    for corpus in corpora:
        for detector in detectors:
            name = detector.name
            # A detector that sees cancellations would be asked what it was told.
            fair = corpus.sees_cancellations or detector.measure == "mean_dep_delay"
            if not fair or (detector.slow and corpus.too_large_for_slow):
                continue
            told(f"{corpus.name}: {name}")
            found = kept_or_made(
                keep,
                name,
                corpus,
                parameters,
                lambda n=name, c=corpus: scored_alone(n, c, parameters, cores),  # type: ignore[misc]
            )
            if isinstance(found, Failure):
                told(f"{corpus.name}: {name} failed: {found.reason}")
                failures.append(found)
            else:
                results.append(found)
    return results, failures


def publish(
    results: Sequence[Result],
    failures: Sequence[Failure],
    out: Path,
    command: str,
    history: History | None = None,
    causes: Sequence[Told] = (),
) -> dict[str, Any]:
    """Write leaderboard.md, .json and .html, and history.md where there is one, into `out`; returns what the JSON holds.

    Raises InputError where no detector was fair to any corpus, or `out` cannot be written to.
    """
    if not results and not failures and history is None and not causes:
        slow = ", ".join(sorted(slow_detectors()))
        raise InputError(
            f"nothing was scored by '{command}': {slow} are scored on {SMALL_AIRPORTS} airports at most, and "
            "those that see cancellations not on weak labels. Name other detectors: --detectors, or --corpus simulated."
        )
    lines = leaderboard(results)
    facts = {"command": command, **as_facts(lines, results, failures)}
    files = {
        "leaderboard.md": as_markdown(lines, results, command, failures),
        "leaderboard.json": json.dumps(facts, indent=2) + "\n",
        "leaderboard.html": as_page(lines, results, command, failures),
    }
    if causes:
        section = causes_section(causes, command)
        files["leaderboard.md"] = files["leaderboard.md"] + "\n" + section if results else f"# Leaderboard\n\n{section}"
        files["leaderboard.html"] = files["leaderboard.html"].replace("</html>", causes_html(causes) + "</html>")
        facts["causes"] = causes_facts(causes)
        files["leaderboard.json"] = json.dumps(facts, indent=2) + "\n"
    if history is not None:
        files["leaderboard.md"] += "\n" + history_section(history)
        files["history.md"] = history_page(history, command)
        facts["history"] = {"days": history.days.to_dicts(), "disruptions": history.disruptions.to_dicts()}
        files["leaderboard.json"] = json.dumps(facts, indent=2) + "\n"
    with explained(str(out), option="--out"):
        out.mkdir(parents=True, exist_ok=True)
    with whole_files(*(out / name for name in files)) as opened:
        for file, text in zip(opened, files.values(), strict=True):
            file.write(text.encode())
    return facts
