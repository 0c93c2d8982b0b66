"""Which airports are near each other."""

from collections.abc import Mapping, Sequence

import numpy as np

from tarmac.detect.panel import BoolArray, FloatArray

REACH_KM = 600.0
"""How far one storm reaches: beyond New York to Pittsburgh (about 500), not as far as Boston to Washington (640)."""

EARTH_KM = 6371.0


def near_each_other(airports: Sequence[str], coordinates: Mapping[str, tuple[float, float]]) -> BoolArray:
    """Airports × airports: whether two are within `REACH_KM`. One without coordinates is near itself alone."""
    degrees = np.array([coordinates.get(code, (np.nan, np.nan)) for code in airports], np.float64).reshape(-1, 2)
    near = kilometres(degrees[:, None], degrees[None]) <= REACH_KM
    np.fill_diagonal(near, val=True)
    return np.asarray(near)


def kilometres(one: FloatArray, other: FloatArray) -> FloatArray:
    """Great-circle distance of points whose last axis is latitude and longitude in degrees (haversine)."""
    a, b = np.radians(one), np.radians(other)
    half = np.sin((a - b) / 2) ** 2
    chord = half[..., 0] + np.cos(a[..., 0]) * np.cos(b[..., 0]) * half[..., 1]
    return np.asarray(2 * EARTH_KM * np.arcsin(np.sqrt(np.clip(chord, 0, 1))))
