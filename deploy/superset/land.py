"""The map's background: tiles that Superset draws itself, so that no other host is contacted.

The outlines are those that Superset brings for its own map of states (Natural Earth, public domain). There, Alaska and
Hawaii lie in insets, where no airport is; they are left out.
"""

import json
import math
from functools import cache, lru_cache
from importlib.resources import files
from io import BytesIO

from flask import Blueprint, Response, abort
from PIL import Image, ImageDraw

SIZE = 256
MOST_ZOOM = 9
LAND, BORDER = "#e4e9ee", "#ffffff"
_FINER = 2  # tiles are drawn this many times larger and then reduced, for smooth edges

land = Blueprint("tarmac_land", __name__, url_prefix="/tarmac/land")


@land.route("/<int:z>/<int:x>/<int:y>.png")
def show(z: int, x: int, y: int) -> Response:
    """One tile, cached by browsers for a day."""
    if z > MOST_ZOOM or not (x < 2**z and y < 2**z):
        abort(404)
    return Response(tile(z, x, y), mimetype="image/png", headers={"Cache-Control": "public, max-age=86400"})


@lru_cache(maxsize=512)
def tile(z: int, x: int, y: int) -> bytes:
    """The PNG of this tile of the usual Web Mercator grid; transparent where there is no land."""
    side = SIZE * _FINER
    image = Image.new("RGBA", (side, side))
    draw = ImageDraw.Draw(image)
    for outline in _outlines():
        corners = [((px * 2**z - x) * side, (py * 2**z - y) * side) for px, py in outline]
        draw.polygon(corners, fill=LAND, outline=BORDER, width=_FINER)
    file = BytesIO()
    image.resize((SIZE, SIZE), Image.Resampling.LANCZOS).save(file, "PNG", optimize=True)
    return file.getvalue()


@cache
def _outlines() -> list[list[tuple[float, float]]]:
    """Outer rings of the states, as shares of the Mercator square."""
    features = [f for f in _states()["features"] if f["properties"]["ISO"] not in {"US-AK", "US-HI"}]
    shapes = [f["geometry"] for f in features]
    polygons = [p for s in shapes for p in (s["coordinates"] if s["type"] == "MultiPolygon" else [s["coordinates"]])]
    return [[_mercator(*point) for point in polygon[0]] for polygon in polygons]


def _states() -> dict:
    """Superset names its files by a hash of their content, so the file of the states is found by its content."""
    for file in (files("superset") / "static" / "assets").iterdir():
        if file.name.endswith(".geojson") and '"US-CA"' in (text := file.read_text(encoding="utf-8")):
            return json.loads(text)
    raise FileNotFoundError(
        "This version of Superset has no file with outlines of the states: see deploy/superset/land.py"
    )


def _mercator(longitude: float, latitude: float) -> tuple[float, float]:
    return (longitude + 180) / 360, (1 - math.asinh(math.tan(math.radians(latitude))) / math.pi) / 2
