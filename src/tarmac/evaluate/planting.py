"""Anomalies planted in real flights: on chosen airport-days, a share of the flights is delayed or cancelled by hand.

The rest of the year is what it was, with its own real disruptions: those are not labelled, so a detector that finds them
loses precision here, all detectors alike. A day is chosen only where nothing unusual is seen (its mean delay and its share
cancelled are not among the airport's highest tenth), so that no label is doubtful.
"""

from dataclasses import dataclass

import numpy as np
import polars as pl

PLANTED = ("delays", "cancellations", "both")


@dataclass(frozen=True, kw_only=True)
class Planting:
    """What share of days to spoil; on each, which share of flights and by how many minutes, both drawn anew.

    Minutes are lognormal: `minutes` is their median, `sigma` the spread of their logarithm.
    """

    share: float = 0.02
    flights_from: float = 0.25
    flights_to: float = 0.9
    minutes: float = 60.0
    sigma: float = 0.8


def plant(flights: pl.DataFrame, planting: Planting, *, seed: int) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The silver flights with anomalies in them, and their labels: `origin`, `fl_date`, `kind`, `share` of flights."""
    rng = np.random.default_rng([seed, 4])
    labels = _chosen(flights, planting, rng)
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


def _chosen(flights: pl.DataFrame, planting: Planting, rng: np.random.Generator) -> pl.DataFrame:
    days = (
        flights.group_by("origin", "fl_date")
        .agg(
            mean=pl.when(~pl.col("cancelled")).then(pl.col("dep_delay")).mean(), cancelled=pl.col("cancelled").mean()
        )
        .sort("origin", "fl_date")
    )
    quiet = days.filter(
        (pl.col("mean") <= pl.col("mean").quantile(0.9).over("origin"))
        & (pl.col("cancelled") <= pl.col("cancelled").quantile(0.9).over("origin"))
    )
    wanted = min(round(planting.share * days.height), quiet.height)
    at = np.sort(rng.choice(quiet.height, wanted, replace=False))
    return quiet[at].select(
        "origin",
        "fl_date",
        kind=pl.Series(rng.choice(PLANTED, wanted, p=[0.6, 0.2, 0.2])),
        share=pl.Series(rng.uniform(planting.flights_from, planting.flights_to, wanted)),
    )
