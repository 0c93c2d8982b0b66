"""The search over parameters and orders of one series, compiled.

- Free parameters x become partial autocorrelations x/√(1+x²), and these by the Levinson recursion a stationary AR or
  an invertible MA part: Barndorff-Nielsen and Schou (1973), Monahan (1984), Jones (1980).
- Quasi-Newton steps: Broyden, Fletcher, Goldfarb and Shanno, with the inverse Hessian; Nocedal and Wright
  (2006), chapter 6.
- Starts: the neighbours with one parameter less, that one set to zero, so that a larger order is never worse than a
  smaller one inside it; and the regression on lagged values and lagged residuals of a long autoregression of Hannan
  and Rissanen (1982).
"""

import numpy as np

from tarmac.detect.kernels.arima_likelihood import filter_adjoint, filter_series, start_adjoint, start_covariance
from tarmac.detect.kernels.compiled import compiled

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
    return LIMIT * x / np.sqrt(1.0 + x * x)


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
            root = 1.0 + x[first + k] ** 2
            tangent[k] = LIMIT / (root * np.sqrt(root))
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
    seen = 0
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
def minimise(x, p, q, y, per_flight, room, seen, enough, most):
    """Improve x in place until a further step promises less than `enough` of log-likelihood; return the objective."""
    count = x.size
    gradient, other, trial = np.zeros(count), np.zeros(count), np.zeros(count)
    value, _, _ = objective(x, p, q, y, per_flight, room, gradient)
    inverse, step, turned = np.eye(count), np.zeros(count), np.zeros(count)
    fresh = True
    for _ in range(most):
        slope, longest = 0.0, 0.0
        for i in range(count):
            step[i] = 0.0
            for j in range(count):
                step[i] -= inverse[i, j] * gradient[j]
            slope += step[i] * gradient[i]
            longest = max(longest, abs(step[i]))
        if not -0.5 * slope * seen > enough:
            break
        length = min(1.0, 2.0 / longest)
        better = False
        for _ in range(12):
            for i in range(count):
                trial[i] = x[i] + length * step[i]
            found, _, _ = objective(trial, p, q, y, per_flight, room, other)
            if found <= value + 1e-4 * length * slope:
                better = True
                break
            bend = found - value - length * slope
            shrink = -0.5 * length * slope / bend if np.isfinite(bend) else 0.1
            length *= min(max(shrink, 0.1), 0.6)
        if not better:
            if fresh:
                break
            inverse[:, :] = np.eye(count)
            fresh = True
            continue
        curve = 0.0
        for i in range(count):
            step[i] = trial[i] - x[i]
            gradient[i] = other[i] - gradient[i]
            curve += step[i] * gradient[i]
        if curve > 1e-14:
            _update(inverse, step, gradient, turned, curve, fresh)
            fresh = False
        x[:], gradient[:] = trial, other
        value = found
    return value


@compiled
def _update(inverse, step, change, turned, curve, fresh):
    """The BFGS update of the inverse Hessian; the first one is scaled to the curvature just seen."""
    count = step.size
    if fresh:
        norm = 0.0
        for i in range(count):
            norm += change[i] * change[i]
        inverse[:, :] = np.eye(count) * (curve / norm)
    bent = 0.0
    for i in range(count):
        turned[i] = 0.0
        for j in range(count):
            turned[i] += inverse[i, j] * change[j]
        bent += turned[i] * change[i]
    for i in range(count):
        for j in range(count):
            inverse[i, j] += (1.0 + bent / curve) * step[i] * step[j] / curve
            inverse[i, j] -= (turned[i] * step[j] + step[i] * turned[j]) / curve
