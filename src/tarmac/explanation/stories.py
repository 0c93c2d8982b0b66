"""The year's disruptions: each day's subsets that stand out, and subsets of consecutive days with one story joined."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from math import log10

import numpy as np

from tarmac.detect.panel import FloatArray
from tarmac.detect.severity import LOST_FLIGHT_MINUTES, lost_flights, lost_share
from tarmac.explanation.distances import near_each_other
from tarmac.explanation.expected import Expected, expect
from tarmac.explanation.history import History, deviation, history_of
from tarmac.explanation.routes import Indices, Routes
from tarmac.explanation.scan import ALMOST_ALL, FEWEST_AIRPORTS, FLIGHT_SPREAD, Country, Scope, Subset, day_of, scan

FEWEST_LOST = 10.0
"""Flights that a disruption has lost at least."""

SMALLEST_SHARE = 0.05
"""The share of its flights that a disruption has lost at least: severity 1."""

FEW_STAND_OUT, DECADE = 4.0, 1.5
"""Standard deviations from which on `FEWEST_LOST` stand out among other days, and how many fewer ten times as many need.

Seasons with many large disruptions make each of them look usual; a large one is a disruption all the same.
"""

STANDS_OUT = 2.5
"""Standard deviations that even the largest needs."""

LARGE_SHARE = 0.1
"""The lost share that a disruption needs to stand out for the number of its flights."""

MEDIAN_OF_CHI_SQUARE = 0.4549


@dataclass(kw_only=True)
class Story:
    """A disruption: its subsets by day, as positions in the year's dates, carriers and airports."""

    days: list[tuple[int, Subset]] = field(default_factory=list)

    @property
    def carriers(self) -> tuple[int, ...]:
        """Its carriers; none where all carriers are hit."""
        return tuple(sorted({carrier for _, subset in self.days for carrier in subset.carriers}))

    @property
    def airports(self) -> tuple[int, ...]:
        """The airports its flights left from, or were to leave from."""
        return tuple(sorted({airport for _, subset in self.days for airport in subset.airports}))

    @property
    def scope(self) -> Scope:
        """How far it reaches."""
        if any(subset.scope == "nation" for _, subset in self.days):
            return "nation"
        if self.carriers:
            return "carrier" if len(self.airports) > 1 else "carrier_at_airport"
        return "region" if len(self.airports) > 1 else "airport"

    def continues(self, day: int, subset: Subset) -> bool:
        """Whether a later subset has the same story: the next day, the same first carrier or a common first airport."""
        last, before = self.days[-1]
        if day - last > 1 or bool(before.carriers) != bool(subset.carriers):
            return False
        if subset.carriers:
            alone = {"carrier_at_airport"} == {before.scope, subset.scope}
            return before.carriers[0] == subset.carriers[0] and (not alone or before.airports == subset.airports)
        if "nation" in (before.scope, subset.scope):
            return before.scope == subset.scope
        return before.airports[0] in subset.airports or subset.airports[0] in before.airports


def entries_of(story: Story, routes: Routes) -> Indices:
    """Positions of the routes' entries that are the story's: flights of its carriers from its airports on its days."""
    found: list[Indices] = []
    for day, subset in story.days:
        chosen = routes.of_day(day)
        mine = np.isin(routes.origin[chosen], subset.airports)
        if subset.carriers:
            mine &= np.isin(routes.carrier[chosen], subset.carriers)
        found.append(np.flatnonzero(mine) + chosen.start)
    return np.unique(np.concatenate(found))


def find_stories(routes: Routes, coordinates: Mapping[str, tuple[float, float]]) -> tuple[list[Story], Expected]:
    """The disruptions of a year's routes in order of their first day, and what was expected of each entry.

    Args:
        routes: the year's flights.
        coordinates: latitude and longitude in degrees by airport; one without them has no neighbours.
    """
    expected = expect(routes)
    sums = (
        routes.flights,
        routes.cancelled,
        expected.cancelled,
        routes.departed,
        routes.late_minutes,
        expected.late_minutes,
    )
    history = history_of(routes, sums)
    country = Country(
        carriers=len(routes.carriers),
        near=near_each_other(routes.airports, coordinates),
        dispersion=_dispersion(routes, sums),
        national=np.unique(routes.origin).size >= FEWEST_AIRPORTS,
    )
    stories: list[Story] = []
    for day in range(routes.days):
        for subset in _subsets(routes, sums, history, country, day):
            for story in stories[-200:]:
                if story.continues(day, subset):
                    story.days.append((day, subset))
                    break
            else:
                stories.append(Story(days=[(day, subset)]))
    return stories, expected


def _subsets(
    routes: Routes, sums: Sequence[FloatArray], history: History, country: Country, day: int
) -> Iterator[Subset]:
    def is_unusual(subset: Subset) -> bool:
        return stands_out(history.of(subset), day)

    found = [subset for subset, _ in scan(day_of(routes, sums, day), country, is_unusual)]
    places = {airport for subset in found if not subset.carriers for airport in subset.airports}
    for subset in found:
        # Where all others at the airport turn out to be hit as well, the trouble is the airport's.
        if subset.scope != "carrier_at_airport" or subset.airports[0] not in places:
            yield subset


def stands_out(sums: FloatArray, day: int) -> bool:
    """Whether enough flights were lost on the day, and more than on the other days of the same carriers and airports."""
    flights, cancelled, usual, departed, late, usual_late = sums[day][:, None]
    lost = lost_flights(cancelled - usual, late - usual_late, departed)
    share, count = float(lost_share(lost, flights)[0]), float(lost[0])
    if count < FEWEST_LOST or share < SMALLEST_SHARE:
        return False
    beyond = deviation(sums, day)
    if beyond >= FEW_STAND_OUT:
        return True
    needed = max(STANDS_OUT, FEW_STAND_OUT - DECADE * log10(count / FEWEST_LOST))
    return share >= LARGE_SHARE and beyond >= needed


def _dispersion(routes: Routes, sums: Sequence[FloatArray]) -> tuple[float, float]:
    """By how much airport-days vary more than independent flights would: of cancellations and of delays, at least 1."""
    place = routes.day * len(routes.airports) + routes.origin
    flights, cancelled, usual, departed, late, usual_late = (
        np.bincount(place, weights=column, minlength=routes.days * len(routes.airports)) for column in sums
    )
    some, many = usual >= 1.0, departed >= 20.0
    variance = usual * (1.0 - usual / np.maximum(flights, 1.0))
    of_cancellations = (cancelled - usual)[some] ** 2 / variance[some]
    of_delays = (late - usual_late)[many] ** 2 / (FLIGHT_SPREAD**2 * departed[many])
    return _ratio_to_chance(of_cancellations), _ratio_to_chance(of_delays)


def _ratio_to_chance(squares: FloatArray) -> float:
    return max(1.0, float(np.median(squares)) / MEDIAN_OF_CHI_SQUARE) if squares.size else 1.0


def without_small_airports(story: Story, routes: Routes, expected: Expected) -> Story:
    """The story at its largest airport alone, where nearly all of a region's lost flights are that airport's."""
    if story.scope != "region":
        return story
    lost = np.zeros(len(routes.airports))
    for day, subset in story.days:
        chosen = routes.of_day(day)
        excess = routes.cancelled[chosen] - expected.cancelled[chosen]
        excess = excess + (routes.late_minutes[chosen] - expected.late_minutes[chosen]) / LOST_FLIGHT_MINUTES
        at = np.isin(routes.origin[chosen], subset.airports)
        lost += np.bincount(routes.origin[chosen][at], weights=excess[at], minlength=lost.size)
    largest = int(np.argmax(lost))
    if lost[largest] <= ALMOST_ALL * np.maximum(lost, 0.0).sum():
        return story
    days = [(day, subset) for day, subset in story.days if largest in subset.airports]
    return Story(
        days=[
            (day, Subset(scope="airport", carriers=(), airports=(largest,), evidence=subset.evidence))
            for day, subset in days
        ]
    )
