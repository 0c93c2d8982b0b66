"""Put source files into bronze as they are: each year's apart, each month once, never over something else unless asked to."""

import filecmp
import glob
import json
import shutil
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

from tarmac.bronze.containers import kind_of
from tarmac.bronze.contents import Contents, Month, contents_from, contents_of
from tarmac.bronze.decide import Options
from tarmac.bronze.lookalikes import NoFlightsError
from tarmac.bronze.opened import Source
from tarmac.bronze.parts import by_year, without_months, write_parts
from tarmac.errors import InputError, TarmacError
from tarmac.storage.lake import BRONZE_SUFFIXES, BronzeFile, Lake
from tarmac.storage.scratch import scratch_folder

OnOverlap = Literal["refuse", "replace", "add"]
"""What becomes of a file with months that bronze has already."""


@dataclass(frozen=True, kw_only=True)
class Ingested:
    """One file's way into bronze, for one of its years.

    Attributes:
        file: the file that was given.
        year: the year of these flights.
        source: its shape.
        key: where they are in the lake.
        size: bytes there.
        written: false where the very same file was there already.
        rows: flights.
        first, last: the first and the last date, in ISO form; empty where no date can be read.
        missing: what the file lacks, each with what that costs.
        replaced: month → flights that were there before, in an edition that was set aside.
    """

    file: str
    year: int
    source: str
    key: str
    size: int
    written: bool
    rows: int = 0
    first: str = ""
    last: str = ""
    missing: tuple[str, ...] = ()
    replaced: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class _Candidate:
    """The flights of one year in a file: the file that holds no others, and what it holds."""

    given: Path
    path: Path
    year: int
    contents: Contents


def ingest_files(
    files: Sequence[Path],
    lake: Lake,
    *,
    year: int | None,
    scratch: Path,
    options: Options | None = None,
    on_overlap: OnOverlap = "refuse",
    pass_over: Callable[[str], None] = lambda _: None,
) -> list[Ingested]:
    """Copy files into bronze: one of a year as `{year}.csv…`, several or monthly ones into the folder `{year}/`.

    All files are looked at before the first is copied.

    Args:
        files: files, folders of files, or patterns.
        lake: where they go.
        year: the year, for files that do not say it.
        scratch: where a lake on S3 has its files before they are published.
        options: what else files do not say.
        on_overlap: what to do with flights of months that bronze has.
        pass_over: told why a file in a folder, or one that a pattern names, is none of flights.

    Raises:
        InputError: when a file is no file of flights, its year cannot be told, or bronze holds its flights already.
    """
    said = replace(options or Options(), year=year)
    lake.check_can_hold()
    with scratch_folder(_scratch_parent(lake, scratch)) as folder:
        known = replace(said, airports={**_known_airports(lake), **said.airports})
        candidates = [part for path in files for part in _candidates(path, known, folder, pass_over)]
        plans = _plan(candidates, lake, on_overlap, folder)
        lake.make()
        _learn_airports(candidates, lake, folder)
        return [_carry_out(plan, lake, folder) for plan in plans]


def _scratch_parent(lake: Lake, scratch: Path) -> Path:
    # A lake that does not exist yet is not made for a file that is then refused.
    parent = lake.scratch_parent(scratch)
    return parent if parent == scratch or parent.parent.is_dir() else scratch


def _candidates(path: Path, options: Options, folder: Path, pass_over: Callable[[str], None]) -> Iterator[_Candidate]:
    """The flights of a file; or of the files in a folder, or of a pattern, where what is no file of flights is passed over."""
    inside = _inside(path)
    if inside is None:
        yield from _look_at(path, options, folder)
        return
    found, refused = False, None
    for file in inside:
        try:
            yield from _look_at(file, options, folder)
            found = True
        except NoFlightsError as error:
            refused = error
            pass_over(str(error))
    if refused is not None and not found:
        raise InputError(f"{path} holds no file of flights. The last one: {refused}")


def _inside(path: Path) -> list[Path] | None:
    """The files in a folder, or those that a pattern names; None for a single file."""
    if path.is_dir():
        inside = sorted(each for each in path.rglob("*") if each.is_file() and not _is_hidden(each, path))
        if not inside:
            raise InputError(f"the folder {path} holds no files.")
        return inside
    if path.is_file() or not glob.has_magic(str(path)):
        return None
    found = sorted(map(Path, glob.glob(str(path), recursive=True)))  # noqa: PTH207 - a pattern may be absolute
    if not found:
        raise InputError(f"no file matches {path}. Check the pattern.")
    return [each for each in found if each.is_file()]


def _is_hidden(file: Path, folder: Path) -> bool:
    return any(part.startswith(".") for part in file.relative_to(folder).parts)


def _look_at(path: Path, options: Options, folder: Path) -> list[_Candidate]:
    if not path.is_file():
        raise InputError(f"there is no file {path}. Check the path.")
    if path.name.startswith("."):
        raise InputError(f"{path} is a hidden file, which Tarmac would not find again in bronze. Rename it.")
    contents = contents_of(path.name, path.stat().st_size, lambda: path.open("rb"), options)
    years = contents.years
    if not years:
        raise InputError(f"{path.name}: none of its rows has a date. Download the file again.")
    if options.year is not None and options.year not in years:
        raise InputError(
            f"{path.name} has flights of {', '.join(map(str, years))}, not of {options.year}. Leave --year out: the file says it."
        )
    if len(years) == 1:
        return [_Candidate(given=path, path=path, year=years[0], contents=contents)]
    source = Source(name=path.name, size=path.stat().st_size, open=lambda: path.open("rb"), readings=contents.readings)
    into = folder / f"years of {path.name}.{len(list(folder.iterdir()))}"
    into.mkdir()
    parts = write_parts(source, into, by_year(years))
    return [
        _Candidate(given=path, path=part, year=int(name), contents=contents.of_year(int(name)))
        for name, part in parts.items()
    ]


@dataclass(frozen=True, kw_only=True)
class _Plan:
    """What happens to one candidate: its key; bronze files that give way, wholly or for some months."""

    candidate: _Candidate
    key: str
    same: bool
    gone: Sequence[tuple[BronzeFile, Contents, Sequence[str]]] = ()


def _plan(candidates: Sequence[_Candidate], lake: Lake, on_overlap: OnOverlap, folder: Path) -> list[_Plan]:
    by_year_count = Counter(candidate.year for candidate in candidates)
    plans: list[_Plan] = []
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


def _refuse_twice_given(plan: _Plan, plans: Sequence[_Plan], on_overlap: OnOverlap) -> None:
    mine = plan.candidate
    for other in plans:
        theirs = other.candidate
        if theirs.year != mine.year or on_overlap == "add":
            continue
        if months := mine.contents.shares_flights_with(theirs.contents):
            raise InputError(
                f"{_shown(months)} stands in two of these files: {theirs.given} and {mine.given}. Give the right one; or, if "
                "they hold different flights of it, say --add."
            )


def _plan_one(
    candidate: _Candidate,
    lake: Lake,
    there: Sequence[tuple[BronzeFile, Contents]],
    *,
    alone: bool,
    taken: set[str],
    on_overlap: OnOverlap,
    folder: Path,
) -> _Plan:
    for file, _ in there:
        if file.size == candidate.path.stat().st_size and _same(lake, file.key, candidate.path, folder):
            return _Plan(candidate=candidate, key=file.key, same=True)
    overlaps = [
        (file, contents, months)
        for file, contents in there
        if on_overlap != "add" and (months := candidate.contents.shares_flights_with(contents))
    ]
    if overlaps and on_overlap == "refuse":
        file, contents, months = overlaps[0]
        raise InputError(
            f"{_shown(months)}: in the lake already. {lake.place(file.key)} holds {_rows(contents, months):,} flights of then, "
            f"{candidate.given} {_rows(candidate.contents, months):,}. Bronze is not changed unasked. If this is a newer "
            "edition: --replace (the older one is kept aside); if these are different flights: --add."
        )
    whole = {file.key for file, contents, months in overlaps if set(months) == set(contents.months)}
    remaining = {file.key for file, _ in there} - whole
    key = _key(lake, candidate, alone=alone and not remaining, taken=taken | remaining)
    return _Plan(candidate=candidate, key=key, same=False, gone=overlaps)


def _rows(contents: Contents, months: Sequence[str]) -> int:
    return sum(contents.months[month].rows for month in months)


def _shown(months: Sequence[str]) -> str:
    names = [datetime.strptime(month, "%Y-%m").replace(tzinfo=UTC).strftime("%B %Y") for month in months]
    return names[0] if len(names) == 1 else f"{names[0]} to {names[-1]}"


def in_bronze(lake: Lake, year: int) -> list[tuple[BronzeFile, Contents]]:
    """The year's bronze files, and what each holds: as was found when it was ingested, else read now."""
    found = []
    for file in lake.bronze_candidates(year):
        record = lake.ingested(file)
        if record:
            found.append((file, contents_from(record)))
            continue
        try:
            contents = contents_of(file.name, file.size, lambda key=file.key: lake.open(key), Options(year=year))  # type: ignore[misc]
        except InputError:
            # `run` refuses it, too: whatever comes for this year may replace it.
            contents = _anything(year)
        found.append((file, contents.of_year(year)))
    return found


def _anything(year: int) -> Contents:
    months = {f"{year}-{month:02d}": Month(rows=0, first=1, last=31) for month in range(1, 13)}
    return Contents(shapes=(), rows=0, months=months, carriers=(), origins=(), missing=(), readings={})


def _key(lake: Lake, candidate: _Candidate, *, alone: bool, taken: set[str]) -> str:
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


def _bronze_name(candidate: _Candidate) -> tuple[str, str]:
    """The file's name without its endings, and the ending that its content has, as it is written there if it is."""
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


def _carry_out(plan: _Plan, lake: Lake, folder: Path) -> Ingested:
    candidate, contents = plan.candidate, plan.candidate.contents
    size = candidate.path.stat().st_size
    replaced: Counter[str] = Counter()
    copy = folder / "copy"
    if not plan.same:
        # First of all: a disk without room for the copy leaves bronze as it was.
        shutil.copyfile(candidate.path, copy)
    for file, theirs, months in plan.gone:
        _set_aside(file, theirs, months, plan, lake, folder)
        replaced.update({month: theirs.months[month].rows for month in months if theirs.months[month].rows})
    _publish_record(contents, size, plan.key, lake, folder)
    if not plan.same:
        try:
            lake.publish(copy, plan.key, replace=any(file.key == plan.key for file, _, _ in plan.gone))
        except TarmacError:
            if lake.size(plan.key) is None:
                lake.remove_file(lake.ingested_key(plan.key))
            raise
    days = [f"{month}-{day:02d}" for month, held in contents.months.items() for day in (held.first, held.last)]
    return Ingested(
        file=str(candidate.given),
        year=candidate.year,
        source=", ".join(contents.shapes),
        key=plan.key,
        size=size,
        written=not plan.same,
        rows=contents.rows,
        first=min(days, default=""),
        last=max(days, default=""),
        missing=contents.missing,
        replaced=dict(sorted(replaced.items())),
    )


def _set_aside(
    file: BronzeFile, theirs: Contents, months: Sequence[str], plan: _Plan, lake: Lake, folder: Path
) -> None:
    """Keep the older edition aside; what of it the new file does not replace stays in bronze."""
    stamp = datetime.now(UTC).strftime("%Y-%m-%dT%H%M%SZ")
    old = lake.fetch(file.key, folder)
    aside = folder / "aside"
    shutil.copyfile(old, aside)
    year = plan.candidate.year
    lake.publish(aside, f"{lake.zones.bronze}/replaced/{stamp}/{year}/{file.name}", replace=True)
    rest = sorted(set(theirs.months) - set(months))
    if rest:
        source = Source(name=file.name, size=file.size, open=lambda: old.open("rb"), readings=theirs.readings)
        into = folder / f"rest {len(list(folder.iterdir()))}"
        into.mkdir()
        kept = write_parts(source, into, without_months(months))["kept"]
        held = replace(theirs, months={month: theirs.months[month] for month in rest})
        held = replace(held, rows=_rows(held, rest))
        key = (
            file.key if file.key.endswith(kept.suffix) else f"{lake.zones.bronze}/{year}/{file.name}.rest{kept.suffix}"
        )
        _publish_record(held, kept.stat().st_size, key, lake, folder)
        lake.publish(kept, key, replace=key == file.key)
        if key == file.key:
            return
    if file.key != plan.key:
        lake.remove_file(file.key)


def _publish_record(contents: Contents, size: int, key: str, lake: Lake, folder: Path) -> None:
    """Before the file itself, so that none is there without it; it counts only for a file of that size."""
    record = folder / "record.json"
    record.write_text(
        json.dumps({"size": size, **contents.record()}, indent=1, sort_keys=True) + "\n", encoding="utf-8"
    )
    lake.publish_changed(record, lake.ingested_key(key))


def _known_airports(lake: Lake) -> Mapping[str, str]:
    """BTS's ids of airports and their codes, learned from every file that had both."""
    key = lake.airport_ids_key
    known: dict[str, str] = json.loads(lake.read(key)) if lake.size(key) is not None else {}
    return known


def _learn_airports(candidates: Sequence[_Candidate], lake: Lake, folder: Path) -> None:
    learned: dict[str, Any] = {}
    for candidate in candidates:
        learned |= candidate.contents.airports
    if not learned:
        return
    file = folder / "airports.json"
    file.write_text(json.dumps({**_known_airports(lake), **learned}, indent=1, sort_keys=True) + "\n", encoding="utf-8")
    lake.publish_changed(file, lake.airport_ids_key)


def _same(lake: Lake, key: str, path: Path, folder: Path) -> bool:
    copy = lake.fetch(key, folder)
    try:
        return filecmp.cmp(copy, path, shallow=False)
    finally:
        copy.unlink()
