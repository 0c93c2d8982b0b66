"""Disruptions of known story planted in real flights: who, where, when and why are known, all else is as it was. Pure.

Each is planted on days that were usual for the airports and carriers it hits. As in real records a quarter of the cancellation
codes and a third of the minutes name something else, and some minutes are put down to late aircraft.
"""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from tarmac.detect.panel import FloatArray
from tarmac.detect.severity import LOST_FLIGHT_MINUTES
from tarmac.evaluate.truths import TRUTH
from tarmac.explanation.distances import kilometres
from tarmac.explanation.routes import TOLD

SCOPES = ("region",) * 6 + ("airport",) * 5 + ("carrier_at_airport",) * 4 + ("carrier",) * 4 + ("nation",)
"""What two months get."""

CODES = dict(zip(("carrier", "weather", "national air system", "security"), "ABCD", strict=True))
CAUSES = dict(zip(CODES, TOLD, strict=True))

USUAL = 0.75
"""Days are usual for a place or carrier when they lost no more than this share of its days."""

FEWEST_HIT = 20
"""Flights that a planted disruption hits."""

RIGHT_CODES, RIGHT_MINUTES, LATE_AIRCRAFT = 0.75, 2 / 3, 0.3


@dataclass(frozen=True, kw_only=True)
class _Story:
    scope: str
    carriers: tuple[str, ...]
    origins: tuple[str, ...]
    days: tuple[int, ...]
    cause: str


def plant_disruptions(
    flights: pl.DataFrame, coordinates: Mapping[str, tuple[float, float]], *, seed: int
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The silver flights with disruptions in them, and their truth (`truths.TRUTH`)."""
    rng = np.random.default_rng([seed, 5])
    flights = flights.sort("fl_date", "origin", "crs_dep_time", "op_carrier", "op_carrier_fl_num", "dest")
    choice = _Choice(flights, coordinates)
    taken: set[tuple[str, int]] = set()
    truth: list[dict[str, object]] = []
    for scope in SCOPES:
        for _ in range(200):
            story = choice.story(scope, rng)
            if story is None or any((who, day) in taken for day in story.days for who in _claims(story)):
                continue
            planted, lost, hit = _planted(flights, choice, story, rng)
            if hit < FEWEST_HIT:
                continue
            flights = planted
            taken |= {(who, day) for day in range(story.days[0] - 1, story.days[-1] + 2) for who in _claims(story)}
            truth.append(_told(len(truth) + 1, story, choice, lost))
            break
    return flights, pl.DataFrame(truth, schema=TRUTH)


def _claims(story: _Story) -> tuple[str, ...]:
    """What no other story may touch around these days: its airports, or its carriers; the whole country of a nation's."""
    return story.carriers or story.origins


class _Choice:
    """Draws stories that hit flights on usual days."""

    def __init__(self, flights: pl.DataFrame, coordinates: Mapping[str, tuple[float, float]]) -> None:
        dates: Any = flights["fl_date"]
        self.first: dt.date = dates.min()
        self.days: int = (dates.max() - self.first).days + 1
        lost = pl.col("cancelled") + (pl.col("dep_delay").fill_null(0.0).clip(0.0, 300.0) / LOST_FLIGHT_MINUTES)
        day = (pl.col("fl_date") - self.first).dt.total_days().alias("day")
        cells = flights.group_by("op_carrier", "origin", day).agg(n=pl.len(), lost=lost.sum())
        self.usual = {
            **self._usual_days(cells, "origin"),
            **self._usual_days(cells, "op_carrier"),
        }
        self.cells = (
            cells.group_by("op_carrier", "origin").agg(n=pl.col("n").sum() / self.days).sort("op_carrier", "origin")
        )
        sizes = cells.group_by("origin").agg(n=pl.col("n").sum() / self.days).sort("origin")
        self.origins = sizes.filter(pl.col("origin").is_in(list(coordinates)))
        self.at = np.array([coordinates[code] for code in self.origins["origin"]])
        self.everywhere = tuple(sizes["origin"])
        self.carriers = cells.group_by("op_carrier").agg(n=pl.col("n").sum() / self.days).sort("op_carrier")

    def _usual_days(self, cells: pl.DataFrame, key: str) -> dict[str, set[int]]:
        days = cells.group_by(key, "day").agg(share=pl.col("lost").sum() / pl.col("n").sum())
        usual = days.filter(pl.col("share") <= pl.col("share").quantile(USUAL).over(key))
        return {str(name): set(rows["day"]) for (name,), rows in usual.group_by(key)}

    def story(self, scope: str, rng: np.random.Generator) -> _Story | None:
        """One of that scope, or None where a draw came to nothing."""
        length = int(rng.choice([1, 2, 3], p=[0.6, 0.3, 0.1])) if scope != "nation" else 1
        first = int(rng.integers(1, self.days - length - 1))
        days = tuple(range(first, first + length))
        carriers, origins, cause = self._who(scope, rng)
        lead = carriers or origins[:1] if scope != "nation" else ()
        if not origins or not all(day in self.usual[who] for who in lead for day in days):
            return None
        return _Story(scope=scope, carriers=carriers, origins=tuple(sorted(origins)), days=days, cause=cause)

    def _who(self, scope: str, rng: np.random.Generator) -> tuple[tuple[str, ...], tuple[str, ...], str]:
        size = self.origins["n"].to_numpy()
        if scope == "nation":
            return (), self.everywhere, "national air system"
        if scope == "carrier":
            carrier = str(rng.choice(self.carriers["op_carrier"].to_numpy(), p=_weights(self.carriers["n"], 0.5)))
            return (carrier,), tuple(self.cells.filter(pl.col("op_carrier") == carrier)["origin"]), "carrier"
        if scope == "carrier_at_airport":
            cells = self.cells.filter(pl.col("n") >= FEWEST_HIT)
            carrier, origin, _ = cells.row(int(rng.choice(cells.height, p=_weights(cells["n"], 0.3))))
            alone = self.cells.filter((pl.col("origin") == origin) & (pl.col("op_carrier") != carrier))["n"].sum()
            return (carrier,), (origin,) if alone >= FEWEST_HIT else (), "carrier"
        cause = str(rng.choice(["weather", "national air system", "security"], p=[0.65, 0.3, 0.05]))
        centre = int(rng.choice(size.size, p=_weights(self.origins["n"], 0.6)))
        if scope == "airport":
            return (), (self.origins["origin"][centre],) if size[centre] >= FEWEST_HIT else (), cause
        near = np.flatnonzero(kilometres(self.at, self.at[centre]) <= rng.uniform(120.0, 450.0))
        near = near[rng.random(near.size) < 0.85]
        near = np.array([centre, *near[near != centre]])
        within = tuple(self.origins["origin"].gather(near))
        large = size[near].max() < 0.8 * size[near].sum()
        return (), within if near.size > 1 and large else (), "weather" if cause == "security" else cause


def _weights(size: pl.Series, power: float) -> FloatArray:
    weight = size.to_numpy() ** power
    return np.asarray(weight / weight.sum())


def _planted(
    flights: pl.DataFrame, choice: _Choice, story: _Story, rng: np.random.Generator
) -> tuple[pl.DataFrame, float, int]:
    """The flights with it, how many it costs (300 minutes for one), and how many it hits."""
    rows = flights.height
    share = rng.uniform(0.15, 0.9) if story.scope != "nation" else rng.uniform(0.12, 0.35)
    cancels = float(rng.choice([1.0, 0.5, 0.0], p=[0.5, 0.3, 0.2]))
    minutes = rng.uniform(70, 150)
    day = (pl.col("fl_date") - choice.first).dt.total_days()
    at = pl.col("origin").is_in(story.origins)
    mine = at
    if not story.carriers and story.scope != "nation" and rng.random() < 0.5:
        mine = at | pl.col("dest").is_in(story.origins)
    if story.carriers:
        mine &= pl.col("op_carrier").is_in(story.carriers)
    drawn = pl.DataFrame(
        {
            "hit": rng.random(rows) < share,
            "cancel": rng.random(rows) < cancels,
            "code": np.where(rng.random(rows) < RIGHT_CODES, CODES[story.cause], rng.choice(list("ABC"), rows)),
            "minutes": np.rint(minutes * np.exp(0.5 * rng.standard_normal(rows))),
            "cause": np.where(rng.random(rows) < RIGHT_MINUTES, CAUSES[story.cause], rng.choice(TOLD[:3], rows)),
            "brought": rng.random(rows) < LATE_AIRCRAFT,
        }
    )
    marked = pl.concat([flights, drawn.rename(lambda name: f"_{name}")], how="horizontal")
    marked = marked.with_columns(
        _hit=pl.col("_hit") & mine & day.is_between(story.days[0], story.days[-1]) & ~pl.col("cancelled")
    )
    hit = marked.filter(pl.col("_hit") & at)
    lost = hit.select(pl.when("_cancel").then(1.0).otherwise((pl.col("_minutes") / LOST_FLIGHT_MINUTES).clip(0, 1)))
    return _spoiled(marked).select(flights.columns), float(lost.to_series().sum()), hit.height


def _spoiled(marked: pl.DataFrame) -> pl.DataFrame:
    cancelled, late = pl.col("_hit") & pl.col("_cancel"), pl.col("_hit") & ~pl.col("_cancel")
    named = pl.when("_brought").then(pl.lit("late_aircraft_delay")).otherwise("_cause")
    minutes = [
        pl.when(cancelled)
        .then(None)
        .when(late & (named == cause))
        .then(pl.col(cause).fill_null(0.0) + pl.col("_minutes"))
        .otherwise(cause)
        .alias(cause)
        for cause in (*TOLD, "late_aircraft_delay")
    ]
    return marked.with_columns(
        *minutes,
        dep_delay=pl.when(cancelled).then(None).otherwise(pl.col("dep_delay") + late * pl.col("_minutes")),
        cancellation_code=pl.when(cancelled).then("_code").otherwise("cancellation_code"),
        cancelled=pl.col("cancelled") | cancelled,
    )


def _told(number: int, story: _Story, choice: _Choice, lost: float) -> dict[str, object]:
    return {
        "event": number,
        "scope": story.scope,
        "carriers": " ".join(story.carriers),
        "origins": " ".join(story.origins),
        "start_date": choice.first + dt.timedelta(days=story.days[0]),
        "end_date": choice.first + dt.timedelta(days=story.days[-1]),
        "cause": story.cause,
        "flights_lost": lost,
    }
