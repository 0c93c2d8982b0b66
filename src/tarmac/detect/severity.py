"""A day's lost flights, compared with what was expected, and its severity from 0 to 5.

One definition for airport-days, carriers' days and disruptions, on NumPy arrays and on Polars expressions alike. An unknown
operand (NaN in an array, null in an expression) gives an unknown result.

A delay counts as lost flights at `LOST_FLIGHT_MINUTES` a flight: a cancelled flight makes its passengers about five hours
late (303 minutes on average where they were disrupted: Bratu and Barnhart, An Analysis of Passenger Delays Using Flight
Operations and Passenger Booking Data, Air Traffic Control Quarterly 13, 2005). No late flight counts for more than one.

Severity is cut from the share of the schedule that was lost. `EXTRA_FLIGHTS` flights without any loss are added to each
day beforehand: so one flight of two cancelled is no disaster, and one flight more or less never changes the share by more
than a sixth. Each cut is about twice the one before it: a fifth of a large airport's flights cancelled is severity 3.
"""

from typing import TypeVar

import polars as pl

from tarmac.detect.panel import FloatArray

LOST_FLIGHT_MINUTES = 300.0
"""Minutes of delay beyond the expected that count as much as one cancelled flight."""

EXTRA_FLIGHTS = 5.0
"""Flights without any loss that are added to each day's before its lost share is cut."""

CUTS = (0.05, 0.10, 0.18, 0.35, 0.60)
"""The lost shares from which on severity is 1, 2, 3, 4 and 5; below the first it is 0."""

Amount = TypeVar("Amount", FloatArray, pl.Expr)


def excess_cancelled(cancelled: Amount, expected_cancelled: Amount) -> Amount:
    """Flights cancelled above what was expected; negative on a day with fewer."""
    return cancelled - expected_cancelled


def excess_delay_minutes(mean_delay: Amount, expected_delay: Amount, departed: Amount) -> Amount:
    """Minutes of delay above what was expected of as many departures; negative on a day with fewer.

    Unknown where the mean delay is; a day without departures has no delay, and its excess is to be filled with 0.
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
    """The share of the schedule that was lost, 0–1, `EXTRA_FLIGHTS` flights without a loss added to it."""
    return lost / (flights + EXTRA_FLIGHTS)


def severity(share: Amount) -> Amount:
    """0 to 5 from `lost_share`: how many of `CUTS` it reaches."""
    first, *others = ((share >= cut) * 1.0 for cut in CUTS)
    # An unknown share reaches no cut as an array and is null as an expression: 0 × share keeps both unknown.
    return sum(others, first) + 0.0 * share
