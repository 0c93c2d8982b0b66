"""Split a file of flights: one file for each year, or a year without some months."""

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import BinaryIO

import polars as pl

from tarmac.bronze.header import Header
from tarmac.bronze.opened import Opened, Source, on_disk, stream_of, tables_in
from tarmac.bronze.reading import date_of
from tarmac.bronze.survey import form_of, pieces_of, read_rows
from tarmac.bronze.tabular import scan_table
from tarmac.bronze.text import TextReport, validate
from tarmac.errors import InputError

_BATCH = 8 << 20
_DATES = ("FL_DATE", "YEAR", "MONTH", "DAY")

Choose = Callable[[pl.Expr], Mapping[str, pl.Expr]]
"""From a date: names of parts, each with whether a row with that date is in it. The first also takes rows before any date."""


def write_parts(source: Source, folder: Path, choose: Choose) -> dict[str, Path]:
    """Write the rows of each part of a file of one table into `folder`; the rows stay as they are, byte for byte.

    A row whose date cannot be read goes where the row before it went, so none is lost.

    Raises:
        InputError: when the file holds several tables.
    """
    tables = tables_in(source)
    opened = next(tables)
    if next(tables, None) is not None:
        raise InputError(
            f"{source.name} contains several tables of flights of different years. Unpack it and ingest them separately."
        )
    with stream_of(source, opened.number) as stream:
        if opened.kind != "csv":
            with on_disk(stream) as path:
                return _parts_of_table(path, opened, folder, choose)
        return _parts_of_text(stream, opened, folder, choose)


def _parts_of_table(path: Path, opened: Opened, folder: Path, choose: Choose) -> dict[str, Path]:
    frame, schema = scan_table(path, opened.kind, opened.header)
    chosen = choose(date_of(schema, opened.header.reading))
    part = pl.coalesce(pl.when(rows).then(pl.lit(name)) for name, rows in chosen.items())
    marks = frame.select(part=part).with_columns(pl.col("part").forward_fill().fill_null(next(iter(chosen))))
    whole = pl.scan_parquet(path, glob=False) if opened.kind == "parquet" else pl.scan_ipc(path)
    both = pl.concat([whole, marks.collect(engine="streaming").lazy()], how="horizontal")
    written = {}
    for name in chosen:
        written[name] = folder / f"{name}.parquet"
        both.filter(pl.col("part") == name).drop("part").sink_parquet(written[name], maintain_order=True)
    return written


def _parts_of_text(stream: BinaryIO, opened: Opened, folder: Path, choose: Choose) -> dict[str, Path]:
    before = stream.read(len(opened.before))
    names = list(choose(pl.lit(None, pl.Date)))
    written = {name: folder / f"{name}.csv" for name in names}
    files = {name: path.open("wb") for name, path in written.items()}
    try:
        for file in files.values():
            file.write(before)
        last = names[0]
        for batch in _batches(pieces_of(stream)):
            marks = _marks(batch, opened.header, choose, last)
            last = marks[-1]
            for name, lines in _by_mark(batch, marks).items():
                files[name].write(lines)
    finally:
        for file in files.values():
            file.close()
    return written


def _batches(pieces: Iterable[bytes]) -> Iterable[bytes]:
    rest: list[bytes] = []
    size = 0
    for piece in pieces:
        rest.append(piece)
        size += len(piece)
        if size >= _BATCH and b"\n" in piece:
            joined = b"".join(rest)
            cut = joined.rfind(b"\n") + 1
            yield joined[:cut]
            rest, size = [joined[cut:]], len(joined) - cut
    if last := b"".join(rest):
        yield last if last.endswith(b"\n") else last + b"\n"


def _marks(batch: bytes, header: Header, choose: Choose, last: str) -> list[str]:
    """The part of each line of a batch."""
    valid = validate(batch, form_of(header), TextReport(lines=header.lines))
    rows = read_rows(valid, header, _DATES)
    chosen = choose(date_of(rows.schema, header.reading))
    part = pl.coalesce(pl.when(rows_in).then(pl.lit(name)) for name, rows_in in chosen.items())
    return rows.select(part=part.forward_fill().fill_null(last)).to_series().to_list()


def _by_mark(batch: bytes, marks: list[str]) -> dict[str, bytes]:
    if len(set(marks)) == 1:
        return {marks[0]: batch}
    lines: dict[str, list[bytes]] = {}
    for line, mark in zip(batch.split(b"\n")[:-1], marks, strict=True):
        lines.setdefault(mark, []).append(line)
    return {mark: b"\n".join(found) + b"\n" for mark, found in lines.items()}


def by_year(years: Iterable[int]) -> Choose:
    """Parts named by the years."""
    return lambda day: {str(year): (day.dt.year() == year) for year in years}


def without_months(months: Iterable[str]) -> Choose:
    """The part "kept" without these months, and the part "left"."""
    wanted = list(months)

    def choose(day: pl.Expr) -> Mapping[str, pl.Expr]:
        gone = day.dt.strftime("%Y-%m").is_in(wanted)
        return {"kept": ~gone, "left": gone}

    return choose
