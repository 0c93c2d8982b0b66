"""The adjoint of arima_likelihood's filter, run from the last day to the first; `_bar` marks an adjoint.

Rows hold a number or eight (lanes.py). The adjoint of a P (symmetric) is kept as its lower triangle, row i·r + j.
"""

from tarmac.detect.kernels.arima_likelihood import EXACT, MISSING, STEADY_STEP
from tarmac.detect.kernels.compiled import compiled
from tarmac.detect.kernels.lanes import like, put, rows, take


@compiled
def filter_adjoint(y, per_flight, phi, ma, room, mean, total, seen, phi_bar, ma_bar):
    """Run the filter's adjoint for ½ log(S/n) + Σ log F / 2n, S = Σ v²/F, from what the filter left in `room`.

    Adds to `phi_bar` and `ma_bar`; returns the adjoint of the start covariance and that of λ.
    """
    columns, inno, scale, kinds, plain, bars = room
    size, days = phi.shape[0], y.size
    above, sums = rows(phi, size * size), rows(phi, size * size)  # above: the adjoint of tomorrow's P
    work, zero, unit = rows(phi, 3 * size), like(phi, 0.0), like(phi, 1.0)
    lam_bar, linked = zero, False  # linked: tomorrow's P was used and came from today's
    share = unit / total
    for i in range(size):
        put(bars, days + i, zero)
    for t in range(days - 1, -1, -1):
        v = take(inno, 2 * t) - mean * take(inno, 2 * t + 1)
        put(plain, t, v)
        if kinds[t] == STEADY_STEP:
            if linked:
                _cut(above, sums)
                linked = False
            v_bar = v * share
            for i in range(size - 1):
                v_bar = v_bar + take(ma, i + 1) * take(bars, t + 1 + i)
            put(bars, t, zero - v_bar)
            continue
        missing = kinds[t] == MISSING
        by = zero if missing else unit / take(scale, t)
        f_bar = by * (0.5 / seen) - v * v * by * by * share * 0.5
        v_bar = v * by * share
        if kinds[t] == EXACT:
            _exact_adjoint(columns, t * size, above, sums, bars, t, work, v, by, f_bar, v_bar)
        else:
            first = zero - v if missing else y[t] - mean - v
            f_bar = _general_adjoint(
                columns, t * size, phi, above, sums, bars, t, work, phi_bar, first, v, by, f_bar, v_bar
            )
            lam_bar = lam_bar + f_bar * per_flight[t]
        linked = True
    _add_plain_days(y, mean, kinds, plain, bars, phi_bar, ma_bar)
    for i in range(size):
        for j in range(i + 1):
            put(ma_bar, i, take(ma_bar, i) + take(sums, i * size + j) * take(ma, j) * 2.0)
            if j < i:
                put(ma_bar, j, take(ma_bar, j) + take(sums, i * size + j) * take(ma, i) * 2.0)
    return above, lam_bar


@compiled
def _add_plain_days(y, mean, kinds, plain, bars, phi_bar, ma_bar):
    """Add what days seen without noise ask of φ, and steady ones of θ: sums of products at a lag."""
    size = phi_bar.shape[0]
    for i in range(size):
        by_phi, by_ma = take(phi_bar, i), like(phi_bar, 0.0)
        for t in range(y.size):
            if kinds[t] >= EXACT:
                bar = take(bars, t + 1 + i)
                by_phi = by_phi + bar * (y[t] - mean)
                if kinds[t] == STEADY_STEP:
                    by_ma = by_ma + bar * take(plain, t)
        put(phi_bar, i, by_phi)
        if i + 1 < size:
            put(ma_bar, i + 1, take(ma_bar, i + 1) + by_ma)


@compiled
def _cut(above, sums):
    for k in range(above.shape[0]):
        put(sums, k, take(sums, k) + take(above, k))
        put(above, k, like(above, 0.0))


@compiled
def _exact_adjoint(columns, first, above, sums, bars, day, along, v, by, f_bar, v_bar):
    """The adjoint of `exact_step` and of its state: `above` of tomorrow becomes that of today."""
    size = along.shape[0] // 3
    for i in range(size):
        put(along, i, like(bars, 0.0))
    for j in range(size):
        put(sums, (size - 1) * size + j, take(sums, (size - 1) * size + j) + take(above, (size - 1) * size + j))
    for i in range(size - 2, -1, -1):
        one, total = take(columns, first + i + 1), take(along, i)
        for j in range(i + 1):
            bent = take(above, i * size + j)
            put(sums, i * size + j, take(sums, i * size + j) + bent)
            put(above, (i + 1) * size + j + 1, bent)
            total = total + bent * take(columns, first + j + 1)
            if j < i:
                put(along, j, take(along, j) + bent * one)
        put(along, i, total)
    for i in range(size - 1):
        gain, moved = take(columns, first + i + 1) * by, take(bars, day + 1 + i) * v
        v_bar = v_bar + gain * take(bars, day + 1 + i)
        f_bar = f_bar + (take(along, i) - moved) * gain * by
        put(above, (i + 1) * size, (moved * 0.5 - take(along, i)) * by)
    put(above, 0, f_bar)
    put(bars, day, like(bars, 0.0) - v_bar)


@compiled
def _general_adjoint(columns, start, phi, above, sums, bars, day, work, phi_bar, first, v, by, f_bar, v_bar):
    """The adjoint of `general_step` and of its state; returns the adjoint of F."""
    size = phi.shape[0]
    corner, new_first = like(phi, 0.0), like(phi, 0.0)
    half, along = size, 2 * size  # places in `work`, after the gain
    for i in range(size):
        moved = take(phi, i) * take(columns, start)
        put(work, i, moved + take(columns, start + i + 1) if i + 1 < size else moved)
    for i in range(size):
        by_phi, by_gain = like(bars, 0.0), like(bars, 0.0)
        for j in range(size):
            bent = take(above, max(i, j) * size + min(i, j))
            by_phi, by_gain = by_phi + bent * take(phi, j), by_gain + bent * take(work, j)
        put(work, half + i, by_phi)
        put(work, along + i, by_gain)
    for i in range(size - 1, -1, -1):
        for j in range(i + 1):
            bent = take(above, i * size + j)
            put(sums, i * size + j, take(sums, i * size + j) + bent)
            if i + 1 < size:
                put(above, (i + 1) * size + j + 1, bent)
    for i in range(size):
        moved, bent = take(bars, day + 1 + i) * v, take(work, along + i)
        gain_bar = (moved - bent * 2.0) * by
        corner = corner + take(phi, i) * (take(work, half + i) + gain_bar)
        put(
            phi_bar,
            i,
            take(phi_bar, i) + bent * 2.0 + take(bars, day + 1 + i) * first + gain_bar * take(columns, start),
        )
        f_bar = f_bar + (bent - moved) * take(work, i) * by * by
        v_bar = v_bar + take(work, i) * take(bars, day + 1 + i) * by
        new_first = new_first + take(phi, i) * take(bars, day + 1 + i)
        if i + 1 < size:
            put(above, (i + 1) * size, take(work, half + i) + gain_bar * 0.5)
    put(above, 0, corner + f_bar)
    put(bars, day, new_first - v_bar)
    return f_bar


@compiled
def start_adjoint(phi, ma, bridge, product, adjoint, phi_bar, ma_bar, gamma_bar):
    """Add to the three gradients what the start covariance's adjoint asks of them."""
    size = phi.shape[0]
    bridge_bar = rows(phi, size * size)
    for i in range(size):
        for k in range(size):
            along, total = like(phi, 0.0), like(phi, 0.0)
            for j in range(size):
                bent = take(adjoint, max(i, j) * size + min(i, j))
                total = total + bent * take(product, j * size + k)
                along = along + bent * take(bridge, j * size + k)
            put(bridge_bar, i * size + k, total * 2.0)
            for j in range(size):
                lag = abs(k - j)
                put(gamma_bar, lag, take(gamma_bar, lag) + take(bridge, i * size + j) * along)
    for j in range(size - 2, -1, -1):
        for i in range(size):
            bent = take(bridge_bar, i * size + j + 1)
            put(phi_bar, i, take(phi_bar, i) + bent * take(bridge, j))
            put(bridge_bar, j, take(bridge_bar, j) + bent * take(phi, i))
            if i + 1 < size:
                put(bridge_bar, (i + 1) * size + j, take(bridge_bar, (i + 1) * size + j) + bent)
            put(phi_bar, j, take(phi_bar, j) - bent * take(ma, i))
            put(ma_bar, i, take(ma_bar, i) - bent * take(phi, j))
    for i in range(size):
        put(ma_bar, i, take(ma_bar, i) + take(bridge_bar, i * size))
