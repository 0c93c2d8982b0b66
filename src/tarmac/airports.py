"""Positions of airports on a flat map of the United States: projection, insets, and land drawn from known airfields."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from typing import Any

import polars as pl

from tarmac.tables.airports import AIRPORTS
from tarmac.tables.frames import schema_of


@dataclass(frozen=True, kw_only=True)
class Region:
    """A part of the country on a map of its own: bounds in degrees, an equal-area conic, and its position on the sheet in km."""

    name: str
    south: float
    north: float
    west: float
    east: float
    parallels: tuple[float, float]
    origin: tuple[float, float]
    shift: tuple[float, float] = (0.0, 0.0)
    scale: float = 1.0

    def holds(self, lat: float, lon: float) -> bool:
        """Whether the point is inside; a region that crosses the date line has west > east."""
        inside = self.west <= lon <= self.east if self.west <= self.east else lon >= self.west or lon <= self.east
        return self.south <= lat <= self.north and inside

    @cached_property
    def cone(self) -> tuple[float, float, float]:
        """Snyder's n, C and rho0 of the region's cone."""
        first, second = (math.radians(p) for p in self.parallels)
        n = (math.sin(first) + math.sin(second)) / 2
        c = math.cos(first) ** 2 + 2 * n * math.sin(first)
        return n, c, _radius(n, c, self.origin[0])

    def project(self, lat: float, lon: float) -> tuple[float, float]:
        """Albers' equal-area conic on a sphere (Snyder, Map Projections, USGS 1395, p. 100), in km on the sheet."""
        n, c, rho0 = self.cone
        turn = math.radians((lon - self.origin[1] + 180) % 360 - 180)
        rho = _radius(n, c, lat)
        x, y = rho * math.sin(n * turn), rho0 - rho * math.cos(n * turn)
        return self.shift[0] + self.scale * x, self.shift[1] + self.scale * y


def _radius(n: float, c: float, lat: float) -> float:
    return 6371.0 / n * math.sqrt(c - 2 * n * math.sin(math.radians(lat)))


MAINLAND = Region(
    name="", south=24, north=49.6, west=-125.5, east=-66, parallels=(29.5, 45.5), origin=(37.5, -96.0)
)  # fmt: skip
REGIONS = (
    MAINLAND,
    Region(name="Alaska (smaller scale)", south=51, north=72, west=172, east=-129,
           parallels=(55, 65), origin=(62.0, -152.0), shift=(-1830, -1230), scale=0.36),
    Region(name="Hawaii", south=18, north=23, west=-161, east=-154,
           parallels=(8, 18), origin=(20.6, -157.4), shift=(-830, -1420)),
    Region(name="Puerto Rico, Virgin Is.", south=17, north=19, west=-68, east=-64,
           parallels=(8, 18), origin=(18.2, -66.0), shift=(1960, -1420)),
    Region(name="Guam, Marianas", south=12, north=16, west=143, east=147,
           parallels=(8, 18), origin=(14.4, 145.2), shift=(330, -1420)),
    Region(name="American Samoa", south=-15, north=-13, west=-172, east=-168,
           parallels=(-18, -8), origin=(-14.3, -170.0), shift=(830, -1420)),
)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Airport:
    """An airport as people know it; x and y (km on the sheet) and region are null where it cannot be put on the map."""

    code: str
    name: str = ""
    city: str = ""
    state: str = ""
    x: int | None = None
    y: int | None = None
    region: str | None = None


def position_on_map(lat: float, lon: float) -> tuple[int, int, str] | None:
    """Where a point lies on the sheet, and in which inset; null outside the United States and its territories."""
    for region in REGIONS:
        if region.holds(lat, lon):
            x, y = region.project(lat, lon)
            return round(x), round(y), region.name
    return None


def find_airports(codes: Sequence[str]) -> list[Airport]:
    """Name and place of each code, in order; an unknown code keeps its code alone."""
    known = _known_airports()
    return [_to_airport(code, known.get(code)) for code in codes]


def find_coordinates(codes: Sequence[str]) -> dict[str, tuple[float, float]]:
    """Latitude and longitude in degrees of the known codes, wherever in the world they are."""
    known = _known_airports()
    return {code: (known[code]["lat"], known[code]["lon"]) for code in codes if code in known}


def describe_airports(codes: Sequence[str]) -> pl.DataFrame:
    """Rows of `tables.airports` for these codes; an unknown one has its code alone."""
    known = _known_airports()
    keys = ("name", "city", "subd", "lat", "lon")
    rows = [(code, *(known[code][key] if code in known else None for key in keys)) for code in codes]
    return pl.DataFrame(rows, schema=schema_of(AIRPORTS), orient="row")


def _missing(name: str, city: str, subd: str, lat: float, lon: float) -> dict[str, Any]:
    return {"name": name, "city": city, "subd": subd, "lat": lat, "lon": lon}


_MISSING = {
    "ISN": _missing("Sloulin Field (closed 2019)", "Williston", "North Dakota", 48.178, -103.642),
    "NYL": _missing("Yuma International Airport", "Yuma", "Arizona", 32.657, -114.606),
    "PFN": _missing("Panama City-Bay County Airport (closed 2010)", "Panama City", "Florida", 30.212, -85.683),
    "TKI": _missing("McKinney National Airport", "McKinney", "Texas", 33.178, -96.591),
    "UCA": _missing("Oneida County Airport (closed 2007)", "Utica", "New York", 43.145, -75.384),
}
"""Airports of BTS's records that airportsdata lacks: closed ones, and two whose code BTS alone uses."""


@cache
def _known_airports() -> Mapping[str, Mapping[str, Any]]:
    import airportsdata

    return {**_MISSING, **airportsdata.load("IATA")}


def _to_airport(code: str, record: Mapping[str, Any] | None) -> Airport:
    if record is None:
        return Airport(code=code)
    known = Airport(code=code, name=record["name"], city=record["city"], state=record["subd"])
    spot = position_on_map(record["lat"], record["lon"])
    if spot is None:
        return known
    return Airport(code=code, name=known.name, city=known.city, state=known.state, x=spot[0], y=spot[1], region=spot[2])


@cache
def land_dots(step: float = 34.0) -> dict[str, list[tuple[int, int]]]:
    """Dots that show the land: by region, the nodes of a grid (every `step` km) that lie among known airfields."""
    import airportsdata

    spots: dict[str, list[tuple[int, int]]] = {region.name: [] for region in REGIONS}
    for record in airportsdata.load("LID").values():
        spot = position_on_map(record["lat"], record["lon"])
        if spot is not None and record["country"] in {"US", "GU", "MP", "AS"}:
            spots[spot[2]].append(spot[:2])
    return {name: _fill(points, step if len(points) > 200 else step * 0.7) for name, points in spots.items() if points}


def _fill(points: list[tuple[int, int]], step: float) -> list[tuple[int, int]]:
    """Grid nodes near a point, with holes of up to four nodes closed: deserts have few airfields."""
    import numpy as np

    xy = np.asarray(points, dtype=float)
    low = xy.min(axis=0) - 5 * step
    cells = np.rint((xy - low) / step).astype(int)
    grid = np.zeros(cells.max(axis=0) + 6, dtype=bool)
    grid[cells[:, 0], cells[:, 1]] = True
    # Grown by a disc, then shrunk by it; the grid's empty rim keeps the rolls from meeting. scipy's closing would do,
    # but takes most of a second to load.
    disc = [(i, j) for i in range(-2, 3) for j in range(-2, 3) if i * i + j * j <= 5]
    grown = np.logical_or.reduce([np.roll(grid, shift, axis=(0, 1)) for shift in disc])
    closed = np.logical_and.reduce([np.roll(grown, shift, axis=(0, 1)) for shift in disc])
    return [(round(x), round(y)) for x, y in np.argwhere(closed) * step + low]
