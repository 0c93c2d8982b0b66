"""Step two of ingest: decide the key of each file in bronze, and which of bronze's files it replaces. Writes nothing."""

import filecmp
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from tarmac.bronze.candidates import Candidate
from tarmac.bronze.containers import kind_of
from tarmac.bronze.contents import Contents, Month, contents_from, contents_of
from tarmac.bronze.decide import Options
from tarmac.errors import InputError
from tarmac.storage.lake import BRONZE_SUFFIXES, BronzeFile, Lake

OnOverlap = Literal["refuse", "replace", "add"]
"""What to do with a file whose months are already in bronze."""


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What to do with one candidate.

    Attributes:
        candidate: the flights.
        key: where they go in the lake.
        same: whether the same file is already there.
        gone: the bronze files that they replace, with their contents and the months that are replaced.
    """

    candidate: Candidate
    key: str
    same: bool
    gone: Sequence[tuple[BronzeFile, Contents, Sequence[str]]] = ()


def make_plans(candidates: Sequence[Candidate], lake: Lake, on_overlap: OnOverlap, folder: Path) -> list[Plan]:
    """The plan of each candidate, in the same order.

    Raises:
        InputError: bronze or another candidate already has the flights, and `on_overlap` does not allow it.
    """
    by_year_count = Counter(candidate.year for candidate in candidates)
    plans: list[Plan] = []
    there: dict[int, list[tuple[BronzeFile, Contents]]] = {}
    for candidate in candidates:
        if candidate.year not in there:
            there[candidate.year] = in_bronze(lake, candidate.year)
        plan = _plan_one(
            candidate,
            lake,
            there[candidate.year],
            alone=by_year_count[candidate.year] == 1,
            taken={plan.key for plan in plans},
            on_overlap=on_overlap,
            folder=folder,
        )
        _refuse_twice_given(plan, plans, on_overlap)
        plans.append(plan)
    return plans


def _refuse_twice_given(plan: Plan, plans: Sequence[Plan], on_overlap: OnOverlap) -> None:
    mine = plan.candidate
    for other in plans:
        theirs = other.candidate
        if theirs.year != mine.year or on_overlap == "add":
            continue
        if months := mine.contents.shares_flights_with(theirs.contents):
            raise InputError(
                f"{_shown(months)} is in two of these files: {theirs.given} and {mine.given}. Give only the right one; or, if "
                "they contain different flights, add --add."
            )


def _plan_one(
    candidate: Candidate,
    lake: Lake,
    there: Sequence[tuple[BronzeFile, Contents]],
    *,
    alone: bool,
    taken: set[str],
    on_overlap: OnOverlap,
    folder: Path,
) -> Plan:
    for file, _ in there:
        if file.size == candidate.path.stat().st_size and _same(lake, file.key, candidate.path, folder):
            return Plan(candidate=candidate, key=file.key, same=True)
    overlaps = [
        (file, contents, months)
        for file, contents in there
        if on_overlap != "add" and (months := candidate.contents.shares_flights_with(contents))
    ]
    if overlaps and on_overlap == "refuse":
        file, contents, months = overlaps[0]
        raise InputError(
            f"{_shown(months)}: already in the lake. {lake.location(file.key)} contains "
            f"{rows_of(contents, months):,} flights of that time, "
            f"{candidate.given} {rows_of(candidate.contents, months):,}. Bronze was not changed. If this is a newer "
            "edition, use --replace (the older one is kept); if these are different flights, use --add."
        )
    whole = {file.key for file, contents, months in overlaps if set(months) == set(contents.months)}
    remaining = {file.key for file, _ in there} - whole
    key = _key(lake, candidate, alone=alone and not remaining, taken=taken | remaining)
    return Plan(candidate=candidate, key=key, same=False, gone=overlaps)


def rows_of(contents: Contents, months: Sequence[str]) -> int:
    """The number of flights in these months."""
    return sum(contents.months[month].rows for month in months)


def _shown(months: Sequence[str]) -> str:
    names = [datetime.strptime(month, "%Y-%m").replace(tzinfo=UTC).strftime("%B %Y") for month in months]
    return names[0] if len(names) == 1 else f"{names[0]} to {names[-1]}"


def in_bronze(lake: Lake, year: int) -> list[tuple[BronzeFile, Contents]]:
    """The year's bronze files and their contents: as recorded when they were ingested, else read now."""
    found = []
    for file in lake.bronze_candidates(year):
        record = lake.ingested(file)
        if record:
            found.append((file, contents_from(record)))
            continue
        try:
            contents = contents_of(file.name, file.size, lambda key=file.key: lake.open(key), Options(year=year))  # type: ignore[misc]
        except InputError:
            # `run` refuses it, too: any file of this year may replace it.
            contents = _anything(year)
        found.append((file, contents.of_year(year)))
    return found


def _anything(year: int) -> Contents:
    months = {f"{year}-{month:02d}": Month(rows=0, first=1, last=31) for month in range(1, 13)}
    return Contents(shapes=(), rows=0, months=months, carriers=(), origins=(), missing=(), readings={})


def _key(lake: Lake, candidate: Candidate, *, alone: bool, taken: set[str]) -> str:
    bronze, year = lake.zones.bronze, candidate.year
    stem, suffix = _bronze_name(candidate)
    if alone and not candidate.contents.monthly and (single := f"{bronze}/{year}{suffix.lower()}") not in taken:
        return single
    months = sorted(candidate.contents.months)
    key = f"{bronze}/{year}/{stem}{suffix}"
    number = 1
    while key in taken:
        span = months[0] if len(months) == 1 else f"{months[0]}..{months[-1]}"
        key = f"{bronze}/{year}/{stem}.{span}{'' if number == 1 else f'.{number}'}{suffix}"
        number += 1
    return key


def _bronze_name(candidate: Candidate) -> tuple[str, str]:
    """The file's name without its suffixes, and the suffix for its content; spelled as in the name where it is there."""
    with candidate.path.open("rb") as file:
        kind = kind_of(file.read(512), candidate.path.name)
    suffix = {"gz": ".csv.gz", "bz2": ".csv.bz2", "xz": ".csv.xz", "zst": ".csv.zst"}.get(kind, f".{kind}")
    name = candidate.given.name
    if kind == "zip" and name.lower().endswith(".xlsx"):
        suffix = ".xlsx"
    stem = name
    while (ending := Path(stem).suffix.lower()) and (ending in BRONZE_SUFFIXES or ending in _ENDINGS):
        stem = stem[: -len(ending)]
    return stem, name[len(stem) :] if name[len(stem) :].lower() == suffix else suffix


_ENDINGS = frozenset({".gz", ".bz2", ".xz", ".zst", ".txt", ".tsv", ".feather", ".jsonl", ".ndjson", ".dat"})


def _same(lake: Lake, key: str, path: Path, folder: Path) -> bool:
    copy = lake.fetch(key, folder)
    try:
        return filecmp.cmp(copy, path, shallow=False)
    finally:
        copy.unlink()
