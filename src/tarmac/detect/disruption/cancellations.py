"""How improbable a day's cancellations are, given the airport and the number of flights.

The model is a beta-binomial: a day's cancellation share varies around the airport's level, and its flights are
cancelled with that probability. So one of two flights cancelled is weak evidence, fifty of a hundred strong.
"""

import numpy as np
from scipy import special

from tarmac.detect.panel import FloatArray, Panel

QUIET = 0.95
"""The share of days, those with the lowest cancelled share, from which the usual level is estimated."""

PRIOR_FLIGHTS = 500.0
"""Shrinkage: with this many flights, an airport's own level counts as much as the level of all airports."""

DAY_SIZE = 40.0
"""The beta's α + β: the ordinary day-to-day variation is as large as the sampling variation of 40 flights."""

NEGLIGIBLE = 23.0
"""Terms below e⁻²³ of the sum are ignored."""


def cancellation_scores(panel: Panel, level: FloatArray | None = None) -> FloatArray:
    """One-sided z-value, from 0 to about 38, of each day's cancellations; 0 if there are no more than usual, NaN without flights.

    `level`: the usual share, one column or one value per day; by default estimated from the whole panel.
    """
    flights, cancelled = panel.flights, panel.cancelled
    if level is None:
        level = usual_level(flights, cancelled)[:, None]
    alpha, beta = level * DAY_SIZE, (1.0 - level) * DAY_SIZE
    log_tail = np.full(panel.shape, np.nan)
    log_tail[flights > 0] = 0.0
    some = (flights > 0) & (cancelled > 0)
    log_tail[some] = log_upper_tail(
        cancelled[some],
        flights[some],
        np.broadcast_to(alpha, panel.shape)[some],
        np.broadcast_to(beta, panel.shape)[some],
    )
    return _z_of(log_tail)


def log_upper_tail(cancelled: FloatArray, flights: FloatArray, alpha: FloatArray, beta: FloatArray) -> FloatArray:
    """log P(X ≥ cancelled) of the beta-binomial, summed upwards from `cancelled` in logarithms."""
    total = np.full(cancelled.shape, -np.inf)
    base = -np.asarray(special.betaln(alpha, beta))
    usual = flights * alpha / (alpha + beta)
    count, open_ = cancelled.astype(np.float64), np.arange(cancelled.size)
    while open_.size:
        k, n, a, b = count[open_], flights[open_], alpha[open_], beta[open_]
        ways = special.gammaln(n + 1) - special.gammaln(k + 1) - special.gammaln(n - k + 1)
        term = base[open_] + ways + special.betaln(k + a, n - k + b)
        total[open_] = np.logaddexp(total[open_], term)
        # Beyond the usual number, terms only decrease: the sum ends when they no longer change it.
        still = (k < n) & ((k <= usual[open_]) | (term > total[open_] - NEGLIGIBLE))
        count[open_] += 1.0
        open_ = open_[still]
    return np.asarray(np.minimum(total, 0.0))


def usual_level(flights: FloatArray, cancelled: FloatArray) -> FloatArray:
    """Each airport's cancelled share on its quiet days, shrunk towards that of all airports if it has few flights."""
    share = np.where(flights > 0, cancelled / np.maximum(flights, 1.0), np.nan)
    quiet_flights, quiet_cancelled = np.zeros(len(flights)), np.zeros(len(flights))
    for airport, shares in enumerate(share):
        known = ~np.isnan(shares)
        if known.any():
            quiet = known & (shares <= np.quantile(shares[known], QUIET))
            quiet_flights[airport] = flights[airport, quiet].sum()
            quiet_cancelled[airport] = cancelled[airport, quiet].sum()
    all_flights = quiet_flights.sum()
    # Never zero, or the first cancellation after a year without any would be infinitely improbable.
    common = (quiet_cancelled.sum() + 0.5) / (all_flights + 100.0)
    return np.asarray((quiet_cancelled + PRIOR_FLIGHTS * common) / (quiet_flights + PRIOR_FLIGHTS))


def _z_of(log_tail: FloatArray) -> FloatArray:
    """The normal z-value with the same upper tail, from its logarithm; never below 0."""
    z = -special.ndtri_exp(np.minimum(log_tail, np.log(0.5)))
    return np.asarray(np.maximum(z, 0.0))
