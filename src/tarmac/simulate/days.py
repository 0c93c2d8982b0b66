"""Airport-days before any flight: how many are scheduled, how late they are expected to be, and what goes wrong."""

from dataclasses import dataclass
from datetime import date

import numpy as np
from numpy.typing import NDArray

from tarmac.simulate.airports import Airports, Floats, Ints, first_airports, great_circle_miles
from tarmac.simulate.anomalies import draw_anomalies
from tarmac.simulate.delays import PUNCTUAL_MEAN, STRANDED_MINUTES, flight_variance
from tarmac.simulate.events import Anomalies
from tarmac.simulate.parameters import SHAPES, SimulationParameters
from tarmac.simulate.routes import Routes, routes_of
from tarmac.simulate.seasons import Calendar, calendar_of

_NATIONAL, _REGIONAL, _OWN = 0.15, 0.27, 0.20  # standard deviations of the log of a day's excess: shocks of one day
_SHOCK_VARIANCE = _NATIONAL**2 + _REGIONAL**2 + _OWN**2
_WANDER, _MEMORY = 0.22, 0.9  # the slowly varying level: standard deviation and correlation from day to day
_REGIONS_LATITUDE, _REGIONS_LONGITUDE = (21.0, 26, 31, 36, 41, 46, 61), (-157.0, -122, -114, -106, -98, -90, -82, -74)
_REGION_MILES = 260.0


@dataclass(frozen=True, kw_only=True, eq=False)
class DayPlan:
    """Airports × days. `level` is the mean delay that the season and the airport lead one to expect, in minutes.

    `excess` is what the day's flights are drawn from (minutes above the punctual mean; shocks and anomalies
    included), `cancelled` each flight's chance to be cancelled; carriers' failures come on top of both.
    """

    parameters: SimulationParameters
    airports: Airports
    routes: Routes
    dates: tuple[date, ...]
    scheduled: Ints
    level: Floats
    excess: Floats
    cancelled: Floats
    anomalies: Anomalies

    @property
    def truth(self) -> NDArray[np.bool_]:
        """Airports × days: true where flights are scheduled and something is truly wrong."""
        wrong: NDArray[np.bool_] = self.anomalies.kind > 0
        return wrong


def simulate_days(parameters: SimulationParameters) -> DayPlan:
    """The year's airport-days; what belongs to an airport for good depends on the seed alone, not on the year."""
    shape = SHAPES[parameters.shape]
    airports, calendar = first_airports(parameters.airports), calendar_of(parameters.year)
    lasting = np.random.default_rng([parameters.seed, 0])
    yearly = np.random.default_rng([parameters.seed, parameters.year, 1])
    habit = _habits(airports, calendar, lasting)
    step = _level_shifts(airports, calendar, yearly)
    scheduled = _schedule(parameters, airports.size**shape.size_exponent, calendar, lasting, yearly)
    usual = np.exp(habit + step + _wandering(habit.shape, yearly))
    shock = _shocks(airports, calendar, yearly)
    level = usual * np.exp(_SHOCK_VARIANCE / 2) + PUNCTUAL_MEAN
    routes = routes_of(airports, np.random.default_rng([parameters.seed, 2]))
    anomalies = draw_anomalies(
        airports=airports,
        carriers=routes.carriers_of_airports(),
        scheduled=scheduled,
        level=level,
        winter=calendar.winter,
        shape=shape,
        share=parameters.anomalous_share,
        rng=yearly,
    )
    excess = np.maximum(usual * np.exp(shock) + parameters.severity * anomalies.minutes, 0.3)
    usually_cancelled = _usually_cancelled(airports, calendar, shock, lasting, yearly)
    return DayPlan(
        parameters=parameters,
        airports=airports,
        routes=routes,
        dates=calendar.dates,
        scheduled=scheduled,
        level=level + STRANDED_MINUTES,
        excess=excess,
        cancelled=1 - (1 - usually_cancelled) * (1 - anomalies.cancelled),
        anomalies=anomalies,
    )


def oracle_scores(plan: DayPlan, mean_dep_delay: Floats, departed: Floats) -> Floats:
    """|z| of each day's mean delay for somebody who knows every airport's true level, and nothing but its delays.

    The ceiling for a detector that looks at the delays of one airport alone; NaN where no flight departed.
    """
    usual = np.maximum(plan.level - STRANDED_MINUTES - PUNCTUAL_MEAN, 0.3)
    of_days = usual**2 * (np.exp(_SHOCK_VARIANCE) - 1)
    with np.errstate(divide="ignore", invalid="ignore"):
        spread = np.sqrt(of_days + flight_variance(usual) / departed)
        score: Floats = np.where(departed > 0, np.abs(mean_dep_delay - plan.level) / spread, np.nan)
    return score


def _habits(airports: Airports, calendar: Calendar, rng: np.random.Generator) -> Floats:
    count = len(airports.codes)
    base = np.log(11.0) + 0.03 * np.log(airports.size / 50) + rng.normal(0, 0.28, count)
    amplitude = rng.uniform(0.5, 1.4, (count, 1))
    weekday = rng.normal(0, 0.05, (count, 7))[:, calendar.weekday]
    habit: Floats = base[:, None] + amplitude * calendar.season + calendar.holiday + calendar.weekday_delay + weekday
    return habit


def _level_shifts(airports: Airports, calendar: Calendar, rng: np.random.Generator) -> Floats:
    """A new schedule or a finished runway moves the level of one airport in six for good: no anomaly."""
    count, days = len(airports.codes), len(calendar.dates)
    moved = rng.random(count) < 1 / 6
    since = np.arange(days) >= rng.integers(30, days - 30, count)[:, None]
    step: Floats = (moved * rng.normal(0, 0.3, count))[:, None] * since
    return step


def _wandering(size: tuple[int, ...], rng: np.random.Generator) -> Floats:
    noise = rng.normal(0, _WANDER, size)
    noise[:, 1:] *= np.sqrt(1 - _MEMORY**2)
    for day in range(1, size[1]):
        noise[:, day] += _MEMORY * noise[:, day - 1]
    return noise


def _shocks(airports: Airports, calendar: Calendar, rng: np.random.Generator) -> Floats:
    """What moves a day: the nation, the weather shared with neighbours, and the airport's own luck."""
    days = len(calendar.dates)
    latitude, longitude = (grid.ravel() for grid in np.meshgrid(_REGIONS_LATITUDE, _REGIONS_LONGITUDE))
    miles = great_circle_miles(airports.latitude[:, None], airports.longitude[:, None], latitude, longitude)
    # Relative to the nearest region, so that an airport far from all of them still follows its nearest.
    near = np.exp(-(miles**2 - miles.min(axis=1, keepdims=True) ** 2) / (2 * _REGION_MILES**2))
    near /= np.sqrt((near**2).sum(axis=1, keepdims=True))
    # einsum, not matmul: its sums have one order on any number of cores, and so have the bytes we write.
    regional = np.einsum("ar,rd->ad", near, rng.normal(0, _REGIONAL, (len(latitude), days)))
    shock: Floats = rng.normal(0, _NATIONAL, days) + regional + rng.normal(0, _OWN, regional.shape)
    return shock


def _usually_cancelled(
    airports: Airports, calendar: Calendar, shock: Floats, lasting: np.random.Generator, yearly: np.random.Generator
) -> Floats:
    base = np.log(0.006) + lasting.normal(0, 0.4, len(airports.codes))
    own = yearly.normal(0, 0.9, shock.shape)
    chance: Floats = np.exp(base[:, None] + 0.4 * calendar.winter + 1.2 * shock + own)
    return np.minimum(chance, 0.3)


def _schedule(
    parameters: SimulationParameters, size: Floats, calendar: Calendar, lasting: np.random.Generator,
    yearly: np.random.Generator,
) -> Ints:  # fmt: skip
    """Scheduled flights, airports × days: exactly `parameters.flights` of them, and every airport has one at least."""
    days = len(calendar.dates)
    a_day = size * parameters.flights / (size.sum() * days)
    moved = np.where(yearly.random(len(size)) < 1 / 6, yearly.normal(0, 0.2, len(size)), 0.0)
    since = np.arange(days) >= yearly.integers(30, days - 30, len(size))[:, None]
    volume = a_day[:, None] * calendar.flights * np.exp(moved[:, None] * since)
    volume = volume * _service(a_day, calendar, lasting) * yearly.normal(1, 0.02, volume.shape).clip(0.9, 1.1)
    volume *= parameters.flights / volume.sum()
    scheduled = np.floor(volume + yearly.random(volume.shape)).astype(np.int64)
    return _with_exact_total(scheduled, volume, parameters.flights, yearly)


def _service(a_day: Floats, calendar: Calendar, rng: np.random.Generator) -> Floats:
    """Small airports fly on some weekdays only, and a few of them in one season only."""
    count, days = len(a_day), len(calendar.dates)
    served = np.where(a_day < 2.5, np.clip(np.rint(a_day * 7 / rng.uniform(1, 2, count)), 1, 7), 7)
    rank = rng.permuted(np.tile(np.arange(7), (count, 1)), axis=1)
    flies = (rank < served[:, None])[:, calendar.weekday] * (7 / served[:, None])
    closed = (rng.random(count) < 0.08) & (a_day < 3)
    first, length = rng.integers(0, 366, count), rng.integers(60, 150, count)
    resting = (np.arange(days) - first[:, None]) % days < length[:, None]
    service: Floats = np.where(closed[:, None] & resting, 0.0, flies)
    return service


def _with_exact_total(scheduled: Ints, volume: Floats, flights: int, rng: np.random.Generator) -> Ints:
    missing = flights - int(scheduled.sum())
    if missing > 0:
        scheduled = scheduled + rng.multinomial(missing, volume.ravel() / volume.sum()).reshape(volume.shape)
    elif missing < 0:
        surplus = rng.permutation(np.flatnonzero(scheduled))[:-missing]
        scheduled.flat[surplus] -= 1
    for place in np.flatnonzero(scheduled.sum(axis=1) == 0):
        giver = int(scheduled.sum(axis=1).argmax())
        scheduled[giver, scheduled[giver].argmax()] -= 1
        scheduled[place, volume[place].argmax()] += 1
    return scheduled
