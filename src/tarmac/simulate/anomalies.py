"""What goes truly wrong: storms over neighbouring airports, outages of one, carriers' failures, days oddly early.

Every kind is drawn until it fills its share of the airport-days with flights; the cells it fills are the truth.
A cell's severity in 0–1 says how bad it is there; minutes and cancellations follow from it. Cells with one story are one event.
"""

from collections.abc import Callable
from functools import partial

import numpy as np

from tarmac.simulate.airports import Airports, Floats, Ints, great_circle_miles
from tarmac.simulate.causes import CAUSE_WORDS
from tarmac.simulate.events import Anomalies, Event, Scene, mark
from tarmac.simulate.failures import draw_carrier, draw_carrier_at_airport, draw_nation
from tarmac.simulate.parameters import Shape


def draw_anomalies(
    *, airports: Airports, carriers: Floats, scheduled: Ints, level: Floats, winter: Floats, shape: Shape, share: float,
    rng: np.random.Generator,
) -> Anomalies:  # fmt: skip
    """Anomalies on about `share` of the airport-days that have flights, divided as the shape says.

    `carriers`: airports × carriers, the share of the airport's flights.
    """
    truth = Anomalies(
        kind=np.zeros(scheduled.shape, dtype=np.int8),
        event=np.full(scheduled.shape, -1, dtype=np.int64),
        events=[],
        **{effect: np.zeros(scheduled.shape) for effect in ("severity", "minutes", "cancelled", "shift")},
    )
    traffic = scheduled.sum(axis=1) ** 0.85  # where more flights go, more can go wrong
    scene = Scene(
        airports=airports,
        level=level,
        scheduled=scheduled,
        winter=winter,
        pull=traffic / traffic.sum(),
        carriers=carriers,
        truth=truth,
        rng=rng,
    )
    budget = share * (scheduled > 0).sum()
    draws: tuple[tuple[float, Callable[[Scene, int], int]], ...] = (
        (shape.drift, _draw_drift),  # first: it needs free days in a row
        (shape.blizzard, partial(_draw_storm, kind="blizzard")),
        (shape.storm, _draw_storm),
        (shape.outage, _draw_outage),
        (shape.low, _draw_low),
        (shape.nation, draw_nation),
        (shape.carrier, draw_carrier),
        (shape.carrier_at_airport, draw_carrier_at_airport),
    )
    for part, draw in draws:
        wanted = round(budget * part)
        for _ in range(100 + 40 * wanted):  # a world too thin to hold its anomalies ends the search
            if wanted <= 0:
                break
            wanted -= draw(scene, wanted)
    return truth


def _mark_places(scene: Scene, kind: str, cause: str, cells: tuple[Ints, Ints], **effects: Floats) -> int:
    """The same of an event that hits all carriers alike."""
    event = Event(kind=kind, cause=CAUSE_WORDS.index(cause), places=np.unique(cells[0]), days=np.unique(cells[1]))
    return mark(scene, event, cells, **effects)


def _draw_storm(scene: Scene, wanted: int, kind: str = "storm") -> int:
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
    cells = place, day + first
    return _mark_places(scene, kind, "weather", cells, severity=severity, minutes=minutes, cancelled=cancelled)


def _storm_day(scene: Scene, kind: str) -> int:
    """Blizzards come in winter; storms have a summer and a winter season."""
    weight = scene.winter**4 if kind == "blizzard" else 0.4 + (2 * scene.winter - 1) ** 2
    return int(scene.rng.choice(len(weight), p=weight / weight.sum()))


def _draw_outage(scene: Scene, wanted: int) -> int:  # noqa: ARG001 - one call draws any kind
    """One airport, one day: a radar, a runway or a computer; some stop nearly everything."""
    rng = scene.rng
    cell = _free_cell(scene)
    if cell is None:
        return 0
    severity = np.array([rng.beta(2.2, 2.6)])
    stops = rng.random() < 0.10
    minutes = (32 + 190 * severity**1.4) * (0.2 if stops else 1.0)
    cancelled = np.array([rng.uniform(0.35, 1.05)]) if stops else 0.5 * severity**2
    cause = str(rng.choice(["national air system", "weather", "security"], p=[0.65, 0.2, 0.15]))
    return _mark_places(scene, "outage", cause, cell, severity=severity, minutes=minutes, cancelled=cancelled)


def _draw_drift(scene: Scene, wanted: int) -> int:
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
    effects = {"severity": severity, "minutes": climbed, "cancelled": 0.1 * severity}
    return _mark_places(scene, "drift", "national air system", cells, **effects)


def _draw_low(scene: Scene, wanted: int) -> int:  # noqa: ARG001 - one call draws any kind
    """A busy airport whose whole day leaves early: where delays are usual, their absence is odd."""
    cell = _free_cell(scene)
    if cell is None or scene.scheduled[cell][0] < 20 or scene.level[cell][0] < 6:
        return 0
    severity = scene.rng.uniform(0.3, 0.9, 1)
    scene.truth.shift[cell] = -4 - 6 * severity
    minutes = -0.9 * (scene.level[cell] + 4)
    return _mark_places(scene, "low", "", cell, severity=severity, minutes=minutes, cancelled=np.zeros(1))


def _free_cell(scene: Scene) -> tuple[Ints, Ints] | None:
    count, days = scene.scheduled.shape
    place, day = scene.rng.choice(count, size=1, p=scene.pull), scene.rng.integers(days, size=1)
    met = scene.rng.random(1) < 1 - np.exp(-scene.scheduled[place, day] / 7)
    free = met & (scene.truth.kind[place, day] == 0)
    return (place, day) if free[0] else None
