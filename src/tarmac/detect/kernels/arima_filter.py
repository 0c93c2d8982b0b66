"""The Kalman filter at given parameters, compiled: one-step innovations, and the same when outliers cast no echo."""

import numpy as np

from tarmac.detect.kernels.arima_likelihood import general_step, start_covariance
from tarmac.detect.kernels.compiled import compiled


@compiled
def filter_robustly(z, noise, phi, ma, gamma, cut):
    """Innovations of z (mean removed, NaN = missing) and their variances in units of σ².

    An innovation farther than cut √F from zero is drawn back to that before it moves the state: Masreliez and Martin
    (1977) with Huber's ψ. With an infinite cut this is the plain filter. P follows the general recursion throughout.
    """
    size, days = phi.size, z.size
    now = start_covariance(phi, ma, gamma, np.zeros(size * size), np.zeros(size * size))
    state, gain, column = np.zeros(size + 1), np.zeros(size), np.zeros(size + 1)
    inno, scale = np.full(days, np.nan), np.zeros(days)
    for t in range(days):
        missing = np.isnan(z[t])
        f = now[0] + (0.0 if missing else noise[t])
        scale[t] = f
        general_step(now, phi, ma, gain, column, 0.0 if missing else 1.0 / f)
        first, v = state[0], 0.0
        if not missing:
            inno[t] = z[t] - first
            most = cut * np.sqrt(f)
            v = min(max(inno[t], -most), most) / f
        for i in range(size):
            state[i] = phi[i] * first + state[i + 1] + gain[i] * v
    return inno, scale
