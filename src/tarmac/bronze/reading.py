"""Turn a file's columns into bronze columns: some are read unchanged, others derived.

Everything that depends on the file as a whole (the form of its dates, a column that is empty throughout) is decided once,
in `decide.py`, and is in the `Reading`; the rest goes row by row.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import polars as pl

from tarmac.bronze import dates, values
from tarmac.bronze.carriers import to_code
from tarmac.tables.bronze import FLIGHT_COLUMNS, HELPERS, TEXT_COLUMNS
from tarmac.tables.daily import CAUSES
from tarmac.tables.flights import CLOCKS

if TYPE_CHECKING:
    from tarmac.bronze.header import Header

FIGURES: tuple[str, ...] = ("DEP_DELAY", "CANCELLED", "DIVERTED", *(cause.upper() for cause in CAUSES))
"""The numbers that results are made from: a row is set aside where one of them cannot be read. Another one is dropped."""

_CLOCKS = frozenset(clock.upper() for clock in CLOCKS)
_FLAGS = frozenset({"CANCELLED", "DIVERTED"})
_CAUSES = [cause.upper() for cause in CAUSES]
LARGEST_WRAP = -180
"""Minutes: a departure that seems earlier than this was after midnight. The earliest real one is −41."""


@dataclass(frozen=True, kw_only=True)
class Reading:
    """How one file's columns become flights.

    Attributes:
        date: the form of its dates (`bronze.dates`).
        year, month, origin: what the user said, where the file does not.
        delay: "given"; "clocks": departure minus schedule; "late": DEP_DELAY_NEW, of which early departures are 0.
        cancelled: "given", or "no_departure": a flight without a departure was cancelled.
        airports: BTS's id → code, where airports are ids.
    """

    date: str = dates.ISO
    year: int | None = None
    month: int | None = None
    origin: str | None = None
    delay: str = "given"
    cancelled: str = "given"
    airports: Mapping[str, str] = field(default_factory=dict)


def names_of(header: "Header") -> dict[int, str]:
    """Position → column."""
    return {place: column for column, place in header.positions.items()}


def text_schema(header: "Header", *, as_text: bool) -> dict[str, pl.DataType]:
    """The columns of a text in their order, as Polars is to read them."""
    names = names_of(header)
    texts = TEXT_COLUMNS | set(HELPERS)
    return {
        names.get(i, f"unused {i}"): pl.Float64()
        if not as_text and i in names and names[i] not in texts
        else pl.String()
        for i in range(header.width)
    }


def to_bronze(raw: pl.LazyFrame, schema: Mapping[str, pl.DataType], header: "Header", name: str) -> pl.LazyFrame:
    """The bronze columns of a file, typed as `silver.validate` wants them; a blank line is a row of nulls.

    Args:
        raw: `source_line`, and the file's columns under the names of `header.positions`.
        schema: their types.
        header: what the file's first lines say, and how it is to be read.
        name: the file's name.
    """
    shape, reading = header.shape, header.reading
    columns = raw.select(
        pl.lit(name).alias("source_file"),
        pl.col("source_line").cast(pl.Int64),
        *(_column(column, schema, header).alias(column) for column in FLIGHT_COLUMNS),
        *_departed(schema, reading),
        _unreadable(schema, header).alias("unreadable"),
        _dropped(schema, header).alias("dropped"),
        pl.lit("DEST" not in schema and "DEST_ID" not in schema).alias("no_dest"),
        *(pl.col(column) for column in ("DEP_DELAY_NEW",) if reading.delay != "given" and column in schema),
    )
    if shape.adjust is not None:
        columns = shape.adjust(columns)
    if not shape.clean and set(_CAUSES) <= schema.keys():
        columns = _without_zero_causes(columns)
    if reading.delay != "given":
        columns = columns.with_columns(DEP_DELAY=_delay(schema, reading))
    if reading.cancelled != "given":
        columns = columns.with_columns(CANCELLED=(~pl.col("departed")).cast(pl.Float64))
    return columns.drop("departed", "DEP_DELAY_NEW", strict=False)


def _column(name: str, schema: Mapping[str, pl.DataType], header: "Header") -> pl.Expr:
    reading = header.reading
    if name == "FL_DATE":
        return date_of(schema, reading)
    if name in {"ORIGIN", "DEST"}:
        return _airport(name, schema, header)
    if name not in schema:
        return pl.lit(None, pl.String if name in TEXT_COLUMNS else pl.Float64)
    if name == "OP_CARRIER" and not header.shape.clean:
        return to_code(values.text(name, schema[name]))
    if name in TEXT_COLUMNS:
        return values.text(name, schema[name])
    return _numeric(name, schema[name], header)


def _numeric(name: str, dtype: pl.DataType, header: "Header") -> pl.Expr:
    read = values.clock if name in _CLOCKS else values.flag if name in _FLAGS else values.number
    return read(name, dtype, decimal_comma=header.delimiter != ",")


def date_of(schema: Mapping[str, pl.DataType], reading: Reading) -> pl.Expr:
    """The date of a flight, from columns of these names and types; null where it is none."""
    if reading.date == dates.PARTS:
        parts = (
            pl.lit(said) if said is not None else values.number(part, schema[part])
            for part, said in (("YEAR", reading.year), ("MONTH", reading.month), ("DAY", None))
        )
        return dates.parts_to_date(*parts)
    dtype = schema["FL_DATE"]
    if isinstance(dtype, pl.Date | pl.Datetime):
        return pl.col("FL_DATE").cast(pl.Date)
    return dates.to_date("FL_DATE", reading.date, reading.year)


def _airport(name: str, schema: Mapping[str, pl.DataType], header: "Header") -> pl.Expr:
    reading, by_id = header.reading, f"{name}_ID"
    fixed = reading.origin or header.fixed.get(name) if name == "ORIGIN" else header.fixed.get(name)
    if name not in schema and by_id not in schema:
        return pl.lit(fixed, pl.String)
    column = name if name in schema else by_id
    code = values.trimmed(column) if isinstance(schema[column], pl.String) else pl.col(column).cast(pl.String)
    if not reading.airports:
        return code
    code = code.str.strip_suffix(".0")
    return code.replace(dict(reading.airports))


def _departed(schema: Mapping[str, pl.DataType], reading: Reading) -> list[pl.Expr]:
    """Whether the flight left, by what the file has: asked only where nothing says that it was cancelled."""
    if reading.cancelled == "given":
        return []
    column = "DEP_TIME" if "DEP_TIME" in schema and reading.cancelled == "no_departure" else None
    column = column or ("DEP_DELAY" if "DEP_DELAY" in schema else "DEP_DELAY_NEW")
    return [values.is_given(column, schema[column]).alias("departed")]


def _delay(schema: Mapping[str, pl.DataType], reading: Reading) -> pl.Expr:
    """Departure minus schedule; where a delay without early departures is given, it is the delay of a late one."""
    known = "DEP_DELAY_NEW" in schema
    late = values.number("DEP_DELAY_NEW", schema["DEP_DELAY_NEW"]) if known else pl.lit(None, pl.Float64)
    if reading.delay == "late":
        return late
    minutes = values.minutes_of_day(pl.col("DEP_TIME")) - values.minutes_of_day(pl.col("CRS_DEP_TIME"))
    after_midnight = pl.when(minutes < LARGEST_WRAP).then(minutes + 1440).otherwise(minutes)
    early = pl.when(after_midnight > 0).then(after_midnight - 1440).otherwise(after_midnight)
    return pl.when(late > 0).then(late).when(late == 0).then(pl.coalesce(early, late)).otherwise(after_midnight)


def _without_zero_causes(columns: pl.LazyFrame) -> pl.LazyFrame:
    """BTS leaves the causes of a flight that was not late empty; where a source fills them with 0, they are null again."""
    nothing = pl.all_horizontal(pl.col(cause).fill_null(0) == 0 for cause in _CAUSES)
    return columns.with_columns(pl.when(~nothing).then(cause).alias(cause) for cause in _CAUSES)


def _unreadable(schema: Mapping[str, pl.DataType], header: "Header") -> pl.Expr:
    """The first column for which the row must be set aside; null where there is none."""
    bad = [
        pl.when(values.is_given(name, schema[name]) & _numeric(name, schema[name], header).is_null()).then(pl.lit(name))
        for name in FIGURES
        if isinstance(schema.get(name), pl.String)
    ]
    texts = [
        name
        for name in ("OP_CARRIER", "ORIGIN", "DEST", "CANCELLATION_CODE")
        if isinstance(schema.get(name), pl.String)
    ]
    foreign = [pl.col(name).str.contains("\ufffd", literal=True) for name in texts]
    if foreign:
        bad.append(pl.when(pl.any_horizontal(foreign)).then(pl.lit("NOT_UTF8")))
    if "DUPLICATE" in schema:
        bad.append(pl.when(pl.col("DUPLICATE").cast(pl.String).str.strip_chars() == "Y").then(pl.lit("DUPLICATE")))
    return pl.coalesce(bad) if bad else pl.lit(None, pl.String)


def _dropped(schema: Mapping[str, pl.DataType], header: "Header") -> pl.Expr:
    """Whether a number that feeds no result holds something, but no number."""
    bad = [
        values.is_given(name, schema[name]) & _numeric(name, schema[name], header).is_null()
        for name in FLIGHT_COLUMNS
        if name not in FIGURES and name not in TEXT_COLUMNS and isinstance(schema.get(name), pl.String)
    ]
    return pl.any_horizontal(bad) if bad else pl.lit(False)
