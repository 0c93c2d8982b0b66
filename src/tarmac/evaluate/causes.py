"""Years with disruptions of known story, and how often each method tells their who and why. Pure."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

import narwhals as nw
import polars as pl

from tarmac.airports import find_coordinates
from tarmac.detect import DetectParameters, detect
from tarmac.evaluate.corpora import Split, gold_of, split_of_seed
from tarmac.evaluate.flights import clean_flights
from tarmac.evaluate.planted_disruptions import plant_disruptions
from tarmac.evaluate.root_causes import joined_days, with_days_told
from tarmac.evaluate.truths import Cells, Verdict, false_stories, verdicts
from tarmac.explanation.disruptions import explain_year
from tarmac.explanation.expected import expect
from tarmac.explanation.routes import routes_from, to_routes
from tarmac.simulate import SimulationParameters, each_chunk, simulate_days
from tarmac.simulate.truth import truth_of_events
from tarmac.tables.flights import FLIGHTS

METHODS = ("tarmac", "joined airport-days", "Adtributor, days told", "RiskLoc, days told")

FEWEST_LOST = 20.0
"""Simulated disruptions that cost fewer flights are not asked for; a story about one is not false either."""

DAYS_OF_A_MONTH = 30.4


@dataclass(frozen=True, kw_only=True)
class DisruptedYear:
    """Flights (`tables.flights`), the disruptions that are asked for, and all (`truths.TRUTH`).

    `all_known`: whether a story that touches no true disruption is false; in real flights it may be a real one.
    """

    name: str
    family: str
    split: Split
    year: int
    flights: pl.DataFrame
    truth: pl.DataFrame
    all_truth: pl.DataFrame
    coordinates: Mapping[str, tuple[float, float]]
    all_known: bool


@dataclass(frozen=True, kw_only=True)
class Told:
    """What one method told of one year. `false`: stories a month about nothing, None where that is not known."""

    method: str
    name: str
    family: str
    split: str
    verdicts: tuple[Verdict, ...]
    false: float | None


@dataclass(frozen=True, kw_only=True)
class Shares:
    """One method over a family of years: how many disruptions, and of them the shares, 0–1, that were told right."""

    method: str
    family: str
    disruptions: int
    found: float
    scope: float
    carriers: float
    who: float
    cause: float
    who_and_why: float
    false: float | None


def simulated_year(parameters: SimulationParameters) -> DisruptedYear:
    """A simulated year with all its disruptions."""
    plan = simulate_days(parameters)

    def cleaned(chunk: pl.DataFrame) -> pl.DataFrame:
        return clean_flights(chunk.lazy(), year=parameters.year, source="simulated").select(FLIGHTS.names).collect()

    flights = pl.concat(list(each_chunk(plan, cleaned)))
    truth = truth_of_events(plan)
    asked = truth.filter((pl.col("flights_lost") >= FEWEST_LOST) & (pl.col("cause") != ""))
    return DisruptedYear(
        name=f"simulated {parameters.shape} {parameters.seed}",
        family="simulated",
        split=split_of_seed(parameters.seed),
        year=parameters.year,
        flights=flights,
        truth=asked,
        all_truth=truth,
        coordinates=find_coordinates(list(plan.routes.codes)),
        all_known=True,
    )


def planted_year(flights: pl.DataFrame, place: str, year: int, seed: int) -> DisruptedYear:
    """Real flights with disruptions planted in them."""
    coordinates = find_coordinates(sorted(set(flights["origin"]) | set(flights["dest"].drop_nulls())))
    planted, truth = plant_disruptions(flights, coordinates, seed=seed)
    return DisruptedYear(
        name=f"planted {place} {year}, seed {seed}",
        family="planted",
        split=split_of_seed(seed),
        year=year,
        flights=planted.select(FLIGHTS.names),
        truth=truth,
        all_truth=truth,
        coordinates=coordinates,
        all_known=False,
    )


def told_of_year(year: DisruptedYear) -> Iterator[Told]:
    """What each method tells of a year's disruptions."""
    cells = Cells(year.flights)
    months = (year.flights["fl_date"].n_unique()) / DAYS_OF_A_MONTH
    for method, told in _stories(year):
        counted = year.all_known and "days told" not in method
        yield Told(
            method=method,
            name=year.name,
            family=year.family,
            split=year.split,
            verdicts=tuple(verdicts(cells, year.truth, told)),
            false=float(false_stories(year.all_truth, told).sum()) / months if counted else None,
        )


def _stories(year: DisruptedYear) -> Iterator[tuple[str, pl.DataFrame]]:
    no_scores = pl.DataFrame(schema={"origin": pl.String, "fl_date": pl.Date, "anomaly_score": pl.Float64})
    found = explain_year(year.flights.lazy(), no_scores, year.year, coordinates=year.coordinates, cities={})
    yield METHODS[0], found.events
    grouped: pl.DataFrame = to_routes(nw.from_native(year.flights.lazy())).to_native().collect()
    routes = routes_from(grouped)
    scored = detect(gold_of(year.flights), DetectParameters(detectors=("disruption",)), year=year.year, workers=1)
    yield METHODS[1], joined_days(routes, scored.anomalies.filter("flag"), year.coordinates)
    expected = expect(routes)
    for method in METHODS[2:]:
        yield method, with_days_told(routes, expected, year.truth, method.partition(",")[0])


def shares_of(told: Iterable[Told]) -> list[Shares]:
    """One line per family and method: shares of all disruptions of its years, and the mean of false stories a month."""
    groups: dict[tuple[str, str], list[Told]] = {}
    for each in told:
        groups.setdefault((each.family, each.method), []).append(each)
    return [_shares(family, method, group) for (family, method), group in groups.items()]


def _shares(family: str, method: str, group: list[Told]) -> Shares:
    all_verdicts = [verdict for each in group for verdict in each.verdicts]
    false = [each.false for each in group if each.false is not None]

    def share(right: Iterable[bool]) -> float:
        return sum(right) / max(len(all_verdicts), 1)

    return Shares(
        method=method,
        family=family,
        disruptions=len(all_verdicts),
        found=share(verdict.found for verdict in all_verdicts),
        scope=share(verdict.scope_right for verdict in all_verdicts),
        carriers=share(verdict.carriers_right for verdict in all_verdicts),
        who=share(verdict.who_right for verdict in all_verdicts),
        cause=share(verdict.cause_right for verdict in all_verdicts),
        who_and_why=share(verdict.who_right and verdict.cause_right for verdict in all_verdicts),
        false=sum(false) / len(false) if false else None,
    )
