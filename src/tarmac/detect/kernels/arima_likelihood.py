"""The exact Gaussian likelihood of an ARMA series with missing days, and its gradient, by the Kalman filter.

Model: y_t − μ = Σ φ_i (y_{t−i} − μ) + ε_t + Σ θ_j ε_{t−j}; where a day's noise counts, y_t carries λ·h_t σ² besides.

- State space form and the skipping of missing days: Harvey, "Forecasting, Structural Time Series Models and the
  Kalman Filter" (1989), sections 3.3 and 3.4.7; Gardner, Harvey and Phillips, AS 154 (1980); Jones (1980).
- The mean μ and the variance σ² are concentrated out: μ by generalised least squares, filtering the constant 1 beside
  the series (Harvey 1989, 3.4.2). At their maximum the gradient in the other parameters needs no term for them.
- Steady state: once P has come down to R R' its gain is θ itself (Gardner, Harvey and Phillips' quick recursions);
  a missing day leaves the steady state again.
- The gradient is the filter's own adjoint, run backwards (arima_adjoint.py): exact for the likelihood as computed, at
  about three times the filter's cost whatever the number of parameters.

Conventions: `size` r = max(p, q + 1); `phi` and `ma` have r rows, ma = (1, θ_1 … θ_{r−1}) = R. Every row holds a number,
or eight of them: so many parameter sets go through the filter side by side (lanes.py). P is kept as its lower triangle,
row i·r + j; of each day's P only the first column, which the adjoint needs. Variances are in units of σ².
"""

import numpy as np

from tarmac.detect.kernels.compiled import compiled
from tarmac.detect.kernels.lanes import highest, like, put, rows, take

STEADY = 1e-11
"""The trace of P − R R' (positive semi-definite) under which the filter is taken as steady."""

MISSING, NOISY, EXACT, STEADY_STEP = 0, 1, 2, 3

HUGE = 1e150
"""How far F, which is 1 or more, is multiplied up from day to day before the product's logarithm is taken."""


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
    start = rows(phi, size * size)
    for i in range(size):
        for j in range(size):
            total = like(phi, 0.0)
            for k in range(size):
                total = total + take(bridge, i * size + k) * take(gamma, abs(k - j))
            put(product, i * size + j, total)
        for j in range(i + 1):
            total = like(phi, 0.0)
            for k in range(size):
                total = total + take(product, i * size + k) * take(bridge, j * size + k)
            put(start, i * size + j, total)
    return start


@compiled
def filter_series(y, per_flight, lam, phi, ma, now, room):
    """Filter the series and the constant 1 beside it, with one gain for both; `now` is P of the first day.

    `room`: `columns` (days · r) gets the first column of each day's P; `inno` (2 · days) both innovations, of missing
    days minus both predictions; `scale` (days) their variance F; `kinds` (days) what kind of step it was; the rest is the
    adjoint's. The noise is λ · `per_flight`. Returns the sum of log F, and the products that μ and σ² follow from.
    """
    columns, inno, scale, kinds, _, _ = room
    size, days = phi.shape[0], y.size
    state, one, gain, column = rows(phi, size + 1), rows(phi, size + 1), rows(phi, size), rows(phi, size + 1)
    log_sum, product, zero, unit = rows(phi, 1), like(phi, 1.0), like(phi, 0.0), like(phi, 1.0)
    steady = False
    yy, y1, ones = zero, zero, zero
    for t in range(days):
        missing = np.isnan(y[t])
        plain = not missing and per_flight[t] == 0.0
        if steady and not plain:
            for i in range(size):
                for j in range(i + 1):
                    put(now, i * size + j, take(ma, i) * take(ma, j))
            steady = False
        elif plain and not steady:
            steady = _is_steady(now, ma)
        value, weight = (0.0, 0.0) if missing else (y[t], 1.0)
        v, u = like(phi, value) - take(state, 0), like(phi, weight) - take(one, 0)
        put(inno, 2 * t, v)
        put(inno, 2 * t + 1, u)
        if steady:
            kinds[t] = STEADY_STEP
            put(scale, t, unit)
            yy, y1, ones = yy + v * v, y1 + v * u, ones + u * u
            _move(state, phi, value, ma, 1, v)
            _move(one, phi, weight, ma, 1, u)
            continue
        f = take(now, 0)
        if not plain and not missing:
            f = f + take(lam, 0) * per_flight[t]
        put(scale, t, f)
        for i in range(size):
            put(columns, t * size + i, take(now, i * size))
        by = zero if missing else unit / f
        if not missing:
            product = product * f
            if highest(product) > HUGE:
                _add_log(log_sum, product)
                product = unit
            yy, y1, ones = yy + v * v * by, y1 + v * u * by, ones + u * u * by
        if plain:
            kinds[t] = EXACT
            exact_step(now, ma, gain, by)
            _move(state, phi, value, gain, 0, v)
            _move(one, phi, weight, gain, 0, u)
        else:
            kinds[t] = MISSING if missing else NOISY
            general_step(now, phi, ma, gain, column, by)
            _move(state, phi, take(state, 0), gain, 0, v * by)
            _move(one, phi, take(one, 0), gain, 0, u * by)
    _add_log(log_sum, product)
    return log_sum, yy, y1, ones


@compiled
def _is_steady(now, ma):
    size = ma.shape[0]
    trace = like(ma, 0.0)
    for i in range(size):
        trace = trace + (take(now, i * size + i) - take(ma, i) * take(ma, i))
    return highest(trace) < STEADY


@compiled
def _move(state, phi, first, gain, offset, v):
    """The next state: φ times the first value, what waits, and the gain times the innovation."""
    size = phi.shape[0]
    for i in range(size):
        moved = take(phi, i) * first + take(state, i + 1)
        if i + offset < size:
            moved = moved + take(gain, i + offset) * v
        put(state, i, moved)


@compiled
def _add_log(log_sum, product):
    flat, of = log_sum.reshape(-1), rows(log_sum, 1)
    put(of, 0, product)
    values = of.reshape(-1)
    for lane in range(flat.size):
        flat[lane] += np.log(values[lane])


@compiled
def exact_step(now, ma, gain, by):
    """P after a value seen without noise: P − P₀ P₀'/F has an empty first row, so the transition only shifts it."""
    size = ma.shape[0]
    for i in range(size - 1):
        put(gain, i, take(now, (i + 1) * size) * by)
    put(gain, size - 1, like(ma, 0.0))
    # In place: what is read lies one row below what is written.
    for i in range(size - 1):
        for j in range(i + 1):
            kept = take(now, (i + 1) * size + j + 1) - take(now, (i + 1) * size) * take(gain, j)
            put(now, i * size + j, take(ma, i) * take(ma, j) + kept)
    for j in range(size):
        put(now, (size - 1) * size + j, take(ma, size - 1) * take(ma, j))


@compiled
def general_step(now, phi, ma, gain, column, by):
    """P after any other day: T P T' + R R' − g g'/F with g = T P₀; `by` is 1/F, or 0 where the value is missing.

    `gain` gets g; `column` (r + 1 rows) keeps P₀.
    """
    size = phi.shape[0]
    for i in range(size):
        put(column, i, take(now, i * size))
    for i in range(size):
        put(gain, i, take(phi, i) * take(column, 0) + take(column, i + 1))
    for i in range(size):
        for j in range(i + 1):
            total = take(phi, j) * take(gain, i) + take(phi, i) * take(column, j + 1)
            total = total + take(ma, i) * take(ma, j) - take(gain, i) * take(gain, j) * by
            if i + 1 < size:
                total = total + take(now, (i + 1) * size + j + 1)
            put(now, i * size + j, total)
