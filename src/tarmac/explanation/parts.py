"""Which flights a disruption's losses fall on: by carrier, airports, hour, cancellation code and cause of delay."""

from collections.abc import Mapping

import polars as pl

from tarmac.detect.severity import LOST_FLIGHT_MINUTES
from tarmac.explanation.causes import CAUSE_WORDS, Named
from tarmac.explanation.routes import ROUTE, TOLD
from tarmac.tables.disruption_parts import COVERING, DISRUPTION_PARTS
from tarmac.tables.frames import schema_of
from tarmac.transform.gold import TICK

CODE_LETTERS = ("A", "B", "C", "D", "")
"""The values of cancellation_code, in the order of `Named.codes`; empty: none."""


def to_parts(
    flights: pl.LazyFrame, entries: pl.DataFrame, named: Mapping[str, Named], *, codes: bool, causes: bool
) -> pl.DataFrame:
    """Rows of `tables.disruption_parts`, without their year.

    Args:
        flights: the year's flights (`tables.flights`).
        entries: one row per disruption and route (`routes.ROUTE`) on one of its days, with `usual_cancelled` flights of one
            scheduled, and `usual_minutes` of delay of one departed.
        named: what the records name of each disruption.
        codes: whether the source reports cancellation codes.
        causes: whether it reports causes of delay.
    """
    empty = pl.DataFrame(schema=schema_of(DISRUPTION_PARTS)).drop("year")
    if entries.is_empty():
        return empty
    mine = _flights_of(flights, entries)
    whole = mine.group_by("event_id").agg(*_sums())
    frames = [_by(mine, whole, dimension) for dimension in COVERING]
    if codes:
        frames.append(_by_code(mine, whole, named))
    if causes:
        frames.append(_by_cause(mine, whole, named))
    return pl.concat([empty, *(frame.select(empty.columns).cast(empty.schema) for frame in frames)]).sort(
        "event_id", "dimension", "value"
    )


def _flights_of(flights: pl.LazyFrame, entries: pl.DataFrame) -> pl.DataFrame:
    """The disruptions' flights, each with its excess of cancellation and of delay."""
    days = entries["fl_date"].unique()
    delay = pl.when(~pl.col("cancelled")).then(pl.col("dep_delay"))
    code = pl.when(pl.col("cancelled")).then(pl.col("cancellation_code"))
    return (
        flights.filter(pl.col("fl_date").is_in(days.implode()))
        .with_columns(pl.col("op_carrier").fill_null(""))
        .select(*ROUTE, "crs_dep_time", "cancelled", *TOLD, delay=delay, code=code)
        .join(entries.lazy(), on=ROUTE, how="inner")
        .with_columns(
            hour=(pl.col("crs_dep_time") // 100 % 24).cast(pl.String).str.zfill(2).fill_null(""),
            above=_exact(pl.col("cancelled").cast(pl.Float64) - pl.col("usual_cancelled")),
            minutes=_exact(pl.col("delay") - pl.col("usual_minutes")).fill_null(0.0),
        )
        .collect(engine="streaming")
    )


def _exact(value: pl.Expr) -> pl.Expr:
    """The value to the nearest `TICK`: sums of such values are the same in any order of the flights."""
    return (value / TICK + 0.5).floor() * TICK


def _sums() -> list[pl.Expr]:
    return [
        pl.len().cast(pl.Int64).alias("flights"),
        pl.col("cancelled").sum().cast(pl.Int64),
        pl.col("above").sum().alias("excess_cancelled"),
        pl.col("minutes").sum().alias("excess_delay_minutes"),
    ]


def _by(mine: pl.DataFrame, whole: pl.DataFrame, dimension: str) -> pl.DataFrame:
    lost = pl.col("excess_cancelled") + pl.col("excess_delay_minutes") / LOST_FLIGHT_MINUTES
    of_all = pl.col("excess_cancelled_all") + pl.col("excess_delay_minutes_all") / LOST_FLIGHT_MINUTES
    return (
        mine.group_by("event_id", pl.col(dimension).alias("value"))
        .agg(*_sums())
        .join(whole, on="event_id", suffix="_all")
        .with_columns(
            dimension=pl.lit(dimension),
            share_of_excess=pl.when(of_all > 0).then(lost / of_all),
            share_of_flights=pl.col("flights") / pl.col("flights_all"),
        )
    )


def _by_code(mine: pl.DataFrame, whole: pl.DataFrame, named: Mapping[str, Named]) -> pl.DataFrame:
    """Cancelled flights by code: their excesses sum to the disruption's, since those without a code are a value too."""
    known = pl.when(pl.col("code").is_in(list(CODE_LETTERS))).then(pl.col("code")).otherwise(pl.lit(""))
    counts = (
        mine.filter(pl.col("cancelled"))
        .group_by("event_id", known.alias("value"))
        .agg(pl.len().cast(pl.Int64).alias("flights"))
    )
    excess = pl.DataFrame(
        [
            (event, value, float(above))
            for event, each in named.items()
            for value, above in zip(CODE_LETTERS, each.codes, strict=True)
        ],
        schema={"event_id": pl.String, "value": pl.String, "excess_cancelled": pl.Float64},
        orient="row",
    )
    return (
        excess.join(counts, on=["event_id", "value"], how="left")
        .with_columns(pl.col("flights").fill_null(0))
        .join(whole, on="event_id", suffix="_all")
        .with_columns(
            dimension=pl.lit("cancellation_code"),
            cancelled=pl.col("flights"),
            excess_delay_minutes=pl.lit(0.0),
            share_of_excess=pl.when(pl.col("excess_cancelled_all") > 0).then(
                pl.col("excess_cancelled") / pl.col("excess_cancelled_all")
            ),
            share_of_flights=pl.col("flights") / pl.col("flights_all"),
        )
    )


def _by_cause(mine: pl.DataFrame, whole: pl.DataFrame, named: Mapping[str, Named]) -> pl.DataFrame:
    """Minutes of arrival delay by what carriers put them down to, late aircraft left out."""
    counts = mine.group_by("event_id").agg((pl.col(cause) > 0).sum().cast(pl.Int64).alias(cause) for cause in TOLD)
    hit = counts.unpivot(TOLD, index="event_id", variable_name="cause", value_name="flights")
    words = dict(zip(TOLD, CAUSE_WORDS, strict=True))
    excess = pl.DataFrame(
        [
            (event, cause, float(above))
            for event, each in named.items()
            for cause, above in zip(TOLD, each.minutes, strict=True)
        ],
        schema={"event_id": pl.String, "cause": pl.String, "excess_delay_minutes": pl.Float64},
        orient="row",
    )
    positive = pl.col("excess_delay_minutes").clip(0.0)
    return (
        excess.join(hit, on=["event_id", "cause"], how="left")
        .with_columns(pl.col("flights").fill_null(0))
        .join(whole.select("event_id", flights_all="flights"), on="event_id")
        .with_columns(
            dimension=pl.lit("delay_cause"),
            value=pl.col("cause").replace_strict(words),
            cancelled=pl.lit(0, pl.Int64),
            excess_cancelled=pl.lit(0.0),
            share_of_excess=pl.when(positive.sum().over("event_id") > 0).then(
                positive / positive.sum().over("event_id")
            ),
            share_of_flights=pl.col("flights") / pl.col("flights_all"),
        )
    )
