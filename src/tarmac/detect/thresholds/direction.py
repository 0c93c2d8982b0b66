"""Whether a flagged day is above or below what was expected."""

import polars as pl


def with_direction(anomalies: pl.DataFrame) -> pl.DataFrame:
    """Add `anomaly_direction`: 'high', 'low', or null where not flagged. Reads observed, expected, lower and flag.

    A flagged day is low if its value is below the expected one, otherwise high. A flagged day without a value, when
    every flight was cancelled, is high; one with a value but no expected value has no direction.
    The detector `disruption` also flags for cancellations, and then widens its interval
    to include the mean of the remaining flights; so its days are low only below the interval.
    """
    below_expected = (pl.col("observed") < pl.col("expected")).fill_null(value=False)
    below_interval = (pl.col("observed") < pl.col("lower")).fill_null(value=False)
    low = pl.when(pl.col("measure") == "disruption").then(below_interval).otherwise(below_expected)
    unknown = pl.col("observed").is_not_null() & pl.col("expected").is_null()
    side = pl.when(low).then(pl.lit("low")).when(~unknown).then(pl.lit("high"))
    return anomalies.with_columns(pl.when(pl.col("flag")).then(side).alias("anomaly_direction"))
