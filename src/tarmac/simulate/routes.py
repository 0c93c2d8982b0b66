"""Where flights go and who flies them: routes, mostly to hubs, each with one carrier and a block time."""

from dataclasses import dataclass

import numpy as np

from tarmac.simulate.airports import Airports, Floats, Ints, first_airports

CARRIERS = ("WN", "AA", "DL", "UA", "OO", "B6", "AS", "MQ", "EV", "OH", "9E", "YX", "NK", "F9", "HA", "G4", "YV", "VX")
_MAINLINE, _REGIONAL, _HAWAII = np.array([0, 1, 2, 3, 5, 6, 12, 13, 17]), np.array([4, 7, 8, 9, 10, 11, 16, 15]), 14
_MAINLINE_SHARE = np.array([0.27, 0.20, 0.20, 0.14, 0.06, 0.05, 0.04, 0.025, 0.015])
_REGIONAL_SHARE = np.array([0.30, 0.13, 0.12, 0.12, 0.10, 0.13, 0.07, 0.03])
_ROUTES = 60  # of one airport, at most
_DESTINATIONS = 30  # to choose among, even where fewer airports are simulated


@dataclass(frozen=True, kw_only=True, eq=False)
class Routes:
    """One entry per route, those of one origin together. `until` rises from a to a + 1 over the routes of airport a."""

    codes: tuple[str, ...]
    until: Floats
    dest: Ints
    carrier: Ints
    miles: Floats
    block_minutes: Ints
    clock_minutes: Ints

    def draw(self, origin: Ints, rng: np.random.Generator) -> Ints:
        """One route for each origin, by the routes' shares of its flights."""
        route = np.searchsorted(self.until, origin + rng.random(len(origin)), side="right")
        return np.minimum(route, len(self.until) - 1)


def routes_of(airports: Airports, rng: np.random.Generator) -> Routes:
    """The routes of every airport; their `dest` indexes `codes`, which begin with the airports simulated."""
    count = len(airports.codes)
    world = airports if count >= _DESTINATIONS else first_airports(_DESTINATIONS)
    until, ends, carriers, miles = [], [], [], []
    for place in range(count):
        dest, share, distance = _destinations(world, place, rng)
        until.append(place + np.cumsum(share) / share.sum())
        ends.append(dest)
        miles.append(distance)
        carriers.append(_carriers(world, place, dest, rng))
    origin = np.repeat(np.arange(count), [len(some) for some in ends])
    dest, distance = np.concatenate(ends), np.rint(np.concatenate(miles))
    return Routes(
        codes=world.codes,
        until=np.concatenate(until),
        dest=dest,
        carrier=np.concatenate(carriers),
        miles=distance,
        block_minutes=np.rint(46 + 0.1215 * distance + rng.normal(0, 4, len(distance))).astype(np.int64),
        clock_minutes=world.utc_minutes[dest] - world.utc_minutes[origin],
    )


def _destinations(world: Airports, place: int, rng: np.random.Generator) -> tuple[Ints, Floats, Floats]:
    everywhere = np.arange(len(world.codes))
    distance = world.miles_between(np.full(len(everywhere), place), everywhere)
    reach = 350 + 12 * world.size[place]  # a small airport flies to a hub nearby, a large one across the country
    pull = world.size**1.1 * np.exp(-distance / reach) * rng.lognormal(0, 0.4, len(everywhere))
    pull[distance < 60] = 0
    if not pull.any():  # an island beyond everybody's reach still has the nearest airport to fly to
        pull[np.argsort(distance, kind="stable")[1]] = 1
    most = int(np.clip(world.size[place] / 3 + 1, 2, _ROUTES))
    dest = np.argsort(-pull, kind="stable")[:most]
    dest = dest[pull[dest] > 0]
    return dest, pull[dest], np.maximum(distance[dest], 30)


def _carriers(world: Airports, place: int, dest: Ints, rng: np.random.Generator) -> Ints:
    mainline = rng.choice(_MAINLINE, len(dest), p=_MAINLINE_SHARE)
    regional = rng.choice(_REGIONAL, len(dest), p=_REGIONAL_SHARE)
    carrier = np.where((world.size[place] > 30) & (world.size[dest] > 30), mainline, regional)
    hawaiian = (world.utc_minutes[place] == -600) & (world.utc_minutes[dest] == -600)
    picked: Ints = np.where(hawaiian, _HAWAII, carrier)
    return picked
