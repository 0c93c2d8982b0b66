"""The search over parameters and orders of one series, compiled.

- Free parameters x become partial autocorrelations tanh x, and these by the Levinson recursion a stationary AR or
  an invertible MA part: Barndorff-Nielsen and Schou (1973), Monahan (1984), Jones (1980).
- Quasi-Newton steps: Broyden, Fletcher, Goldfarb and Shanno, with the inverse Hessian; Nocedal and Wright
  (2006), chapter 6.
"""

import numpy as np

from tarmac.detect.kernels.arima_likelihood import filter_adjoint, filter_series, start_adjoint, start_covariance
from tarmac.detect.kernels.compiled import compiled

RIDGE = 1e-3
"""What is added to the information per day on each free parameter."""

LIMIT = 0.99999
"""The largest partial autocorrelation: nearer to one, only rounding would decide."""


@compiled
def levinson(partial, tangent, coefficients, slopes):
    """Fill coefficients[k−1, :k] with those of order k from the partial autocorrelations, and their tangents."""
    for k in range(partial.size):
        for j in range(k):
            other = k - 1 - j
            coefficients[k, j] = coefficients[k - 1, j] - partial[k] * coefficients[k - 1, other]
            slopes[k, j] = (
                slopes[k - 1, j] - tangent[k] * coefficients[k - 1, other] - partial[k] * slopes[k - 1, other]
            )
        coefficients[k, k] = partial[k]
        slopes[k, k] = tangent[k]


@compiled
def autocovariances(partial, tangent, coefficients, slopes, gamma, gamma_slope):
    """Fill the AR part's autocovariances at unit innovation variance, and their tangents, lag by lag."""
    order = partial.size
    variance, slope = 1.0, 0.0
    for k in range(order):
        keep = 1.0 - partial[k] * partial[k]
        slope = slope / keep + variance * 2.0 * partial[k] * tangent[k] / (keep * keep)
        variance /= keep
    gamma[0], gamma_slope[0] = variance, slope
    for lag in range(1, gamma.size):
        total, total_slope = 0.0, 0.0
        used = min(lag - 1, order)
        for j in range(used):
            row = used - 1
            total += coefficients[row, j] * gamma[lag - 1 - j]
            total_slope += slopes[row, j] * gamma[lag - 1 - j] + coefficients[row, j] * gamma_slope[lag - 1 - j]
        if lag <= order:
            k = lag - 1
            total += partial[k] * variance
            total_slope += tangent[k] * variance + partial[k] * slope
            keep = 1.0 - partial[k] * partial[k]
            slope = slope * keep - 2.0 * variance * partial[k] * tangent[k]
            variance *= keep
        gamma[lag], gamma_slope[lag] = total, total_slope


@compiled
def _partials(x):
    return LIMIT * np.tanh(x)


@compiled
def coefficients_of(x, p, q):
    """Return φ (length r), R = (1, θ …) (length r) and the AR part's autocovariances from the free parameters."""
    size = max(p, q + 1)
    phi, ma, gamma = np.zeros(size), np.zeros(size), np.zeros(size)
    none = np.zeros(size)
    table, slopes = np.zeros((size, size)), np.zeros((size, size))
    partial = _partials(x[:p])
    levinson(partial, none, table, slopes)
    autocovariances(partial, none, table, slopes, gamma, np.zeros(size))
    for k in range(p):
        phi[k] = table[p - 1, k]
    levinson(_partials(x[p : p + q]), none, table, slopes)
    ma[0] = 1.0
    for k in range(q):
        ma[k + 1] = -table[q - 1, k]
    return phi, ma, gamma


@compiled
def _gradient(x, p, q, phi_bar, ma_bar, gamma_bar, gradient):
    """Carry the adjoints of φ, θ and γ back to the free parameters, by one tangent a parameter."""
    size = phi_bar.size
    table, slopes = np.zeros((size, size)), np.zeros((size, size))
    gamma, gamma_slope = np.zeros(size), np.zeros(size)
    for part in range(2):
        first, order = (0, p) if part == 0 else (p, q)
        partial = _partials(x[first : first + order])
        for k in range(order):
            tangent = np.zeros(order)
            tangent[k] = LIMIT * (1.0 - np.tanh(x[first + k]) ** 2)
            levinson(partial, tangent, table, slopes)
            total = 0.0
            if part == 0:
                autocovariances(partial, tangent, table, slopes, gamma, gamma_slope)
                for j in range(size):
                    total += gamma_bar[j] * gamma_slope[j]
                for j in range(order):
                    total += phi_bar[j] * slopes[order - 1, j]
            else:
                for j in range(order):
                    total -= ma_bar[j + 1] * slopes[order - 1, j]
            gradient[first + k] = total


@compiled
def objective(x, p, q, y, per_flight, room, gradient):
    """½ log σ̂² + Σ log F / 2n at x, the mean and the variance at their best; fills `gradient` where it has a length.

    x is p free AR, then q free MA parameters, then log λ where `per_flight` (days) is not all zero.
    Returns the objective, the mean and the variance.
    """
    memory, kinds, inno, scale = room
    phi, ma, gamma = coefficients_of(x, p, q)
    size = phi.size
    noisy = x.size > p + q
    noise = np.exp(x[p + q]) * per_flight if noisy else per_flight
    bridge, product = np.zeros((size, size)), np.zeros((size, size))
    start = start_covariance(phi, ma, gamma, bridge, product)
    log_sum, yy, y1, ones = filter_series(y, noise, phi, ma, start, memory, kinds, inno, scale)
    seen = 0.0
    for t in range(y.size):
        seen += not np.isnan(y[t])
    mean = y1 / ones if ones > 0.0 else 0.0
    total = yy - mean * y1
    if not total > 0.0:
        return np.inf, mean, 0.0
    value = 0.5 * np.log(total / seen) + 0.5 * log_sum / seen
    if gradient.size > 0:
        phi_bar, ma_bar, gamma_bar = np.zeros(size), np.zeros(size), np.zeros(size)
        adjoint, noise_bar = filter_adjoint(
            y, noise, phi, ma, memory, kinds, inno, scale, mean, total, seen, phi_bar, ma_bar
        )
        start_adjoint(phi, ma, bridge, product, adjoint, phi_bar, ma_bar, gamma_bar)
        _gradient(x, p, q, phi_bar, ma_bar, gamma_bar, gradient)
        if noisy:
            gradient[p + q] = noise_bar
    return value, mean, total / seen


@compiled
def inverse_information(x, p, q, y, room, mean):
    """Return the inverse of the information per day on x, from the innovations that the last filtering left in room.

    The innovation's slope in φ_i is −u one lag i back, in θ_j −w one lag j back, where θ(B) u = y − μ and θ(B) w = ε
    (Box, Jenkins and Reinsel, section 7.2); with a ridge, since cancelling roots leave a direction without any.
    """
    _, _, inno, scale = room
    count, days, order = x.size, y.size, p + q
    _, ma, _ = coefficients_of(x, p, q)
    u, w = np.zeros(days), np.zeros(days)
    square = 0.0
    for t in range(days):
        v = inno[t, 0] - mean * inno[t, 1]
        if np.isnan(y[t]):
            u[t], w[t] = -v, 0.0
        else:
            u[t], w[t] = y[t] - mean, v / np.sqrt(scale[t])
            square += w[t] * w[t]
        for j in range(min(q, t)):
            u[t] -= ma[j + 1] * u[t - 1 - j]
            w[t] -= ma[j + 1] * w[t - 1 - j]
    slopes, lagged = _slopes(x, p, q), np.zeros(order)
    products = np.zeros((order, order))
    for t in range(max(p, q), days):
        for i in range(p):
            lagged[i] = u[t - 1 - i]
        for j in range(q):
            lagged[p + j] = w[t - 1 - j]
        for i in range(order):
            for j in range(i + 1):
                products[i, j] += lagged[i] * lagged[j]
    for i in range(order):
        for j in range(i):
            products[j, i] = products[i, j]
    turned = np.zeros((order, order))
    for i in range(order):
        for j in range(order):
            for k in range(order):
                turned[i, j] += products[i, k] * slopes[k, j]
    information = np.eye(count)
    for i in range(order):
        for j in range(order):
            total = RIDGE if i == j else 0.0
            for k in range(order):
                total += slopes[k, i] * turned[k, j] / square
            information[i, j] = total
    return _inverse(information)


@compiled
def _slopes(x, p, q):
    """The slopes of φ and θ in x, one column a free parameter."""
    order = p + q
    slopes = np.zeros((order, order))
    table, tangents = np.zeros((order, order)), np.zeros((order, order))
    for part in range(2):
        first, size, sign = (0, p, 1.0) if part == 0 else (p, q, -1.0)
        partial = _partials(x[first : first + size])
        for k in range(size):
            tangent = np.zeros(size)
            tangent[k] = LIMIT * (1.0 - np.tanh(x[first + k]) ** 2)
            levinson(partial, tangent, table, tangents)
            for j in range(size):
                slopes[first + j, first + k] = sign * tangents[size - 1, j]
    return slopes


@compiled
def _inverse(matrix):
    """Invert a small positive definite matrix by Gauss and Jordan without pivots; LAPACK may depend on its threads."""
    size = matrix.shape[0]
    left, right = matrix.copy(), np.eye(size)
    for k in range(size):
        pivot = left[k, k]
        for j in range(size):
            left[k, j] /= pivot
            right[k, j] /= pivot
        for i in range(size):
            if i != k:
                factor = left[i, k]
                for j in range(size):
                    left[i, j] -= factor * left[k, j]
                    right[i, j] -= factor * right[k, j]
    return right


@compiled
def minimise(x, p, q, y, per_flight, room, seen, enough, most):
    """Improve x in place until a further step promises less than `enough` of log-likelihood; return the objective.

    At most `most` evaluations. A step is shortened until it brings a ten-thousandth of what the slope promises; where
    none does, the search starts anew from the information at x, once.
    """
    # The objective is called at one place: numba compiles what it calls anew for each caller.
    count = x.size
    gradient, other, trial = np.zeros(count), np.zeros(count), x.copy()
    step, turned, inverse = np.zeros(count), np.zeros(count), np.zeros((count, count))
    value, slope, length, fresh, anew, tries = np.inf, 0.0, 0.0, False, True, 0
    for _ in range(most):
        found, mean, _ = objective(trial, p, q, y, per_flight, room, other)
        if anew or found <= value + 1e-4 * length * slope:
            if anew:
                inverse, fresh, anew = inverse_information(trial, p, q, y, room, mean), True, False
            else:
                fresh = not _update(inverse, trial, x, other, gradient, turned) and fresh
            value, slope, longest, tries = found, 0.0, 0.0, 0
            for i in range(count):
                x[i], gradient[i] = trial[i], other[i]
            for i in range(count):
                step[i] = 0.0
                for j in range(count):
                    step[i] -= inverse[i, j] * gradient[j]
                slope += step[i] * gradient[i]
                longest = max(longest, abs(step[i]))
            if not -0.5 * slope * seen > enough:
                break
            length = min(1.0, 2.0 / longest)
        elif tries < 10:
            bend = found - value - length * slope
            shrink = -0.5 * length * slope / bend if np.isfinite(bend) else 0.1
            length *= min(max(shrink, 0.1), 0.6)
            tries += 1
        elif fresh:
            break
        else:
            anew, length = True, 0.0
        for i in range(count):
            trial[i] = x[i] + length * step[i]
    return value


@compiled
def _update(inverse, new, old, new_gradient, old_gradient, turned):
    """Update the inverse Hessian after Broyden, Fletcher, Goldfarb and Shanno; return whether the curvature let it."""
    count = new.size
    curve, bent = 0.0, 0.0
    for i in range(count):
        curve += (new[i] - old[i]) * (new_gradient[i] - old_gradient[i])
    if curve <= 1e-14:
        return False
    for i in range(count):
        turned[i] = 0.0
        for j in range(count):
            turned[i] += inverse[i, j] * (new_gradient[j] - old_gradient[j])
        bent += turned[i] * (new_gradient[i] - old_gradient[i])
    for i in range(count):
        for j in range(count):
            left, right = new[i] - old[i], new[j] - old[j]
            inverse[i, j] += ((1.0 + bent / curve) * left * right - turned[i] * right - left * turned[j]) / curve
    return True
