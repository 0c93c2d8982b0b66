"""A second simulator, written without a look at the first: what is true of both is not the habit of one. Pure.

The first draws minutes around a day's level, `tarmac.simulate` says how. Here each flight is on time or late, with a
chance that follows the moods of the country, the region and the airport, and the minutes of late ones are gamma. Bad
moods are ordinary; abnormal are storms over half a region, outages, closures and slow days, anywhere, also where one
flight a day leaves. How strong all that is differs from world to world.
"""

from dataclasses import dataclass
from datetime import date
from string import ascii_uppercase

import narwhals as nw
import numpy as np
import numpy.typing as npt
import polars as pl

from tarmac.detect.panel import FloatArray
from tarmac.tables.daily import CAUSES, DAILY
from tarmac.transform.gold import to_gold

IntArray = npt.NDArray[np.int64]

KINDS = ("storm", "outage", "closure", "slow day")
DAYS = 365
LEAST_A_DAY = 0.6
"""Flights that the smallest airport has on an average day."""


@dataclass(frozen=True, kw_only=True)
class World:
    """One year of the second simulator, of about `flights` flights in 365 days; another seed or number is another world."""

    year: int
    seed: int
    number: int
    flights: int = 2_000_000
    airports: int = 120


@dataclass(frozen=True, kw_only=True)
class _Habits:
    """What differs from world to world. Moods are standard deviations of the log of the chance to be late."""

    regions: int
    inequality: float
    late: float
    late_minutes: float
    cancelled: float
    national: float
    regional: float
    own: float
    memory: float
    abnormal: float
    storms: float
    others: FloatArray


@dataclass(frozen=True, kw_only=True, eq=False)
class _Trouble:
    """Airports × days: an index of KINDS or −1, and the share of flights that it delays and that it cancels."""

    kind: IntArray
    delays: FloatArray
    cancels: FloatArray


def second_year(world: World) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Gold of the world's year, and its labels: `origin`, `fl_date`, `kind` of each abnormal airport-day with flights."""
    rng = np.random.default_rng([world.seed, world.number, 2])
    habits = _drawn_habits(rng)
    shape = (world.airports, DAYS)
    season = 1 + 0.15 * np.sin(2 * np.pi * (np.arange(DAYS) / DAYS + rng.random((world.airports, 1))))
    scheduled = _scheduled(world, habits, season, rng)
    region = rng.integers(habits.regions, size=world.airports)
    mood = _moods(habits.national, (1, DAYS), habits.memory, rng)
    mood = mood + _moods(habits.regional, (habits.regions, DAYS), habits.memory, rng)[region]
    mood = mood + _moods(habits.own, shape, habits.memory, rng)
    late = habits.late * np.exp(0.4 * rng.standard_normal((world.airports, 1)) + mood) * season
    cancelled = habits.cancelled * np.exp(0.6 * rng.standard_normal((world.airports, 1)) + 0.8 * mood)
    trouble = _troubles(habits, region, shape, rng)
    cell = np.repeat(np.arange(scheduled.size), scheduled.ravel())
    delay = _delays(np.clip(late, 0.02, 0.8).ravel()[cell], trouble.delays.ravel()[cell], habits.late_minutes, rng)
    is_cancelled = rng.random(cell.size) < np.maximum(np.clip(cancelled, 0.0005, 0.3), trouble.cancels).ravel()[cell]
    codes = pl.Series(_codes(world.airports, rng))
    dates = pl.date_range(date(world.year, 1, 1), date(world.year, 12, 31), eager=True)
    flights = pl.LazyFrame(
        {
            "origin": codes.gather(cell // DAYS),
            "fl_date": dates.gather(cell % DAYS),
            "dep_delay": delay,
            "cancelled": is_cancelled,
            "diverted": False,
        }
    ).with_columns(
        *(pl.lit(None, dtype=pl.Float64).alias(cause) for cause in CAUSES),
        cancellation_code=pl.lit(None, dtype=pl.String),
    )
    gold: pl.DataFrame = to_gold(nw.from_native(flights)).to_native().collect()
    place, day = np.nonzero((trouble.kind >= 0) & (scheduled > 0))
    kinds = pl.Series(KINDS).gather(trouble.kind[place, day])
    labels = pl.DataFrame({"origin": codes.gather(place), "fl_date": dates.gather(day), "kind": kinds})
    return gold.sort(DAILY.key), labels.sort("origin", "fl_date")


def _drawn_habits(rng: np.random.Generator) -> _Habits:
    return _Habits(
        regions=int(rng.integers(4, 10)),
        inequality=rng.uniform(1.2, 1.7),
        late=rng.uniform(0.15, 0.25),
        late_minutes=rng.uniform(30, 45),
        cancelled=rng.uniform(0.006, 0.02),
        national=rng.uniform(0.07, 0.13),
        regional=rng.uniform(0.1, 0.16),
        own=rng.uniform(0.08, 0.16),
        memory=rng.uniform(0.2, 0.6),
        abnormal=rng.uniform(0.007, 0.013),
        storms=rng.uniform(0.3, 0.7),
        others=rng.dirichlet([4.0, 3.0, 3.0]),
    )


def _scheduled(world: World, habits: _Habits, season: FloatArray, rng: np.random.Generator) -> IntArray:
    """Flights, airports × days."""
    size = np.exp(habits.inequality * rng.standard_normal((world.airports, 1)))
    a_day = np.maximum(world.flights / DAYS * size / size.sum(), LEAST_A_DAY)
    weekday = 1 + 0.1 * np.sin(2 * np.pi * (np.arange(DAYS) / 7 + rng.random((world.airports, 1))))
    flights: IntArray = rng.poisson(a_day * weekday * season).astype(np.int64)
    return flights


def _moods(deviation: float, shape: tuple[int, int], memory: float, rng: np.random.Generator) -> FloatArray:
    """Series that remember the day before, each with this standard deviation a day."""
    moods = np.zeros(shape)
    for day in range(1, shape[1]):
        moods[:, day] = memory * moods[:, day - 1] + deviation * rng.standard_normal(shape[0])
    return moods


def _troubles(habits: _Habits, region: IntArray, shape: tuple[int, int], rng: np.random.Generator) -> _Trouble:
    trouble = _Trouble(kind=np.full(shape, -1), delays=np.zeros(shape), cancels=np.zeros(shape))
    wanted = habits.abnormal * trouble.kind.size

    def put(place: int, day: int, kind: str, delays: float, cancels: float) -> None:
        if day < DAYS:
            trouble.kind[place, day] = KINDS.index(kind)
            trouble.delays[place, day] = max(trouble.delays[place, day], delays)
            trouble.cancels[place, day] = max(trouble.cancels[place, day], cancels)

    while (trouble.kind >= 0).sum() < wanted * habits.storms:
        first, lasts = int(rng.integers(DAYS)), int(rng.integers(1, 3))
        for place in map(int, np.flatnonzero(region == rng.integers(habits.regions))):
            if rng.random() < 0.5:
                for day in range(first, first + lasts):
                    put(place, day, "storm", rng.uniform(0.25, 0.6), rng.uniform(0.05, 0.5))
    while (trouble.kind >= 0).sum() < wanted:
        place, day = int(rng.integers(shape[0])), int(rng.integers(DAYS))
        match rng.choice(KINDS[1:], p=habits.others):
            case "outage":
                put(place, day, "outage", rng.uniform(0.3, 0.8), 0.0)
            case "closure":
                put(place, day, "closure", 0.1, rng.uniform(0.3, 1.0))
            case _:
                put(place, day, "slow day", rng.uniform(0.3, 0.5), 0.02)
    return trouble


def _delays(late: FloatArray, troubled: FloatArray, minutes: float, rng: np.random.Generator) -> FloatArray:
    """Whole minutes of each flight: most leave a little early, late ones late, troubled ones later still."""
    count = late.size
    early = 2 - np.round(rng.gamma(2.0, 2.2, count))
    behind = 3 + np.round(rng.gamma(0.9, minutes, count))
    delay = np.where(rng.random(count) < late, behind, early)
    delay += np.where(rng.random(count) < troubled, np.round(rng.gamma(2.5, 35.0, count)), 0.0)
    return np.clip(delay, -30, 1400)


def _codes(count: int, rng: np.random.Generator) -> list[str]:
    """Three letters each; where one is a real airport's, that is chance."""
    letters = len(ascii_uppercase)
    numbers = rng.choice(letters**3, count, replace=False)
    return ["".join(ascii_uppercase[n // letters**at % letters] for at in (2, 1, 0)) for n in numbers]
