"""Anomalies planted in real flights: on chosen airport-days, a share of the flights is delayed or cancelled by hand.

A day is chosen only among the usual ones (neither its mean delay nor its share cancelled is in the airport's highest
tenth): what happened on the others nobody has labelled.
"""

from dataclasses import dataclass

import numpy as np
import polars as pl

USUAL = 0.9
PLANTED = ("delays", "cancellations", "both")


@dataclass(frozen=True, kw_only=True)
class Planting:
    """What share of days to spoil; on each, which share of flights and by how many minutes, both drawn anew.

    Minutes are lognormal: `minutes` is their median, `sigma` the spread of their logarithm. The share is the alert budget that
    detectors have unless told otherwise: planting more would only measure how much they may flag.
    """

    share: float = 0.01
    flights_from: float = 0.25
    flights_to: float = 0.9
    minutes: float = 60.0
    sigma: float = 0.8


def plant(
    flights: pl.DataFrame, usual: pl.DataFrame, planting: Planting, *, seed: int
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The silver flights with anomalies on some `usual` days, and their labels: `origin`, `fl_date`, `kind`, `share`."""
    rng = np.random.default_rng([seed, 4])
    labels = _chosen(usual, planting, rng)
    marked = flights.sort("origin", "fl_date", "crs_dep_time", "op_carrier", "op_carrier_fl_num", "dest").join(
        labels, on=["origin", "fl_date"], how="left", maintain_order="left"
    )
    rows = marked.height
    late = pl.Series(np.rint(planting.minutes * np.exp(planting.sigma * rng.standard_normal(rows))))
    hit = pl.Series(rng.random(rows)) < pl.col("share")
    of_both = pl.Series(rng.random(rows)) < 0.5
    cancels = hit & ((pl.col("kind") == "cancellations") | ((pl.col("kind") == "both") & of_both))
    cancelled = (pl.col("cancelled") | cancels.fill_null(False)).alias("cancelled")
    delay = pl.when(hit & ~cancels).then(pl.col("dep_delay") + late).otherwise(pl.col("dep_delay"))
    planted = marked.with_columns(cancelled, dep_delay=delay)
    return planted.drop("kind", "share"), labels


def usual_days(flights: pl.DataFrame) -> pl.DataFrame:
    """The airport-days with neither their mean delay nor their share cancelled in the airport's highest tenth."""
    delay = pl.col("dep_delay").filter(~pl.col("cancelled"))
    days = flights.group_by("origin", "fl_date").agg(mean=delay.mean(), cancelled=pl.col("cancelled").mean())
    within = (pl.col(name) <= pl.col(name).quantile(USUAL).over("origin") for name in ("mean", "cancelled"))
    return days.filter(*within).select("origin", "fl_date").sort("origin", "fl_date")


def _chosen(usual: pl.DataFrame, planting: Planting, rng: np.random.Generator) -> pl.DataFrame:
    wanted = round(planting.share * usual.height)
    at = np.sort(rng.choice(usual.height, wanted, replace=False))
    return usual[at].with_columns(
        kind=pl.Series(rng.choice(PLANTED, wanted, p=[0.6, 0.2, 0.2]), dtype=pl.String),
        share=pl.Series(rng.uniform(planting.flights_from, planting.flights_to, wanted)),
    )
