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
_ATTEMPTS = 20_000  # a year too thin or too short to hold its anomalies ends the search


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
    flying: NDArray[np.bool_]
    level: Floats
    scheduled: Ints
    winter: Floats
    truth: Anomalies
    rng: np.random.Generator


def draw_anomalies(
    *, airports: Airports, scheduled: Ints, level: Floats, winter: Floats, shape: Shape, share: float,
    rng: np.random.Generator,
) -> Anomalies:  # fmt: skip
    """Anomalies on about `share` of the airport-days that have flights, divided as the shape says."""
    size = scheduled.shape
    truth = Anomalies(
        kind=np.zeros(size, dtype=np.int8),
        severity=np.zeros(size),
        minutes=np.zeros(size),
        cancelled=np.zeros(size),
        shift=np.zeros(size),
    )
    scene = _Scene(
        airports=airports, flying=scheduled > 0, level=level, scheduled=scheduled, winter=winter, truth=truth, rng=rng
    )
    budget = share * scene.flying.sum()
    draws: dict[str, tuple[float, Callable[[_Scene, int], int]]] = {
        "drift": (shape.drift, _draw_drift),  # first: it needs free days in a row
        "blizzard": (shape.blizzard, partial(_draw_storm, kind="blizzard")),
        "storm": (shape.storm, _draw_storm),
        "outage": (shape.outage, _draw_outage),
        "low": (shape.low, _draw_low),
    }
    for part, draw in draws.values():
        wanted = round(budget * part)
        for _ in range(_ATTEMPTS):
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
    centre = rng.choice(count, p=_pull(scene))
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
    """A level that climbs for five to twelve days and falls back; its first third is too small to be called wrong."""
    rng = scene.rng
    place, length = int(rng.integers(scene.scheduled.shape[0])), int(rng.integers(5, 13))
    first = int(rng.integers(max(scene.scheduled.shape[1] - length, 0) + 1))
    ramp = np.arange(1, length + 1) / length
    days = first + np.flatnonzero(ramp > 1 / 3)[-wanted:]
    days = days[days < scene.scheduled.shape[1]]
    days = days[scene.flying[place, days] & (scene.truth.kind[place, days] == 0)]
    if len(days) == 0:
        return 0
    height = rng.lognormal(np.log(90), 0.35)
    climbed = height * ramp[days - first]
    severity = np.minimum(climbed / 200, 1.0)
    return _mark(
        scene, "drift", (np.full(len(days), place), days), severity=severity, minutes=climbed, cancelled=0.1 * severity
    )


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
    place, day = scene.rng.choice(count, size=1, p=_pull(scene)), scene.rng.integers(days, size=1)
    met = scene.rng.random(1) < 1 - np.exp(-scene.scheduled[place, day] / 7)
    free = met & (scene.truth.kind[place, day] == 0)
    return (place, day) if free[0] else None


def _pull(scene: _Scene) -> Floats:
    """Each airport's chance to be struck: where more flights go, more can go wrong."""
    pull = scene.scheduled.sum(axis=1) ** 0.85
    chance: Floats = pull / pull.sum()
    return chance
