"""Starting points of the search for one order of one series, and the selection among them, compiled."""

import numpy as np

from tarmac.detect.kernels.arima_parameters import coefficients_of
from tarmac.detect.kernels.arima_search import descend, objective
from tarmac.detect.kernels.compiled import compiled
from tarmac.detect.kernels.lanes import LANES

LONG = 12
"""The order of the long autoregression whose residuals stand in for the innovations (Hannan and Rissanen 1982)."""

FREQUENCIES = 8
"""At how many frequencies, equally spaced, a nearly cancelling pair of complex roots is tried."""


@compiled
def lagged_products(y, max_p, max_q):
    """Return the sums of products of the series, its lags 1…max_p, and its long-AR residuals' lags 1…max_q.

    For starts alone: here, and nowhere else, a missing day counts as the mean.
    """
    days = y.size
    z, noise = np.zeros(days), np.zeros(days)
    mean = np.nanmean(y)
    for t in range(days):
        z[t] = 0.0 if np.isnan(y[t]) else y[t] - mean
    order = max(1, min(LONG, days // 4))
    gamma = np.zeros(order + 1)
    for lag in range(order + 1):
        for t in range(lag, days):
            gamma[lag] += z[t] * z[t - lag]
    table = np.zeros((order, order))
    variance = gamma[0]
    for k in range(order):
        rest = gamma[k + 1]
        for j in range(k):
            rest -= table[k - 1, j] * gamma[k - j]
        partial = rest / variance
        for j in range(k):
            table[k, j] = table[k - 1, j] - partial * table[k - 1, k - 1 - j]
        table[k, k] = partial
        variance *= 1.0 - partial * partial
    for t in range(days):
        noise[t] = z[t]
        for j in range(min(order, t)):
            noise[t] -= table[order - 1, j] * z[t - 1 - j]
    width = 1 + max_p + max_q
    row, sums = np.zeros(width), np.zeros((width, width))
    for t in range(max(max_p, max_q), days):
        row[0] = z[t]
        for j in range(max_p):
            row[1 + j] = z[t - 1 - j]
        for j in range(max_q):
            row[1 + max_p + j] = noise[t - 1 - j]
        for i in range(width):
            for j in range(i + 1):
                sums[i, j] += row[i] * row[j]
    return sums


@compiled
def regression_start(sums, max_p, p, q, x):
    """Fill x from the regression on p lags of the series and q of the residuals, drawn inside the unit circle."""
    count = p + q
    places = np.zeros(count, dtype=np.int64)
    for i in range(count):
        places[i] = 1 + i if i < p else 1 + max_p + i - p
    # Cholesky by hand: LAPACK's result may depend on its threads.
    root, answer = np.zeros((count, count)), np.zeros(count)
    for i in range(count):
        for j in range(i + 1):
            total = sums[places[i], places[j]]
            if i == j:
                total *= 1.0 + 1e-6
            for k in range(j):
                total -= root[i, k] * root[j, k]
            root[i, j] = np.sqrt(max(total, 1e-12 * sums[0, 0])) if i == j else total / root[j, j]
        answer[i] = sums[places[i], 0]
        for k in range(i):
            answer[i] -= root[i, k] * answer[k]
        answer[i] /= root[i, i]
    for i in range(count - 1, -1, -1):
        for k in range(i + 1, count):
            answer[i] -= root[k, i] * answer[k]
        answer[i] /= root[i, i]
    _free_parameters(answer[:p], x[:p])
    _free_parameters(-answer[p:], x[p:count])


@compiled
def _free_parameters(coefficients, x):
    """Fill x by the Levinson recursion run down; partial autocorrelations outside ±0.95 are drawn back to it."""
    now = coefficients.copy()
    for k in range(now.size - 1, -1, -1):
        partial = min(max(now[k], -0.95), 0.95)
        x[k] = np.arctanh(partial)
        lower = now.copy()
        for j in range(k):
            lower[j] = (now[j] + partial * now[k - 1 - j]) / (1.0 - partial * partial)
        now = lower


@compiled
def _with_factors(x, p, q, ar, ma, degree):
    """Return the free parameters of order p, q from those of p − degree, q − degree, times a factor in each part."""
    low_p, low_q = p - degree, q - degree
    phi, theta, _ = coefficients_of(x, low_p, low_q)
    left, right = np.zeros(p), np.zeros(q)
    for k in range(1, p + 1):
        for j in range(min(k, degree) + 1):
            if k - j <= low_p:
                left[k - 1] -= ar[j] * (1.0 if k == j else -phi[k - j - 1])
    for k in range(1, q + 1):
        for j in range(min(k, degree) + 1):
            if k - j <= low_q:
                right[k - 1] -= ma[j] * theta[k - j]
    result = np.zeros(x.size + 2 * degree)
    _free_parameters(left, result[:p])
    _free_parameters(right, result[p : p + q])
    result[p + q :] = x[low_p + low_q :]
    return result


@compiled
def factor_starts(x, p, q, degree, series, most):
    """Return the `most` best of the starts that a nearly cancelling pair of factors makes of a fit of lower order.

    Degree 1: real roots of either sign; degree 2: pairs of complex roots at FREQUENCIES. Either part may have the
    root nearer to the unit circle. The likelihood of larger orders has an optimum near many such pairs.
    """
    tried = 4 if degree == 1 else 2 * FREQUENCIES
    count = x.size + 2 * degree
    value, starts = np.full(tried, np.inf), np.zeros((tried, count))
    ar, ma, none, found = np.ones(3), np.ones(3), np.zeros((0, LANES)), np.zeros((3, LANES))
    some = np.zeros((count, LANES))
    for k in range(tried):
        near, far = (0.95, 0.8) if k % 2 == 0 else (0.8, 0.95)
        if degree == 1:
            side = 1.0 - 2.0 * (k // 2)
            ar[1], ma[1] = side * near, side * far
        else:
            wave = 2.0 * np.cos(np.pi * (k // 2 + 0.5) / FREQUENCIES)
            ar[1], ar[2], ma[1], ma[2] = -wave * near, near * near, -wave * far, far * far
        starts[k] = _with_factors(x, p, q, ar, ma, degree)
        some[:, k % LANES] = starts[k]
        if k % LANES == LANES - 1 or k == tried - 1:
            objective(some, p, q, series, none, found)
            for lane in range(k % LANES + 1):
                value[k - k % LANES + lane] = found[0, lane]
    return starts[np.argsort(value)[:most]]


@compiled
def compete(starts, p, q, series, seen, known):
    """Descend from all starts (rows, LANES of them at most) side by side, and on from the best.

    Returns the best objective and its free parameters; `known` and any start where nothing beats it.
    """
    x, running = np.zeros((starts.shape[1], LANES)), np.arange(LANES) < starts.shape[0]
    for lane in range(LANES):
        x[:, lane] = starts[lane if running[lane] else 0]
    best, value = descend(x, running, p, q, series, seen, known)
    return value, x[:, best].copy()
