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
        # A hair below 1: a + 0.999… must not round up to the first route of airport a + 1.
        return np.searchsorted(self.until, origin + rng.random(len(origin)) * (1 - 1e-9), side="right")


def routes_of(airports: Airports, rng: np.random.Generator) -> Routes:
    """The routes of every airport; their `dest` indexes `codes`, which begin with the airports simulated."""
    count = len(airports.codes)
    world = airports if count >= _DESTINATIONS else first_airports(_DESTINATIONS)
    everywhere = np.arange(len(world.codes))
    miles = np.maximum(world.miles_between(everywhere[:, None], everywhere), 30)
    flow = _flow(world, miles, rng)[:count]
    origin, dest = np.nonzero(flow)
    until = origin + (np.cumsum(flow, axis=1) / flow.sum(axis=1, keepdims=True))[origin, dest]
    ends = np.flatnonzero(np.diff(origin, append=count))
    until[ends] = origin[ends] + 1.0
    distance = np.rint(miles[origin, dest])
    return Routes(
        codes=world.codes,
        until=until,
        dest=dest,
        carrier=_carriers(world, origin, dest, rng),
        miles=distance,
        block_minutes=np.rint(46 + 0.1215 * distance + rng.normal(0, 4, len(distance))).astype(np.int64),
        clock_minutes=world.utc_minutes[dest] - world.utc_minutes[origin],
    )


def _flow(world: Airports, miles: Floats, rng: np.random.Generator) -> Floats:
    """Flights a day between airports, the same both ways; 0 where there is no route."""
    reach = 450 + 1.6 * world.size[:, None]  # a small airport flies to a hub nearby, a large one across the country
    pull = world.size**1.1 * np.exp(-miles / reach) * rng.lognormal(0, 0.4, miles.shape) + 1e-12
    pull[miles < 60] = 0
    most = np.clip(world.size / 3 + 1, 2, _ROUTES).astype(np.int64)
    rank = np.argsort(np.argsort(-pull, axis=1, kind="stable"), axis=1, kind="stable")
    pull[rank >= most[:, None]] = 0
    one_way = world.size[:, None] * pull / pull.sum(axis=1, keepdims=True)
    both_ways: Floats = one_way + one_way.T
    return both_ways


def _carriers(world: Airports, origin: Ints, dest: Ints, rng: np.random.Generator) -> Ints:
    mainline = rng.choice(_MAINLINE, len(dest), p=_MAINLINE_SHARE)
    regional = rng.choice(_REGIONAL, len(dest), p=_REGIONAL_SHARE)
    carrier = np.where(np.minimum(world.size[origin], world.size[dest]) > 55, mainline, regional)
    hawaiian = (world.utc_minutes[origin] == -600) & (world.utc_minutes[dest] == -600)
    picked: Ints = np.where(hawaiian, _HAWAII, carrier)
    return picked
