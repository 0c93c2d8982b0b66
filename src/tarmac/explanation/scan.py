"""Which flights of one day were lost for one reason: a scan over subsets of carriers and airports.

An expectation-based scan in the sense of Neill (2012, Fast subset scan for spatial pattern detection): the subset whose
flights depart most from what is expected of them, by likelihood ratio, is taken out, and the rest is scanned again. The
ratio is of one common rate for the whole subset, so flights that were as usual make it smaller: a carrier's failure is not
its hub's, nor a storm at the hub the carrier's. A trouble at an airport may reach the flights towards it as well.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Literal

import numpy as np

from tarmac.detect.panel import BoolArray, FloatArray
from tarmac.explanation.routes import LONGEST_DELAY, Indices, Routes

Scope = Literal["airport", "region", "nation", "carrier", "carrier_at_airport"]

FLIGHT_SPREAD = 30.0
"""Minutes: standard deviation of one flight's delay between 0 and the longest."""

LEAST_EVIDENCE = 10.0
"""Log likelihood ratio below which no subset is looked at: many thousand are tried each day."""

GAIN = 4.0
"""By how much another airport, or carrier, must raise it to belong to the subset: about the logarithm of how many could."""

ALIKE = 0.5
"""And what share of the first one's lost share it must have lost: one story hits all its places alike."""

EVERYWHERE, FEW_FLIGHTS = 0.75, 5.0
"""Of a carrier's or the nation's story at least this share of the flights are where it is told: else it is of places. So
many flights like all others are added to each airport's, whose own few tell little."""

PARTNER = 0.3
"""By what share of the evidence another carrier must raise it: two carriers seldom fail together."""

CARRIERS_ALIKE = 0.7
"""The same of another carrier, which is rarely hit for the same reason."""

ALMOST_ALL = 0.85
"""The share of a region's lost flights from which on they are its first airport's story alone."""

NARROW = 4.0
"""Trouble of one carrier at an airport is told from trouble of the airport when it is likelier by e to this."""

MOST_TRIES = 40
"""Subsets looked at on one day."""

NATION = 0.6
"""The share of the country's flights from which on a region is the nation."""

FEWEST_AIRPORTS = 30
"""Flights from fewer airports are of a place, not of the nation."""

COLUMNS = ("flights", "cancelled", "expected cancelled", "departed", "late minutes", "expected late minutes")
"""What evidence is computed from, for entries and for sums of them: arrays end with an axis of these."""


@dataclass(frozen=True, kw_only=True)
class Subset:
    """Carriers and airports of one day with one story. Empty `carriers`: of all carriers."""

    scope: Scope
    carriers: tuple[int, ...]
    airports: tuple[int, ...]
    evidence: float


@dataclass(frozen=True, kw_only=True)
class Day:
    """One day's entries: positions of carriers and airports, and their `COLUMNS`."""

    carrier: Indices
    origin: Indices
    dest: Indices
    sums: FloatArray
    airports: int

    @cached_property
    def by_origin(self) -> FloatArray:
        """Airports × `COLUMNS`: of the flights from each."""
        return _group(self.origin, self.sums, self.airports)


@dataclass(frozen=True, kw_only=True)
class Country:
    """What does not change from day to day: how many carriers and airports, which are near, and the overdispersion.

    `national`: whether the flights are of the whole country, or from a few airports.
    """

    carriers: int
    near: BoolArray
    dispersion: tuple[float, float]
    national: bool

    @property
    def airports(self) -> int:
        """How many airports there are."""
        return len(self.near)


def evidence(sums: FloatArray, dispersion: tuple[float, float]) -> FloatArray:
    """Log likelihood ratio that the flights of these sums were lost at a rate of their own, above the expected.

    Cancellations are binomial, delays normal; each is divided by its dispersion.
    """
    flights, cancelled, usual, departed, late, usual_late = (sums[..., column] for column in range(len(COLUMNS)))
    flown, usually_flown = flights - cancelled, flights - usual
    with np.errstate(divide="ignore", invalid="ignore"):
        more = np.where(cancelled > usual, cancelled * np.log(cancelled / usual), 0.0)
        fewer = np.where((cancelled > usual) & (flown > 0), flown * np.log(flown / usually_flown), 0.0)
        delays = np.where(late > usual_late, (late - usual_late) ** 2 / (2.0 * FLIGHT_SPREAD**2 * departed), 0.0)
    return np.asarray((more + fewer) / dispersion[0] + delays / dispersion[1])


def lost_share(sums: FloatArray) -> FloatArray:
    """The share of flights lost beyond the expected; one late by the longest delay counts as one."""
    flights, cancelled, usual, _, late, usual_late = (sums[..., column] for column in range(len(COLUMNS)))
    lost = np.maximum(cancelled - usual, 0.0) + np.maximum(late - usual_late, 0.0) / LONGEST_DELAY
    return np.asarray(lost / np.maximum(flights, 1.0))


def scan(day: Day, country: Country, is_unusual: Callable[[Subset], bool]) -> Iterator[tuple[Subset, BoolArray]]:
    """The day's disruptions, largest first, each with the entries it explains.

    `is_unusual` says whether a subset's day stands out among its other days.
    """
    rest = day
    starts = _starts(rest, country)
    for _ in range(MOST_TRIES):
        best = int(np.argmax(starts.strength))
        if starts.strength[best] < LEAST_EVIDENCE:
            return
        start = starts.start(best)
        subset, covered = _grown(rest, country, start)
        if is_unusual(subset):
            yield subset, covered
            rest = replace(rest, sums=np.where(covered[:, None], 0.0, rest.sums))
            starts = _starts(rest, country)
        else:
            starts.refuse(start)


@dataclass(frozen=True)
class Start:
    """Where a subset begins: at an airport, a carrier, a carrier at an airport, or (neither) with all flights.

    `both`: with the flights towards the airport.
    """

    carrier: int | None = None
    airport: int | None = None
    both: bool = False


@dataclass(frozen=True, kw_only=True)
class _Starts:
    """How likely a subset is that begins at each start; `cells` are carrier × airports + airport of those at airports."""

    strength: FloatArray
    country: Country
    cells: Indices

    def start(self, position: int) -> Start:
        """The start at a position of `strength`."""
        airports, carriers, cells = self.country.airports, self.country.carriers, self.cells.size
        if position < 2 * airports:
            return Start(airport=position % airports, both=position >= airports)
        position -= 2 * airports
        if position < carriers:
            return Start(carrier=position)
        position -= carriers
        if position < 2 * cells:
            carrier, airport = divmod(int(self.cells[position % cells]), airports)
            return Start(carrier=carrier, airport=airport, both=position >= cells)
        return Start()

    def refuse(self, start: Start) -> None:
        """Look at it no more, with or without the flights towards it."""
        airports, carriers, cells = self.country.airports, self.country.carriers, self.cells.size
        if start.carrier is None:
            places = [-1] if start.airport is None else [start.airport, airports + start.airport]
        elif start.airport is None:
            places = [2 * airports + start.carrier]
        else:
            cell = 2 * airports + carriers + int(np.searchsorted(self.cells, start.carrier * airports + start.airport))
            places = [cell, cell + cells]
        self.strength[places] = -np.inf


def _grown(day: Day, country: Country, start: Start) -> tuple[Subset, BoolArray]:
    """The subset that begins there, and the entries it covers."""
    if start.airport is None:
        return _everywhere(day, country) if start.carrier is None else _of_carriers(day, country, start.carrier)
    if start.carrier is None:
        # Airports of a storm have flights to each other: only the whole region tells whether those towards it belong to it.
        regions = [_region(day, country, start.airport, both=both) for both in (False, True)]
        return max(regions, key=lambda region: region[0].evidence)
    covered = (day.carrier == start.carrier) & _touching(day, start.airport, start.both)
    return _subset("carrier_at_airport", day, country, covered, (start.carrier,), (start.airport,))


def _subset(
    scope: Scope, day: Day, country: Country, covered: BoolArray, carriers: Sequence[int], airports: Sequence[int]
) -> tuple[Subset, BoolArray]:
    strength = float(evidence(day.sums[covered].sum(axis=0), country.dispersion))
    return Subset(scope=scope, carriers=tuple(carriers), airports=tuple(airports), evidence=strength), covered


def _group(places: Indices, sums: FloatArray, size: int) -> FloatArray:
    grouped = np.empty((size, sums.shape[1]))
    for column in range(sums.shape[1]):
        grouped[:, column] = np.bincount(places, weights=sums[:, column], minlength=size)
    return grouped


def _starts(day: Day, country: Country) -> _Starts:
    """All starts: airports and carriers at airports, by the flights from there and with those towards it; carriers; all."""
    airports, carriers = country.airports, country.carriers
    cells, cell = np.unique(day.carrier * airports + day.origin, return_inverse=True)
    towards = np.searchsorted(cells, day.carrier * airports + day.dest).clip(max=cells.size - 1)
    known = cells[towards] == day.carrier * airports + day.dest
    at_airports = _from_and_both(day.by_origin, _group(day.dest, day.sums, airports), country, np.log(2 * airports))
    at_cells = _from_and_both(
        _group(cell, day.sums, cells.size),
        _group(towards[known], day.sums[known], cells.size),
        country,
        np.log(2 * airports) + NARROW,
    )
    of_carriers = evidence(_group(day.carrier, day.sums, carriers), country.dispersion) - np.log(carriers)
    of_carriers[_share_alike(day, day.carrier, carriers, airports) < EVERYWHERE] = -np.inf
    of_all = evidence(day.sums.sum(axis=0), country.dispersion)
    everywhere = _share_alike(day, np.zeros_like(day.origin), 1, airports)[0] >= EVERYWHERE
    if carriers < 2:
        of_carriers[:], at_cells[:] = -np.inf, -np.inf
    if not country.national or not everywhere:
        of_all = np.asarray(-np.inf)
    return _Starts(
        strength=np.concatenate([at_airports, of_carriers, at_cells, of_all.reshape(1)]), country=country, cells=cells
    )


def _from_and_both(start: FloatArray, end: FloatArray, country: Country, penalty: float) -> FloatArray:
    """The evidence of flights from each place, and then with those towards it, where there is any of the first."""
    strength = evidence(np.concatenate([start, start + end]), country.dispersion) - penalty
    alone = strength[: len(start)] + penalty
    strength[np.tile(alone < GAIN, 2)] = -np.inf
    return np.asarray(strength)


def _share_alike(day: Day, group: Indices, groups: int, airports: int) -> FloatArray:
    """For each group the share of its flights that are at airports where it lost nearly as much as in all."""
    cells = _group(group * airports + day.origin, day.sums, groups * airports).reshape(groups, airports, -1)
    whole = lost_share(cells.sum(axis=1))[:, None]
    flights = cells[..., 0]
    # Airports with few flights are taken to be like the whole, as far as they are few.
    share = (lost_share(cells) * flights + FEW_FLIGHTS * whole) / (flights + FEW_FLIGHTS)
    alike = np.where(share >= ALIKE * whole, flights, 0.0).sum(axis=1)
    return np.asarray(alike / np.maximum(flights.sum(axis=1), 1.0))


def _region(day: Day, country: Country, lead: int, *, both: bool) -> tuple[Subset, BoolArray]:
    """The airport with all within reach that make the same story likelier."""
    airports = [lead]
    covered = _touching(day, lead, both)
    total = day.sums[covered].sum(axis=0)
    first = lost_share(total)
    near = country.near[lead] & (evidence(day.by_origin, country.dispersion) >= GAIN)
    near[lead] = False
    while near.any():
        rest = ~covered & (near[day.origin] | near[day.dest] if both else near[day.origin])
        sums = _group(day.origin[rest], day.sums[rest], country.airports)
        near &= evidence(sums, country.dispersion) >= GAIN
        if both:
            sums = sums + _group(day.dest[rest], day.sums[rest], country.airports)
        gain = evidence(total + sums, country.dispersion) - evidence(total, country.dispersion)
        gain[~near | (lost_share(sums) < ALIKE * first)] = -np.inf
        best = int(np.argmax(gain))
        if gain[best] < GAIN:
            break
        airports.append(best)
        near[best] = False
        covered |= _touching(day, best, both)
        total = day.sums[covered].sum(axis=0)
    own = day.by_origin[airports]
    lost = lost_share(own) * own[:, 0]
    if lost[0] > ALMOST_ALL * lost.sum():
        airports = [lead]
    share = day.by_origin[airports, 0].sum() / max(day.by_origin[:, 0].sum(), 1.0)
    scope: Scope = "airport" if len(airports) == 1 else "region"
    if country.national and share >= NATION:
        scope = "nation"
    return _subset(scope, day, country, covered, (), airports)


def _touching(day: Day, airport: int, both: bool) -> BoolArray:
    here = day.origin == airport
    return np.asarray(here | (day.dest == airport) if both else here)


def _of_carriers(day: Day, country: Country, lead: int) -> tuple[Subset, BoolArray]:
    """The carrier with the others that make the same story likelier."""
    sums = _group(day.carrier, day.sums, country.carriers)
    own = evidence(sums, country.dispersion)
    carriers, total, first = [lead], sums[lead], lost_share(sums[lead])
    while len(carriers) < country.carriers:
        gain = evidence(total + sums, country.dispersion) - evidence(total, country.dispersion)
        gain[(own < LEAST_EVIDENCE) | (lost_share(sums) < CARRIERS_ALIKE * first)] = -np.inf
        gain[carriers] = -np.inf
        best = int(np.argmax(gain))
        if gain[best] < max(GAIN, PARTNER * evidence(total, country.dispersion)):
            break
        carriers.append(best)
        total = total + sums[best]
    everyone = len(carriers) == np.unique(day.carrier[day.sums[:, 0] > 0]).size
    if everyone or (len(carriers) > 2 and total[0] >= NATION * day.sums[:, 0].sum()):
        return _everywhere(day, country)
    covered = np.isin(day.carrier, carriers)
    airports = np.unique(day.origin[covered & (day.sums[:, 0] > 0)]).tolist()
    return _subset("carrier" if len(airports) > 1 else "carrier_at_airport", day, country, covered, carriers, airports)


def _everywhere(day: Day, country: Country) -> tuple[Subset, BoolArray]:
    """All flights: of the nation, or of the few places that there are flights from."""
    airports = np.unique(day.origin[day.sums[:, 0] > 0]).tolist()
    scope: Scope = "nation" if country.national else "region" if len(airports) > 1 else "airport"
    return _subset(scope, day, country, np.ones(day.origin.size, bool), (), airports)


def day_of(routes: Routes, sums: Sequence[FloatArray], day: int) -> Day:
    """The entries of a day; `sums` has an array of all days' entries for each of `COLUMNS`."""
    chosen = routes.of_day(day)
    return Day(
        carrier=routes.carrier[chosen],
        origin=routes.origin[chosen],
        dest=routes.dest[chosen],
        sums=np.stack([column[chosen] for column in sums], axis=-1),
        airports=len(routes.airports),
    )
