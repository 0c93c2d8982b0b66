"""The exact Gaussian likelihood of an ARMA series with missing days, and its gradient, by the Kalman filter.

Model: y_t − μ = Σ φ_i (y_{t−i} − μ) + ε_t + Σ θ_j ε_{t−j}; where a day's noise counts, y_t carries λ·h_t σ² besides.

- State space form and the skipping of missing days: Harvey, "Forecasting, Structural Time Series Models and the
  Kalman Filter" (1989), sections 3.3 and 3.4.7; Gardner, Harvey and Phillips, AS 154 (1980); Jones (1980).
- The mean μ and the variance σ² are concentrated out: μ by generalised least squares, filtering the constant 1 beside
  the series (Harvey 1989, 3.4.2). At their maximum the gradient in the other parameters needs no term for them.
- Steady state: once P has come down to R R' its gain is θ itself (Gardner, Harvey and Phillips' quick recursions);
  a missing day leaves the steady state again.
- The gradient is the filter's own adjoint, run backwards: exact for the likelihood as computed, at about three
  times the filter's cost whatever the number of parameters.

Conventions: `size` r = max(p, q + 1); `phi` and `ma` have length r, ma = (1, θ_1 … θ_{r−1}) = R. `memory`
(days × r × r) keeps each day's P for the adjoint. All variances are in units of σ²; `_bar` marks an adjoint.
"""

import numpy as np

from tarmac.detect.kernels.compiled import compiled

STEADY = 1e-11
"""The trace of P − R R' (positive semi-definite) under which the filter is taken as steady."""

SETTLED = 1e-15
"""The move of the constant's prediction under which it has settled."""

MISSING, NOISY, EXACT, STEADY_STEP = 0, 1, 2, 3


@compiled
def start_covariance(phi, ma, gamma, bridge, product):
    """Return the stationary P: B Γ B', with Γ the autocovariances `gamma` of the pure AR part.

    `bridge` B turns the AR part's last r values into Harvey's state: its first column is R and each next one is the
    transition of the last minus φ R, since both forms have the same transition polynomial. `product` keeps B Γ.
    """
    size = phi.size
    for i in range(size):
        bridge[i, 0] = ma[i]
    for j in range(size - 1):
        for i in range(size):
            shifted = bridge[i + 1, j] if i + 1 < size else 0.0
            bridge[i, j + 1] = phi[i] * bridge[0, j] + shifted - phi[j] * ma[i]
    for i in range(size):
        for j in range(size):
            total = 0.0
            for k in range(size):
                total += bridge[i, k] * gamma[abs(k - j)]
            product[i, j] = total
    start = np.empty((size, size))
    for i in range(size):
        for j in range(i + 1):
            total = 0.0
            for k in range(size):
                total += product[i, k] * bridge[j, k]
            start[i, j] = total
            start[j, i] = total
    return start


@compiled
def start_adjoint(phi, ma, bridge, product, adjoint, phi_bar, ma_bar, gamma_bar):
    """Add to the three gradients what the start covariance's adjoint (symmetric) asks of them."""
    size = phi.size
    bridge_bar = np.zeros((size, size))
    for i in range(size):
        for k in range(size):
            along = 0.0
            for j in range(size):
                bridge_bar[i, k] += 2.0 * adjoint[i, j] * product[j, k]
                along += adjoint[i, j] * bridge[j, k]
            for j in range(size):
                gamma_bar[abs(k - j)] += bridge[i, j] * along
    for j in range(size - 2, -1, -1):
        for i in range(size):
            bar = bridge_bar[i, j + 1]
            phi_bar[i] += bar * bridge[0, j]
            bridge_bar[0, j] += bar * phi[i]
            if i + 1 < size:
                bridge_bar[i + 1, j] += bar
            phi_bar[j] -= bar * ma[i]
            ma_bar[i] -= bar * phi[j]
    for i in range(size):
        ma_bar[i] += bridge_bar[i, 0]


@compiled
def filter_series(y, noise, phi, ma, start, memory, kinds, inno, scale):
    """Filter the series and the constant 1 beside it, with one gain for both.

    `inno` (days × 2) gets both innovations, of missing days minus both predictions; `scale` gets their variance F.
    `noise` is λ h_t. Returns the sum of log F, and the products that μ and σ² follow from.
    """
    size, days = phi.size, y.size
    last = size - 1
    state, one, gain, now = np.zeros(size), np.zeros(size), np.zeros(size), np.zeros((size, size))
    for i in range(size):
        for j in range(size):
            now[i, j] = start[i, j]
    steady, u, log_sum, yy, y1, ones = False, 0.0, 0.0, 0.0, 0.0, 0.0
    still = False  # the constant's prediction has settled, so its innovation stays as it is
    for t in range(days):
        missing = np.isnan(y[t])
        plain = not missing and noise[t] == 0.0
        if steady and not plain:
            for i in range(size):
                for j in range(size):
                    now[i, j] = ma[i] * ma[j]
            steady, still = False, False
        elif plain and not steady:
            trace = 0.0
            for i in range(size):
                trace += now[i, i] - ma[i] * ma[i]
            steady = trace < STEADY
        if steady:
            value = y[t]
            v = value - state[0]
            for i in range(last):
                state[i] = phi[i] * value + state[i + 1] + ma[i + 1] * v
            state[last] = phi[last] * value
            if not still:
                u, moved = 1.0 - one[0], 0.0
                for i in range(last):
                    then = phi[i] + one[i + 1] + ma[i + 1] * u
                    moved += abs(then - one[i])
                    one[i] = then
                moved += abs(phi[last] - one[last])
                one[last] = phi[last]
                still = moved < SETTLED
            inno[t, 0], inno[t, 1], scale[t] = v, u, 1.0
            yy += v * v
            y1 += v * u
            ones += u * u
            kinds[t] = STEADY_STEP
            continue
        value, weight = (0.0, 0.0) if missing else (y[t], 1.0)
        v, u = value - state[0], weight - one[0]
        f = now[0, 0] + noise[t]
        inno[t, 0], inno[t, 1], scale[t] = v, u, f
        if not missing:
            log_sum += np.log(f)
            yy += v * v / f
            y1 += v * u / f
            ones += u * u / f
        for i in range(size):
            for j in range(size):
                memory[t, i, j] = now[i, j]
        if plain:
            kinds[t] = EXACT
            _exact_step(memory[t], now, ma, gain, f)
            for i in range(last):
                state[i] = phi[i] * value + state[i + 1] + gain[i] * v
                one[i] = phi[i] + one[i + 1] + gain[i] * u
            state[last], one[last] = phi[last] * value, phi[last]
        else:
            kinds[t] = MISSING if missing else NOISY
            general_step(memory[t], now, phi, ma, gain, f, missing)
            v, u = (0.0, 0.0) if missing else (v / f, u / f)
            first, first_one = state[0], one[0]
            for i in range(last):
                state[i] = phi[i] * first + state[i + 1] + gain[i] * v
                one[i] = phi[i] * first_one + one[i + 1] + gain[i] * u
            state[last] = phi[last] * first + gain[last] * v
            one[last] = phi[last] * first_one + gain[last] * u
    return log_sum, yy, y1, ones


@compiled
def _exact_step(old, new, ma, gain, f):
    """P after a value seen without noise: P − P₀ P₀'/F has an empty first row, so the transition only shifts it."""
    last = ma.size - 1
    for i in range(last):
        gain[i] = old[i + 1, 0] / f
    for i in range(last + 1):
        for j in range(i + 1):
            total = ma[i] * ma[j]
            if i < last:
                total += old[i + 1, j + 1] - old[i + 1, 0] * gain[j]
            new[i, j] = total
            new[j, i] = total


@compiled
def general_step(old, new, phi, ma, gain, f, missing):
    """P after any other day: T P T' + R R' − g g'/F with g = T P₀, and without the last term where missing."""
    last = phi.size - 1
    for i in range(last):
        gain[i] = phi[i] * old[0, 0] + old[i + 1, 0]
    gain[last] = phi[last] * old[0, 0]
    for i in range(last + 1):
        for j in range(i + 1):
            total = phi[j] * gain[i] + ma[i] * ma[j]
            if j < last:
                total += phi[i] * old[0, j + 1]
                if i < last:
                    total += old[i + 1, j + 1]
            if not missing:
                total -= gain[i] * gain[j] / f
            new[i, j] = total
            new[j, i] = total


@compiled
def filter_adjoint(y, noise, phi, ma, memory, kinds, inno, scale, mean, total, seen, phi_bar, ma_bar):
    """Run the filter's adjoint from the last day to the first for ½ log(S/n) + Σ log F / 2n, S = Σ v²/F.

    Adds to `phi_bar` and `ma_bar`; returns the adjoint of the start covariance and that of log λ.
    """
    size, days = phi.size, y.size
    above, below = np.zeros((size, size)), np.zeros((size, size))  # the adjoints of P tomorrow and today
    sums, bar, work = np.zeros((size, size)), np.zeros(size), np.zeros(size)
    noise_bar, linked = 0.0, False  # linked: tomorrow's P was used and came from today's
    for t in range(days - 1, -1, -1):
        v = inno[t, 0] - mean * inno[t, 1]
        f = scale[t]
        if kinds[t] == STEADY_STEP:
            if linked:
                for i in range(size):
                    for j in range(size):
                        sums[i, j] += above[i, j]
                        above[i, j] = 0.0
                linked = False
            z, v_bar = y[t] - mean, v / total
            for i in range(size):
                phi_bar[i] += bar[i] * z
            for i in range(size - 1):
                ma_bar[i + 1] += bar[i] * v
                v_bar += ma[i + 1] * bar[i]
            for i in range(size - 1, 0, -1):
                bar[i] = bar[i - 1]
            bar[0] = -v_bar
            continue
        for i in range(size):
            for j in range(size):
                sums[i, j] += above[i, j]  # zero where tomorrow's P did not come from today's
        if kinds[t] == EXACT:
            _exact_adjoint(memory[t], above, below, bar, phi_bar, y[t] - mean, v, f, total, seen)
        else:
            missing = kinds[t] == MISSING
            first = -v if missing else y[t] - mean - v
            f_bar = _general_adjoint(
                memory[t], phi, above, below, bar, work, phi_bar, first, v, f, missing, total, seen
            )
            noise_bar += f_bar * noise[t]
        above, below = below, above
        linked = True
    for i in range(size):
        for j in range(size):
            ma_bar[i] += 2.0 * sums[i, j] * ma[j]
    return above, noise_bar


@compiled
def _exact_adjoint(p, above, below, bar, phi_bar, z, v, f, total, seen):
    """The adjoint of `_exact_step` and of its state: `above`, `bar` of tomorrow to `below`, `bar` of today."""
    size = bar.size
    f_bar = 0.5 / (seen * f) - 0.5 * v * v / (f * f * total)
    v_bar = v / (f * total)
    for i in range(size - 1):
        gain, along = p[i + 1, 0] / f, 0.0
        for j in range(size - 1):
            below[i + 1, j + 1] = above[i, j]
            along += above[i, j] * p[j + 1, 0]
        v_bar += gain * bar[i]
        f_bar += (along - bar[i] * v) * gain / f
        half = (0.5 * bar[i] * v - along) / f
        below[i + 1, 0] = half
        below[0, i + 1] = half
    below[0, 0] = f_bar
    for i in range(size):
        phi_bar[i] += bar[i] * z
    for i in range(size - 1, 0, -1):
        bar[i] = bar[i - 1]
    bar[0] = -v_bar


@compiled
def _general_adjoint(p, phi, above, below, bar, work, phi_bar, first, v, f, missing, total, seen):
    """The adjoint of `general_step` and of its state; returns the adjoint of F."""
    size = bar.size
    f_bar, v_bar, corner = 0.0, 0.0, 0.0
    if not missing:
        f_bar = 0.5 / (seen * f) - 0.5 * v * v / (f * f * total)
        v_bar = v / (f * total)
    for i in range(size):
        work[i] = phi[i] * p[0, 0] + (p[i + 1, 0] if i + 1 < size else 0.0)
    for i in range(size):
        half, along = 0.0, 0.0
        for j in range(size):
            half += above[i, j] * phi[j]
            along += above[i, j] * work[j]
        corner += phi[i] * half
        phi_bar[i] += 2.0 * along + bar[i] * first
        if not missing:
            gain_bar = (bar[i] * v - 2.0 * along) / f
            phi_bar[i] += gain_bar * p[0, 0]
            corner += gain_bar * phi[i]
            half += 0.5 * gain_bar
            f_bar += (along - bar[i] * v) * work[i] / (f * f)
            v_bar += work[i] * bar[i] / f
        if i + 1 < size:
            below[i + 1, 0] = half
            below[0, i + 1] = half
            for j in range(size - 1):
                below[i + 1, j + 1] = above[i, j]
    below[0, 0] = corner + f_bar
    new_first = -v_bar
    for i in range(size):
        new_first += phi[i] * bar[i]
    for i in range(size - 1, 0, -1):
        bar[i] = bar[i - 1]
    bar[0] = new_first
    return f_bar
