"""One row per origin and day with flights: the published table, typed for the report."""

from collections.abc import Sequence

import polars as pl

from tarmac.errors import InputError
from tarmac.report.columns import COLUMNS
from tarmac.tables.daily import CAUSES

_COUNTS = ("flights", "cancelled")
_SHOWN = tuple(column.name for column in COLUMNS if column.name not in _COUNTS)
NEEDED = (
    *("origin", "fl_date", *_COUNTS, *_SHOWN, *CAUSES),
    *("detector", "measure", "expected", "lower", "upper", "anomaly", "anomaly_direction"),
    *("anomaly_if", "anomaly_arima"),
)
OWN_CAUSES = tuple(name for name in CAUSES if name != "late_aircraft_delay")
HIGH, LOW, UNSTATED = 1, -1, 0
DEFAULT_MEASURE = "mean_dep_delay"
_KNOWN = (DEFAULT_MEASURE, "cancelled_share", "flights", "cancelled", *CAUSES)


def scored_rows(published: pl.DataFrame, years: Sequence[int]) -> pl.DataFrame:
    """Keep the years' rows, cast and sorted; a flag without a direction gets it from observed against expected."""
    if missing := [name for name in NEEDED if name not in published.columns]:
        raise InputError(
            f"the published table lacks the columns {', '.join(missing)}. Load the years again: tarmac load"
        )
    rows = _typed(published.with_columns(pl.col("fl_date").cast(pl.Date))).filter(pl.col("year").is_in(list(years)))
    if rows.is_empty():
        wanted = ", ".join(str(year) for year in years)
        raise InputError(
            f"nothing is published for {wanted}, so there is nothing to report. Run first: tarmac run --year"
        )
    return rows.with_columns(_observed(published), _main_cause()).with_columns(_direction()).sort("origin", "fl_date")


def _typed(published: pl.DataFrame) -> pl.DataFrame:
    # Infinite values cannot be written as JSON nor drawn.
    names = (*_SHOWN, "expected", "lower", "upper", *CAUSES, *_other_measures(published))
    numbers = list(dict.fromkeys(names))
    finite = [pl.col(n).cast(pl.Float64).pipe(lambda c: pl.when(c.is_finite()).then(c)).alias(n) for n in numbers]
    return published.select(
        pl.col("origin").cast(pl.String),
        "fl_date",
        pl.col("fl_date").dt.year().alias("year"),
        pl.col(_COUNTS).cast(pl.Int64).fill_null(0),
        *finite,
        pl.col("detector").cast(pl.String),
        pl.col("measure").cast(pl.String).fill_null(DEFAULT_MEASURE),
        # A null score means that the detector could not score the day, even if the flag is 0.
        (pl.col("anomaly").is_not_null() & (pl.col("anomaly_score").is_not_null() | (pl.col("anomaly") == 1))).alias(
            "scored"
        ),
        (pl.col("anomaly") == 1).fill_null(value=False).alias("flag"),
        pl.col("anomaly_direction").cast(pl.String),
        (pl.col("anomaly_if") == 1).alias("by_forest"),
        (pl.col("anomaly_arima") == 1).alias("by_arima"),
    ).with_columns(
        pl.when(pl.col("flights") > 0).then(pl.col("cancelled") / pl.col("flights")).alias("cancelled_share")
    )


def _other_measures(published: pl.DataFrame) -> list[str]:
    """Scored measures other than the mean delay and the cancelled share, if the table has their values."""
    scored = published["measure"].drop_nulls().unique().sort().to_list()
    return [str(name) for name in scored if name in published.columns and name not in _KNOWN]


def _observed(published: pl.DataFrame) -> pl.Expr:
    """The scored measure's value; null if the table has no column of that name."""
    names = (*_KNOWN, *_other_measures(published))
    return pl.coalesce(pl.when(pl.col("measure") == n).then(pl.col(n).cast(pl.Float64)) for n in names).alias(
        "observed"
    )


def _main_cause() -> pl.Expr:
    """Index of the largest of BTS's causes and its share in their sum; null where none is reported.

    Late aircraft are a consequence of other causes, and ignored.
    """
    minutes = [pl.col(name).fill_null(0.0).clip(lower_bound=0.0) for name in OWN_CAUSES]
    total, largest = pl.sum_horizontal(minutes), pl.max_horizontal(minutes)
    index = pl.coalesce(pl.when(value == largest).then(i) for i, value in enumerate(minutes))
    cause = pl.struct(index.cast(pl.Int64).alias("index"), (largest / total).alias("share"))
    return pl.when(total > 0).then(cause).alias("cause")


def _direction() -> pl.Expr:
    stated = pl.col("anomaly_direction")
    return (
        pl.when(~pl.col("flag")).then(None)
        .when(stated == "high").then(HIGH)
        .when(stated == "low").then(LOW)
        .when(pl.col("observed") > pl.col("expected")).then(HIGH)
        .when(pl.col("observed") < pl.col("expected")).then(LOW)
        .when(pl.col("cancelled") >= pl.col("flights")).then(HIGH)
        .otherwise(UNSTATED)
        .alias("direction")
    )  # fmt: skip
