"""The search over all orders of one series: the starting points of each order, and their sequence.

Starts come from neighbouring orders, truncated or padded with zeros, so that a larger order is never worse than a smaller
one that it contains; from Hannan and Rissanen's regression; and from fits of lower order times a nearly cancelling pair of
factors. An order's starts, at most eight, are optimised in parallel (kernels/lanes.py). The orders are visited
upwards, downwards and upwards again: an optimum found at one order is tried at all orders around it. Exact likelihoods
of ARMA models have many local optima, and a single start, as in most programs, misses the best one for a tenth of the
larger orders.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from tarmac.detect.panel import FloatArray

Order = tuple[int, int]

LOG_2PI_E = 1.0 + float(np.log(2.0 * np.pi))


def fit_orders(
    y: FloatArray, per_flight: FloatArray, max_p: int, max_q: int
) -> tuple[FloatArray, dict[Order, FloatArray]]:
    """Fit orders 0…max_p × 0…max_q of a series that neither begins nor ends with NaN (a missing day).

    Returns the log-likelihoods (max_p + 1 × max_q + 1) and each order's free parameters, in the form of
    kernels.arima_search; the last one is log λ if `per_flight` (days) is not all zero.
    """
    from tarmac.detect.kernels.arima_search import series_for

    series, seen = series_for(y, per_flight, max_p, max_q), int((~np.isnan(y)).sum())
    grid = _Grid(series=series, values=np.full((max_p + 1, max_q + 1), np.inf), seen=seen)
    upwards = [(p, q) for p in range(max_p + 1) for q in range(max_q + 1)]
    regressions = _regressions(y, upwards, extra=int(per_flight.any()))
    for p, q in upwards:
        below = grid.refitted((p, q), ((p - 1, q), (p, q - 1)))
        grid.improve((p, q), [*below, regressions[p, q], *grid.with_factors((p, q))])
    for p, q in reversed(upwards):
        around = ((p + 1, q), (p, q + 1), (p + 1, q - 1), (p - 1, q + 1), (p + 1, q + 1), (p - 1, q), (p, q - 1))
        grid.improve((p, q), grid.refitted((p, q), around))
    for p, q in upwards:
        below = grid.refitted((p, q), ((p - 1, q), (p, q - 1)))
        grid.improve((p, q), [*below, *grid.with_factors((p, q))])
    return -grid.seen * (grid.values + 0.5 * LOG_2PI_E), grid.found


@dataclass(kw_only=True)
class _Grid:
    """The best fits so far; `tried`: which fit of which order has been used as a start for which other."""

    series: tuple[Any, ...]
    values: FloatArray
    seen: int
    found: dict[Order, FloatArray] = field(default_factory=dict)
    tried: dict[tuple[Order, Order], FloatArray] = field(default_factory=dict)

    def improve(self, order: Order, starts: Sequence[FloatArray]) -> None:
        from tarmac.detect.kernels.arima_search import compete

        if not starts:
            return
        value, x = compete(np.array(starts), *order, self.series, self.seen, self.values[order])
        if value < self.values[order]:
            self.values[order], self.found[order] = value, x

    def untried(self, order: Order, near: Iterable[Order]) -> list[Order]:
        """The orders whose current fit has not been tried as a start for this one."""
        new = [other for other in near if self.found.get(other) is not self.tried.get((order, other))]
        self.tried.update({(order, other): self.found[other] for other in new})
        return new

    def refitted(self, order: Order, near: Iterable[Order]) -> list[FloatArray]:
        return [_refitted(self.found[other], other, order) for other in self.untried(order, near)]

    def with_factors(self, order: Order) -> list[FloatArray]:
        """The best starts with one and with two more roots in each part; more of the latter, which succeed more often."""
        from tarmac.detect.kernels.arima_grid import factor_starts

        p, q = order
        smaller = self.untried(order, [(p - degree, q - degree) for degree in range(1, min(p, q, 2) + 1)])
        return [
            start
            for low in smaller
            for start in factor_starts(self.found[low], p, q, p - low[0], self.series, p - low[0] + 1)
        ]


def _regressions(y: FloatArray, orders: Sequence[Order], *, extra: int) -> dict[Order, FloatArray]:
    """Each order's start from the regression."""
    from tarmac.detect.kernels.arima_grid import lagged_products, regression_start

    max_p, max_q = max(p for p, _ in orders), max(q for _, q in orders)
    products = lagged_products(y, max_p, max_q)
    starts = {(p, q): np.full((p + q + extra, 1), -1.0) for p, q in orders}
    for (p, q), start in starts.items():
        regression_start(products, max_p, p, q, start)
    return {order: start[:, 0] for order, start in starts.items()}


def _refitted(x: FloatArray, order: Order, wanted: Order) -> FloatArray:
    """An order's free parameters, truncated or padded with zeros for another order."""
    (p, q), (to_p, to_q) = order, wanted
    ar, ma = np.zeros(to_p), np.zeros(to_q)
    ar[: min(p, to_p)] = x[: min(p, to_p)]
    ma[: min(q, to_q)] = x[p : p + min(q, to_q)]
    return np.concatenate((ar, ma, x[p + q :]))
