"""Documented US disruptions since 1987: which of them a set of days covers, and whether they were flagged.

The table is documented_disruptions.csv, one row per disruption: the first and last local date, the airports that were hit
(IATA codes) or the carriers (codes as BTS has them), what it was, the cause in the words of `disruption_events`, and a
public source. Volcanic ash, earthquakes and the like are `weather`: BTS has no other code for what comes from outside. Only
airports and carriers that the source names are listed; others may have been hit as well.
"""

from functools import cache
from importlib import resources

import polars as pl

SCHEMA = {
    "name": pl.String,
    "first_day": pl.Date,
    "last_day": pl.Date,
    "airports": pl.String,
    "carriers": pl.String,
    "kind": pl.String,
    "cause": pl.String,
    "source": pl.String,
}


@cache
def documented_disruptions() -> pl.DataFrame:
    """One row per documented disruption, in order of its first day; `airports` and `carriers` are lists, one of them empty."""
    text = resources.files("tarmac.evaluate").joinpath("documented_disruptions.csv").read_bytes()
    codes = (pl.col(name).fill_null("").str.extract_all(r"\S+") for name in ("airports", "carriers"))
    return pl.read_csv(text, schema=SCHEMA).with_columns(*codes)


def days_of_disruptions(days: pl.DataFrame, unit: str) -> pl.DataFrame:
    """The days that documented disruptions cover: one row per disruption, unit and date that `days` has.

    Args:
        days: one row per `unit` and `fl_date`.
        unit: `origin` for airports, `op_carrier` for carriers.

    Returns:
        `name`, `unit` and `fl_date`.
    """
    listed = documented_disruptions().select(
        "name", pl.col("airports" if unit == "origin" else "carriers").alias(unit), "first_day", "last_day"
    )
    dated = listed.explode(unit, empty_as_null=False).with_columns(fl_date=pl.date_ranges("first_day", "last_day"))
    keyed = dated.explode("fl_date").select("name", unit, "fl_date")
    return keyed.join(days.select(unit, "fl_date"), on=[unit, "fl_date"], how="inner")


def disruptions_found(days: pl.DataFrame, flagged: pl.DataFrame, unit: str) -> pl.DataFrame:
    """Which of the disruptions that `days` covers were found: those with a flagged day, at any of their airports or carriers.

    Args:
        days: one row per `unit` and `fl_date`, with `flights`, `cancelled`, `departed`, `mean_dep_delay`.
        flagged: the `unit` and `fl_date` of flagged days.
        unit: `origin` or `op_carrier`.

    Returns:
        One row per covered disruption in order of date: `name`, `unit` (how many were covered), `days` (of them),
        `flights`, `cancelled`, `mean_dep_delay` (minutes, over departed flights), `flagged` (days) and `found`.
    """
    key = [unit, "fl_date"]
    marked = days_of_disruptions(days, unit).join(days, on=key)
    marked = marked.join(flagged.select(key).unique().with_columns(flag=pl.lit(value=True)), on=key, how="left")
    minutes = (pl.col("mean_dep_delay") * pl.col("departed")).sum()
    departed = pl.col("departed").filter(pl.col("mean_dep_delay").is_not_null()).sum()
    found = marked.group_by("name").agg(
        pl.col(unit).n_unique(),
        pl.len().alias("days"),
        pl.col("flights").sum(),
        pl.col("cancelled").sum(),
        pl.when(departed > 0).then(minutes / departed).alias("mean_dep_delay"),
        pl.col("flag").sum().alias("flagged"),
    )
    ordered = documented_disruptions().select("name").join(found, on="name", maintain_order="left")
    return ordered.with_columns(found=pl.col("flagged") > 0)
