"""Decide how to read a file, from all or its first rows: the format of its dates, and which columns are empty."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import polars as pl

from tarmac.bronze import dates, values
from tarmac.bronze.carriers import to_code
from tarmac.bronze.dates import Written
from tarmac.bronze.header import PAGE, Header
from tarmac.bronze.reading import Reading
from tarmac.errors import InputError

_ID = r"^[0-9]{5}(?:\.0)?$"
_DATE_KEYS = ("FL_DATE", "YEAR", "MONTH", "DAY")
_EXAMPLES = {"year": 2014, "month": 3}
MOST_DATES = 200_000
"""Different dates in a file, times left out: 140 years have 51,000, and a few forms and oddities."""

MOST_CODES = 2_000
"""Carriers or airports in a batch of rows; there are 20 and 380."""


@dataclass(frozen=True, kw_only=True)
class Options:
    """What the user says of files that do not say it themselves."""

    year: int | None = None
    month: int | None = None
    date_order: str | None = None
    origin: str | None = None
    airports: Mapping[str, str] = field(default_factory=dict)


@dataclass(kw_only=True)
class Seen:
    """What some or all rows of a file hold.

    Attributes:
        rows: how many.
        filled: column → how many of them hold something.
        when: one row for each date as it is written, with the parts beside it, in order of appearance: `rows` of it.
        ids: BTS's id → code, of rows that have both.
        not_cancelled: rows of which CANCELLED says that they were not.
        carriers, origins: the codes that occur.
        by_id: BTS's id → rows whose origin it is, in place of a code.
    """

    rows: int = 0
    filled: dict[str, int] = field(default_factory=dict)
    when: pl.DataFrame = field(default_factory=pl.DataFrame)
    ids: dict[str, str] = field(default_factory=dict)
    by_id: dict[str, int] = field(default_factory=dict)
    not_cancelled: int = 0
    carriers: set[str] = field(default_factory=set)
    origins: set[str] = field(default_factory=set)

    def add(self, frame: pl.DataFrame) -> None:
        """Count these rows, too; columns are named as in `Header.positions`."""
        self.rows += frame.height
        schema = frame.schema
        given = frame.select(values.is_given(name, schema[name]).sum().alias(name) for name in frame.columns)
        for name, rows in given.row(0, named=True).items() if frame.height else ():
            self.filled[name] = self.filled.get(name, 0) + (rows or 0)
        if "CANCELLED" in schema:
            flag = values.flag("CANCELLED", schema["CANCELLED"], decimal_comma=True)
            self.not_cancelled += frame.select((flag == 0).sum()).item() or 0
        self.when = _summed(self.when, _dates(frame), ("text", "month", "day", "year", "timed", "twelve"))
        for column, codes in (("OP_CARRIER", self.carriers), ("ORIGIN", self.origins), ("ORIGIN_ID", self.origins)):
            if column in schema and not (column == "ORIGIN_ID" and "ORIGIN" in schema):
                found = frame.select(_plain(column).unique()).drop_nulls().head(MOST_CODES)
                codes.update(found.select(to_code(pl.col(column)) if column == "OP_CARRIER" else column).to_series())
        for id_column, code in (("ORIGIN_ID", "ORIGIN"), ("DEST_ID", "DEST")):
            if {id_column, code} <= set(frame.columns):
                pairs = frame.select(_plain(id_column), _plain(code)).unique().drop_nulls()
                self.ids |= {i: c for i, c in pairs.iter_rows() if i.isdecimal() and c.isalnum() and len(c) == 3}
        for column in ("ORIGIN", "ORIGIN_ID") if "ORIGIN" not in frame.columns else ("ORIGIN",):
            if column in frame.columns:
                ids = frame.select(_plain(column).alias("id")).filter(pl.col("id").str.contains(_ID))
                for airport, rows in ids.group_by("id").len().iter_rows():
                    self.by_id[airport] = self.by_id.get(airport, 0) + rows


def _plain(column: str) -> pl.Expr:
    return pl.col(column).cast(pl.String).str.strip_chars().str.strip_suffix(".0")


def _dates(frame: pl.DataFrame) -> pl.DataFrame:
    there = set(frame.columns)

    def part(column: str) -> pl.Expr:
        if column not in there:
            return pl.lit(None, pl.Int64)
        return values.number(column, frame.schema[column]).cast(pl.Int64, strict=False)

    if "FL_DATE" not in there:
        text, timed, twelve = pl.lit(None, pl.String), pl.lit(False), pl.lit(False)
    elif isinstance(frame.schema["FL_DATE"], pl.Date | pl.Datetime):
        text, timed, twelve = pl.col("FL_DATE").cast(pl.Date).cast(pl.String), pl.lit(False), pl.lit(False)
    else:
        text = dates.date_part("FL_DATE").fill_null(pl.col("FL_DATE").str.head(40))
        timed = pl.col("FL_DATE").str.contains("[ T].").fill_null(False)
        twelve = pl.col("FL_DATE").str.contains("(?i) [AP]M$").fill_null(False)
    keys = frame.select(
        text=text,
        month=part("MONTH"),
        day=part("DAY"),
        year=part("YEAR"),
        timed=timed,
        twelve=twelve,
        rows=pl.lit(1, pl.Int64),
    )
    return keys.group_by("text", "month", "day", "year", "timed", "twelve", maintain_order=True).agg(
        pl.col("rows").sum()
    )


def _summed(left: pl.DataFrame, right: pl.DataFrame, keys: tuple[str, ...]) -> pl.DataFrame:
    if left.is_empty():
        return right
    joined = pl.concat([left, right]).group_by(keys, maintain_order=True).agg(pl.col("rows").sum())
    return joined.head(MOST_DATES)


def decide(header: Header, seen: Seen, options: Options, *, file: str) -> Header:
    """The header with its reading.

    Raises:
        InputError: when the dates have no year, are of no known form or may be read in two ways; when there is no airport of
            departure, or no departure delay and none can be computed; or when airports are ids whose codes are unknown.
    """
    columns = {name for name in header.positions if seen.filled.get(name, 0)}
    if not columns:
        return header  # no rows: reading it reports that
    reading = Reading(
        **_when(header, seen, columns, options, file),
        **_where(header, seen, columns, options, file),
        delay=_delay(header, seen, columns, file),
        cancelled=_cancelled(header, columns),
    )
    unused = {"DEP_DELAY"} - columns if reading.delay != "given" else set()
    kept = {name: place for name, place in header.positions.items() if name not in unused}
    return replace(header, reading=reading, positions=kept)


def _when(header: Header, seen: Seen, columns: set[str], options: Options, file: str) -> dict[str, Any]:
    if "FL_DATE" in columns:
        form = dates.form_of(written(seen.when), known=header.shape.dates, said=options.date_order, file=file)
        if form == dates.MONTH_DAY_CLOCK and options.year is None:
            raise InputError(f"{file}: its dates have no year. Give it: --year 2014")
        return {"date": form, "year": options.year if form == dates.MONTH_DAY_CLOCK else None}
    if "DAY" not in columns:
        names = [header.shape.columns[name][0] for name in ("FL_DATE", "DAY") if name in header.shape.columns]
        raise InputError(f"{file}: its flights have no date: neither {' nor '.join(names)} holds one. See {PAGE}.")
    said = {"year": options.year, "month": options.month}
    missing = [name for name in said if name.upper() not in columns and said[name] is None]
    if missing:
        wanted = " ".join(f"--{name} {_EXAMPLES[name]}" for name in missing)
        them = "it" if len(missing) == 1 else "them"
        raise InputError(f"{file}: its dates have no {' and no '.join(missing)}. Give {them}: {wanted}")
    given = {name: value for name, value in said.items() if name.upper() not in columns}
    return {"date": dates.PARTS, **given}


def written(when: pl.DataFrame) -> list[Written]:
    """The dates that were seen, those that are none left out."""
    return [
        Written(text=text, month=month, day=day, rows=rows, timed=timed, twelve_hours=twelve)
        for text, month, day, _, timed, twelve, rows in when.iter_rows()
        if text is not None
    ]


def _where(header: Header, seen: Seen, columns: set[str], options: Options, file: str) -> dict[str, Any]:
    if not columns & {"ORIGIN", "ORIGIN_ID"}:
        if not (options.origin or header.fixed.get("ORIGIN")):
            raise InputError(
                f"{file}: its flights have no airport of departure. If all leave from one airport, name it: --origin GRR"
            )
        return {"origin": options.origin}
    codes = dict(options.airports) | seen.ids
    unknown = {airport: rows for airport, rows in seen.by_id.items() if airport.removesuffix(".0") not in codes}
    rows = sum(unknown.values())
    if rows > seen.rows / 100:
        raise InputError(
            f"{file}: {rows:,} of {seen.rows:,} flights name airports by BTS's ids, such as "
            f"{next(iter(unknown))}, and the codes of "
            f"{len(unknown)} of them are unknown. Give a file with both ids and codes: --airports FILE (BTS's Master "
            "Coordinate table, or any monthly file of BTS)."
        )
    # Destinations are not counted by id: the few hundred airports of a lookup are kept whole.
    return {"airports": dict(sorted(codes.items()))} if seen.by_id else {}


def _delay(header: Header, seen: Seen, columns: set[str], file: str) -> str:
    if "DEP_DELAY" in columns:
        return "given"
    if {"DEP_TIME", "CRS_DEP_TIME"} <= columns:
        return "clocks"
    if "DEP_DELAY_NEW" in columns:
        return "late"
    if "DEP_DELAY" in header.positions and "CANCELLED" in columns and not seen.not_cancelled:
        return "given"  # a file in which no flight departed
    names = [header.shape.columns.get(name, ("none",))[0] for name in ("DEP_DELAY", "CRS_DEP_TIME", "DEP_TIME")]
    raise InputError(
        f"{file}: {names[0]} is empty in every row, and so is {names[1]} or {names[2]}, from which it could be computed. "
        f"Download the file again with these columns ({header.shape.where})."
    )


def _cancelled(header: Header, columns: set[str]) -> str:
    if "CANCELLED" in columns or header.shape.knows_cancelled:
        return "given"
    return "no_departure" if "DEP_TIME" in columns else "no_delay"


def lacking(header: Header) -> list[str]:
    """What the file lacks or has in another form, each with what that costs."""
    there, reading = set(header.positions), header.reading
    said = [text for columns, text in _COSTS if not there & set(columns)]
    if reading.delay == "clocks":
        said.append("DEP_DELAY: computed from the clocks")
    if reading.delay == "late":
        said.append("DEP_DELAY: early departures count as 0, so means are higher")
    if reading.cancelled != "given":
        said.append("CANCELLED: a flight without a departure")
    return said


_COSTS: tuple[tuple[tuple[str, ...], str], ...] = (
    (("OP_CARRIER",), "carriers: no days by carrier"),
    (("OP_CARRIER_FL_NUM",), "flight numbers: duplicates are not found"),
    (("DEST", "DEST_ID"), "destinations"),
    (("CANCELLATION_CODE",), "cancellation codes: no causes of cancellations"),
    (("CARRIER_DELAY", "WEATHER_DELAY"), "causes of delay"),
    (("DIVERTED",), "diversions"),
)
