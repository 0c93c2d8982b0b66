"""Who and why by other methods, to compare with: airport-days joined, Adtributor and RiskLoc. Pure.

Adtributor: Bhagwan and others, Adtributor: Revenue Debugging in Advertising Systems, NSDI 2014. RiskLoc: Kalander, RiskLoc:
Localization of Multi-dimensional Root Causes by Weighted Risk, 2022. Both are written from the papers, read lost flights by
carrier and airport with what was expected of them, and are told on which days to look. Neither names a cause: the one that
most records of the flights name is taken.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
import polars as pl

from tarmac.detect.panel import BoolArray, FloatArray
from tarmac.detect.severity import LOST_FLIGHT_MINUTES
from tarmac.evaluate.truths import TOLD
from tarmac.explanation.causes import CAUSE_WORDS
from tarmac.explanation.distances import near_each_other
from tarmac.explanation.expected import Expected
from tarmac.explanation.routes import Indices, Routes

LEAST_POWER, ENOUGH_POWER = 0.10, 0.67
"""Adtributor's thresholds: what one element must explain of the change, and what its set must."""

LEAST_RISK, LEAST_EXPLAINED = 0.5, 0.02
"""RiskLoc's thresholds: an element's risk, and the share of the change that it must explain."""

Told = dict[str, object]


@dataclass(frozen=True, kw_only=True)
class Leaves:
    """Some days' lost flights and what was expected of them, one entry per carrier and airport (positions in the routes)."""

    carrier: Indices
    origin: Indices
    actual: FloatArray
    expected: FloatArray


def leaves_of(routes: Routes, expected: Expected, days: range) -> Leaves:
    """The leaves of some days; lost are cancelled flights, and 300 minutes of delay count as one."""
    chosen = slice(routes.starts[max(days.start, 0)], routes.starts[min(days.stop, routes.days)])
    cells, cell = np.unique(routes.carrier[chosen] * len(routes.airports) + routes.origin[chosen], return_inverse=True)
    actual = (routes.cancelled + routes.late_minutes / LOST_FLIGHT_MINUTES)[chosen]
    usual = (expected.cancelled + expected.late_minutes / LOST_FLIGHT_MINUTES)[chosen]
    carrier, origin = np.divmod(cells, len(routes.airports))
    return Leaves(
        carrier=carrier,
        origin=origin,
        actual=np.asarray(np.bincount(cell, weights=actual, minlength=cells.size), np.float64),
        expected=np.asarray(np.bincount(cell, weights=usual, minlength=cells.size), np.float64),
    )


def adtributor(leaves: Leaves) -> BoolArray:
    """The leaves of the dimension, and of its elements, that surprise most and explain enough of the change."""
    best, most = np.zeros(leaves.actual.size, bool), -np.inf
    change = leaves.actual.sum() - leaves.expected.sum()
    for place in (leaves.carrier, leaves.origin):
        actual, usual = np.bincount(place, weights=leaves.actual), np.bincount(place, weights=leaves.expected)
        surprise = _surprise(usual / usual.sum(), actual / max(actual.sum(), 1e-9))
        power = (actual - usual) / change
        chosen: list[int] = []
        for element in np.argsort(-surprise, kind="stable"):
            if power[element] >= LEAST_POWER:
                chosen.append(int(element))
            if power[chosen].sum() >= ENOUGH_POWER:
                break
        if power[chosen].sum() >= ENOUGH_POWER and surprise[chosen].sum() > most:
            best, most = np.isin(place, chosen), float(surprise[chosen].sum())
    return best


def _surprise(usual: FloatArray, actual: FloatArray) -> FloatArray:
    """Each element's part of the Jensen-Shannon divergence of two distributions."""
    mean = (usual + actual) / 2
    with np.errstate(divide="ignore", invalid="ignore"):
        parts = [np.where(each > 0, each * np.log(each / mean), 0.0) for each in (usual, actual)]
    return np.asarray((parts[0] + parts[1]) / 2)


def riskloc(leaves: Leaves) -> list[BoolArray]:
    """Leaves of each root cause: the element, of one dimension or of both, with most risk, again and again."""
    deviation = 2 * (leaves.actual - leaves.expected) / np.maximum(leaves.actual + leaves.expected, 1e-9)
    # The other side's extreme, a few outliers left out. Leaves that seldom lose a flight deviate by chance as far as can be.
    known = leaves.expected >= np.quantile(leaves.expected, 0.9)
    cut = float(np.clip(-np.quantile(deviation[known], 0.05), 0.2, 1.0))
    weight = np.minimum(np.abs(deviation - cut), 1.0)
    change = leaves.actual.sum() - leaves.expected.sum()
    rest, found = np.ones(deviation.size, bool), []
    cell = np.arange(deviation.size)
    for _ in range(10):
        risk, element = max(
            (
                _riskiest(leaves, place, rest, deviation > cut, weight, change)
                for place in (leaves.carrier, leaves.origin)
            ),
            key=lambda each: each[0],
        )
        if risk < LEAST_RISK:
            risk, element = _riskiest(leaves, cell, rest, deviation > cut, weight, change)
        if risk < LEAST_RISK:
            break
        found.append(element)
        rest &= ~element
    return found


def _riskiest(
    leaves: Leaves, place: Indices, rest: BoolArray, abnormal: BoolArray, weight: FloatArray, change: float
) -> tuple[float, BoolArray]:
    """The risk of the dimension's riskiest element, and its leaves."""
    size = int(place.max()) + 1

    def total(values: FloatArray, where: BoolArray) -> FloatArray:
        return np.asarray(np.bincount(place[where], weights=values[where], minlength=size), np.float64)

    bad, good = total(weight, rest & abnormal), total(weight, rest & ~abnormal)
    actual, usual = total(leaves.actual, rest), total(leaves.expected, rest)
    ripple = leaves.expected * (actual / np.maximum(usual, 1e-9))[place]
    missed = 2 * np.abs(leaves.actual - ripple) / np.maximum(leaves.actual + ripple, 1e-9)
    risk = bad / (bad + good + 1) - total(missed * weight, rest) / np.maximum(total(weight, rest), 1e-9) * good / (
        bad + good + 1
    )
    risk[(actual - usual) < LEAST_EXPLAINED * change] = -np.inf
    best = int(np.argmax(risk))
    return float(risk[best]), rest & (place == best)


def told_of(routes: Routes, leaves: Leaves, chosen: BoolArray, days: range) -> Told:
    """A root cause in the words of `truths.TOLD`: of carriers where it is one's flights alone at any of their airports."""
    carriers, origins = np.unique(leaves.carrier[chosen]), np.unique(leaves.origin[chosen])
    of_carriers = np.isin(leaves.carrier, carriers)
    whole_places = chosen.sum() == np.isin(leaves.origin, origins).sum()
    whole_carriers = chosen.sum() == of_carriers.sum()
    by_carrier = not whole_places and (whole_carriers or carriers.size <= origins.size)
    everywhere = whole_places and chosen.all()
    scope = "carrier" if origins.size > 1 else "carrier_at_airport"
    if not by_carrier:
        scope = "nation" if everywhere else "region" if origins.size > 1 else "airport"
    return {
        "scope": scope,
        "carriers": ",".join(routes.carriers[c] for c in carriers) if by_carrier else "",
        "origins": ",".join(routes.airports[o] for o in origins),
        "start_date": routes.dates[days.start].astype(object),
        "end_date": routes.dates[days.stop - 1].astype(object),
        "cause": _named(routes, carriers if by_carrier else None, origins, days),
    }


def _named(routes: Routes, carriers: Indices | None, origins: Indices, days: range) -> str | None:
    """What most of the records name, late aircraft left out."""
    chosen = slice(routes.starts[days.start], routes.starts[days.stop])
    mine = np.isin(routes.origin[chosen], origins)
    if carriers is not None:
        mine &= np.isin(routes.carrier[chosen], carriers)
    named = routes.codes[chosen][mine].sum(axis=0) + routes.causes[chosen][mine].sum(axis=0) / LOST_FLIGHT_MINUTES
    return CAUSE_WORDS[int(np.argmax(named))] if named.sum() > 0 else None


def with_days_told(routes: Routes, expected: Expected, truth: pl.DataFrame, method: str) -> pl.DataFrame:
    """What Adtributor or RiskLoc tells of the days of each true disruption."""
    told = []
    for start, end in sorted(set(truth.select("start_date", "end_date").iter_rows())):
        first = int((np.datetime64(start) - routes.dates[0]).astype(np.int64))
        days = range(first, first + (end - start).days + 1)
        leaves = leaves_of(routes, expected, days)
        subsets: Iterable[BoolArray] = [adtributor(leaves)] if method == "Adtributor" else riskloc(leaves)
        told += [told_of(routes, leaves, chosen, days) for chosen in subsets if chosen.any()]
    return to_told(told)


def joined_days(routes: Routes, flagged: pl.DataFrame, coordinates: Mapping[str, tuple[float, float]]) -> pl.DataFrame:
    """Flagged airport-days (`origin`, `fl_date`) that are near each other on the same day, or the same airport's on the next."""
    near = near_each_other(routes.airports, coordinates)
    position = {code: number for number, code in enumerate(routes.airports)}
    open_groups: list[tuple[set[int], int, int]] = []
    closed: list[tuple[set[int], int, int]] = []
    days = flagged.with_columns(day=(pl.col("fl_date") - routes.dates[0].astype(object)).dt.total_days())
    for (number,), rows in days.sort("day", "origin").group_by("day", maintain_order=True):
        day, today = int(str(number)), list[set[int]]()
        for place in (position[code] for code in rows["origin"]):
            joined = [group for group in today if any(near[place, other] for other in group)]
            today = [group for group in today if group not in joined] + [{place}.union(*joined)]
        groups = []
        for group in today:
            before = [each for each in open_groups if each[2] == day - 1 and each[0] & group]
            open_groups = [each for each in open_groups if each not in before]
            start = min([day, *(each[1] for each in before)])
            groups.append((group.union(*(each[0] for each in before)), start, day))
        closed += open_groups
        open_groups = groups
    told = []
    for group, first, last in closed + open_groups:
        origins = np.array(sorted(group))
        told.append(
            {
                "scope": "region" if origins.size > 1 else "airport",
                "carriers": "",
                "origins": ",".join(routes.airports[place] for place in origins),
                "start_date": routes.dates[first].astype(object),
                "end_date": routes.dates[last].astype(object),
                "cause": _named(routes, None, origins, range(first, last + 1)),
            }
        )
    return to_told(told)


def to_told(rows: list[Told]) -> pl.DataFrame:
    """Rows of `truths.TOLD`."""
    dates = {"start_date": pl.Date, "end_date": pl.Date}
    return pl.DataFrame(rows, schema={name: dates.get(name, pl.String) for name in TOLD}, orient="row")
