"""The Kalman filter at given parameters, compiled: one-step innovations, plain or robust against outliers."""

import numpy as np

from tarmac.detect.kernels.arima_likelihood import start_covariance
from tarmac.detect.kernels.compiled import compiled
from tarmac.detect.kernels.lanes import in_lanes, rows
from tarmac.detect.panel import FloatArray

LASTING = 3
"""After this many days in a row far on one side of their predictions, the next one is used unclipped."""


def filter_robustly(
    z: FloatArray, noise: FloatArray, phi: FloatArray, ma: FloatArray, gamma: FloatArray, cut: float, wide: float
) -> tuple[FloatArray, FloatArray]:
    """Innovations of z (mean removed, NaN = missing) and their variances in units of σ².

    An innovation farther than √(cut² + wide² (F − 1)) from zero is clipped to that before it updates the state:
    Masreliez and Martin (1977) with Huber's ψ. From the fourth in a row on one side it is not clipped, so that a
    lasting change is followed. With an infinite cut this is the plain filter. P always follows the general recursion.
    """
    room = rows(phi.size**2), rows(phi.size**2)
    start: FloatArray = start_covariance(in_lanes(phi), in_lanes(ma), in_lanes(gamma), *room)[:, 0].copy()
    inno, scale = _filter(z, noise, phi, ma, start, cut, wide)
    return inno, scale


@compiled
def _filter(z, noise, phi, ma, now, cut, wide):
    size, days = phi.size, z.size
    state, gain = np.zeros(size + 1), np.zeros(size)
    inno, scale = np.full(days, np.nan), np.zeros(days)
    run = 0  # how many days in a row were clipped; negative if below the prediction
    for t in range(days):
        missing = np.isnan(z[t])
        f = now[0] + (0.0 if missing else noise[t])
        scale[t] = f
        _general_step(now, phi, ma, gain, 0.0 if missing else 1.0 / f)
        first, v = state[0], 0.0
        if not missing:
            inno[t] = z[t] - first
            most = np.sqrt(cut * cut + wide * wide * max(f - 1.0, 0.0))
            if inno[t] > most:
                run = max(run, 0) + 1
            elif inno[t] < -most:
                run = min(run, 0) - 1
            else:
                run = 0
            v = inno[t] / f if abs(run) > LASTING else min(max(inno[t], -most), most) / f
        for i in range(size):
            state[i] = phi[i] * first + state[i + 1] + gain[i] * v
    return inno, scale


@compiled
def _general_step(now, phi, ma, gain, by):
    """P after a day: T P T' + R R' − g g'/F with g = T P₀; `by` is 1/F, or 0 where the value is missing. `gain` gets g."""
    size = phi.size
    column = np.zeros(size + 1)
    for i in range(size):
        column[i] = now[i * (i + 1) // 2]
    for i in range(size):
        gain[i] = phi[i] * column[0] + column[i + 1]
    for i in range(size):
        for j in range(i + 1):
            total = phi[j] * gain[i] + phi[i] * column[j + 1] + ma[i] * ma[j] - gain[i] * gain[j] * by
            if i + 1 < size:
                total += now[(i + 1) * (i + 2) // 2 + j + 1]
            now[i * (i + 1) // 2 + j] = total
