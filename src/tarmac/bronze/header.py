"""Recognise a source by its header, in any order of columns, and say where each bronze column stands."""

import csv
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from tarmac.bronze.formats import bts, kaggle
from tarmac.errors import InputError
from tarmac.tables.bronze import FLIGHT_COLUMNS


@dataclass(frozen=True, kw_only=True)
class Header:
    """A recognised header: the source's name, the position of each bronze column, and the columns left out."""

    source: str
    width: int
    positions: Mapping[str, int]
    extra: tuple[str, ...]


@dataclass(frozen=True)
class _Source:
    name: str
    columns: Mapping[str, tuple[str, ...]]
    unused: frozenset[str]


SOURCES = tuple(_Source(module.NAME, module.COLUMNS, module.UNUSED) for module in (kaggle, bts))


def recognise_header(line: str, *, file: str) -> Header:
    """The header that this first line is.

    Raises:
        InputError: when a column is missing or named twice, or when the line is no known source's header.
    """
    names = _split_names(line, file)
    folded = [name.casefold() for name in names]
    source = max(SOURCES, key=lambda source: _known(source, folded))
    if _known(source, folded) < len(FLIGHT_COLUMNS) // 3:
        raise InputError(
            f"{file}, line 1: this is not the header of flights: {_shown(line)}. Known sources: a Kaggle yearly file "
            f"(FL_DATE, OP_CARRIER, …) or a BTS monthly one (FlightDate, Reporting_Airline, …). Give one of these."
        )
    _refuse_twice(names, folded, source, file)
    positions: dict[str, int] = {}
    missing = []
    for column, aliases in source.columns.items():
        found = [folded.index(alias.casefold()) for alias in aliases if alias.casefold() in folded]
        if found:
            positions[column] = found[0]
        else:
            missing.append(" or ".join(aliases))
    if missing:
        raise InputError(
            f"{file}, line 1: column{'s' * (len(missing) > 1)} {', '.join(missing)} missing from the header of a "
            f"{source.name} file. Download the file again with all columns, or add the missing ones (empty where unknown)."
        )
    taken = set(positions.values())
    extra = tuple(name for i, name in enumerate(names) if i not in taken and name and name not in source.unused)
    return Header(source=source.name, width=len(names), positions=positions, extra=extra)


def _split_names(line: str, file: str) -> list[str]:
    text = line.removeprefix("\ufeff").rstrip("\r\n")
    if "\r" in text:
        raise InputError(
            f"{file}, line 1: the lines end in a lone CR, as on old Macs. Convert the file, for example with: "
            f"tr '\\r' '\\n' < {file} > converted.csv"
        )
    return [name.strip() for name in next(csv.reader([text]), [])]


def _known(source: _Source, folded: list[str]) -> int:
    return sum(any(alias.casefold() in folded for alias in aliases) for aliases in source.columns.values())


def _refuse_twice(names: list[str], folded: list[str], source: _Source, file: str) -> None:
    wanted = {alias.casefold() for aliases in source.columns.values() for alias in aliases}
    for name, times in Counter(folded).items():
        if times > 1 and name in wanted:
            places = [i + 1 for i, other in enumerate(folded) if other == name]
            raise InputError(
                f"{file}, line 1: column {names[places[0] - 1]} stands {times} times in the header, as columns "
                f"{', '.join(map(str, places))}. Keep the right one and remove or rename the others."
            )


def _shown(line: str) -> str:
    return repr(line[:80] + ("…" if len(line) > 80 else ""))
