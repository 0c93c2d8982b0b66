"""Conversion of free parameters to an ARMA's coefficients, and of the coefficients' adjoints back; compiled.

Free parameters x become partial autocorrelations tanh x, and these by the Levinson recursion a stationary AR or an
invertible MA part: Barndorff-Nielsen and Schou (1973), Monahan (1984), Jones (1980). Rows have eight numbers (lanes.py);
matrices are stored row by row.
"""

import numpy as np

from tarmac.detect.kernels.compiled import compiled
from tarmac.detect.kernels.lanes import LANES, everywhere, put, rows, take

LIMIT = 0.99999
"""The largest partial autocorrelation; nearer to one, rounding errors would dominate."""


@compiled
def partials(x, first, order):
    """Return the partial autocorrelations of the free parameters from row `first` on, one row more than there are."""
    result = rows(order + 1)
    for k in range(order):
        for lane in range(LANES):
            result[k, lane] = LIMIT * np.tanh(x[first + k, lane])
    return result


@compiled
def levinson(partial, order, table):
    """Fill the table's row k − 1 with the coefficients of order k, from the partial autocorrelations."""
    for k in range(order):
        now, before = k * order, (k - 1) * order
        for j in range(k):
            put(table, now + j, take(table, before + j) - take(partial, k) * take(table, before + k - 1 - j))
        put(table, now + k, take(partial, k))


@compiled
def levinson_slopes(partial, order, of, table, slopes):
    """Fill the table's tangents in free parameter number `of`; they are zero before its row."""
    for k in range(of, order):
        now, before = k * order, (k - 1) * order
        for j in range(k):
            slope = everywhere(0.0)
            if k > of:
                slope = take(slopes, before + j) - take(partial, k) * take(slopes, before + k - 1 - j)
            else:
                slope = slope - _tangent(partial, k) * take(table, before + k - 1 - j)
            put(slopes, now + j, slope)
        put(slopes, now + k, _tangent(partial, k) if k == of else everywhere(0.0))


@compiled
def _tangent(partial, k):
    """The derivative of a partial autocorrelation in its free parameter: LIMIT (1 − tanh²)."""
    return LIMIT - take(partial, k) * take(partial, k) * (1.0 / LIMIT)


@compiled
def autocovariances(partial, order, table, gamma, errors):
    """Fill the AR part's autocovariances for unit innovation variance; `errors` gets the variances of prediction errors.

    Row k of `errors` (order + 1 rows) is that of order k; the last is 1.
    """
    put(errors, order, 1.0)
    for k in range(order - 1, -1, -1):
        put(errors, k, take(errors, k + 1) / (1.0 - take(partial, k) * take(partial, k)))
    put(gamma, 0, take(errors, 0))
    for lag in range(1, gamma.shape[0]):
        total = everywhere(0.0)
        used = min(lag - 1, order)
        for j in range(used):
            total = total + take(table, (used - 1) * order + j) * take(gamma, lag - 1 - j)
        if lag <= order:
            total = total + take(partial, lag - 1) * take(errors, lag - 1)
        put(gamma, lag, total)


@compiled
def autocovariance_slopes(partial, order, of, table, slopes, gamma, errors, gamma_slopes):
    """Fill the autocovariances' tangents in free parameter number `of`."""
    # The error variances up to order `of` contain 1 / (1 − ρ²), so their relative derivative is one number.
    rho, tangent = take(partial, of), _tangent(partial, of)
    relative = rho * tangent * 2.0 / (1.0 - rho * rho)
    put(gamma_slopes, 0, relative * take(gamma, 0))
    for lag in range(1, gamma.shape[0]):
        total = everywhere(0.0)
        used = min(lag - 1, order)
        for j in range(used):
            place = (used - 1) * order + j
            total = total + take(table, place) * take(gamma_slopes, lag - 1 - j)
            if used - 1 >= of:
                total = total + take(slopes, place) * take(gamma, lag - 1 - j)
        if lag <= order:
            k = lag - 1
            if k <= of:
                total = total + take(partial, k) * take(errors, k) * relative
            if k == of:
                total = total + tangent * take(errors, k)
        put(gamma_slopes, lag, total)


@compiled
def coefficients_of(x, p, q):
    """Return φ (r rows), R = (1, θ …) (r rows) and the AR part's autocovariances (r rows) from the free parameters."""
    size = max(p, q + 1)
    phi, ma, gamma = rows(size), rows(size), rows(size)
    partial, table = partials(x, 0, p), rows(p * p)
    levinson(partial, p, table)
    autocovariances(partial, p, table, gamma, rows(p + 1))
    for k in range(p):
        put(phi, k, take(table, (p - 1) * p + k))
    partial, table = partials(x, p, q), rows(q * q)
    levinson(partial, q, table)
    put(ma, 0, 1.0)
    for k in range(q):
        put(ma, k + 1, 0.0 - take(table, (q - 1) * q + k))
    return phi, ma, gamma


@compiled
def gradient_of(x, p, q, phi_bar, ma_bar, gamma_bar, gradient):
    """Propagate the adjoints of φ, θ and γ back to the free parameters, with one tangent per parameter."""
    size = phi_bar.shape[0]
    partial, table, slopes = partials(x, 0, p), rows(p * p), rows(p * p)
    gamma, gamma_slopes, errors = rows(size), rows(size), rows(p + 1)
    levinson(partial, p, table)
    autocovariances(partial, p, table, gamma, errors)
    for k in range(p):
        levinson_slopes(partial, p, k, table, slopes)
        autocovariance_slopes(partial, p, k, table, slopes, gamma, errors, gamma_slopes)
        total = everywhere(0.0)
        for j in range(size):
            total = total + take(gamma_bar, j) * take(gamma_slopes, j)
        for j in range(p):
            total = total + take(phi_bar, j) * take(slopes, (p - 1) * p + j)
        put(gradient, k, total)
    partial, table, slopes = partials(x, p, q), rows(q * q), rows(q * q)
    levinson(partial, q, table)
    for k in range(q):
        levinson_slopes(partial, q, k, table, slopes)
        total = everywhere(0.0)
        for j in range(q):
            total = total - take(ma_bar, j + 1) * take(slopes, (q - 1) * q + j)
        put(gradient, p + k, total)


@compiled
def slopes_of(x, p, q, result):
    """Fill the derivatives of φ and θ in x: row i·(p + q) + k is that of coefficient i in free parameter k of its own part."""
    order = p + q
    for part in range(2):
        first, size, sign = (0, p, 1.0) if part == 0 else (p, q, -1.0)
        partial, table, slopes = partials(x, first, size), rows(size * size), rows(size * size)
        levinson(partial, size, table)
        for k in range(size):
            levinson_slopes(partial, size, k, table, slopes)
            for j in range(size):
                put(result, (first + j) * order + first + k, take(slopes, (size - 1) * size + j) * sign)
