"""The exact Gaussian likelihood of an ARMA series with missing days, and its gradient, by the Kalman filter.

Model: y_t − μ = Σ φ_i (y_{t−i} − μ) + ε_t + Σ θ_j ε_{t−j}; with noise per day, y_t also has noise of variance λ·h_t σ².

- State space form and the skipping of missing days: Harvey, "Forecasting, Structural Time Series Models and the
  Kalman Filter" (1989), sections 3.3 and 3.4.7; Gardner, Harvey and Phillips, AS 154 (1980); Jones (1980).
- The mean μ and the variance σ² are concentrated out: μ by generalised least squares, filtering the constant 1 together
  with the series (Harvey 1989, 3.4.2). At their maximum the gradient in the other parameters needs no term for them.
- Steady state: once P has converged to R R', the gain is θ itself (Gardner, Harvey and Phillips' quick recursions);
  a missing day leaves the steady state again.
- The gradient is the filter's own adjoint, run backwards (arima_adjoint.py): exact for the likelihood as computed, at
  about three times the filter's cost whatever the number of parameters.

Conventions: `size` r = max(p, q + 1); `phi` and `ma` have r rows, ma = (1, θ_1 … θ_{r−1}) = R. Every row has eight
numbers: eight parameter sets go through the filter in parallel (lanes.py). P is stored as its lower triangle,
row by row (`at`); of each day's P only the first column is kept, for the adjoint. Variances are in units of σ².

The filter and its adjoint are compiled once for each r, on demand, and keep the state in registers (unrolled.py).
"""

import numpy as np
from numba.core import types

from tarmac.detect.kernels.compiled import compiled, native
from tarmac.detect.kernels.lanes import LANES, everywhere, exceeds, put, rows, take
from tarmac.detect.kernels.unrolled import put_all, take_all, total, unrolled

STEADY = 1e-11
"""The filter is treated as steady when the trace of P − R R' (positive semi-definite) is below this."""

MISSING, NOISY, EXACT, STEADY_STEP = 0, 1, 2, 3

HUGE = 1e150
"""The product of F (1 or more) over days is accumulated up to this value before its logarithm is taken."""

DAYS, ROWS = types.float64[::1], types.float64[:, ::1]
ROOM = types.Tuple((ROWS, ROWS, ROWS, ROWS, types.int64[::1]))
PASS = types.void(DAYS, DAYS, ROWS, ROOM)


@compiled
def start_covariance(phi, ma, gamma, bridge, product):
    """Return the stationary P: B Γ B', with Γ the autocovariances `gamma` of the pure AR part.

    `bridge` B turns the AR part's last r values into Harvey's state: its first column is R and each next one is the
    transition of the last minus φ R, since both forms have the same transition polynomial. `product` keeps B Γ.
    """
    size = phi.shape[0]
    for i in range(size):
        put(bridge, i * size, take(ma, i))
    for j in range(size - 1):
        for i in range(size):
            moved = take(phi, i) * take(bridge, j) - take(phi, j) * take(ma, i)
            if i + 1 < size:
                moved = moved + take(bridge, (i + 1) * size + j)
            put(bridge, i * size + j + 1, moved)
    start = rows(size * (size + 1) // 2)
    for i in range(size):
        for j in range(size):
            total = everywhere(0.0)
            for k in range(size):
                total = total + take(bridge, i * size + k) * take(gamma, abs(k - j))
            put(product, i * size + j, total)
        for j in range(i + 1):
            total = everywhere(0.0)
            for k in range(size):
                total = total + take(product, i * size + k) * take(bridge, j * size + k)
            put(start, i * (i + 1) // 2 + j, total)
    return start


def at(i, j):
    """The index of row i, column j (or of its mirror image) in a lower triangle stored row by row."""
    return max(i, j) * (max(i, j) + 1) // 2 + min(i, j)


def filter_of(size):
    """Compile the filter for one size of the state.

    It filters the series and the constant 1 together, with one gain for both. `model`: φ, R, λ and P of the first day.
    `room`: `columns` (days · r) gets the first column of each day's P; `inno` (2 · days) both innovations, of missing
    days minus both predictions; `scale` (days) their variance F; `sums` the sum of log F, the three products that μ and
    σ² follow from, the number of days seen, and a row to work in; `kinds` (days) what kind of step it was. Noise is
    λ · `per_flight`.
    """
    numbers, triangle = (0.0,) * size, (0.0,) * (size * (size + 1) // 2)

    def arima_filter(y, per_flight, model, room):
        columns, inno, scale, sums, kinds = room
        phi, ma = take_all(model, 0, numbers), take_all(model, size, numbers)
        lam, now = take(model, 2 * size), take_all(model, 2 * size + 1, triangle)
        state, one = nothing(phi), nothing(phi)
        zero, unit = everywhere(0.0), everywhere(1.0)
        product, yy, y1, ones = unit, zero, zero, zero
        steady, seen = False, 0.0
        put(sums, 0, 0.0)
        for t in range(y.size):
            missing = np.isnan(y[t])
            plain = not missing and per_flight[t] == 0.0
            if steady and not plain:
                now, steady = settled(ma), False
            elif plain and not steady:
                steady = not exceeds(now[0] - 1.0, STEADY) and not exceeds(distance(now, ma), STEADY)
            f = by = unit
            if steady:
                kinds[t] = STEADY_STEP
                v, u, state, one = steady_day(phi, ma, state, one, y[t])
            elif plain:
                kinds[t] = EXACT
                column, f, by, v, u, now, state, one = exact_day(phi, ma, now, state, one, y[t])
                put_all(columns, t * size, column)
            else:
                kinds[t] = MISSING if missing else NOISY
                value, weight, noise = (0.0, 0.0, 0.0) if missing else (y[t], 1.0, per_flight[t])
                f = now[0] + lam * noise
                by = zero if missing else unit / f
                column, v, u, now, state, one = other_day(phi, ma, now, state, one, value, weight, by)
                put_all(columns, t * size, column)
            put(inno, 2 * t, v)
            put(inno, 2 * t + 1, u)
            put(scale, t, f)
            if not missing:
                product, seen = product * f, seen + 1.0
                yy, y1, ones = yy + v * v * by, y1 + v * u * by, ones + u * u * by
                if exceeds(product, HUGE):
                    _add_log(sums, product)
                    product = unit
        _add_log(sums, product)
        put(sums, 1, yy)
        put(sums, 2, y1)
        put(sums, 3, ones)
        put(sums, 4, seen)

    return native(arima_filter, PASS)


@compiled
def _add_log(sums, product):
    put(sums, 5, product)
    for lane in range(LANES):
        sums[0, lane] += np.log(sums[5, lane])


@unrolled
def nothing(numbers):
    """As many zeros."""
    return [0.0 for _ in numbers]


@unrolled
def settled(ma):
    """R R', the limit of P."""
    return [ma[i] * ma[j] for i in range(len(ma)) for j in range(i + 1)]


@unrolled
def distance(now, ma):
    """The trace of P − R R'."""
    return total(now[at(i, i)] - each * each for i, each in enumerate(ma))


@unrolled
def steady_day(phi, ma, state, one, value):
    """A day in the steady state, with gain θ: both innovations and both next states."""
    v, u = value - state[0], 1.0 - one[0]
    return v, u, _moved(phi, state, value, ma[1:], v), _moved(phi, one, 1.0, ma[1:], u)


@unrolled
def exact_day(phi, ma, now, state, one, value):
    """A value observed without noise: P − P₀ P₀'/F has an empty first row, so the transition only shifts it.

    Returns P's first column, F, 1/F, both innovations, the next P and both next states.
    """
    size = len(phi)
    column = [now[at(i, 0)] for i in range(size)]
    by = 1.0 / column[0]
    v, u = value - state[0], 1.0 - one[0]
    gain = [each * by for each in column[1:]]
    following = [
        ma[i] * ma[j] + (now[at(i + 1, j + 1)] - column[i + 1] * gain[j] if i + 1 < size else 0.0)
        for i in range(size)
        for j in range(i + 1)
    ]
    return column, column[0], by, v, u, following, _moved(phi, state, value, gain, v), _moved(phi, one, 1.0, gain, u)


@unrolled
def other_day(phi, ma, now, state, one, value, weight, by):
    """Any other day: P becomes T P T' + R R' − g g'/F with g = T P₀; `by` is 1/F, or 0 where the value is missing.

    Returns P's first column, both innovations, the next P and both next states.
    """
    size = len(phi)
    column = [now[at(i, 0)] for i in range(size)]
    gain = [_shifted(phi[i] * column[0], column, i + 1) for i in range(size)]
    following = []
    for i in range(size):
        for j in range(i + 1):
            total = _shifted(phi[j] * gain[i], column, j + 1, by=phi[i]) + ma[i] * ma[j] - gain[i] * gain[j] * by
            following.append(total + now[at(i + 1, j + 1)] if i + 1 < size else total)
    v, u = value - state[0], weight - one[0]
    return column, v, u, following, _moved(phi, state, state[0], gain, v * by), _moved(phi, one, one[0], gain, u * by)


def _shifted(value, numbers, k, by=1.0):
    """The value plus `by` times the k-th number, if there is one."""
    return value + by * numbers[k] if k < len(numbers) else value


def _moved(phi, state, first, gain, v):
    """The next state: φ times the first element, plus the shifted state, plus the gain times the innovation."""
    following = [_shifted(each * first, state, i + 1) for i, each in enumerate(phi)]
    return [each + gain[i] * v if i < len(gain) else each for i, each in enumerate(following)]
