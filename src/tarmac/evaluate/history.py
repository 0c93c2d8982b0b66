"""Real years as they were: how many of the days that anybody would call a disaster a detector flags, and what else it flags.

Nobody labelled real days one by one, so the labels are rules that a traveller, an airport and a controller would agree on:

* an *obvious* day: half of ten or more flights cancelled, a fifth of fifty or more, or a mean delay of an hour over fifty or more
  departures;
* a *near* day: none of these, with 12 to 20 % of a hundred or more flights cancelled;
* every other day, of which a detector should flag few.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

import polars as pl

from tarmac.detect import DetectParameters
from tarmac.detect.run import run_detectors
from tarmac.evaluate.corpora import Split, gold_of, split_of_year
from tarmac.evaluate.documented import disruptions_found
from tarmac.tables.daily import CARRIER_DAILY

HALF_OF, FIFTH_OF, HOUR_OVER, NEAR_OF = 10, 50, 50, 100
"""Flights from which on each rule holds: half cancelled, a fifth cancelled, an hour's delay, nearly a fifth cancelled."""

FEWEST_DAYS = 30
"""A file with fewer days shows no detector what is usual."""

ONLINE_TOO = "disruption"
"""The detector that is also run in online mode: each day by the days before it alone."""

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


@dataclass(frozen=True, kw_only=True)
class RealYear:
    """A real year as it was: airport-days and, where the source names carriers, their days."""

    place: str
    year: int
    split: Split
    gold: pl.DataFrame
    carriers: pl.DataFrame


@dataclass(frozen=True, kw_only=True)
class History:
    """What detectors flagged in real years.

    `days`: one row per year, detector, airport size and kind of day: `place`, `year`, `split`, `detector`, `size`, `kind`,
    `days`, `flagged`. `disruptions`: one row per year, detector and covered documented disruption: `place`, `year`, `split`,
    `detector`, and the columns of `disruptions_found`, with the number of airports or carriers as `units`.
    """

    days: pl.DataFrame
    disruptions: pl.DataFrame


def real_year(flights: pl.DataFrame, place: str, year: int) -> RealYear:
    """The year of these silver flights."""
    return RealYear(
        place=place,
        year=year,
        split=split_of_year(place, year),
        gold=gold_of(flights),
        carriers=gold_of(flights, CARRIER_DAILY),
    )


def flag_history(years: Iterable[RealYear], parameters: DetectParameters, told: Callable[[str], None]) -> History:
    """Run every detector over every year, with its own flags; `ONLINE_TOO` in online mode as well."""
    online = [
        replace(parameters, detectors=(name,), mode="online") for name in parameters.detectors if name == ONLINE_TOO
    ]
    days: list[pl.DataFrame] = []
    disruptions: list[pl.DataFrame] = []
    for each in years:
        for asked in (parameters, *online):
            told(f"{each.place} {each.year}, {asked.mode}: {', '.join(asked.detectors)}")
            airports = _flagged(each.gold, "origin", each.year, asked)
            carriers = _flagged(each.carriers, "op_carrier", each.year, asked)
            for name, flags in airports.items():
                about = _about(each, name)
                days.append(flagged_by_kind(each.gold, flags).select(*about, pl.all()))
                found = [disruptions_found(each.gold, flags, "origin").rename({"origin": "units"})]
                if name in carriers:
                    found.append(
                        disruptions_found(each.carriers, carriers[name], "op_carrier").rename({"op_carrier": "units"})
                    )
                disruptions += [frame.select(*about, pl.all()) for frame in found]
    return History(days=pl.concat(days), disruptions=pl.concat(disruptions))


def _about(year: RealYear, detector: str) -> list[pl.Expr]:
    values = {"place": year.place, "year": year.year, "split": year.split, "detector": detector}
    return [pl.lit(value).alias(name) for name, value in values.items()]


def _flagged(days: pl.DataFrame, unit: str, year: int, parameters: DetectParameters) -> dict[str, pl.DataFrame]:
    """The flagged days by detector; a detector that could not score the year is left out."""
    if days.is_empty():
        return {}
    anomalies = run_detectors(days.rename({unit: "origin"}), parameters, year=year, progress=None, workers=0).anomalies
    return {
        str(name): rows.filter("flag").select(pl.col("origin").alias(unit), "fl_date")
        for (name,), rows in anomalies.group_by("detector", maintain_order=True)
    }
