"""What each route usually loses on such a day: the yardstick of every excess.

Levels come from ordinary days: those of a loud airport or carrier are left out. They are drawn towards the carrier's
and the airport's, as far as there are few flights, and follow the season and, for delays, the day of the week.
"""

from dataclasses import dataclass

import numpy as np

from tarmac.detect.panel import BoolArray, FloatArray
from tarmac.explanation.routes import Indices, Routes

QUIET = 0.9
"""The share of an airport's or a carrier's days, by what they lost, that count as ordinary."""

PRIOR_FLIGHTS = 300.0
"""How many flights of its own outweigh what the carrier, or the country, tells about a level."""

SEASON = 28
"""Days before and after a day whose median is its season's."""

LEAST_SHARE = 0.002
"""No place is expected to cancel less than this: a year without cancellations does not make the first one infinitely rare."""


@dataclass(frozen=True, kw_only=True)
class Expected:
    """For each entry of the routes: expected cancellations, minutes between 0 and the longest delay, and minutes in all.

    The minutes are for as many flights as departed. `ordinary` marks the entries that the levels are made of.
    """

    cancelled: FloatArray
    late_minutes: FloatArray
    delay_minutes: FloatArray
    ordinary: BoolArray


def expect(routes: Routes) -> Expected:
    """The expectations of all entries."""
    ordinary = _ordinary(routes)
    return Expected(
        cancelled=routes.flights
        * np.clip(_level(routes, routes.cancelled, routes.flights, ordinary, weekly=False), LEAST_SHARE, 0.5),
        late_minutes=routes.departed * _level(routes, routes.late_minutes, routes.departed, ordinary, weekly=True),
        delay_minutes=routes.departed * _level(routes, routes.delay_minutes, routes.departed, ordinary, weekly=True),
        ordinary=ordinary,
    )


def ratio(amount: FloatArray, count: FloatArray) -> FloatArray:
    """Amount per count, 0 where there is none."""
    return np.asarray(np.divide(amount, count, out=np.zeros_like(amount, dtype=np.float64), where=count > 0))


def _ordinary(routes: Routes) -> BoolArray:
    """The entries of days on which neither end of the route, nor its carrier, was loud."""
    loud = np.zeros(routes.day.size, bool)
    for amount, count in ((routes.cancelled, routes.flights), (routes.late_minutes, routes.departed)):
        for ends, size in (
            ((routes.origin, routes.dest), len(routes.airports)),
            ((routes.carrier,), len(routes.carriers)),
        ):
            shape = (routes.days, size)
            amounts, counts = (
                np.sum([_sum(routes.day, end, values, shape) for end in ends], axis=0) for values in (amount, count)
            )
            is_loud = _above_quiet(ratio(amounts, counts), counts)
            for end in ends:
                loud |= is_loud[routes.day, end]
    return ~loud


def _above_quiet(share: FloatArray, count: FloatArray) -> BoolArray:
    """Where a day's share is above the quiet ones of its column."""
    known = np.where(count > 0, share, np.nan)
    with np.errstate(all="ignore"):
        limit = np.nanquantile(np.where(np.isnan(known).all(axis=0), 0.0, known), QUIET, axis=0)
    return np.asarray(share > limit)


def _sum(day: Indices, place: Indices, values: FloatArray, shape: tuple[int, int]) -> FloatArray:
    sums = np.bincount(day * shape[1] + place, weights=values, minlength=shape[0] * shape[1])
    return np.asarray(sums.reshape(shape))


def _level(routes: Routes, amount: FloatArray, count: FloatArray, ordinary: BoolArray, *, weekly: bool) -> FloatArray:
    """Each entry's usual amount per count: of its carrier at its origin and towards its destination, in its season."""
    amount, count = np.where(ordinary, amount, 0.0), np.where(ordinary, count, 0.0)
    whole = amount.sum() / max(count.sum(), 1.0)

    def drawn(groups: Indices, parent: FloatArray | float) -> FloatArray:
        size = int(groups.max(initial=0)) + 1
        sums = np.bincount(groups, weights=amount, minlength=size)
        counts = np.bincount(groups, weights=count, minlength=size)
        above = np.zeros(size)
        above[groups] = parent
        return np.asarray(((sums + PRIOR_FLIGHTS * above) / (counts + PRIOR_FLIGHTS))[groups])

    airports = len(routes.airports)
    carrier = drawn(routes.carrier, whole)
    start = drawn(routes.carrier * airports + routes.origin, carrier)
    end = drawn(routes.carrier * airports + routes.dest, carrier)
    level = start + end - carrier
    floor = 0.25 * np.minimum(start, end) if whole > 0 else level
    return np.maximum(level, floor) * _season(routes, amount, count, weekly=weekly)[routes.day]


def _season(routes: Routes, amount: FloatArray, count: FloatArray, *, weekly: bool) -> FloatArray:
    """By how much each day's season, and weekday, lies above the year's level, 0.5 to 2."""
    days = routes.days
    amounts, counts = (_sum(routes.day, np.zeros_like(routes.day), each, (days, 1))[:, 0] for each in (amount, count))
    share, flown = ratio(amounts, counts), counts > 0
    if not flown.any() or (middle := float(np.median(share[flown]))) <= 0:
        return np.ones(days)
    smooth = np.array([_median(share[max(0, d - SEASON) : d + SEASON + 1], middle) for d in range(days)])
    if weekly:
        weekday = (routes.dates.astype("datetime64[D]").astype(np.int64) + 3) % 7
        relative = ratio(share, smooth)
        smooth = smooth * np.array([_median(relative[(weekday == d) & flown], 1.0) for d in range(7)])[weekday]
    return np.clip(smooth / middle, 0.5, 2.0)


def _median(values: FloatArray, otherwise: float) -> float:
    known = values[values > 0]
    return float(np.median(known)) if known.size else otherwise
