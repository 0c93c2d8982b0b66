"""Starting points of the search for one order of one series, compiled."""

from typing import Any

import numpy as np

from tarmac.detect.kernels.arima_parameters import coefficients_of
from tarmac.detect.kernels.compiled import call, compiled
from tarmac.detect.kernels.lanes import LANES, in_lanes, rows
from tarmac.detect.panel import FloatArray

LONG = 12
"""The order of the long autoregression whose residuals stand in for the innovations (Hannan and Rissanen 1982)."""

FREQUENCIES = 8
"""Number of equally spaced frequencies at which a nearly cancelling pair of complex roots is tried."""


def _factors(degree: int) -> list[tuple[FloatArray, FloatArray, int]]:
    """The pairs of factors to try, in blocks of lanes: 1 + a B (+ b B²) of the AR and of the MA part, and their number.

    Degree 1: real roots of either sign; degree 2: pairs of complex roots at FREQUENCIES. Either part may have the root
    nearer to the unit circle.
    """
    sides = [1.0, -1.0] if degree == 1 else -2.0 * np.cos(np.pi * (np.arange(FREQUENCIES) + 0.5) / FREQUENCIES)
    pairs = [(side, near, far) for side in sides for near, far in ((0.95, 0.8), (0.8, 0.95))]
    blocks = []
    for k in range(0, len(pairs), LANES):
        side, near, far = np.array(pairs[k : k + LANES] + [pairs[-1]] * (k + LANES - len(pairs))).T
        ar, ma = (np.array([np.ones(LANES), side * root, root * root]) for root in (near, far))
        blocks.append((ar, ma, min(LANES, len(pairs) - k)))
    return blocks


FACTORS = {degree: _factors(degree) for degree in (1, 2)}


@compiled
def lagged_products(y, max_p, max_q):
    """Return the sums of products of the series, its lags 1…max_p, and its long-AR residuals' lags 1…max_q.

    Only for starting points: here, and nowhere else, a missing day counts as the mean.
    """
    days = y.size
    z, noise = np.zeros(days), np.zeros(days)
    mean, seen = 0.0, 0
    for t in range(days):
        if not np.isnan(y[t]):
            mean, seen = mean + y[t], seen + 1
    mean /= seen
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
    """Fill column 0 of x from the regression on p lags of the series and q of the residuals, inside the unit circle."""
    count = p + q
    places = np.zeros(count, dtype=np.int64)
    for i in range(count):
        places[i] = 1 + i if i < p else 1 + max_p + i - p
    # Cholesky by hand: LAPACK's result may depend on its threads.
    root, answer = np.zeros((count, count)), np.zeros((count, 1))
    for i in range(count):
        for j in range(i + 1):
            total = sums[places[i], places[j]]
            if i == j:
                total *= 1.0 + 1e-6
            for k in range(j):
                total -= root[i, k] * root[j, k]
            root[i, j] = np.sqrt(max(total, 1e-12 * sums[0, 0])) if i == j else total / root[j, j]
        answer[i, 0] = sums[places[i], 0]
        for k in range(i):
            answer[i, 0] -= root[i, k] * answer[k, 0]
        answer[i, 0] /= root[i, i]
    for i in range(count - 1, -1, -1):
        for k in range(i + 1, count):
            answer[i, 0] -= root[k, i] * answer[k, 0]
        answer[i, 0] /= root[i, i]
    for i in range(p, count):
        answer[i, 0] = -answer[i, 0]
    _free_parameters(answer, 0, p, 0, x)
    _free_parameters(answer, p, q, 0, x)


@compiled
def _free_parameters(coefficients, first, order, lane, x):
    """Fill a lane of x by the Levinson recursion downwards; partial autocorrelations outside ±0.95 are clipped to it."""
    now, lower = np.zeros(order), np.zeros(order)
    for i in range(order):
        now[i] = coefficients[first + i, lane]
    for k in range(order - 1, -1, -1):
        partial = min(max(now[k], -0.95), 0.95)
        x[first + k, lane] = np.arctanh(partial)
        for j in range(k):
            lower[j] = (now[j] + partial * now[k - 1 - j]) / (1.0 - partial * partial)
        for j in range(k):
            now[j] = lower[j]


def factor_starts(x: FloatArray, p: int, q: int, degree: int, series: tuple[Any, ...], most: int) -> list[FloatArray]:
    """Return the `most` best starts made from a fit of lower order and a nearly cancelling pair of factors.

    The likelihood of larger orders has an optimum near many such pairs.
    """
    phi, theta, _ = coefficients_of(in_lanes(x), p - degree, q - degree)
    rest = x[p + q - 2 * degree :]
    values: list[float] = []
    starts: list[FloatArray] = []
    for ar, ma, many in FACTORS[degree]:
        tried, found = _with_factors(phi, theta, p, q, degree, ar, ma, in_lanes(rest), series)
        values.extend(found[0, :many])
        starts.extend(tried[:, :many].T)
    return [starts[k].copy() for k in np.argsort(values)[:most]]


@compiled
def _with_factors(phi, theta, p, q, degree, ar, ma, rest, series):
    """Return the free parameters of order p, q from a fit of order p − degree, q − degree times a factor in each part.

    A lane has one pair of factors; `rest` are the parameters after the MA part's. Also returns their objectives.
    """
    low_p, low_q = p - degree, q - degree
    count = p + q + rest.shape[0]
    x, product, found = rows(count), rows(p + q), rows(3)
    for lane in range(LANES):
        for k in range(1, p + 1):
            for j in range(min(k, degree) + 1):
                if k - j <= low_p:
                    product[k - 1, lane] -= ar[j, lane] * (1.0 if k == j else -phi[k - j - 1, lane])
        for k in range(1, q + 1):
            for j in range(min(k, degree) + 1):
                if k - j <= low_q:
                    product[p + k - 1, lane] -= ma[j, lane] * theta[k - j, lane]
        _free_parameters(product, 0, p, lane, x)
        _free_parameters(product, p, q, lane, x)
        for i in range(rest.shape[0]):
            x[p + q + i, lane] = rest[i, lane]
    call(series[3][0, 0], x, p, q, series, rows(0), found)
    return x, found
