"""Failures that are no place's: of a carrier, of one carrier at one airport, and of the whole nation's air system."""

import numpy as np

from tarmac.simulate.airports import Floats, Ints
from tarmac.simulate.causes import CAUSE_WORDS
from tarmac.simulate.events import Event, Scene, mark
from tarmac.simulate.networks import CARRIERS, PARTNERS

ABNORMAL = 0.10
"""The share of an airport's flights that a carrier's failure must cancel to make the airport's day abnormal as well."""

_WITH_PARTNER = 0.2  # how often a regional carrier fails with the one it flies for
_FEWEST_A_DAY = 12  # flights of a carrier at an airport for its trouble there to be one


def draw_carrier(scene: Scene, wanted: int) -> int:
    """A carrier cancels much of its schedule, everywhere, for one to three days: its computers, its crews, its inspectors."""
    rng = scene.rng
    flights = (scene.scheduled.sum(axis=1)[:, None] * scene.carriers).sum(axis=0)
    first = int(rng.choice(len(CARRIERS), p=np.sqrt(flights) / np.sqrt(flights).sum()))
    carriers = {first}
    if rng.random() < _WITH_PARTNER:
        partners = [CARRIERS.index(code) for code, others in PARTNERS.items() if CARRIERS[first] in others]
        carriers |= set(rng.permutation(partners)[:1].tolist())
    places = np.flatnonzero(scene.carriers[:, sorted(carriers)].sum(axis=1) > 0)
    length = int(rng.choice([1, 2, 3], p=[0.55, 0.3, 0.15]))
    return _fails(scene, "carrier", tuple(sorted(carriers)), places, length, rng.uniform(0.2, 0.75), wanted)


def draw_carrier_at_airport(scene: Scene, wanted: int) -> int:
    """One carrier stands still at one airport: its gates, its fuel, its crew room."""
    rng = scene.rng
    daily = scene.scheduled.mean(axis=1)[:, None] * scene.carriers
    places, carriers = np.nonzero((daily >= _FEWEST_A_DAY) & (scene.carriers <= 0.7))
    if not len(places):
        return 0
    at = int(rng.integers(len(places)))
    length = int(rng.choice([1, 2], p=[0.75, 0.25]))
    share = rng.uniform(0.45, 1.0)
    return _fails(scene, "carrier_at_airport", (int(carriers[at]),), places[at : at + 1], length, share, wanted)


def _fails(
    scene: Scene, kind: str, carriers: tuple[int, ...], places: Ints, length: int, share: float, wanted: int
) -> int:
    """These carriers lose that share of their flights there; nothing happens where no airport-day becomes abnormal by it."""
    rng, days = scene.rng, scene.scheduled.shape[1]
    first = int(rng.integers(max(days - length, 0) + 1))
    window = np.arange(first, min(first + length, days))
    cancelled = share * rng.uniform(0.7, 1.0, len(window))
    lost = scene.carriers[:, carriers].sum(axis=1)[places][:, None] * cancelled
    free = (scene.scheduled[np.ix_(places, window)] > 0) & (scene.truth.kind[np.ix_(places, window)] == 0)
    place, day = np.nonzero(free & (lost >= ABNORMAL))
    if not 0 < len(place) <= wanted:
        return 0
    event = Event(
        kind=kind,
        cause=CAUSE_WORDS.index("carrier"),
        carriers=carriers,
        places=places,
        days=window,
        cancelled=cancelled,
        minutes=10 + 90 * cancelled * rng.uniform(0.3, 1.0, len(window)),
    )
    nothing = np.zeros(len(place))
    severity = lost[place, day]
    return mark(scene, event, (places[place], window[day]), severity=severity, minutes=nothing, cancelled=nothing)


def draw_nation(scene: Scene, wanted: int) -> int:
    """One day on which the air system of the whole country fails: every airport is hit, each about as badly."""
    rng = scene.rng
    day = int(rng.integers(scene.scheduled.shape[1]))
    place = np.flatnonzero((scene.scheduled[:, day] > 0) & (scene.truth.kind[:, day] == 0))
    if not 0 < len(place) <= wanted:
        return 0
    severity: Floats = np.clip(rng.uniform(0.2, 0.7) * rng.lognormal(0, 0.15, len(place)), 0.0, 1.0)
    event = Event(
        kind="nation", cause=CAUSE_WORDS.index("national air system"), places=place, days=np.array([day], np.int64)
    )
    cells = place, np.full(len(place), day)
    return mark(scene, event, cells, severity=severity, minutes=30 + 90 * severity, cancelled=0.05 + 0.4 * severity)
