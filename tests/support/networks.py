"""Artificial US flights in silver's schema, with planted disruptions."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import polars as pl

from tarmac.tables.flights import FLIGHTS
from tarmac.tables.frames import schema_of

CARRIERS = ("AA", "DL", "UA", "WN", "OO", "B6")
NEAR_CHICAGO = ("ORD", "MDW", "MKE", "MSN", "GRR", "SBN", "FWA", "PIA")
AIRPORTS = (
    *NEAR_CHICAGO,
    *("JFK", "LGA", "EWR", "BOS", "PHL", "DCA", "ATL", "MCO", "MIA", "TPA", "DFW", "IAH", "AUS", "MSY", "DEN", "SLC"),
    *("LAS", "LAX", "SFO", "SAN", "SEA", "PDX", "PHX", "MSP"),
)
HUBS = {"AA": "DFW", "DL": "ATL", "UA": "DEN", "WN": "LAS", "OO": "SLC", "B6": "JFK"}
FIRST = dt.date(2009, 6, 1)
DAYS = 60


@dataclass(frozen=True, kw_only=True)
class Planted:
    """Flights to disrupt: this share of the flights of these carriers from these airports (empty: all) on these days.

    `minutes`: their delay; None: they are cancelled, with this code.
    """

    days: tuple[dt.date, ...]
    carriers: tuple[str, ...] = ()
    airports: tuple[str, ...] = ()
    share: float = 0.6
    minutes: float | None = None
    code: str = "A"


def month_of_flights(seed: int = 1, *, planted: tuple[Planted, ...] = ()) -> pl.DataFrame:
    """Two months of some 1,450 flights a day, of six carriers with a hub each, 1.5 % cancelled, with these disruptions."""
    rng = np.random.default_rng(seed)
    routes = [
        (carrier, origin, dest, int(rng.integers(5, 23)))
        for carrier in CARRIERS
        for origin in AIRPORTS
        for dest in rng.choice([a for a in AIRPORTS if a != origin], 24 if HUBS[carrier] == origin else 7)
    ]
    carrier, origin, dest, hour = (np.tile(np.array(values), DAYS) for values in zip(*routes, strict=True))
    size = carrier.size
    cancelled = rng.random(size) < 0.015
    late = rng.random(size) < 0.2
    delay = np.where(late, rng.gamma(1.5, 25.0, size), rng.normal(-3.0, 4.0, size)).round()
    frame = pl.DataFrame(
        {
            "fl_date": np.repeat(np.arange(DAYS), len(routes)),
            "op_carrier": carrier,
            "origin": origin,
            "dest": dest,
            "crs_dep_time": hour * 100,
            "dep_delay": delay,
            "cancelled": cancelled,
            "cancellation_code": rng.choice(["A", "B", "C"], size),
            "carrier_delay": np.where(delay >= 15, delay * 0.5, 0.0),
            "weather_delay": np.where(delay >= 15, delay * 0.1, 0.0),
            "nas_delay": np.where(delay >= 15, delay * 0.4, 0.0),
        }
    ).with_columns(fl_date=pl.lit(FIRST) + pl.duration(days=pl.col("fl_date")))
    for each in planted:
        frame = _plant(frame, each, rng)
    cancelled_now = pl.col("cancelled")
    return frame.with_columns(
        dep_delay=pl.when(~cancelled_now).then("dep_delay"),
        cancellation_code=pl.when(cancelled_now).then("cancellation_code"),
    ).select(*_typed(frame.columns))


def _typed(names: list[str]) -> list[pl.Expr]:
    return [
        (pl.col(name) if name in names else pl.lit(None)).cast(dtype).alias(name)
        for name, dtype in schema_of(FLIGHTS).items()
    ]


def _plant(frame: pl.DataFrame, each: Planted, rng: np.random.Generator) -> pl.DataFrame:
    hit = pl.col("fl_date").is_in(list(each.days)) & pl.lit(pl.Series(rng.random(frame.height) < each.share))
    for name, values in (("op_carrier", each.carriers), ("origin", each.airports)):
        if values:
            hit &= pl.col(name).is_in(list(values))
    if each.minutes is not None:
        more = pl.when(hit).then(each.minutes).otherwise(0.0)
        column = {"A": "carrier_delay", "B": "weather_delay", "C": "nas_delay"}[each.code]
        return frame.with_columns(pl.col("dep_delay") + more, pl.col(column) + more)
    # A quarter of the codes name another cause, as in real records.
    other = pl.lit(pl.Series(rng.random(frame.height) < 0.25))
    code = pl.when(hit & ~other).then(pl.lit(each.code)).otherwise("cancellation_code")
    return frame.with_columns(cancelled=pl.col("cancelled") | hit, cancellation_code=code)


def rows_by_id(frame: pl.DataFrame) -> Mapping[str, dict[str, object]]:
    """Disruptions by their ids."""
    return {row["event_id"]: row for row in frame.to_dicts()}
