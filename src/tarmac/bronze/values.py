"""Expressions that parse cells of any type: numbers, clock times, booleans, texts, and missing values."""

import polars as pl

from tarmac.tables.bronze import NULL_MARKERS

_CLOCK = r"^([0-9]{1,2}):([0-9]{2})(?::[0-9]{2}(?:\.0+)?)?(?: ?([AaPp])\.?[Mm]\.?)?$"
_YES, _NO = ["true", "t", "yes", "y"], ["false", "f", "no", "n"]


def trimmed(name: str) -> pl.Expr:
    """The text without blanks around it: a number must not become unreadable because another row of the file is."""
    return pl.col(name).str.strip_chars()


def is_given(name: str, dtype: pl.DataType) -> pl.Expr:
    """Whether the cell holds anything, readable or not."""
    if isinstance(dtype, pl.String):
        return ~trimmed(name).is_in(NULL_MARKERS).fill_null(True)
    given = pl.col(name).is_not_null()
    return given & pl.col(name).is_not_nan() if dtype.is_float() else given


def number(name: str, dtype: pl.DataType, *, decimal_comma: bool = False) -> pl.Expr:
    """A number; null where there is none. NaN is how pandas writes that there is none."""
    if isinstance(dtype, pl.String):
        text = trimmed(name)
        read = text.cast(pl.Float64, strict=False)
        if decimal_comma:
            read = pl.coalesce(read, text.str.replace(",", ".", literal=True).cast(pl.Float64, strict=False))
    else:
        read = pl.col(name).cast(pl.Float64, strict=False)
    return read.fill_nan(None)


def clock(name: str, dtype: pl.DataType, *, decimal_comma: bool = False) -> pl.Expr:
    """A local time as hhmm: 5, 0005, 713.0, 10:15, 10:15:00, 10:15 PM."""
    if isinstance(dtype, pl.Time | pl.Datetime):
        return pl.col(name).dt.hour().cast(pl.Float64) * 100 + pl.col(name).dt.minute()
    if not isinstance(dtype, pl.String):
        return number(name, dtype)
    parts = trimmed(name).str.extract_groups(_CLOCK)
    hours, minutes = (parts.struct.field(part).cast(pl.Float64, strict=False) for part in ("1", "2"))
    half = parts.struct.field("3").str.to_lowercase()
    of_day = pl.when(hours.is_between(1, 12)).then(hours % 12 + 12 * (half == "p").cast(pl.Float64))
    hours = pl.when(half.is_null()).then(hours).otherwise(of_day)
    return pl.coalesce(number(name, dtype, decimal_comma=decimal_comma), hours * 100 + minutes)


def flag(name: str, dtype: pl.DataType, *, decimal_comma: bool = False) -> pl.Expr:
    """1 or 0 for yes or no, in words, letters or numbers; another number stays what it is."""
    if not isinstance(dtype, pl.String):
        return number(name, dtype)
    text = trimmed(name).str.to_lowercase()
    words = pl.when(text.is_in(_YES)).then(pl.lit(1.0)).when(text.is_in(_NO)).then(pl.lit(0.0))
    return pl.coalesce(number(name, dtype, decimal_comma=decimal_comma), words)


def text(name: str, dtype: pl.DataType) -> pl.Expr:
    """A text without blanks around it; null where it is one of the marks for that."""
    value = trimmed(name) if isinstance(dtype, pl.String) else pl.col(name).cast(pl.String)
    return pl.when(~value.is_in(NULL_MARKERS)).then(value)


def minutes_of_day(clock: pl.Expr) -> pl.Expr:
    """Minutes after midnight of a time as hhmm; null where it is no time."""
    hours, minutes = (clock / 100).floor(), clock % 100
    return pl.when((clock >= 0) & (clock <= 2400) & (minutes < 60)).then(hours * 60 + minutes)
