"""The carriers of a simulation: hubs, market shares, and the regional carriers that fly for others at their hubs."""

import numpy as np

from tarmac.simulate.airports import Airports, Floats, Ints

CARRIERS = ("WN", "AA", "DL", "UA", "OO", "B6", "AS", "MQ", "EV", "OH", "9E", "YX", "NK", "F9", "HA", "G4", "YV", "VX")

_MARKET = {"WN": 27, "AA": 20, "DL": 20, "UA": 14, "B6": 6, "AS": 5, "NK": 4, "F9": 2.5, "G4": 2, "VX": 1.5}
"""Weights of the carriers that sell tickets of their own, where none has a hub."""

_HUBS = {
    "WN": "LAS DEN PHX BWI MDW DAL HOU MCO OAK BNA STL TPA SAN",
    "AA": "DFW CLT MIA ORD PHX PHL DCA LAX JFK LGA",
    "DL": "ATL DTW MSP SLC SEA JFK LGA BOS LAX",
    "UA": "ORD DEN IAH EWR SFO IAD LAX",
    "B6": "JFK BOS FLL MCO",
    "AS": "SEA PDX ANC SFO",
    "NK": "FLL LAS DTW MCO",
    "F9": "DEN MCO LAS",
    "G4": "SFB PIE PGD LAS",
    "VX": "SFO LAX",
}

PARTNERS = {
    "OO": {"UA": 0.5, "DL": 0.35, "AS": 0.3},
    "MQ": {"AA": 0.4},
    "EV": {"UA": 0.3, "DL": 0.2},
    "OH": {"AA": 0.35},
    "9E": {"DL": 0.4},
    "YX": {"AA": 0.15, "DL": 0.1, "UA": 0.15},
    "YV": {"UA": 0.1, "AA": 0.1},
}
"""Which carriers a regional one flies for, and its weight among those that fly for them."""

_AT_A_HUB = 12.0  # times as likely as without a hub at either end
_WITHOUT_A_HUB = {"WN": 1.0, "NK": 1.0, "F9": 1.0, "G4": 2.0}  # who flies from anywhere to anywhere
_OTHERWISE = 0.15
_SMALL = 55.0  # departures a day of an airport below which regional carriers fly
_FEWEST = 0.12  # of a route's flights that a carrier has at least
_HAWAII = CARRIERS.index("HA")


def carrier_shares(world: Airports, origin: Ints, dest: Ints, rng: np.random.Generator) -> Floats:
    """Routes × `CARRIERS`: who flies what share of each route, which sums to 1."""
    marketing = _marketing(world, origin, dest) * rng.lognormal(0, 0.5, (len(origin), len(CARRIERS)))
    small = np.minimum(world.size[origin], world.size[dest]) <= _SMALL
    weight = np.where(small[:, None], 0.15 * marketing + _regional(marketing), marketing + 0.15 * _regional(marketing))
    hawaiian = (world.utc_minutes[origin] == -600) & (world.utc_minutes[dest] == -600)
    weight[hawaiian, _HAWAII] = 20 * weight[hawaiian].sum(axis=1)
    share = weight / weight.sum(axis=1, keepdims=True)
    share[share < np.minimum(_FEWEST, share.max(axis=1, keepdims=True))] = 0.0
    shares: Floats = share / share.sum(axis=1, keepdims=True)
    return shares


def _marketing(world: Airports, origin: Ints, dest: Ints) -> Floats:
    weight = np.zeros((len(origin), len(CARRIERS)))
    for code, market in _MARKET.items():
        hub = np.isin(world.codes, _HUBS[code].split())
        at_hub = hub[origin] | hub[dest]
        weight[:, CARRIERS.index(code)] = market * np.where(at_hub, _AT_A_HUB, _WITHOUT_A_HUB.get(code, _OTHERWISE))
    return weight


def _regional(marketing: Floats) -> Floats:
    weight = np.zeros_like(marketing)
    for code, flies_for in PARTNERS.items():
        for other, share in flies_for.items():
            weight[:, CARRIERS.index(code)] += share * marketing[:, CARRIERS.index(other)]
    return weight
