"""Recognise the shape of a file by its first lines, in any order of columns, and find the position of each column."""

import csv
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from tarmac.bronze.formats import SHAPES
from tarmac.bronze.formats.shape import UNUSED, Shape
from tarmac.bronze.lookalikes import NoFlightsError, refuse_lookalike
from tarmac.bronze.reading import Reading
from tarmac.errors import InputError

DELIMITERS = (",", ";", "\t", "|")
FIRST_LINES = 20
"""The header stands among these."""
PAGE = "docs/formats.md"
_NO_DELAY = {
    "arr_delay": "is the arrival's delay and does not replace it",
    "dep_del15": "says whether a departure was late, not by how many minutes",
    "dep_delayed": "says whether a departure was late, not by how many minutes",
}


@dataclass(frozen=True, kw_only=True)
class Header:
    """What the first lines of a file say.

    Attributes:
        source: the shape's name.
        width: fields that each line has.
        positions: column (`tables.bronze`, helpers too) → its place among them.
        extra: the names of columns that Tarmac does not know.
        lines: lines before the first row; 0 where there is no header.
        delimiter: the character between two fields.
        fixed: column → the value of all rows, from a line before the header.
        reading: how the columns become a flight's, once that is decided.
    """

    source: str
    width: int
    positions: Mapping[str, int]
    extra: tuple[str, ...]
    lines: int = 1
    delimiter: str = ","
    fixed: Mapping[str, str] = field(default_factory=dict)
    reading: Reading = field(default_factory=Reading)

    @property
    def shape(self) -> Shape:
        """The shape itself."""
        return SHAPES[self.source]


def recognise_header(head: str, *, file: str) -> Header:
    """The header that is among these first lines.

    Raises:
        InputError: when they are of no known shape, lack what a flight needs, or name a column twice.
    """
    lines = head.removeprefix("\ufeff").split("\n")[:FIRST_LINES]
    _refuse_lone_returns(lines[0], file)
    rows = [[split_fields(line, delimiter) for line in lines] for delimiter in DELIMITERS]
    for number in range(len(lines)):
        for delimiter, split in zip(DELIMITERS, rows, strict=True):
            following = next((row for row in split[number + 1 :] if any(row)), [])
            if len(split[number]) > 2 and (shape := _shape_of(split[number], following)):
                refuse_lookalike([name.casefold() for name in split[number]], file, flights=True)
                return _header(shape, split[number], delimiter, lines[:number], number + 1, file)
    for delimiter, split in zip(DELIMITERS, rows, strict=True):
        if shape := _headless_shape(split[0]):
            return _header(shape, list(shape.headless), delimiter, [], 0, file)
    raise _unknown(rows, lines, file)


def recognise_names(names: Sequence[str], first: Mapping[str, str], *, file: str) -> Header:
    """The header of a table whose columns have these names, and whose first row these texts."""
    row = [first.get(name, "") for name in names]
    shape = _shape_of(names, row)
    if shape is None:
        raise _unknown([[list(names), row]], [",".join(names)], file)
    return _header(shape, names, ",", [], 1, file)


def split_fields(line: str, delimiter: str) -> list[str]:
    """The fields of one line, without blanks around them."""
    text = line.rstrip("\r").replace("\r", "").replace("\0", "")
    return [name.strip() for name in next(csv.reader([text], delimiter=delimiter), [])]


def _refuse_lone_returns(line: str, file: str) -> None:
    if "\r" in line.rstrip("\r"):
        raise InputError(
            f"{file}, line 1: the lines end in a lone CR, as on old Macs. Convert the file, for example with: "
            f"tr '\\r' '\\n' < {file} > converted.csv"
        )


def _shape_of(names: Sequence[str], row: Sequence[str]) -> Shape | None:
    folded = [name.strip().casefold() for name in names]
    values = dict(zip(folded, row, strict=False))
    return next(
        (
            shape
            for shape in SHAPES.values()
            if shape.fits(frozenset(folded)) and (shape.headless or not shape.fits_row or _fits_row(shape, values))
        ),
        None,
    )


def _headless_shape(row: Sequence[str]) -> Shape | None:
    shapes = (shape for shape in SHAPES.values() if shape.headless and len(shape.headless) == len(row))
    return next(
        (shape for shape in shapes if _fits_row(shape, dict(zip(shape.headless, row, strict=True)))),
        None,
    )


def _fits_row(shape: Shape, values: Mapping[str, str]) -> bool:
    assert shape.fits_row is not None  # noqa: S101 - asked by both callers
    return shape.fits_row(values)


def _header(shape: Shape, names: Sequence[str], delimiter: str, before: Sequence[str], lines: int, file: str) -> Header:
    folded = [name.strip().casefold() for name in names]
    _refuse_twice(names, folded, shape, file, lines)
    positions = _positions(shape, folded)
    _refuse_without_delay(shape, positions, file, lines)
    taken, unused = set(positions.values()), UNUSED | shape.unused
    fixed = {
        column: found[1]
        for column, pattern in shape.before.items()
        if column not in positions and (found := re.search(pattern, "\n".join(before)))
    }
    return Header(
        source=shape.name,
        width=len(names),
        positions=positions,
        extra=tuple(name for i, name in enumerate(names) if i not in taken and folded[i] not in unused),
        lines=lines,
        delimiter=delimiter,
        fixed=fixed,
    )


def _positions(shape: Shape, folded: Sequence[str]) -> dict[str, int]:
    found = {
        column: next((folded.index(alias.casefold()) for alias in aliases if alias.casefold() in folded), None)
        for column, aliases in shape.columns.items()
    }
    return {column: place for column, place in found.items() if place is not None}


def _refuse_twice(names: Sequence[str], folded: Sequence[str], shape: Shape, file: str, line: int) -> None:
    wanted = {alias.casefold() for aliases in shape.columns.values() for alias in aliases}
    for name, times in Counter(folded).items():
        if times > 1 and name in wanted:
            places = [i + 1 for i, other in enumerate(folded) if other == name]
            raise InputError(
                f"{file}, line {line}: column {names[places[0] - 1]} appears {times} times in the header, as columns "
                f"{', '.join(map(str, places))}. Keep the right one and remove or rename the others."
            )


def _refuse_without_delay(shape: Shape, positions: Mapping[str, int], file: str, line: int) -> None:
    clocks = {"CRS_DEP_TIME", "DEP_TIME"} <= positions.keys()
    if clocks or positions.keys() & {"DEP_DELAY", "DEP_DELAY_NEW"}:
        return
    delay, scheduled, actual = (shape.columns[name][0] for name in ("DEP_DELAY", "CRS_DEP_TIME", "DEP_TIME"))
    raise InputError(
        f"{file}, line {max(line, 1)}: no departure delay. A flight needs {delay}, or {scheduled} and {actual} to compute it "
        f"from. Download the file again with these columns ({shape.where})."
    )


def _unknown(rows: Sequence[Sequence[Sequence[str]]], lines: Sequence[str], file: str) -> NoFlightsError:
    names = max((row for split in rows for row in split[:1]), key=len)
    folded = [name.strip().casefold() for name in names]
    refuse_lookalike(folded, file)
    known = {shape.name: len(_positions(shape, folded)) for shape in SHAPES.values()}
    nearest = SHAPES[max(known, key=lambda name: (known[name], SHAPES[name].rank))]
    if known[nearest.name] < 3:
        return NoFlightsError(
            f"{file}, line 1: not the header of a file of flights: {_shown(lines[0])}. {PAGE} lists the formats that "
            "Tarmac reads, and where to get them."
        )
    positions = _positions(nearest, folded)
    odd = [name for i, name in enumerate(names) if i not in positions.values() and folded[i] not in nearest.unused]
    needed = [
        f"{' or '.join(nearest.columns[column][:2])} ({what})"
        for column, what in (("FL_DATE", "date"), ("ORIGIN", "airport"), ("DEP_DELAY", "departure delay"))
        if not {column, f"{column}_ID"} & positions.keys()
    ]
    missing = f" Missing: {', '.join(needed)}." if needed else ""
    for other, said in _NO_DELAY.items():
        if "DEP_DELAY" not in positions and other in folded:
            missing += f" {other.upper()} {said}."
    others = f" Columns that do not match: {', '.join(odd[:8])}." if odd else ""
    return NoFlightsError(
        f"{file}, line 1: not one of the formats that Tarmac reads. Nearest: {nearest.title}.{missing}{others} See {PAGE}."
    )


def _shown(line: str) -> str:
    return repr(line[:80] + ("…" if len(line) > 80 else ""))
