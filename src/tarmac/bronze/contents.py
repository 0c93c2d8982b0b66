"""The contents of a file of flights, from all its rows: printed by `tarmac ingest` and stored with the file in bronze."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass, field, replace
from typing import Any, BinaryIO

import polars as pl

from tarmac.bronze.decide import Options, Seen, decide, lacking
from tarmac.bronze.formats import SHAPES
from tarmac.bronze.header import Header
from tarmac.bronze.opened import Opened, Source, survey, tables_in
from tarmac.bronze.reading import date_of
from tarmac.bronze.text import TextReport
from tarmac.errors import InputError
from tarmac.tables.flights import FIRST_YEAR, LAST_YEAR

MOST_UNREADABLE = 0.01
"""Share of rows without a readable date, or that are no rows of the header, with which `run` would refuse the file."""
FEW_ROWS = 100


@dataclass(frozen=True, kw_only=True)
class Month:
    """The flights of one month in a file: how many, from which day of the month to which."""

    rows: int
    first: int
    last: int


@dataclass(frozen=True, kw_only=True)
class Contents:
    """What a file holds.

    Attributes:
        shapes: the shapes of its tables, in order of the alphabet.
        rows: all rows of its tables.
        months: "2019-03" → its flights.
        carriers, origins: codes that occur; none where the source has none.
        missing: what it lacks, each with what that costs.
        readings: number of a table → how it is read.
        airports: BTS's ids of airports → codes, of rows that have both.
    """

    shapes: tuple[str, ...]
    rows: int
    months: Mapping[str, Month]
    carriers: tuple[str, ...]
    origins: tuple[str, ...]
    missing: tuple[str, ...]
    readings: Mapping[str, Any]
    airports: Mapping[str, str] = field(default_factory=dict)

    @property
    def years(self) -> tuple[int, ...]:
        """The years of its flights."""
        return tuple(sorted({int(month[:4]) for month in self.months}))

    @property
    def monthly(self) -> bool:
        """Whether a shape that is published by month is in it."""
        return any(SHAPES[name].monthly for name in self.shapes)

    def of_year(self, year: int) -> "Contents":
        """The part of one year; its rows are those whose date could be read."""
        months = {name: month for name, month in self.months.items() if name.startswith(f"{year}-")}
        return replace(self, months=months, rows=sum(month.rows for month in months.values()))

    def shares_flights_with(self, other: "Contents") -> list[str]:
        """The months of which both may hold the same flights: days, carriers and airports of both overlap."""
        if not (_may_share(self.carriers, other.carriers) and _may_share(self.origins, other.origins)):
            return []
        return [
            name
            for name, month in sorted(self.months.items())
            if (theirs := other.months.get(name)) and month.first <= theirs.last and theirs.first <= month.last
        ]

    def record(self) -> dict[str, Any]:
        """As JSON holds it."""
        return asdict(self)


def _may_share(mine: Sequence[str], theirs: Sequence[str]) -> bool:
    return not mine or not theirs or bool(set(mine) & set(theirs))


def contents_from(record: Mapping[str, Any]) -> Contents:
    """What `Contents.record` gave."""
    months = {name: Month(**month) for name, month in record["months"].items()}
    texts = {name: tuple(record[name]) for name in ("shapes", "carriers", "origins", "missing")}
    return Contents(
        rows=record["rows"],
        months=months,
        readings=record["readings"],
        airports=record.get("airports", {}),
        **texts,
    )


def contents_of(
    name: str, size: int, opened: Callable[[], AbstractContextManager[BinaryIO]], options: Options
) -> Contents:
    """Read a file to its end and say what it holds.

    Raises:
        InputError: when it is no file of flights, is damaged, or `run` would refuse it for its dates or lines.
    """
    tables = list(_tables(Source(name=name, size=size, open=opened, options=options, undecided=True)))
    days = pl.concat([table.days for table in tables])
    seen = [table.seen for table in tables]
    return Contents(
        shapes=tuple(sorted({table.header.source for table in tables})),
        rows=sum(each.rows for each in seen),
        months=_months(days),
        carriers=_known_to_all([each.carriers for each in seen]),
        origins=_known_to_all([table.seen.origins | set(table.header.fixed.values()) for table in tables]),
        missing=tuple(dict.fromkeys(text for table in tables for text in lacking(table.header))),
        readings={str(table.number): asdict(table.header.reading) for table in tables},
        airports={key: code for each in seen for key, code in each.ids.items()},
    )


@dataclass(frozen=True, kw_only=True)
class _Table:
    number: int
    header: Header
    seen: Seen
    days: pl.DataFrame


def _tables(source: Source) -> Iterator[_Table]:
    for opened in tables_in(source):
        seen, report = survey(source, opened)
        if not report.rows:
            raise InputError(f"{opened.name} has a header but no rows. Download the file again.")
        _refuse_bad_lines(opened, report)
        header = decide(opened.header, seen, source.options, file=opened.name)
        days = days_of(header, seen)
        _refuse_bad_dates(opened, seen, days)
        yield _Table(number=opened.number, header=header, seen=seen, days=days.drop_nulls())


def days_of(header: Header, seen: Seen) -> pl.DataFrame:
    """`day` and `rows` for each date as it was written; the day is null where it is none, or of no year of flights."""
    written = seen.when.select("rows", FL_DATE="text", YEAR="year", MONTH="month", DAY="day")
    schema = {name: dtype for name, dtype in written.schema.items() if name != "rows"}
    day = date_of(schema, header.reading)
    valid = day.dt.year().is_between(FIRST_YEAR, LAST_YEAR)
    return written.select(day=pl.when(valid).then(day), rows="rows")


def _months(days: pl.DataFrame) -> dict[str, Month]:
    day = pl.col("day").dt.day()
    by_month = days.group_by(month=pl.col("day").dt.strftime("%Y-%m")).agg(
        pl.col("rows").sum(), first=day.min(), last=day.max()
    )
    months = {
        name: Month(rows=rows, first=first, last=last) for name, rows, first, last in by_month.sort("month").rows()
    }
    return _without_strays(months)


def _without_strays(months: Mapping[str, Month]) -> dict[str, Month]:
    """Without years with so few rows that their dates must be errors: `run` quarantines these rows."""
    by_year: Counter[str] = Counter()
    for name, month in months.items():
        by_year[name[:4]] += month.rows
    total = by_year.total()
    kept = {year for year, rows in by_year.items() if rows >= FEW_ROWS or rows >= MOST_UNREADABLE * total}
    return {name: month for name, month in months.items() if name[:4] in kept}


def _known_to_all(codes: Sequence[set[str]]) -> tuple[str, ...]:
    """The codes of all tables; none where one of them has none, since it may hold any."""
    return tuple(sorted(set().union(*codes))) if all(codes) else ()


def _refuse_bad_lines(opened: Opened, report: TextReport) -> None:
    if len(report.malformed) > MOST_UNREADABLE * report.rows:
        first = report.malformed[0]
        raise InputError(
            f"{opened.name}: {len(report.malformed):,} of {report.rows:,} lines do not match its header. The first: line "
            f"{first.line}, {first.reason}: {first.text[:120]!r}. Download the file again, or fix these lines."
        )


def _refuse_bad_dates(opened: Opened, seen: Seen, days: pl.DataFrame) -> None:
    bad = days.filter(pl.col("day").is_null())["rows"].sum()
    if bad > MOST_UNREADABLE * seen.rows:
        texts = seen.when.filter(days["day"].is_null())
        first = next((text for text in texts["text"].to_list() if text), None)
        shown = repr(first) if first else "/".join(map(str, texts.select("year", "month", "day").row(0)))
        raise InputError(
            f"{opened.name}: {bad:,} of {seen.rows:,} rows have no date from {FIRST_YEAR} to {LAST_YEAR}; the first of these: "
            f"{shown}. Fix these rows, or download the file again."
        )
