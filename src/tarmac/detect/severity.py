"""A day's lost flights, compared with what was expected, and its severity from 0 to 5.

One definition for airport-days, carrier-days and disruptions, for NumPy arrays and for Polars expressions. An unknown
operand (NaN in an array, null in an expression) gives an unknown result.

A delay counts as one lost flight per `LOST_FLIGHT_MINUTES`: a cancelled flight makes its passengers about five hours
late (303 minutes on average where they were disrupted: Bratu and Barnhart, An Analysis of Passenger Delays Using Flight
Operations and Passenger Booking Data, Air Traffic Control Quarterly 13, 2005). No late flight counts for more than one.

Severity follows from the share of the schedule that was lost, with limits in `CUTS`. `EXTRA_FLIGHTS` flights without a loss
are added to each day first: so one flight of two cancelled is not a disaster, and one flight more or less never changes the
share by more than a sixth. Each limit is about twice the one before: a fifth of a large airport's flights cancelled is 3.
"""

from typing import TypeVar

import polars as pl

from tarmac.detect.panel import FloatArray

LOST_FLIGHT_MINUTES = 300.0
"""Minutes of delay beyond the expected that count as much as one cancelled flight."""

EXTRA_FLIGHTS = 5.0
"""Flights without a loss that are added to each day before its lost share is computed."""

CUTS = (0.05, 0.10, 0.18, 0.35, 0.60)
"""The least lost shares of severity 1, 2, 3, 4 and 5; below the first it is 0."""

Amount = TypeVar("Amount", FloatArray, pl.Expr)


def excess_cancelled(cancelled: Amount, expected_cancelled: Amount) -> Amount:
    """Cancelled flights minus the expected number; negative on a day with fewer."""
    return cancelled - expected_cancelled


def excess_delay_minutes(mean_delay: Amount, expected_delay: Amount, departed: Amount) -> Amount:
    """Minutes of delay minus those expected of as many departures; negative on a day with less delay.

    Unknown if the mean delay is; callers fill the excess of a day without departures with 0.
    """
    return (mean_delay - expected_delay) * departed


def lost_flights(cancelled_above: Amount, minutes_above: Amount, departed: Amount) -> Amount:
    """Flights lost: the excess of cancellations, and the excess of delay in flights; neither is below 0.

    Args:
        cancelled_above: `excess_cancelled`.
        minutes_above: `excess_delay_minutes`.
        departed: flights that were not cancelled; delay counts for no more than all of them.
    """
    by_delay = (minutes_above / LOST_FLIGHT_MINUTES).clip(0.0, departed)
    lost: Amount = cancelled_above.clip(0.0, None) + by_delay
    return lost


def lost_share(lost: Amount, flights: Amount) -> Amount:
    """The share of the schedule that was lost, 0–1, with `EXTRA_FLIGHTS` flights without a loss added to it."""
    return lost / (flights + EXTRA_FLIGHTS)


def severity(share: Amount) -> Amount:
    """0 to 5 from `lost_share`: how many of `CUTS` it reaches."""
    first, *others = ((share >= cut) * 1.0 for cut in CUTS)
    # An unknown share reaches no cut as an array and is null as an expression: 0 × share keeps both unknown.
    return sum(others, first) + 0.0 * share
