"""The year in numbers and sentences: what a reader knows after ten seconds, and all that shows without scripts."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import polars as pl

from tarmac.airports import Airport
from tarmac.report.scored import HIGH, LOW
from tarmac.tables.daily import CANCELLATION_CODES, CAUSES

MONTHS = 12
"""Of a complete year."""


@dataclass(frozen=True, kw_only=True)
class Numbers:
    """Counts over some airport-days. `unstated` are flags without a direction; `scored` had a detector's score."""

    airports: int
    airport_days: int
    scored: int
    flights: int
    cancelled: int
    high: int
    low: int
    unstated: int

    @property
    def flagged(self) -> int:
        """Abnormal airport-days."""
        return self.high + self.low + self.unstated


def count(rows: pl.DataFrame) -> Numbers:
    """Count airports, days, flights and flags of scored rows."""
    sums = rows.select(
        pl.col("origin").n_unique().alias("airports"),
        pl.len().alias("airport_days"),
        pl.col("scored").sum(),
        pl.col("flights", "cancelled").sum(),
        (pl.col("direction") == HIGH).sum().alias("high"),
        (pl.col("direction") == LOW).sum().alias("low"),
        (pl.col("flag") & ~pl.col("direction").is_in([HIGH, LOW])).sum().alias("unstated"),
    ).row(0, named=True)
    return Numbers(**{name: int(value or 0) for name, value in sums.items()})


def headline(numbers: Numbers, when: str, disruptions: pl.DataFrame | None) -> str:
    """What was lost, in one sentence; without `disruptions`, on which share of days an airport was abnormal."""
    airports = f"{numbers.airports:,} airport{'' if numbers.airports == 1 else 's'}"
    if disruptions is not None and disruptions["lost"].sum():
        return _lost_sentence(airports, when, disruptions)
    when = f"In {when}"
    if not numbers.scored:
        days = f"{numbers.airport_days:,} airport-day{'' if numbers.airport_days == 1 else 's'}"
        return f"{when}, {airports} had {days} with flights; no detector has scored any."
    days = "airport-day" if numbers.flagged == 1 else "airport-days"
    part = f"{percent(numbers.flagged, numbers.scored)} of the {numbers.scored:,} that were scored"
    return f"{when}, {airports} had {numbers.flagged:,} abnormal {days}: {part}."


def _lost_sentence(airports: str, when: str, disruptions: pl.DataFrame) -> str:
    cancelled = disruptions["excess_cancelled"].sum()
    hours = disruptions["excess_delay_minutes"].sum() / 60
    number = f"{disruptions.height:,} disruption{'' if disruptions.height == 1 else 's'}"
    return (
        f"In {when}, {airports} had {number}, which cancelled {cancelled:,.0f} flights and delayed others by "
        f"{max(hours, 0):,.0f} hours more than usual."
    )


def period(rows: pl.DataFrame) -> str:
    """The years, and the months where it is one year of which some have no flights: January and February 2008."""
    years = rows["year"].unique().sort().to_list()
    months = _months(rows, years[0])
    return span(years) if len(years) > 1 or len(months) == MONTHS else f"{_named(months)} {years[0]}"


def incomplete(rows: pl.DataFrame) -> str:
    """Which months the incomplete years have; empty where every year has all."""
    told = [
        f"{year} has flights of {_named(months)} only"
        for year in rows["year"].unique().sort().to_list()
        if len(months := _months(rows, year)) < MONTHS
    ]
    return f"{'; '.join(told)}." if told else ""


def lacking(published: pl.DataFrame, carriers: pl.DataFrame | None) -> str:
    """What these records do not tell, and the report therefore lacks; empty where they tell all."""
    missing = []
    if carriers is not None and carriers.is_empty():
        missing.append("carriers")
    if all(name not in published.columns or published[name].is_null().all() for name in CAUSES):
        missing.append("causes of delays")
    if all(name not in published.columns or published[name].is_null().all() for name in CANCELLATION_CODES):
        missing.append("reasons for cancellations")
    if not missing:
        return ""
    told = missing[0] if len(missing) == 1 else f"{', '.join(missing[:-1])} or {missing[-1]}"
    return f"The records name no {told}, so the report has none."


def _months(rows: pl.DataFrame, year: int) -> list[int]:
    return rows.filter(pl.col("year") == year)["fl_date"].dt.month().unique().sort().to_list()


def _named(months: Sequence[int]) -> str:
    """January; January and February; January to March; January, March and May."""
    names = [f"{date(2000, month, 1):%B}" for month in months]
    if len(months) > 2 and months[-1] - months[0] == len(months) - 1:
        return f"{names[0]} to {names[-1]}"
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def worst_sentence(rows: pl.DataFrame, places: Mapping[str, Airport]) -> str:
    """The flagged day that lost most flights, or else has the highest score; empty where nothing is flagged."""
    flagged = rows.filter("flag").sort(
        "lost_flights", "anomaly_score", "origin", "fl_date", descending=[True, True, False, False], nulls_last=True
    )
    if flagged.is_empty():
        return ""
    row = flagged.row(0, named=True)
    city = places[row["origin"]].city
    where = f"{city} ({row['origin']})" if city else row["origin"]
    told = f"The worst day: {where} on {long_date(row['fl_date'])}, {_what_happened(row)}."
    return f"{told} {_busiest_day(flagged)}".rstrip()


def _busiest_day(flagged: pl.DataFrame) -> str:
    """The day with most abnormal airports; empty where no two were abnormal together."""
    day, airports = flagged.group_by("fl_date").len().sort("len", "fl_date", descending=[True, False]).row(0)
    return f"Most airports at once: {airports:,} on {long_date(day)}." if airports > 1 else ""


def _what_happened(row: Mapping[str, Any]) -> str:
    """Delay and cancellations, each with its expected value if the detector scored it."""
    wanted = "" if row["expected"] is None else f" against {_value(row['expected'], row['measure'])} expected"
    by_share = row["measure"] == "cancelled_share"
    told = []
    if row["mean_dep_delay"] is not None:
        delay = _value(row["mean_dep_delay"], "mean_dep_delay")
        told.append(f"a mean departure delay of {delay}{wanted if row['measure'] == 'mean_dep_delay' else ''}")
    if row["cancelled"] or by_share:
        lost = f"{percent(row['cancelled'], row['flights'])} of {row['flights']:,} flights cancelled"
        told.append(lost + (wanted if by_share else ""))
    return f"with {' and '.join(told)}" if told else f"with {row['flights']:,} flights, none of known delay"


def _value(value: float, measure: str) -> str:
    if measure.endswith("_share"):
        return percent(value, 1)
    told = f"{value:,.0f} min" if measure.endswith("_delay") else f"{value:,.1f}"
    return told.replace("-", "−")


def percent(part: float, whole: float) -> str:
    """A share as people write it: 0.4%, 12%; never 0% or 100% of what is not; a dash where the whole is nothing."""
    if not whole:
        return "–"
    share = 100 * part / whole
    if 0 < share < 0.05:
        return "under 0.1%"
    if 99 < share < 100:
        return "over 99%"
    return f"{share:.0f}%" if share >= 10 or share == 0 else f"{share:.1f}%"


def span(years: Sequence[int]) -> str:
    """2009, 2009–2011 where unbroken, else 2009, 2011."""
    known = sorted(set(years))
    if len(known) > 1 and known[-1] - known[0] == len(known) - 1:
        return f"{known[0]}–{known[-1]}"
    return ", ".join(str(year) for year in known)


def long_date(day: date) -> str:
    """February 8, 2013."""
    return f"{day:%B} {day.day}, {day.year}"


def plain_detectors(rows: pl.DataFrame) -> list[tuple[str, str]]:
    """Which detector scored which measure, the most frequent first."""
    used = rows.filter(pl.col("detector").is_not_null()).group_by("detector", "measure").len()
    ordered = used.sort("len", "detector", "measure", descending=[True, False, False])
    return [(row["detector"], row["measure"]) for row in ordered.iter_rows(named=True)]


def measure_name(measure: str) -> str:
    """A measure in words."""
    return measure.replace("_dep_", " departure ").replace("_", " ")


def agreement(rows: pl.DataFrame) -> str:
    """How many days Isolation Forest and ARIMA flag, where they ran; empty where neither did."""
    told = []
    for column, name in (("by_forest", "Isolation Forest"), ("by_arima", "ARIMA")):
        if rows[column].is_not_null().any():
            both = rows.filter(pl.col(column) & pl.col("flag")).height
            told.append(
                f"{name} by itself flags {rows[column].sum():,} airport-days, {both:,} of them abnormal here too"
            )
    return f"{'; '.join(told)}." if told else ""
