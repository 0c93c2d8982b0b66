"""Makes artificial published tables, with seasons, storms, airports with few flights, and days without a mean."""

from collections.abc import Sequence
from datetime import UTC, date, datetime

import numpy as np
import polars as pl

from tarmac.tables.daily import CAUSES
from tarmac.tables.losses import LOSSES

BIG = (
    "ATL",
    "ORD",
    "DFW",
    "DEN",
    "LAX",
    "JFK",
    "SFO",
    "PHX",
    "LAS",
    "SEA",
    "MCO",
    "EWR",
    "BOS",
    "ANC",
    "HNL",
    "SJU",
    "GUM",
    "PPG",
)


def real_codes(n: int) -> list[str]:
    """`n` codes of US airports, the large ones first; always the same ones."""
    import airportsdata

    known = airportsdata.load("IATA")
    others = sorted(
        code for code, record in known.items() if record["country"] == "US" and "International" in record["name"]
    )
    more = sorted(code for code, record in known.items() if record["country"] == "US" and "Regional" in record["name"])
    return list(dict.fromkeys([*BIG, *others, *more]))[:n]


def make_published(codes: Sequence[str], years: Sequence[int] = (2009,), seed: int = 7) -> pl.DataFrame:
    """One row per airport and day: sizes decrease by rank, the last fifth skips days, a few days have no mean."""
    rng = np.random.default_rng(seed)
    days = np.concatenate([np.arange(date(y, 1, 1), date(y + 1, 1, 1), dtype="datetime64[D]") for y in years])
    n = len(days)
    season = 4 * np.cos(2 * np.pi * (np.arange(n) % 365) / 365) + np.where(np.arange(n) % 7 == 4, 3.0, 0.0)
    storms = rng.choice(n, size=max(3, n // 30), replace=False)
    frames = [_one(code, i / max(1, len(codes)), days, season, storms, rng) for i, code in enumerate(codes)]
    return pl.concat(frames).sample(fraction=1.0, shuffle=True, seed=seed)


def _one(code, rank, days, season, storms, rng):
    n = len(days)
    flights = np.maximum(1, rng.poisson(2 + 900 * np.exp(-9 * rank), n))
    noise = 2 + 14 / np.sqrt(flights)
    expected = 8 + season
    mean = expected + noise * rng.standard_normal(n)
    cancelled = rng.binomial(flights, 0.012)
    hit = np.isin(np.arange(n), storms[rng.random(len(storms)) < 0.12]) | (rng.random(n) < 0.003)
    mean = mean + hit * noise * rng.uniform(5, 15, n)
    cancelled = np.where(hit, rng.binomial(flights, rng.uniform(0, 0.5, n)), cancelled)
    low = ~hit & (rng.random(n) < 0.001)
    mean = mean - low * 5 * noise
    cancelled = np.where(hit & (rng.random(n) < 0.03), flights, cancelled)
    mean = np.where(cancelled == flights, np.nan, mean)
    kept = rng.random(n) < (0.7 if rank > 0.8 else 1.0)
    causes = {name: np.where(hit, rng.gamma(2.0, 40, n) * flights / 10, 0.0).round() for name in CAUSES}
    frame = pl.DataFrame(
        {
            "origin": [code] * n,
            "fl_date": days,
            "mean_dep_delay": mean.round(2),
            "flights": flights,
            "cancelled": cancelled,
            "departed": flights - cancelled,
            "cancelled_share": cancelled / flights,
            **causes,
            "excess_cancelled": cancelled - 0.012 * flights,
            "excess_delay_minutes": np.nan_to_num(mean - expected) * (flights - cancelled),
            "lost_flights": np.maximum(cancelled - 0.012 * flights, 0),
            "severity": np.digitize(cancelled / (flights + 5), (0.05, 0.1, 0.18, 0.35, 0.6)).astype(np.int16),
            "expected": expected,
            "lower": expected - 3 * noise,
            "upper": expected + 3 * noise,
            "anomaly_score": np.nan_to_num(np.abs(mean - expected) / noise) * np.log10(9 + flights)
            + 20 * cancelled / flights,
            "anomaly": (hit | low).astype(np.int16),
            "anomaly_if": (hit & (rng.random(n) < 0.7)).astype(np.int16),
            "anomaly_arima": (hit & (rng.random(n) < 0.5)).astype(np.int16),
        }
    ).filter(pl.Series(kept))
    return frame.with_columns(
        pl.col("mean_dep_delay").fill_nan(None),
        pl.format("{}{}", "origin", pl.col("fl_date").dt.strftime("%Y%m%d")).alias("id"),
        pl.lit("mean_dep_delay").alias("measure"),
        pl.lit("arima").alias("detector"),
        pl.when(pl.col("anomaly") == 1)
        .then(pl.when(pl.col("mean_dep_delay") < pl.col("expected")).then(pl.lit("low")).otherwise(pl.lit("high")))
        .alias("anomaly_direction"),
        pl.lit(datetime(2010, 1, 1, tzinfo=UTC)).alias("last_update"),
    )


def one_day(origin: str = "JFK", day: date = date(2013, 2, 8), **changes: object) -> dict[str, object]:
    """One published row of an ordinary day, with a test's changes."""
    return {
        "id": f"{origin}{day:%Y%m%d}",
        "origin": origin,
        "fl_date": day,
        "mean_dep_delay": 12.5,
        "flights": 300,
        "departed": 297,
        "cancelled": 3,
        "cancelled_share": 0.01,
        **dict.fromkeys(CAUSES),
        **dict.fromkeys(column.name for column in LOSSES),
        "detector": "arima",
        "measure": "mean_dep_delay",
        "expected": 10.0,
        "lower": 2.0,
        "upper": 21.0,
        "anomaly_score": 0.4,
        "anomaly": 0,
        "anomaly_direction": None,
        "anomaly_if": None,
        "anomaly_arima": None,
    } | changes


def to_published(*rows: dict[str, object]) -> pl.DataFrame:
    """The rows as a published table, typed also if all values are null."""
    texts = {"detector": pl.String, "measure": pl.String, "anomaly_direction": pl.String}
    numbers = dict.fromkeys(("expected", "lower", "upper", "anomaly_score", "mean_dep_delay", *CAUSES), pl.Float64)
    numbers |= dict.fromkeys((column.name for column in LOSSES), pl.Float64)
    flags = dict.fromkeys(("anomaly", "anomaly_if", "anomaly_arima"), pl.Int16)
    return pl.DataFrame(rows, schema_overrides={**texts, **numbers, **flags})
