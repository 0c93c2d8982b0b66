"""All orders of one series: which starts each order's search gets, and when.

Starts come from neighbouring orders, cut or filled with zeros, so that a larger order is never worse than a smaller
one inside it; from Hannan and Rissanen's regression; and from fits of lower order times a nearly cancelling pair of
factors. The orders are visited upwards, downwards and upwards again: an optimum found at one order is tried at all
orders around it. Exact likelihoods of ARMA models have many local optima, and one start, as most programs have,
misses the best of them at a tenth of the larger orders.
"""

import numpy as np

from tarmac.detect.panel import FloatArray

LOG_2PI_E = 1.0 + float(np.log(2.0 * np.pi))


def fit_orders(
    y: FloatArray, per_flight: FloatArray, max_p: int, max_q: int
) -> tuple[FloatArray, dict[tuple[int, int], FloatArray]]:
    """Fit orders 0…max_p × 0…max_q of a series that neither begins nor ends with NaN, the sign of a missing day.

    Returns the log-likelihoods (max_p + 1 × max_q + 1) and each order's free parameters, as kernels.arima_search
    takes them; the last one is log λ where `per_flight` (days) is not all zero.
    """
    from tarmac.detect.kernels.arima_grid import compete, factor_starts, lagged_products, regression_start, room_for

    seen = int((~np.isnan(y)).sum())
    extra = int(per_flight.any())
    rooms = {size: room_for(y.size, size) for size in range(1, max(max_p, max_q + 1) + 1)}
    products = lagged_products(y, max_p, max_q)
    values = np.full((max_p + 1, max_q + 1), np.inf)
    found: dict[tuple[int, int], FloatArray] = {}
    fresh: set[tuple[int, int]] = set()  # orders whose fit has changed since their neighbours tried it

    def improve(order: tuple[int, int], starts: list[FloatArray]) -> None:
        p, q = order
        series = (y, per_flight, rooms[max(p, q + 1)])
        value, x = compete(np.array(starts), p, q, series, seen, values[order])
        if value < values[order]:
            values[order], found[order] = value, x
            fresh.add(order)

    upwards = [(p, q) for p in range(max_p + 1) for q in range(max_q + 1)]
    for p, q in upwards:
        starts = [_refitted(found[near], near, (p, q)) for near in ((p - 1, q), (p, q - 1)) if near in found]
        regression = np.full(p + q + extra, -1.0)
        regression_start(products, max_p, p, q, regression)
        starts.append(regression)
        for degree in range(1, min(p, q, 2) + 1):
            series = (y, per_flight, rooms[max(p, q + 1)])
            starts.extend(factor_starts(found[p - degree, q - degree], p, q, degree, series))
        improve((p, q), starts)
    fresh.clear()
    for p, q in reversed(upwards):
        around = ((p + 1, q), (p, q + 1), (p + 1, q - 1), (p - 1, q + 1))
        improve((p, q), [_refitted(found[near], near, (p, q)) for near in around if near in found] or [found[p, q]])
    for p, q in upwards:
        changed = [near for near in ((p - 1, q), (p, q - 1)) if near in fresh]
        if changed:
            improve((p, q), [_refitted(found[near], near, (p, q)) for near in changed])
    return -seen * (values + 0.5 * LOG_2PI_E), found


def _refitted(x: FloatArray, order: tuple[int, int], wanted: tuple[int, int]) -> FloatArray:
    """An order's free parameters, cut or filled with zeros to another order."""
    (p, q), (to_p, to_q) = order, wanted
    ar, ma = np.zeros(to_p), np.zeros(to_q)
    ar[: min(p, to_p)] = x[: min(p, to_p)]
    ma[: min(q, to_q)] = x[p : p + min(q, to_q)]
    return np.concatenate((ar, ma, x[p + q :]))
