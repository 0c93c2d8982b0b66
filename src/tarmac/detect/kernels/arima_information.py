"""The information matrix at given parameters, from the innovations, for the first steps of a search; compiled."""

import numpy as np

from tarmac.detect.kernels.arima_parameters import coefficients_of, slopes_of
from tarmac.detect.kernels.compiled import compiled
from tarmac.detect.kernels.lanes import everywhere, put, root, rows, take

RIDGE = 1e-3
"""The ridge added to the information per day on each free parameter."""


def inverse_information(x, p, q, series, found, inverse):
    """Fill the inverse of the information per day on x, from the innovations that the last filtering left in room.

    The innovation's derivative in φ_i is −u at lag i, in θ_j −w at lag j, where θ(B) u = y − μ and θ(B) w = ε
    (Box, Jenkins and Reinsel, section 7.2); with a ridge, because cancelling roots leave a direction without information.
    Sums of products depend only on the difference of the two lags, except for the first days, which are ignored.
    """
    count, order = x.shape[0], p + q
    uu, ww, uw, square = _lagged_products(x, p, q, series, take(found, 1))
    slopes, turned = rows(order * order), rows(order * order)
    slopes_of(x, p, q, slopes)
    for i in range(order):
        for j in range(order):
            total = everywhere(0.0)
            for k in range(order):
                if i < p and k < p:
                    product = take(uu, abs(i - k))
                elif i >= p and k >= p:
                    product = take(ww, abs(i - k))
                else:
                    ahead = k - p - i if i < p else i - p - k  # how many days the lag of u is shorter than that of w
                    product = take(uw, p + ahead)
                total = total + product * take(slopes, k * order + j)
            put(turned, i * order + j, total)
    information = rows(count * count)
    for i in range(count):
        put(information, i * count + i, 1.0)
    for i in range(order):
        for j in range(order):
            total = everywhere(RIDGE if i == j else 0.0)
            for k in range(order):
                total = total + take(slopes, k * order + i) * take(turned, k * order + j) / square
            put(information, i * count + j, total)
    _invert(information, inverse, count)


@compiled
def _lagged_products(x, p, q, series, mean):
    """Sums of products of u and of w with themselves, by lag, and of u with w (row p + how much later u is)."""
    y, _, room, _ = series
    _, inno, scale, _, _ = room
    _, ma, _ = coefficients_of(x, p, q)
    days = y.size
    u, w = rows(days), rows(days)
    uu, ww, uw, square = rows(p), rows(q), rows(p + q + 1), everywhere(0.0)
    for t in range(days):
        v = take(inno, 2 * t) - mean * take(inno, 2 * t + 1)
        if np.isnan(y[t]):
            at, new = everywhere(0.0) - v, everywhere(0.0)
        else:
            at, new = y[t] - mean, v / root(take(scale, t))
            square = square + new * new
        for j in range(min(q, t)):
            at = at - take(ma, j + 1) * take(u, t - 1 - j)
            new = new - take(ma, j + 1) * take(w, t - 1 - j)
        put(u, t, at)
        put(w, t, new)
        for lag in range(min(p, t + 1)):
            put(uu, lag, take(uu, lag) + at * take(u, t - lag))
            put(uw, p - lag, take(uw, p - lag) + new * take(u, t - lag))
        for lag in range(min(q, t + 1)):
            put(ww, lag, take(ww, lag) + new * take(w, t - lag))
            if lag > 0 and p > 0:
                put(uw, p + lag, take(uw, p + lag) + at * take(w, t - lag))
    return uu, ww, uw, square


@compiled
def _invert(left, right, size):
    """Invert small positive definite matrices by Gauss and Jordan without pivots; LAPACK may depend on its threads."""
    for i in range(size):
        for j in range(size):
            put(right, i * size + j, 1.0 if i == j else 0.0)
    for k in range(size):
        by = 1.0 / take(left, k * size + k)
        for j in range(size):
            put(left, k * size + j, take(left, k * size + j) * by)
            put(right, k * size + j, take(right, k * size + j) * by)
        for i in range(size):
            factor = take(left, i * size + k)
            if i != k:
                for j in range(size):
                    put(left, i * size + j, take(left, i * size + j) - factor * take(left, k * size + j))
                    put(right, i * size + j, take(right, i * size + j) - factor * take(right, k * size + j))
