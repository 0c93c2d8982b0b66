"""What a simulation records of what is wrong: events, and the airport-days that they make abnormal."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from tarmac.simulate.airports import Airports, Floats, Ints

KINDS = ("none", "storm", "blizzard", "outage", "drift", "low", "carrier", "carrier_at_airport", "nation")


@dataclass(frozen=True, kw_only=True, eq=False)
class Event:
    """One story: flights of these carriers (positions in `networks.CARRIERS`; none: of all) from these airports, day by day.

    `cause` indexes `causes.CAUSE_WORDS`. For carriers' events, `cancelled` and `minutes` say for each of `days` the chance of
    their flights to be cancelled and the minutes added to their excess; those of places are the airport-days' own.
    """

    kind: str
    cause: int
    places: Ints
    days: Ints
    carriers: tuple[int, ...] = ()
    cancelled: Floats = field(default_factory=lambda: np.zeros(0))
    minutes: Floats = field(default_factory=lambda: np.zeros(0))


@dataclass(frozen=True, kw_only=True, eq=False)
class Anomalies:
    """Airports × days: the kind (an index of KINDS, 0 where nothing is wrong), its severity, and its effects.

    `minutes` are added to the day's excess, `cancelled` is the chance of each flight to be cancelled on top of the
    usual, `shift` moves every departure. `event` is a position in `events`, −1 where nothing is wrong. The effects of carriers'
    events are theirs, for they hit some of the airport's flights alone.
    """

    kind: NDArray[np.int8]
    severity: Floats
    minutes: Floats
    cancelled: Floats
    shift: Floats
    event: Ints
    events: list[Event]


@dataclass(frozen=True, kw_only=True, eq=False)
class Scene:
    """What the drawing of an anomaly looks at."""

    airports: Airports
    level: Floats
    scheduled: Ints
    winter: Floats
    pull: Floats
    carriers: Floats
    truth: Anomalies
    rng: np.random.Generator


def mark(
    scene: Scene, event: Event, cells: tuple[Ints, Ints], *, severity: Floats, minutes: Floats, cancelled: Floats
) -> int:
    """Record the event, and its cells as wrong; how many they are."""
    if not len(cells[0]):
        return 0
    truth = scene.truth
    truth.kind[cells] = KINDS.index(event.kind)
    truth.event[cells] = len(truth.events)
    truth.events.append(event)
    truth.severity[cells] = severity
    truth.minutes[cells] = minutes
    truth.cancelled[cells] = np.clip(cancelled, 0, 1)
    return len(cells[0])
