"""The search over one order's parameters from eight starting points at once, compiled.

Quasi-Newton steps: Broyden, Fletcher, Goldfarb and Shanno, with the inverse Hessian; Nocedal and Wright (2006),
chapter 6. The first step is Gauss and Newton's, from the innovations' derivatives.
"""

from functools import cache
from threading import Lock
from typing import Any, NamedTuple

import numpy as np
from numba.core import types

from tarmac.detect.kernels.arima_adjoint import adjoint_of, start_adjoint
from tarmac.detect.kernels.arima_information import inverse_information
from tarmac.detect.kernels.arima_likelihood import DAYS, ROOM, ROWS, filter_of, start_covariance
from tarmac.detect.kernels.arima_parameters import coefficients_of, gradient_of
from tarmac.detect.kernels.compiled import call, compiled, native
from tarmac.detect.kernels.lanes import LANES, in_lanes, put, rows, take
from tarmac.detect.panel import FloatArray

ROUGH, FINE = 1e-2, 1e-4
"""The least expected gain in log-likelihood of a further step: while starts compete, and for the best of them."""

MOST_ROUGH_EVALUATIONS, MOST_EVALUATIONS = 14, 300

WORTH = 1e-4
"""The least gain in log-likelihood for an order's fit to be replaced."""

_ONE_AT_A_TIME = Lock()
"""A lock for compiling, because the airports' threads would otherwise compile the same functions in parallel."""


SERIES = types.Tuple((DAYS, DAYS, ROOM, types.int64[:, ::1]))
STEP = types.void(ROWS, types.int64, types.int64, SERIES, ROWS, ROWS)


def series_for(y: FloatArray, per_flight: FloatArray, max_p: int, max_q: int) -> tuple[Any, ...]:
    """The search's inputs: the series, work arrays for its filtering, and the addresses of the compiled functions.

    Row 0 of the addresses is for `objective` and `inverse_information`, row r for the filter and its adjoint.
    """
    most = max(max_p, max_q + 1)
    addresses = np.zeros((most + 1, 2), dtype=np.int64)
    with _ONE_AT_A_TIME:
        addresses[0] = [made.address for made in _steps()]
        for size in range(1, most + 1):
            addresses[size] = [made.address for made in _passes(size)]
    return y, per_flight, room_for(y.size, most), addresses


@cache
def _steps():
    return native(objective, STEP), native(inverse_information, STEP)


@cache
def _passes(size):
    return filter_of(size), adjoint_of(size)


class Way(NamedTuple):
    """The state of each lane's descent: its next trial, and what is known at its best point so far (`at`)."""

    trial: Any
    gradient: Any
    at: Any
    slopes: Any
    step: Any
    inverse: Any
    now: Any


VALUE, SLOPE, LENGTH, PROMISE, TRIES, FRESH, ANEW, RUNNING = range(8)
"""The rows of `now`: the best objective, the slope along the step and the step's length; the log-likelihood that the next
step should bring; how often the step was shortened; then 1 or 0: whether the inverse Hessian is still the information's,
whether it is to become that, and whether the lane goes on."""


@compiled
def room_for(days, size):
    """The arrays that the filter fills, for orders up to r = `size`, in its order."""
    kinds = np.zeros(days, dtype=np.int64)
    return rows(days * size), rows(2 * days), rows(days), rows(6), kinds


def objective(x, p, q, series, gradient, result):
    """½ log σ̂² + Σ log F / 2n at x, with the mean and the variance optimised; fills `gradient` if it has rows.

    x is p free AR, then q free MA parameters, then log λ if the noise (days) is not all zero: as many rows of eight,
    one parameter set per lane. `result` gets three rows: the objective, the mean and the variance.
    """
    y, per_flight, room, addresses = series
    phi, ma, gamma = coefficients_of(x, p, q)
    size = phi.shape[0]
    noisy = x.shape[0] > p + q
    bridge, product = rows(size * size), rows(size * size)
    start = start_covariance(phi, ma, gamma, bridge, product)
    model = rows(2 * size + 1 + start.shape[0])
    for i in range(size):
        put(model, i, take(phi, i))
        put(model, size + i, take(ma, i))
    for i in range(start.shape[0]):
        put(model, 2 * size + 1 + i, take(start, i))
    if noisy:
        for lane in range(LANES):
            model[2 * size, lane] = np.exp(x[p + q, lane])
    lam = take(model, 2 * size)
    call(addresses[size, 0], y, per_flight, model, room)
    sums = room[3]
    seen, mean = take(sums, 4), take(sums, 2) / take(sums, 3)
    put(result, 1, mean)
    put(result, 2, (take(sums, 1) - mean * take(sums, 2)) / seen)
    for lane in range(LANES):
        variance = result[2, lane]
        result[0, lane] = 0.5 * (np.log(variance) + sums[0, lane] / sums[4, lane]) if variance > 0.0 else np.inf
    if gradient.shape[0] > 0:
        call(addresses[size, 1], y, per_flight, model, room)
        phi_bar, ma_bar, gamma_bar = model[:size], model[size : 2 * size], rows(size)
        start_adjoint(phi, ma, bridge, product, model[2 * size + 1 :], phi_bar, ma_bar, gamma_bar)
        gradient_of(x, p, q, phi_bar, ma_bar, gamma_bar, gradient)
        if noisy:
            put(gradient, p + q, take(model, 2 * size) * lam)


def likelihood_at(x: FloatArray, p: int, q: int, series: tuple[Any, ...]) -> tuple[float, float, float, FloatArray]:
    """Return objective, mean, variance and gradient of one parameter set."""
    many, gradient, found = in_lanes(x), in_lanes(np.zeros(x.size)), in_lanes(np.zeros(3))
    _evaluate(many, p, q, series, gradient, found)
    return float(found[0, 0]), float(found[1, 0]), float(found[2, 0]), gradient[:, 0].copy()


@compiled
def _evaluate(x, p, q, series, gradient, found):
    call(series[3][0, 0], x, p, q, series, gradient, found)


def compete(
    starts: FloatArray, p: int, q: int, series: tuple[Any, ...], seen: int, known: float
) -> tuple[float, FloatArray]:
    """Descend from all starts (rows, at most LANES of them) in parallel, and then from the best to convergence.

    Returns the best objective and its free parameters; `known` and any start if nothing beats it.
    """
    running = np.arange(LANES) < len(starts)
    x = np.ascontiguousarray(starts[np.where(running, np.arange(LANES), 0)].T)
    best, value = _descend(x, running, p, q, series, seen, known)
    return value, x[:, best].copy()


@compiled
def _descend(x, running, p, q, series, seen, known):
    """Descend from the starts in the `running` lanes of x in parallel, and from the best one to convergence.

    Returns the best lane and its objective; `known` if no start beats that.
    """
    count = x.shape[0]
    way = Way(
        trial=rows(count),
        gradient=rows(count),
        at=x,
        slopes=rows(count),
        step=rows(count),
        inverse=rows(count * count),
        now=rows(8),
    )
    trial, now, found = way.trial, way.now, rows(3)
    for lane in range(LANES):
        now[RUNNING, lane] = now[ANEW, lane] = 1.0 if running[lane] else 0.0
        now[VALUE, lane] = now[PROMISE, lane] = np.inf
        for i in range(count):
            trial[i, lane] = x[i, lane]
    informed, competing, best = rows(count * count), True, 0
    for evaluation in range(1, MOST_EVALUATIONS + 1):
        call(series[3][0, 0], trial, p, q, series, way.gradient, found)
        if _any(now, RUNNING, ANEW, 0.0):
            call(series[3][0, 1], trial, p, q, series, found, informed)
        for lane in range(LANES):
            if now[RUNNING, lane] > 0.0:
                _advance(way, found[0, lane], informed, lane, seen)
        if competing and (evaluation == MOST_ROUGH_EVALUATIONS or not _any(now, RUNNING, PROMISE, ROUGH)):
            competing = False
            for lane in range(LANES):
                now[RUNNING, lane] = 0.0
                best = lane if now[VALUE, lane] < now[VALUE, best] else best
            if not now[VALUE, best] < known - WORTH / seen:
                return best, known
            # The curvature learnt from the steps may be misleading: restart from the information matrix.
            now[RUNNING, best] = now[ANEW, best] = 1.0
            for i in range(count):
                trial[i, best] = x[i, best]
        if not _any(now, RUNNING, RUNNING, 0.0):
            break
    return best, now[VALUE, best]


@compiled
def _any(now, row, other, least):
    """Whether any lane that is nonzero in one row has more than `least` in the other."""
    found = False
    for lane in range(LANES):
        found = found or (now[row, lane] > 0.0 and now[other, lane] > least)
    return found


@compiled
def _advance(way, new, informed, lane, seen):
    """Accept or reject a lane's trial, whose objective is `new`, and choose its next one.

    A step is shortened until it gains a ten-thousandth of what the slope predicts; if none does, the search restarts
    from the information matrix, once.
    """
    now, count = way.now, way.at.shape[0]
    length, slope = now[LENGTH, lane], now[SLOPE, lane]
    anew = now[ANEW, lane] > 0.0
    if anew or new <= now[VALUE, lane] + 1e-4 * length * slope:
        if anew:
            for i in range(count * count):
                way.inverse[i, lane] = informed[i, lane]
            now[FRESH, lane], now[ANEW, lane] = 1.0, 0.0
        elif _update(way, lane):
            now[FRESH, lane] = 0.0
        now[VALUE, lane], now[TRIES, lane] = new, 0.0
        for i in range(count):
            way.at[i, lane], way.slopes[i, lane] = way.trial[i, lane], way.gradient[i, lane]
        slope, longest = _turn(way, lane)
        now[SLOPE, lane], now[PROMISE, lane] = slope, -0.5 * slope * seen
        if not now[PROMISE, lane] > FINE:
            now[RUNNING, lane], now[PROMISE, lane] = 0.0, 0.0
        now[LENGTH, lane] = min(1.0, 2.0 / longest) if longest > 0.0 else 1.0
    elif now[TRIES, lane] < 10.0:
        bend = new - now[VALUE, lane] - length * slope
        shrink = -0.5 * length * slope / bend if np.isfinite(bend) else 0.1
        now[LENGTH, lane] *= min(max(shrink, 0.1), 0.6)
        now[TRIES, lane] += 1.0
    elif now[FRESH, lane] > 0.0:
        now[RUNNING, lane], now[PROMISE, lane] = 0.0, 0.0
    else:
        now[ANEW, lane], now[LENGTH, lane] = 1.0, 0.0
    for i in range(count):
        way.trial[i, lane] = way.at[i, lane] + now[LENGTH, lane] * way.step[i, lane]


@compiled
def _turn(way, lane):
    """Choose a lane's next direction; return the slope along it and its longest component."""
    count = way.at.shape[0]
    slope, longest = 0.0, 0.0
    for i in range(count):
        step = 0.0
        for j in range(count):
            step -= way.inverse[i * count + j, lane] * way.slopes[j, lane]
        way.step[i, lane] = step
        slope += step * way.slopes[i, lane]
        longest = max(longest, abs(step))
    return slope, longest


@compiled
def _update(way, lane):
    """Update a lane's inverse Hessian after Broyden, Fletcher, Goldfarb and Shanno; return whether the curvature allowed it."""
    count = way.at.shape[0]
    moved, bent, turned = np.empty(count), np.empty(count), np.zeros(count)
    curve, twice = 0.0, 0.0
    for i in range(count):
        moved[i], bent[i] = way.trial[i, lane] - way.at[i, lane], way.gradient[i, lane] - way.slopes[i, lane]
        curve += moved[i] * bent[i]
    if curve <= 1e-14:
        return False
    for i in range(count):
        for j in range(count):
            turned[i] += way.inverse[i * count + j, lane] * bent[j]
        twice += turned[i] * bent[i]
    for i in range(count):
        for j in range(count):
            change = (1.0 + twice / curve) * moved[i] * moved[j] - turned[i] * moved[j] - moved[i] * turned[j]
            way.inverse[i * count + j, lane] += change / curve
    return True
