"""What goes truly wrong: storms over neighbouring airports, outages of one, levels that climb, days oddly early.

Every kind is drawn until it fills its share of the airport-days with flights; the cells it fills are the truth.
A cell's severity in 0–1 says how bad it is there; minutes and cancellations follow from it.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from tarmac.simulate.airports import Airports, Floats, Ints, great_circle_miles
from tarmac.simulate.parameters import Shape

KINDS = ("none", "storm", "blizzard", "outage", "drift", "low")


@dataclass(frozen=True, kw_only=True, eq=False)
class Anomalies:
    """Airports × days: the kind (an index of KINDS, 0 where nothing is wrong), its severity, and its effects.

    `minutes` are added to the day's excess, `cancelled` is the chance of each flight to be cancelled on top of the
    usual, `shift` moves every departure.
    """

    kind: NDArray[np.int8]
    severity: Floats
    minutes: Floats
    cancelled: Floats
    shift: Floats


@dataclass(frozen=True, kw_only=True, eq=False)
class _Scene:
    """What the drawing of an anomaly looks at."""

    airports: Airports
    level: Floats
    scheduled: Ints
    winter: Floats
    pull: Floats
    truth: Anomalies
    rng: np.random.Generator


def draw_anomalies(
    *, airports: Airports, scheduled: Ints, level: Floats, winter: Floats, shape: Shape, share: float,
    rng: np.random.Generator,
) -> Anomalies:  # fmt: skip
    """Anomalies on about `share` of the airport-days that have flights, divided as the shape says."""
    truth = Anomalies(
        kind=np.zeros(scheduled.shape, dtype=np.int8),
        **{effect: np.zeros(scheduled.shape) for effect in ("severity", "minutes", "cancelled", "shift")},
    )
    traffic = scheduled.sum(axis=1) ** 0.85  # where more flights go, more can go wrong
    scene = _Scene(
        airports=airports,
        level=level,
        scheduled=scheduled,
        winter=winter,
        pull=traffic / traffic.sum(),
        truth=truth,
        rng=rng,
    )
    budget = share * (scheduled > 0).sum()
    draws: tuple[tuple[float, Callable[[_Scene, int], int]], ...] = (
        (shape.drift, _draw_drift),  # first: it needs free days in a row
        (shape.blizzard, partial(_draw_storm, kind="blizzard")),
        (shape.storm, _draw_storm),
        (shape.outage, _draw_outage),
        (shape.low, _draw_low),
    )
    for part, draw in draws:
        wanted = round(budget * part)
        for _ in range(100 + 40 * wanted):  # a world too thin to hold its anomalies ends the search
            if wanted <= 0:
                break
            wanted -= draw(scene, wanted)
    return truth


def _mark(
    scene: _Scene, kind: str, cells: tuple[Ints, Ints], *, severity: Floats, minutes: Floats, cancelled: Floats
) -> int:
    truth = scene.truth
    truth.kind[cells] = KINDS.index(kind)
    truth.severity[cells] = severity
    truth.minutes[cells] = minutes
    truth.cancelled[cells] = np.clip(cancelled, 0, 1)
    return len(severity)


def _draw_storm(scene: _Scene, wanted: int, kind: str = "storm") -> int:
    """One to three days over the airports within reach of a centre; a blizzard cancels rather than delays."""
    rng, airports = scene.rng, scene.airports
    count, days = scene.scheduled.shape
    centre = rng.choice(count, p=scene.pull)
    radius = np.clip(rng.lognormal(np.log(190), 0.45), 60, 600)
    miles = great_circle_miles(
        airports.latitude,
        airports.longitude,
        airports.latitude[centre] + rng.normal(0, 1.0),
        airports.longitude[centre] + rng.normal(0, 1.2),
    )
    first = _storm_day(scene, kind)
    length = min(int(rng.choice([1, 2, 3], p=[0.5, 0.35, 0.15])), days - first)
    peak = rng.beta(2.2, 2.0)
    by_day = peak * rng.uniform(0.6, 1.0, length)
    local = np.exp(-0.5 * (miles / radius) ** 2)[:, None] * by_day * rng.lognormal(0, 0.15, (count, length))
    window = slice(first, first + length)
    # A storm lasts some hours of a day: where a few flights go, they may all go before or after it.
    met = rng.random((count, length)) < 1 - np.exp(-scene.scheduled[:, window] / 7)
    hit = (local > 0.22) & met & (scene.truth.kind[:, window] == 0)
    place, day = np.nonzero(hit)
    worst = np.argsort(-local[place, day], kind="stable")[:wanted]
    place, day = place[worst], day[worst]
    severity = np.minimum(local[place, day], 1.0)
    blizzard = kind == "blizzard"
    minutes = (32 + 190 * severity**1.5) * (0.15 if blizzard else 1.0)
    cancelled = 0.15 + 1.2 * severity if blizzard else 0.03 + 0.8 * severity**4
    return _mark(scene, kind, (place, day + first), severity=severity, minutes=minutes, cancelled=cancelled)


def _storm_day(scene: _Scene, kind: str) -> int:
    """Blizzards come in winter; storms have a summer and a winter season."""
    weight = scene.winter**4 if kind == "blizzard" else 0.4 + (2 * scene.winter - 1) ** 2
    return int(scene.rng.choice(len(weight), p=weight / weight.sum()))


def _draw_outage(scene: _Scene, wanted: int) -> int:  # noqa: ARG001 - one call draws any kind
    """One airport, one day: a radar, a runway or a computer; some stop nearly everything."""
    rng = scene.rng
    cell = _free_cell(scene)
    if cell is None:
        return 0
    severity = np.array([rng.beta(2.2, 2.6)])
    stops = rng.random() < 0.10
    minutes = (32 + 190 * severity**1.4) * (0.2 if stops else 1.0)
    cancelled = np.array([rng.uniform(0.35, 1.05)]) if stops else 0.5 * severity**2
    return _mark(scene, "outage", cell, severity=severity, minutes=minutes, cancelled=cancelled)


def _draw_drift(scene: _Scene, wanted: int) -> int:
    """A level that steps up, climbs for four to eight days and falls back at once."""
    rng = scene.rng
    place, length = int(rng.integers(scene.scheduled.shape[0])), int(rng.integers(4, 9))
    first = int(rng.integers(scene.scheduled.shape[1] - length + 1))
    ramp = np.linspace(0.35, 1, length)
    days = first + np.arange(length)
    days = days[(scene.scheduled[place, days] > 0) & (scene.truth.kind[place, days] == 0)][-wanted:]
    climbed = rng.lognormal(np.log(90), 0.35) * ramp[days - first]
    severity = np.minimum(climbed / 200, 1.0)
    cells = np.full(len(days), place), days
    return _mark(scene, "drift", cells, severity=severity, minutes=climbed, cancelled=0.1 * severity)


def _draw_low(scene: _Scene, wanted: int) -> int:  # noqa: ARG001 - one call draws any kind
    """A busy airport whose whole day leaves early: where delays are usual, their absence is odd."""
    cell = _free_cell(scene)
    if cell is None or scene.scheduled[cell][0] < 20 or scene.level[cell][0] < 6:
        return 0
    severity = scene.rng.uniform(0.3, 0.9, 1)
    scene.truth.shift[cell] = -4 - 6 * severity
    minutes = -0.9 * (scene.level[cell] + 4)
    return _mark(scene, "low", cell, severity=severity, minutes=minutes, cancelled=np.zeros(1))


def _free_cell(scene: _Scene) -> tuple[Ints, Ints] | None:
    count, days = scene.scheduled.shape
    place, day = scene.rng.choice(count, size=1, p=scene.pull), scene.rng.integers(days, size=1)
    met = scene.rng.random(1) < 1 - np.exp(-scene.scheduled[place, day] / 7)
    free = met & (scene.truth.kind[place, day] == 0)
    return (place, day) if free[0] else None
