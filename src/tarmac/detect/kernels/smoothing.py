"""Exponential smoothing of one series with a damped trend and weekdays, compiled."""

import numpy as np

from tarmac.detect.kernels.compiled import compiled

HUBER = 2.0
"""Values are clipped at this many standard deviations from their prediction before they update the state."""

FORGET = 0.05
"""The smoothing rate of the errors' running scale."""


@compiled
def smooth(y, weekdays, scale, rates, start_level, start_effect, predicted):
    """Fill `predicted` (days) and return the mean bounded squared error; NaN in `y` does not change the state.

    `rates`: of level, trend, weekday, and the trend's damping.
    """
    alpha, beta, gamma, damping = rates
    level, trend, running = start_level, 0.0, scale
    effect = start_effect.copy()
    total, seen = 0.0, 0
    for t in range(y.size):
        day = weekdays[t]
        ahead = level + damping * trend
        predicted[t] = ahead + effect[day]
        error = 0.0
        if not np.isnan(y[t]):
            raw = y[t] - predicted[t]
            error = min(max(raw, -HUBER * running), HUBER * running)
            # Of the bounded error, and never zero: after a week of equal days the next one must still count.
            running = max(np.sqrt((1.0 - FORGET) * running**2 + FORGET * error**2 * 1.3), 0.1 * scale)
            bounded = min(abs(raw) / scale, 3.0 * HUBER)
            total += bounded * bounded
            seen += 1
        trend = damping * trend + alpha * beta * error
        level = ahead + alpha * error
        effect[day] += gamma * (1.0 - alpha) * error
    return total / max(seen, 1)


@compiled
def best_rates(y, weekdays, scale, start_level, start_effect):
    """The rates with the least bounded squared one-step error on a grid."""
    predicted = np.empty(y.size)
    best, chosen = np.inf, np.array([0.1, 0.0, 0.0, 0.9])
    rates = np.array([0.0, 0.0, 0.0, 0.9])
    for alpha in (0.02, 0.05, 0.1, 0.2, 0.3, 0.5, 0.7):
        for beta in (0.0, 0.05, 0.2):
            for gamma in (0.0, 0.02, 0.05, 0.1, 0.2):
                rates[0], rates[1], rates[2] = alpha, beta, gamma
                error = smooth(y, weekdays, scale, rates, start_level, start_effect, predicted)
                if error < best:
                    best = error
                    chosen[:] = rates
    return chosen
