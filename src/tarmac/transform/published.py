"""From airport-days and their scores to the rows that the warehouse publishes."""

import polars as pl

from tarmac.detect.online import SUFFIX
from tarmac.detect.thresholds.direction import with_direction
from tarmac.tables.losses import LOSSES

DELAY = "mean_dep_delay"
_KEY = ["origin", "fl_date"]


def published_rows(gold: pl.DataFrame, anomalies: pl.DataFrame, *, chosen: str) -> pl.DataFrame:
    """Each gold row with the reference pipeline's two flags and the chosen detector's scores.

    Days without a score have nulls. Scores of the online mode also count as their detector's. For a detector
    that scores several measures, mean_dep_delay is shown.
    """
    return (
        gold.join(_flags(anomalies, "isolation_forest", "anomaly_if"), on=_KEY, how="left", validate="1:1")
        .join(_flags(anomalies, "arima", "anomaly_arima"), on=_KEY, how="left", validate="1:1")
        .join(_scores(anomalies, chosen), on=_KEY, how="left", validate="1:1")
        .select(
            *_KEY,
            "mean_dep_delay",
            "anomaly_if",
            "anomaly_arima",
            pl.exclude(*_KEY, "mean_dep_delay", "anomaly_if", "anomaly_arima"),
        )
        .sort("fl_date", "origin")
    )


def _of(anomalies: pl.DataFrame, detector: str, measure: str) -> pl.DataFrame:
    # A year's anomalies are from one run, and so from one mode.
    either = pl.col("detector").is_in([detector, detector + SUFFIX])
    return anomalies.filter(either, pl.col("measure") == measure)


def _flags(anomalies: pl.DataFrame, detector: str, name: str) -> pl.DataFrame:
    return _of(anomalies, detector, DELAY).select(*_KEY, pl.col("flag").cast(pl.Int16).alias(name))


def _scores(anomalies: pl.DataFrame, detector: str) -> pl.DataFrame:
    measures = anomalies.filter(pl.col("detector") == detector)["measure"].unique().sort().to_list()
    measure = DELAY if DELAY in measures or not measures else measures[0]
    # Disruption combines delays and cancellations; its expected value and interval are those of the mean delay.
    shown = DELAY if measure == "disruption" else measure
    return with_direction(_of(anomalies, detector, measure)).select(
        *_KEY,
        "detector",
        pl.lit(shown).alias("measure"),
        "expected",
        "lower",
        "upper",
        pl.col("score").alias("anomaly_score"),
        pl.col("flag").cast(pl.Int16).alias("anomaly"),
        "anomaly_direction",
        *(_column_or_null(anomalies, column.name) for column in LOSSES),
    )


def _column_or_null(anomalies: pl.DataFrame, name: str) -> pl.Expr:
    # Files of an older version lack the column.
    return pl.col(name) if name in anomalies.columns else pl.lit(None).alias(name)
