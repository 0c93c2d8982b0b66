"""All orders of one series, compiled: where each search starts, and the filter at the order that was chosen."""

import numpy as np

from tarmac.detect.kernels.arima_search import minimise
from tarmac.detect.kernels.compiled import compiled

LONG = 12
"""The order of the long autoregression whose residuals stand in for the innovations (Hannan and Rissanen 1982)."""

ROUGH, FINE = 1e-2, 1e-6
"""How much log-likelihood a further step must promise: while starts compete, and for the best of them."""

MOST_STEPS = 200


@compiled
def room_for(days, size):
    """The arrays that the filter fills: P of each day, kinds of days, innovations, their variances."""
    return np.empty((days, size, size)), np.zeros(days, dtype=np.int64), np.zeros((days, 2)), np.zeros(days)


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
        x[k] = partial / np.sqrt(1.0 - partial * partial)
        lower = now.copy()
        for j in range(k):
            lower[j] = (now[j] + partial * now[k - 1 - j]) / (1.0 - partial * partial)
        now = lower


@compiled
def fit_orders(y, per_flight, max_p, max_q, noisy):
    """Fit every order 0…max_p × 0…max_q of a series (NaN = missing, no leading or trailing NaN).

    Returns the log-likelihoods (max_p + 1 × max_q + 1) and the free parameters of each order, as `objective` takes
    them, NaN beyond their number.
    """
    days, extra = y.size, 1 if noisy else 0
    seen = 0
    for t in range(days):
        seen += not np.isnan(y[t])
    found = np.full((max_p + 1, max_q + 1, max_p + max_q + extra), np.nan)
    fits = np.full((max_p + 1, max_q + 1), np.nan)
    sums = lagged_products(y, max_p, max_q)
    for p in range(max_p + 1):
        for q in range(max_q + 1):
            count = p + q + extra
            room = room_for(days, max(p, q + 1))
            best, value = np.zeros(count), np.inf
            for start in range(3):
                x = np.zeros(count)
                if start == 0 and p > 0:
                    x[: p - 1], x[p:] = found[p - 1, q, : p - 1], found[p - 1, q, p - 1 : count - 1]
                elif start == 1 and q > 0:
                    x[: p + q - 1] = found[p, q - 1, : p + q - 1]
                    x[p + q :] = found[p, q - 1, p + q - 1 : count - 1]
                elif start == 2:
                    regression_start(sums, max_p, p, q, x)
                    if noisy:
                        x[p + q] = -1.0
                else:
                    continue
                result = minimise(x, p, q, y, per_flight, room, seen, ROUGH, MOST_STEPS)
                if result < value:
                    best, value = x, result
            value = minimise(best, p, q, y, per_flight, room, seen, FINE, MOST_STEPS)
            found[p, q, :count] = best
            fits[p, q] = -seen * (value + 0.5 * (1.0 + np.log(2.0 * np.pi)))
    return fits, found
