"""From airport-days and their judgements to the rows that the warehouse publishes."""

import polars as pl

_KEY = ["origin", "fl_date"]


def published_rows(
    gold: pl.DataFrame, anomalies: pl.DataFrame, *, chosen: str, measure: str = "mean_dep_delay"
) -> pl.DataFrame:
    """Each gold row with the reference pipeline's two flags and the chosen detector's judgement of `measure`.

    What a detector did not judge is null. A day with no value of its own is judged high where flagged: no flight left.
    """
    return (
        gold.join(_flags(anomalies, "isolation_forest", "anomaly_if"), on=_KEY, how="left", validate="1:1")
        .join(_flags(anomalies, "arima", "anomaly_arima"), on=_KEY, how="left", validate="1:1")
        .join(_judgement(anomalies, chosen, measure), on=_KEY, how="left", validate="1:1")
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
    return anomalies.filter(pl.col("detector") == detector, pl.col("measure") == measure)


def _flags(anomalies: pl.DataFrame, detector: str, name: str) -> pl.DataFrame:
    return _of(anomalies, detector, "mean_dep_delay").select(*_KEY, pl.col("flag").cast(pl.Int16).alias(name))


def _judgement(anomalies: pl.DataFrame, detector: str, measure: str) -> pl.DataFrame:
    high = pl.col("observed").is_null() | (pl.col("observed") >= pl.col("expected"))
    # Null, not low, where the detector expects nothing it could be compared with.
    direction = pl.when(high).then(pl.lit("high")).when(~high).then(pl.lit("low"))
    return _of(anomalies, detector, measure).select(
        *_KEY,
        "detector",
        "measure",
        "expected",
        "lower",
        "upper",
        pl.col("score").alias("anomaly_score"),
        pl.col("flag").cast(pl.Int16).alias("anomaly"),
        pl.when(pl.col("flag")).then(direction).alias("anomaly_direction"),
    )
