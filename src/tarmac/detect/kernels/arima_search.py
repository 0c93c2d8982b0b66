"""The search over one order's parameters from eight starting points at once, compiled.

Quasi-Newton steps: Broyden, Fletcher, Goldfarb and Shanno, with the inverse Hessian; Nocedal and Wright (2006),
chapter 6. The first one is Gauss and Newton's, from the innovations' slopes.
"""

from functools import cache
from threading import Lock
from typing import Any, NamedTuple

import numpy as np

from tarmac.detect.kernels.arima_adjoint import adjoint_of, start_adjoint
from tarmac.detect.kernels.arima_information import inverse_information
from tarmac.detect.kernels.arima_likelihood import filter_of, start_covariance
from tarmac.detect.kernels.arima_parameters import coefficients_of, gradient_of
from tarmac.detect.kernels.compiled import call, compiled
from tarmac.detect.kernels.lanes import LANES, put, rows, take
from tarmac.detect.panel import FloatArray

ROUGH, FINE = 1e-2, 1e-4
"""How much log-likelihood a further step must promise: while starts compete, and for the best of them."""

MOST_ROUGH_EVALUATIONS, MOST_EVALUATIONS = 14, 300

WORTH = 1e-4
"""How much log-likelihood must be gained for an order's fit to be replaced."""

_ONE_AT_A_TIME = Lock()
"""Held while passes are compiled: airports' threads would compile the same ones side by side."""


def series_for(y: FloatArray, per_flight: FloatArray, max_p: int, max_q: int) -> tuple[Any, ...]:
    """What the search takes: the series, room for its filtering, and by r the compiled passes' addresses."""
    most = max(max_p, max_q + 1)
    passes = np.zeros((most + 1, 2), dtype=np.int64)
    with _ONE_AT_A_TIME:
        for size in range(1, most + 1):
            passes[size] = [made.address for made in _passes(size)]
    return y, per_flight, room_for(y.size, most), passes


@cache
def _passes(size):
    return filter_of(size), adjoint_of(size)


class Way(NamedTuple):
    """Where each lane's descent is: what it tries next, and what is known at its best place so far.

    `promise`: the log-likelihood that the next step should bring; `fresh`: the inverse Hessian is still the information's.
    """

    trial: Any
    gradient: Any
    found: Any
    at: Any
    slopes: Any
    step: Any
    inverse: Any
    value: Any
    slope: Any
    length: Any
    promise: Any
    tries: Any
    fresh: Any
    anew: Any
    running: Any


@compiled
def room_for(days, size):
    """The arrays that the filter fills, for orders up to r = `size`, in its order."""
    wide, kinds = np.zeros((1, LANES)), np.zeros(days, dtype=np.int64)
    return rows(wide, days * size), rows(wide, 2 * days), rows(wide, days), rows(wide, 6), kinds


@compiled
def objective(x, p, q, series, gradient, result):
    """½ log σ̂² + Σ log F / 2n at x, the mean and the variance at their best; fills `gradient` where it has rows.

    x is p free AR, then q free MA parameters, then log λ where the noise (days) is not all zero: so many rows of eight,
    one parameter set a lane. `result` gets three rows: the objective, the mean and the variance.
    """
    y, per_flight, room, passes = series
    phi, ma, gamma = coefficients_of(x, p, q)
    size = phi.shape[0]
    noisy = x.shape[0] > p + q
    bridge, product = rows(x, size * size), rows(x, size * size)
    start = start_covariance(phi, ma, gamma, bridge, product)
    model = rows(x, 2 * size + 1 + start.shape[0])
    model[:size], model[size : 2 * size], model[2 * size + 1 :] = phi, ma, start
    if noisy:
        model[2 * size] = np.exp(x[p + q])
    lam = take(model, 2 * size)
    call(passes[size, 0], y, per_flight, model, room)
    sums = room[3]
    seen, mean = take(sums, 4), take(sums, 2) / take(sums, 3)
    put(result, 1, mean)
    put(result, 2, (take(sums, 1) - mean * take(sums, 2)) / seen)
    for lane in range(LANES):
        variance = result[2, lane]
        result[0, lane] = 0.5 * (np.log(variance) + sums[0, lane] / sums[4, lane]) if variance > 0.0 else np.inf
    if gradient.shape[0] > 0:
        call(passes[size, 1], y, per_flight, model, room)
        phi_bar, ma_bar, gamma_bar = model[:size], model[size : 2 * size], rows(x, size)
        start_adjoint(phi, ma, bridge, product, model[2 * size + 1 :], phi_bar, ma_bar, gamma_bar)
        gradient_of(x, p, q, phi_bar, ma_bar, gamma_bar, gradient)
        if noisy:
            put(gradient, p + q, take(model, 2 * size) * lam)


@compiled
def likelihood_at(x, p, q, series):
    """Return objective, mean, variance and gradient of one parameter set."""
    many, gradient, found = np.zeros((x.size, LANES)), np.zeros((x.size, LANES)), np.zeros((3, LANES))
    for i in range(x.size):
        many[i] = x[i]
    objective(many, p, q, series, gradient, found)
    return found[0, 0], found[1, 0], found[2, 0], gradient[:, 0].copy()


@compiled
def descend(x, running, p, q, series, seen, known):
    """Descend from the starts in the lanes of x that are `running`, side by side, and from the best one to its end.

    Returns the best lane and its objective; `known` where no start comes to beat that.
    """
    count = x.shape[0]
    way = Way(
        trial=rows(x, count),
        gradient=rows(x, count),
        found=rows(x, 3),
        at=x,
        slopes=rows(x, count),
        step=rows(x, count),
        inverse=rows(x, count * count),
        value=np.full(LANES, np.inf),
        slope=np.zeros(LANES),
        length=np.zeros(LANES),
        promise=np.full(LANES, np.inf),
        tries=np.zeros(LANES, dtype=np.int64),
        fresh=np.zeros(LANES, dtype=np.bool_),
        anew=running.copy(),
        running=running,
    )
    way.trial[:] = x
    informed, competing, best = rows(x, count * count), True, 0
    for evaluation in range(1, MOST_EVALUATIONS + 1):
        objective(way.trial, p, q, series, way.gradient, way.found)
        if (way.anew & running).any():
            inverse_information(way.trial, p, q, series, take(way.found, 1), informed)
        for lane in range(LANES):
            if running[lane]:
                _advance(way, informed, lane, seen)
        if competing and (evaluation == MOST_ROUGH_EVALUATIONS or not (running & (way.promise > ROUGH)).any()):
            competing, best = False, int(np.argmin(way.value))
            if not way.value[best] < known - WORTH / seen:
                return best, known
            running[:] = False
            # What the steps have taught of the curvature may mislead: from here on, anew from the information.
            running[best], way.anew[best], way.trial[:, best] = True, True, x[:, best]
        if not running.any():
            break
    return best, way.value[best]


@compiled
def _advance(way, informed, lane, seen):
    """Take or refuse a lane's trial, and choose its next one.

    A step is shortened until it brings a ten-thousandth of what the slope promises; where none does, the search starts
    anew from the information, once.
    """
    count, new = way.at.shape[0], way.found[0, lane]
    length, slope = way.length[lane], way.slope[lane]
    if way.anew[lane] or new <= way.value[lane] + 1e-4 * length * slope:
        if way.anew[lane]:
            way.inverse[:, lane] = informed[:, lane]
            way.fresh[lane], way.anew[lane] = True, False
        elif _update(way, lane):
            way.fresh[lane] = False
        way.value[lane], way.tries[lane] = new, 0
        way.at[:, lane] = way.trial[:, lane]
        way.slopes[:, lane] = way.gradient[:, lane]
        slope, longest = _turn(way, lane)
        way.slope[lane], way.promise[lane] = slope, -0.5 * slope * seen
        if not way.promise[lane] > FINE:
            way.running[lane], way.promise[lane] = False, 0.0
        way.length[lane] = min(1.0, 2.0 / longest) if longest > 0.0 else 1.0
    elif way.tries[lane] < 10:
        bend = new - way.value[lane] - length * slope
        shrink = -0.5 * length * slope / bend if np.isfinite(bend) else 0.1
        way.length[lane] *= min(max(shrink, 0.1), 0.6)
        way.tries[lane] += 1
    elif way.fresh[lane]:
        way.running[lane], way.promise[lane] = False, 0.0
    else:
        way.anew[lane], way.length[lane] = True, 0.0
    for i in range(count):
        way.trial[i, lane] = way.at[i, lane] + way.length[lane] * way.step[i, lane]


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
    """Update a lane's inverse Hessian after Broyden, Fletcher, Goldfarb and Shanno; return whether the curvature let it."""
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
