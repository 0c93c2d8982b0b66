"""Real years as they were: how many of the days that anybody would call a disaster a detector flags, and what else it flags.

Nobody labelled real days one by one, so the labels are rules that a traveller, an airport and a controller would agree on:

* an *obvious* day: half of ten or more flights cancelled, a fifth of fifty or more, or a mean delay of an hour over fifty or more
  departures;
* a *near* day: none of these, with 12 to 20 % of a hundred or more flights cancelled;
* every other day, of which a detector should flag few.
"""

import polars as pl

HALF_OF, FIFTH_OF, HOUR_OVER, NEAR_OF = 10, 50, 50, 100
"""Flights from which on each rule holds: half cancelled, a fifth cancelled, an hour's delay, nearly a fifth cancelled."""

SIZES = {"under 10": 0, "10 to 49": 10, "50 to 199": 50, "200 and more": 200}
"""Sizes of airports by their flights on a median day: a name and the least flights."""


def kind_of_day() -> pl.Expr:
    """`obvious`, `near` or `other` from gold's `flights`, `cancelled_share`, `departed` and `mean_dep_delay`."""
    flights, share = pl.col("flights"), pl.col("cancelled_share")
    obvious = (
        ((flights >= HALF_OF) & (share >= 0.5))
        | ((flights >= FIFTH_OF) & (share >= 0.2))
        | ((pl.col("departed") >= HOUR_OVER) & (pl.col("mean_dep_delay") >= 60.0).fill_null(value=False))
    )
    near = (flights >= NEAR_OF) & (share >= 0.12)
    return pl.when(obvious).then(pl.lit("obvious")).when(near).then(pl.lit("near")).otherwise(pl.lit("other"))


def flagged_by_kind(gold: pl.DataFrame, flagged: pl.DataFrame) -> pl.DataFrame:
    """How many days of each kind there are, and how many of them are flagged.

    Args:
        gold: one row per airport and day, as `tables.daily` has them.
        flagged: `origin` and `fl_date` of the flagged days.

    Returns:
        One row per airport size and kind of day: `size` (as `SIZES`), `kind`, `days`, `flagged`.
    """
    usual = pl.col("flights").median().over("origin")
    size = pl.lit(next(iter(SIZES)))
    for name, least in list(SIZES.items())[1:]:
        size = pl.when(usual >= least).then(pl.lit(name)).otherwise(size)
    key = ["origin", "fl_date"]
    marked = gold.with_columns(kind=kind_of_day(), size=size).join(
        flagged.select(key).unique().with_columns(flag=pl.lit(value=True)), on=key, how="left"
    )
    return (
        marked.group_by("size", "kind")
        .agg(pl.len().alias("days"), pl.col("flag").sum().alias("flagged"))
        .sort(pl.col("size").replace_strict({name: at for at, name in enumerate(SIZES)}), "kind")
    )
