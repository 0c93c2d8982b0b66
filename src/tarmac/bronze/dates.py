"""Date formats of sources: find the one that a column has, and parse it."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import polars as pl

from tarmac.errors import InputError
from tarmac.tables.flights import FIRST_YEAR, LAST_YEAR

ISO, YEAR_FIRST, MONTH_FIRST, DAY_FIRST, MONTH_DAY_CLOCK, PARTS = "iso", "ymd", "mdy", "dmy", "mdHM", "parts"
"""A column's form: 2009-12-31 alone; the year first in any spelling; 12/31/2009; 31-12-2009; 12312359 without a year; the
columns YEAR, MONTH and DAY in place of one."""

DATE_ORDERS: tuple[str, ...] = (YEAR_FIRST, MONTH_FIRST, DAY_FIRST)
"""What --date-order may say."""

_ISO = re.compile(r"\d{4}-\d{1,2}-\d{1,2}")
_YEAR_FIRST = re.compile(r"(?:\d{4}[-/.]\d{1,2}[-/.]\d{1,2}|(?:19|20)\d{6})")
_YEAR_LAST = re.compile(r"(\d{1,2})[-/.](\d{1,2})[-/.](?:\d{4}|\d{2})")
_CLOCK = re.compile(r"\d{7,8}")
_WITHOUT_TIME = r"^\s*([0-9]{1,4}[-/.][0-9]{1,2}[-/.][0-9]{1,4}|[0-9]{7,8})(?:\.0)?(?:[ T].*)?$"


@dataclass(frozen=True, kw_only=True)
class Written:
    """One date as a file writes it, without its time: how often, with what in the columns MONTH and DAY beside it.

    `timed`: a time follows it; `twelve_hours`: with AM or PM.
    """

    text: str
    month: int | None = None
    day: int | None = None
    rows: int = 1
    timed: bool = False
    twelve_hours: bool = False


def date_part(column: str) -> pl.Expr:
    """The date of a text that may have a time after it; null where it is no date of any form."""
    return pl.col(column).str.extract(_WITHOUT_TIME, 1)


def form_of(dates: Sequence[Written], *, known: Sequence[str] = (), said: str | None = None, file: str) -> str:
    """The form of a column with these dates, in the order in which they first appear.

    Args:
        dates: what the column holds.
        known: the forms that the shape of the file allows; any where empty.
        said: the order that the user named, which decides where the dates leave it open.
        file: the file's name, for messages.

    Raises:
        InputError: when the dates are of no known form, or may be read in two ways.
    """
    if MONTH_DAY_CLOCK in known and all(_CLOCK.fullmatch(each.text) for each in dates):
        return MONTH_DAY_CLOCK
    first = sum(each.rows for each in dates if _YEAR_FIRST.fullmatch(each.text))
    pairs = [(each, int(found[1]), int(found[2])) for each in dates if (found := _YEAR_LAST.fullmatch(each.text))]
    # Texts of no known form are invalid rows; they decide nothing, however many they are.
    if not dates or first > sum(each.rows for each, _, _ in pairs):
        return ISO if all(_ISO.fullmatch(each.text) and not each.timed for each in dates) else YEAR_FIRST
    if MONTH_FIRST in known:
        return MONTH_FIRST
    if not pairs:
        raise InputError(
            f"{file}: the dates are like {dates[0].text[:40]!r}, a form that Tarmac does not read. Forms: 2009-12-31, "
            "12/31/2009, 31-12-2009, 31.12.09, 2009/12/31, 20091231, each with or without a time after it."
        )
    return _order(pairs, said, file)


def _order(pairs: Sequence[tuple[Written, int, int]], said: str | None, file: str) -> str:
    """Which of day and month comes first: a part over 12 decides, else the columns beside it, else the order of rows."""
    total = sum(each.rows for each, _, _ in pairs)
    day_first = sum(each.rows for each, a, b in pairs if a > 12 >= b)
    month_first = sum(each.rows for each, a, b in pairs if b > 12 >= a)
    if day_first or month_first:
        if min(day_first, month_first) > total / 100:
            raise InputError(
                f"{file}: of its dates {day_first:,} are day first and {month_first:,} month first, so neither order fits "
                "all. Were two files joined? Ingest them separately."
            )
        return DAY_FIRST if day_first > month_first else MONTH_FIRST
    if said in {MONTH_FIRST, DAY_FIRST}:
        return said
    same = all(a == b for _, a, b in pairs)
    if same or any(each.twelve_hours for each, _, _ in pairs):
        return MONTH_FIRST
    if all("." in each.text for each, _, _ in pairs):
        return DAY_FIRST
    order = _beside(pairs) or _rising(pairs)
    if order is None:
        example = next(each.text for each, a, b in pairs if a != b)
        raise InputError(
            f"{file}: {example!r} may be month first or day first, and nothing in the file shows which. Choose: "
            "--date-order mdy (12/31/2009) or --date-order dmy (31/12/2009)."
        )
    return order


def _beside(pairs: Sequence[tuple[Written, int, int]]) -> str | None:
    """What the columns MONTH and DAY say, where they agree with one order throughout and not with the other."""

    def agrees(month: Callable[[int, int], int], day: Callable[[int, int], int]) -> bool:
        return all(each.month in {None, month(a, b)} and each.day in {None, day(a, b)} for each, a, b in pairs)

    months = agrees(lambda a, _: a, lambda _, b: b)
    days = agrees(lambda _, b: b, lambda a, _: a)
    return None if months == days else MONTH_FIRST if months else DAY_FIRST


def _rising(pairs: Sequence[tuple[Written, int, int]]) -> str | None:
    """The one order in which the rows are sorted by date."""
    month_first, day_first = [(a, b) for _, a, b in pairs], [(b, a) for _, a, b in pairs]
    rises = [keys == sorted(keys) for keys in (month_first, day_first)]
    return None if rises[0] == rises[1] else MONTH_FIRST if rises[0] else DAY_FIRST


def to_date(column: str, form: str, year: int | None = None) -> pl.Expr:
    """A text column of that form as dates; null where it is none.

    `year` is for the form without one.
    """
    if form == ISO:
        return pl.col(column).str.to_date("%Y-%m-%d", strict=False)
    if form == MONTH_DAY_CLOCK:
        text = pl.lit(f"{year}") + pl.col(column).str.strip_suffix(".0").str.zfill(8).str.head(4)
        return text.str.to_date("%Y%m%d", strict=False)
    text = date_part(column).str.replace_all("[-.]", "/")
    if form == YEAR_FIRST:
        return pl.coalesce(text.str.to_date("%Y/%m/%d", strict=False), text.str.to_date("%Y%m%d", strict=False))
    front = "%m/%d/" if form == MONTH_FIRST else "%d/%m/"
    short = text.str.contains("/[0-9]{2}$")
    return pl.coalesce(
        pl.when(short).then(text.str.to_date(f"{front}%y", strict=False)),
        pl.when(~short).then(text.str.to_date(f"{front}%Y", strict=False)),
    )


def parts_to_date(year: pl.Expr, month: pl.Expr, day: pl.Expr) -> pl.Expr:
    """Three numbers as a date; null where there is no such day."""
    digits = [part.cast(pl.Int64, strict=False).cast(pl.String) for part in (year, month, day)]
    return pl.concat_str(digits, separator="-").str.to_date("%Y-%m-%d", strict=False)


def parse(texts: Iterable[str], form: str, year: int | None = None) -> Mapping[str, date]:
    """These texts as dates, without those that are none or of no year that flights are of."""
    frame = pl.DataFrame({"text": list(texts)}, schema={"text": pl.String})
    dates = frame.select("text", date=to_date("text", form, year)).drop_nulls()
    return {text: day for text, day in dates.iter_rows() if FIRST_YEAR <= day.year <= LAST_YEAR}
