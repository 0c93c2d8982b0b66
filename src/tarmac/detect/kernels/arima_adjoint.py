"""The adjoint of arima_likelihood's filter, run from the last day to the first; `_bar` marks an adjoint.

The adjoint of a P (symmetric) is kept as its lower triangle, as P is. `later` are the adjoints of the next r days' first
state: the state's own, since the transition only shifts it but for what φ and the gain add.
"""

from tarmac.detect.kernels.arima_likelihood import EXACT, MISSING, PASS, STEADY_STEP, at, nothing
from tarmac.detect.kernels.compiled import compiled, native
from tarmac.detect.kernels.lanes import everywhere, put, rows, take
from tarmac.detect.kernels.unrolled import put_all, take_all, total, unrolled


def adjoint_of(size):
    """Compile the filter's adjoint for one size of the state.

    It runs the adjoint of ½ log(S/n) + Σ log F / 2n, S = Σ v²/F, from what the filter left in `room`, and writes over
    `model` the adjoints of φ, R, λ and the start covariance, in their places.
    """
    numbers, triangle = (0.0,) * size, (0.0,) * (size * (size + 1) // 2)

    def arima_adjoint(y, per_flight, model, room):
        columns, inno, scale, sums, kinds = room
        phi, ma = take_all(model, 0, numbers), take_all(model, size, numbers)
        zero, unit = everywhere(0.0), everywhere(1.0)
        mean = take(sums, 2) / take(sums, 3)
        share = unit / (take(sums, 1) - mean * take(sums, 2))
        half = 0.5 / take(sums, 4)
        later, phi_bar, ma_bar, lam_bar = nothing(phi), nothing(phi), nothing(phi), zero
        above = past = nothing(take_all(model, 2 * size + 1, triangle))  # above: the adjoint of tomorrow's P
        linked = False  # tomorrow's P was used and came from today's
        for t in range(y.size - 1, -1, -1):
            v = take(inno, 2 * t) - mean * take(inno, 2 * t + 1)
            if kinds[t] == STEADY_STEP:
                if linked:
                    past, above, linked = added(past, above), nothing(above), False
                later, phi_bar, ma_bar = steady_adjoint(ma, later, phi_bar, ma_bar, v, y[t] - mean, share)
                continue
            column, linked = take_all(columns, t * size, numbers), True
            past = added(past, above)
            missing = kinds[t] == MISSING
            by = zero if missing else unit / take(scale, t)
            if kinds[t] == EXACT:
                above, later, phi_bar = exact_adjoint(column, above, later, phi_bar, v, y[t] - mean, by, share, half)
            else:
                first = zero - v if missing else y[t] - mean - v
                f_bar, above, later, phi_bar = other_adjoint(
                    phi, column, above, later, phi_bar, v, first, by, share, half
                )
                lam_bar = lam_bar + f_bar * per_flight[t]
        put_all(model, 0, phi_bar)
        put_all(model, size, from_settled(ma, past, ma_bar))
        put(model, 2 * size, lam_bar)
        put_all(model, 2 * size + 1, above)

    return native(arima_adjoint, PASS)


@unrolled
def added(left, right):
    """Number by number."""
    return [a + b for a, b in zip(left, right, strict=True)]


@unrolled
def steady_adjoint(ma, later, phi_bar, ma_bar, v, value, share):
    """The adjoint of `steady_day`: the adjoints of the states from today on, and of φ and R."""
    v_bar = v * share + total(theta * bar for theta, bar in zip(ma[1:], later, strict=False))
    return (
        [-1.0 * v_bar, *later[:-1]],
        [bar + each * value for bar, each in zip(phi_bar, later, strict=True)],
        [ma_bar[0], *(bar + each * v for bar, each in zip(ma_bar[1:], later, strict=False))],
    )


@unrolled
def exact_adjoint(column, above, later, phi_bar, v, value, by, share, half):
    """The adjoint of `exact_day`: the adjoints of today's P, of the states from today on, and of φ."""
    size = len(column)
    f_bar, v_bar = _direct(v, by, share, half)
    first = []
    for i in range(size - 1):
        along = total(above[at(i, j)] * column[j + 1] for j in range(size - 1))
        gain, moved = column[i + 1] * by, later[i] * v
        v_bar = v_bar + gain * later[i]
        f_bar = f_bar + (along - moved) * gain * by
        first.append((moved * 0.5 - along) * by)
    today = [
        f_bar if i == 0 else first[i - 1] if j == 0 else above[at(i - 1, j - 1)]
        for i in range(size)
        for j in range(i + 1)
    ]
    return today, [-1.0 * v_bar, *later[:-1]], [bar + each * value for bar, each in zip(phi_bar, later, strict=True)]


@unrolled
def other_adjoint(phi, column, above, later, phi_bar, v, first, by, share, half):
    """The adjoint of `other_day`: those of F, of today's P, of the states from today on, and of φ."""
    size = len(phi)
    f_bar, v_bar = _direct(v, by, share, half)
    gain = [phi[i] * column[0] + (column[i + 1] if i + 1 < size else 0.0) for i in range(size)]
    corner, new_first, below, phis = 0.0, 0.0, [], []
    for i in range(size):
        by_phi = total(above[at(i, j)] * phi[j] for j in range(size))
        along = total(above[at(i, j)] * gain[j] for j in range(size))
        moved = later[i] * v
        gain_bar = (moved - along * 2.0) * by
        corner = corner + phi[i] * (by_phi + gain_bar)
        phis.append(phi_bar[i] + along * 2.0 + later[i] * first + gain_bar * column[0])
        f_bar = f_bar + (along - moved) * gain[i] * by * by
        v_bar = v_bar + gain[i] * later[i] * by
        new_first = new_first + phi[i] * later[i]
        below.append(by_phi + gain_bar * 0.5)
    today = [
        corner + f_bar if i == 0 else below[i - 1] if j == 0 else above[at(i - 1, j - 1)]
        for i in range(size)
        for j in range(i + 1)
    ]
    return f_bar, today, [new_first - v_bar, *later[:-1]], phis


def _direct(v, by, share, half):
    """What the objective itself asks of F and of the innovation."""
    return by * half - v * v * by * by * share * 0.5, v * by * share


@unrolled
def from_settled(ma, past, ma_bar):
    """R's adjoint with what R R' in all days' P asks of it."""
    return [bar + total(past[at(i, j)] * each for j, each in enumerate(ma)) * 2.0 for i, bar in enumerate(ma_bar)]


@compiled
def start_adjoint(phi, ma, bridge, product, adjoint, phi_bar, ma_bar, gamma_bar):
    """Add to the three gradients what the start covariance's adjoint asks of them."""
    size = phi.shape[0]
    bridge_bar = rows(size * size)
    for i in range(size):
        for k in range(size):
            along, total = everywhere(0.0), everywhere(0.0)
            for j in range(size):
                bent = take(adjoint, max(i, j) * (max(i, j) + 1) // 2 + min(i, j))
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
