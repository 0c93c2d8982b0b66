"""Flights of some days of a plan, as the 28 columns of a Kaggle yearly file: every clock and minute agrees."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from tarmac.simulate.airports import Floats, Ints
from tarmac.simulate.causes import CAUSES, Causes, cancellation_codes, cause_minutes
from tarmac.simulate.days import DayPlan
from tarmac.simulate.delays import Singles, draw_delays
from tarmac.simulate.networks import CARRIERS
from tarmac.simulate.routes import Routes

if TYPE_CHECKING:
    import polars as pl

COLUMNS = (
    "FL_DATE", "OP_CARRIER", "OP_CARRIER_FL_NUM", "ORIGIN", "DEST", "CRS_DEP_TIME", "DEP_TIME", "DEP_DELAY",
    "TAXI_OUT", "WHEELS_OFF", "WHEELS_ON", "TAXI_IN", "CRS_ARR_TIME", "ARR_TIME", "ARR_DELAY", "CANCELLED",
    "CANCELLATION_CODE", "DIVERTED", "CRS_ELAPSED_TIME", "ACTUAL_ELAPSED_TIME", "AIR_TIME", "DISTANCE",
    *CAUSES, "Unnamed: 27",
)  # fmt: skip

# Departures by hour from midnight; delays grow through the day because late aircraft fly on.
_HOURS = np.array([3, 1, 0.5, 0.5, 1, 30, 68, 64, 62, 62, 60, 60, 66, 62, 57, 64, 58, 66, 58, 56, 52, 34, 28, 12.0])
_PROFILE = np.concatenate([[0], np.cumsum(np.repeat(_HOURS, 60))]) / (60 * _HOURS.sum())
_MINUTES = np.arange(1441.0)
_PACE = np.interp(_MINUTES, [0, 300, 420, 1140, 1320, 1440], [1.0, 0.55, 0.6, 1.4, 1.3, 1.1])
_PACE /= np.interp((np.arange(1000) + 0.5) / 1000, _PROFILE, _PACE).mean()


@dataclass(frozen=True, kw_only=True, eq=False)
class _Schedule:
    """What is known of each flight before its day: where and when, and which airport-day (`place`, `day`) it is in."""

    place: Ints
    day: Ints
    number: Ints
    route: Ints
    departs: Ints
    arrives: Ints
    block: Ints


@dataclass(frozen=True, kw_only=True, eq=False)
class _Wrong:
    """Of each flight: the true cause of what is wrong (an index of `CAUSE_WORDS`), its chance to be cancelled, its excess."""

    cause: Causes
    cancelled: Floats
    excess: Singles


@dataclass(frozen=True, kw_only=True, eq=False)
class _Flown:
    """What became of each flight, in whole minutes; NaN where it did not come to that."""

    cancelled: NDArray[np.bool_]
    diverted: NDArray[np.bool_]
    delay: Singles
    taxi_out: Singles
    taxi_in: Singles
    air: Singles
    arrival_delay: Singles


def flights_between(plan: DayPlan, first: int, last: int, seed: list[int]) -> "pl.DataFrame":
    """The flights of days first … last − 1, by date, origin and scheduled departure; equal seeds give equal flights."""
    rng = np.random.default_rng(seed)
    schedule = _scheduled(plan, plan.routes, first, last, rng)
    wrong = _wrong(plan, schedule, first, last)
    flown = _flown(plan, schedule, wrong, rng)
    return _frame(plan, schedule, flown, wrong.cause, rng)


def _scheduled(plan: DayPlan, routes: Routes, first: int, last: int, rng: np.random.Generator) -> _Schedule:
    counts = plan.scheduled[:, first:last].T.ravel()
    places = len(plan.airports.codes)
    cell = np.repeat(np.arange(len(counts)), counts)
    nth = np.arange(len(cell)) - np.repeat(np.cumsum(counts) - counts, counts)
    place = cell % places
    # One flight in each slice of the day's profile: they come sorted, and as even as a schedule is.
    departs = np.interp((nth + rng.random(len(cell))) / counts[cell], _PROFILE, _MINUTES)
    round_clock = rng.random(len(cell)) < 0.65
    departs = np.where(round_clock, departs // 5 * 5, departs // 1).astype(np.int64).clip(1, 1439)
    route = routes.draw(place, rng)
    block = routes.block_minutes[route] + rng.integers(-3, 4, len(cell))
    arrives = departs + block + routes.clock_minutes[route]
    block += arrives % 1440 == 0  # the schedules have no flight at midnight sharp: 2359 or 0001
    arrives += arrives % 1440 == 0
    # Different for all flights of one origin and day, so that none is another's duplicate.
    number = 1 + (place * 317 + nth) % np.maximum(7999, counts[cell])
    return _Schedule(
        place=place,
        day=first + cell // places,
        number=number,
        route=route,
        departs=departs,
        arrives=arrives,
        block=block,
    )


def _wrong(plan: DayPlan, schedule: _Schedule, first: int, last: int) -> _Wrong:
    """Of each flight: what its airport's day has in store for it, and its carrier's failures on top."""
    at = (schedule.place, schedule.day)
    events = plan.anomalies.events
    causes = np.array([*(event.cause for event in events), 0], dtype=np.int8)  # an event of −1 is the last: none
    # The airport-day of a carrier's failure is abnormal for the carrier's flights alone.
    causes[:-1][[bool(event.carriers) for event in events]] = 0
    wrong = _Wrong(
        cause=causes[plan.anomalies.event[at]],
        cancelled=plan.cancelled[at],
        excess=plan.excess.astype(np.float32)[at],
    )
    for event in events:
        if not event.carriers or event.days[-1] < first or event.days[0] >= last:
            continue
        hit = np.isin(plan.routes.carrier[schedule.route], event.carriers) & np.isin(schedule.place, event.places)
        for day, cancelled, minutes in zip(event.days, event.cancelled, event.minutes, strict=True):
            mine = hit & (schedule.day == day)
            wrong.cause[mine] = event.cause
            wrong.cancelled[mine] = 1 - (1 - wrong.cancelled[mine]) * (1 - cancelled)
            wrong.excess[mine] += np.float32(plan.parameters.severity * minutes)
    return wrong


def _flown(plan: DayPlan, schedule: _Schedule, wrong: _Wrong, rng: np.random.Generator) -> _Flown:
    flights, routes = len(schedule.place), plan.routes
    at, excess = (schedule.place, schedule.day), wrong.excess
    shift = np.rint(plan.anomalies.shift[at]).astype(np.float32)
    delay = draw_delays(excess * _PACE.astype(np.float32)[schedule.departs], rng) + shift
    chance = rng.random(flights)
    cancelled = chance < wrong.cancelled
    left_first = chance < wrong.cancelled * plan.parameters.cancelled_after_departure_share
    diverted = ~cancelled & (rng.random(flights, dtype=np.float32) < plan.parameters.diverted_share)
    congestion = np.float32(12.5) + np.float32(1.1) * np.sqrt(np.minimum(excess, 150))
    taxi_out = _lognormal(congestion, 0.42, rng).clip(1, 170)
    taxi_in = _lognormal(np.full(flights, 6.2, dtype=np.float32), 0.6, rng).clip(1, 150)
    air = 17.6 + 0.118 * routes.miles[schedule.route].astype(np.float32)
    air = np.rint(air + 7 * rng.standard_normal(flights, dtype=np.float32)).clip(12, None).astype(np.float32)
    arrival_delay = delay + taxi_out + air + taxi_in - schedule.block.astype(np.float32)
    nan = np.float32(np.nan)
    arrived = ~cancelled & ~diverted
    return _Flown(
        cancelled=cancelled,
        diverted=diverted,
        delay=np.where(cancelled & ~left_first, nan, delay),
        taxi_out=np.where(cancelled, nan, taxi_out),
        taxi_in=np.where(arrived, taxi_in, nan),
        air=np.where(arrived, air, nan),
        arrival_delay=np.where(arrived, arrival_delay, nan),
    )


def _lognormal(median: Singles, sigma: float, rng: np.random.Generator) -> Singles:
    normal = rng.standard_normal(len(median), dtype=np.float32)
    minutes: Singles = np.rint(median * np.exp(np.float32(sigma) * normal))
    return minutes


def _clock(minutes: Singles | Floats | Ints) -> Singles:
    """Minutes from midnight as hhmm; midnight is 2400, as in the files."""
    of_day = np.mod(minutes, 1440).astype(np.float32)
    hour = np.floor(of_day / 60)
    clock: Singles = np.where(of_day == 0, np.float32(2400), of_day + 40 * hour)
    return clock


def _frame(
    plan: DayPlan, schedule: _Schedule, flown: _Flown, cause: Causes, rng: np.random.Generator
) -> "pl.DataFrame":
    import polars as pl

    routes = plan.routes
    blank_carriers = [CARRIERS.index(code) for code in plan.parameters.blank_on_time_carriers if code in CARRIERS]
    blank = (flown.delay == 0) & np.isin(routes.carrier[schedule.route], blank_carriers)
    values = {
        **_scheduled_columns(plan, routes, schedule),
        **_flown_columns(schedule, flown),
        "DEP_DELAY": np.where(blank, np.float32(np.nan), flown.delay),
        "CANCELLATION_CODE": cancellation_codes(flown.cancelled, cause, rng),
        **cause_minutes(flown.arrival_delay, cause, rng),
        "Unnamed: 27": pl.repeat(None, len(cause), dtype=pl.String, eager=True),
    }
    return pl.DataFrame([pl.Series(name, values[name], nan_to_null=True) for name in COLUMNS])


def _scheduled_columns(plan: DayPlan, routes: Routes, schedule: _Schedule) -> dict[str, Any]:
    import polars as pl

    days = pl.Series(plan.dates, dtype=pl.Date)
    return {
        "FL_DATE": days.gather(schedule.day),
        "OP_CARRIER": _names(routes.carrier[schedule.route], CARRIERS),
        "OP_CARRIER_FL_NUM": schedule.number.astype(np.int32),
        "ORIGIN": _names(schedule.place, routes.codes),
        "DEST": _names(routes.dest[schedule.route], routes.codes),
        "CRS_DEP_TIME": _clock(schedule.departs).astype(np.int32),
        "CRS_ARR_TIME": _clock(schedule.arrives).astype(np.int32),
        "CRS_ELAPSED_TIME": schedule.block.astype(np.float32),
        "DISTANCE": routes.miles[schedule.route].astype(np.float32),
    }


def _flown_columns(schedule: _Schedule, flown: _Flown) -> dict[str, Any]:
    left = schedule.departs + flown.delay
    arrives = schedule.arrives + flown.arrival_delay
    return {
        "DEP_TIME": _clock(left),
        "TAXI_OUT": flown.taxi_out,
        "WHEELS_OFF": _clock(left + flown.taxi_out),
        "WHEELS_ON": _clock(arrives - flown.taxi_in),
        "TAXI_IN": flown.taxi_in,
        "ARR_TIME": _clock(arrives),
        "ARR_DELAY": flown.arrival_delay,
        "CANCELLED": flown.cancelled.astype(np.float32),
        "DIVERTED": flown.diverted.astype(np.float32),
        "ACTUAL_ELAPSED_TIME": flown.taxi_out + flown.air + flown.taxi_in,
        "AIR_TIME": flown.air,
    }


def _names(index: Ints, names: tuple[str, ...]) -> "pl.Series":
    import polars as pl

    return pl.Series(names, dtype=pl.String).gather(index)
