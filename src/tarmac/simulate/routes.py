"""Where flights go and who flies them: routes, mostly to hubs, each flown by one or more carriers, and its block time."""

from dataclasses import dataclass

import numpy as np

from tarmac.simulate.airports import Airports, Floats, Ints, first_airports
from tarmac.simulate.networks import CARRIERS, carrier_shares

_ROUTES = 60  # of one airport, at most
_DESTINATIONS = 30  # to choose among, even where fewer airports are simulated


@dataclass(frozen=True, kw_only=True, eq=False)
class Routes:
    """One entry per origin, destination and carrier, those of one origin together.

    `share`: of the origin's flights, 0–1. `until` rises from a to a + 1 over the entries of airport a.
    """

    codes: tuple[str, ...]
    origin: Ints
    dest: Ints
    carrier: Ints
    share: Floats
    until: Floats
    miles: Floats
    block_minutes: Ints
    clock_minutes: Ints

    def draw(self, origin: Ints, rng: np.random.Generator) -> Ints:
        """One route for each origin, by the routes' shares of its flights."""
        # A hair below 1: a + 0.999… must not round up to the first route of airport a + 1.
        return np.searchsorted(self.until, origin + rng.random(len(origin)) * (1 - 1e-9), side="right")

    def carriers_of_airports(self) -> Floats:
        """Airports × `CARRIERS`: the share of an airport's flights that are a carrier's."""
        places = int(self.origin.max()) + 1
        shares = np.zeros((places, len(CARRIERS)))
        np.add.at(shares, (self.origin, self.carrier), self.share)
        return shares


def routes_of(airports: Airports, rng: np.random.Generator) -> Routes:
    """The routes of every airport; their `dest` indexes `codes`, which begin with the airports simulated."""
    count = len(airports.codes)
    world = airports if count >= _DESTINATIONS else first_airports(_DESTINATIONS)
    everywhere = np.arange(len(world.codes))
    miles = np.maximum(world.miles_between(everywhere[:, None], everywhere), 30)
    flow = _flow(world, miles, rng)[:count]
    from_place, to_place = np.nonzero(flow)
    block = np.rint(46 + 0.1215 * miles[from_place, to_place] + rng.normal(0, 4, len(from_place))).astype(np.int64)
    flown_by = carrier_shares(world, from_place, to_place, rng)
    pair, carrier = np.nonzero(flown_by)
    origin, dest = from_place[pair], to_place[pair]
    share = (flow / flow.sum(axis=1, keepdims=True))[origin, dest] * flown_by[pair, carrier]
    until = np.cumsum(share)
    ends = np.flatnonzero(np.diff(origin, append=count))
    until[ends] = origin[ends] + 1.0
    return Routes(
        codes=world.codes,
        origin=origin,
        dest=dest,
        carrier=carrier,
        share=share,
        until=until,
        miles=np.rint(miles[origin, dest]),
        block_minutes=block[pair],
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
