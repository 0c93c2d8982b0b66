"""One factor per day of a year: how the calendar moves delays, cancellations and the number of flights."""

from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np

from tarmac.simulate.airports import Floats, Ints

_DELAY_BY_WEEKDAY = np.array([1.05, 0.92, 0.95, 1.08, 1.13, 0.85, 1.02])  # Monday first
_FLIGHTS_BY_WEEKDAY = np.array([1.04, 1.01, 1.02, 1.04, 1.04, 0.83, 0.97])


@dataclass(frozen=True, kw_only=True, eq=False)
class Calendar:
    """A year's days. `season` and `holiday` are log factors of delay, `winter` is 1 in mid-January and 0 in July."""

    dates: tuple[date, ...]
    weekday: Ints
    season: Floats
    holiday: Floats
    winter: Floats
    weekday_delay: Floats
    flights: Floats


def calendar_of(year: int) -> Calendar:
    """The calendar of one year: summer and December peaks, weekday pattern, holidays of the United States."""
    first = date(year, 1, 1)
    days = (date(year, 12, 31) - first).days + 1
    dates = tuple(first + timedelta(days=day) for day in range(days))
    weekday = np.array([day.weekday() for day in dates], dtype=np.int64)
    at = np.arange(days, dtype=np.float64)
    season = (
        0.30 * _bump(at, 188, 32) + 0.22 * _bump(at, 354, 14) + 0.10 * _bump(at, 35, 30) - 0.18 * _bump(at, 275, 35)
    )
    holiday, quiet = _holidays(year, days)
    flights = (1 + 0.07 * _bump(at, 190, 45) - 0.04 * _bump(at, 25, 25)) * _FLIGHTS_BY_WEEKDAY[weekday] * quiet
    return Calendar(
        dates=dates,
        weekday=weekday,
        season=season,
        holiday=holiday,
        winter=(1 + np.cos(2 * np.pi * (at - 15) / days)) / 2,
        weekday_delay=np.log(_DELAY_BY_WEEKDAY)[weekday],
        flights=flights,
    )


def _bump(at: Floats, centre: float, width: float) -> Floats:
    curve: Floats = np.exp(-0.5 * ((at - centre) / width) ** 2)
    return curve


def _holidays(year: int, days: int) -> tuple[Floats, Floats]:
    first = date(year, 1, 1)
    thanksgiving = _nth_weekday(year, 11, 3, 4)
    memorial_day = max(date(year, 5, day) for day in range(25, 32) if date(year, 5, day).weekday() == 0)
    labour_day = _nth_weekday(year, 9, 0, 1)
    busy = {
        first: 0.05, first + timedelta(1): 0.30, first + timedelta(2): 0.22, memorial_day - timedelta(3): 0.15,
        memorial_day: 0.10, date(year, 7, 3): 0.12, date(year, 7, 5): 0.15, labour_day - timedelta(3): 0.12,
        labour_day: 0.10, thanksgiving - timedelta(1): 0.20, thanksgiving + timedelta(3): 0.30,
        date(year, 12, 21): 0.18, date(year, 12, 22): 0.25, date(year, 12, 23): 0.25, date(year, 12, 26): 0.25,
        date(year, 12, 27): 0.22, date(year, 12, 28): 0.15,
    }  # fmt: skip
    few = {thanksgiving: 0.72, date(year, 12, 25): 0.75, date(year, 12, 24): 0.88, date(year, 7, 4): 0.85, first: 0.90}
    holiday, quiet = np.zeros(days), np.ones(days)
    for day, factor in busy.items():
        holiday[(day - first).days] = factor
    for day, factor in few.items():
        quiet[(day - first).days] = factor
    return holiday, quiet


def _nth_weekday(year: int, month: int, weekday: int, nth: int) -> date:
    offset = (weekday - date(year, month, 1).weekday()) % 7
    return date(year, month, 1 + offset + 7 * (nth - 1))
