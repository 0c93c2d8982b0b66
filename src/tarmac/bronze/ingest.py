"""Put source files into bronze unchanged: each year's separately, each month once, replacing nothing unless asked to.

Three steps: find the files and read what they contain (candidates.py), decide where each goes and what it replaces
(ingest_plan.py), and write.
"""

import json
import shutil
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tarmac.bronze.candidates import Candidate, find_candidates
from tarmac.bronze.contents import Contents
from tarmac.bronze.decide import Options
from tarmac.bronze.ingest_plan import OnOverlap, Plan, make_plans, rows_of
from tarmac.bronze.opened import Source
from tarmac.bronze.parts import without_months, write_parts
from tarmac.errors import TarmacError
from tarmac.storage.lake import BronzeFile, Lake
from tarmac.storage.scratch import scratch_folder


@dataclass(frozen=True, kw_only=True)
class Ingested:
    """The result of ingesting one file, for one of its years.

    Attributes:
        file: the file that was given.
        year: the year of these flights.
        source: the name of its format.
        key: their key in the lake.
        size: size of that file in bytes.
        written: false where an identical file was already there.
        rows: flights.
        first, last: the first and the last date, in ISO form; empty where no date can be read.
        missing: what the file lacks, and what that means for results.
        replaced: month → number of flights that it replaced.
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

    All files are read and checked before the first is copied.

    Args:
        files: files, folders of files, or patterns.
        lake: the lake to put them into.
        year: the year, for files that do not contain it.
        scratch: folder for temporary files of a lake on S3.
        options: what else the files do not contain.
        on_overlap: what to do with flights of months that bronze already has.
        pass_over: called with the reason for each file of a folder or pattern that is skipped because it has no flights.

    Raises:
        InputError: when a file is not a file of flights, its year is unknown, or bronze already has its flights.
    """
    said = replace(options or Options(), year=year)
    lake.check_can_hold()
    with scratch_folder(_scratch_parent(lake, scratch)) as folder:
        known = replace(said, airports={**_known_airports(lake), **said.airports})
        candidates = [part for path in files for part in find_candidates(path, known, folder, pass_over)]
        plans = make_plans(candidates, lake, on_overlap, folder)
        lake.make()
        _learn_airports(candidates, lake, folder)
        return [_carry_out(plan, lake, folder) for plan in plans]


def _scratch_parent(lake: Lake, scratch: Path) -> Path:
    # A lake that does not exist yet is not created for a file that is then refused.
    parent = lake.scratch_parent(scratch)
    return parent if parent == scratch or parent.parent.is_dir() else scratch


def _carry_out(plan: Plan, lake: Lake, folder: Path) -> Ingested:
    candidate, contents = plan.candidate, plan.candidate.contents
    size = candidate.path.stat().st_size
    replaced: Counter[str] = Counter()
    copy = folder / "copy"
    if not plan.same:
        # Copied first: if the disk has no room for the copy, bronze stays as it was.
        shutil.copyfile(candidate.path, copy)
    for file, theirs, months in plan.gone:
        _keep_replaced(file, theirs, months, plan, lake, folder)
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


def _keep_replaced(
    file: BronzeFile, theirs: Contents, months: Sequence[str], plan: Plan, lake: Lake, folder: Path
) -> None:
    """Move an older bronze file to `replaced/`; its months that the new file does not have stay in bronze."""
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
        held = replace(held, rows=rows_of(held, rest))
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
    """Written before the file itself, so that no file lacks its record; valid only for a file of that size."""
    record = folder / "record.json"
    record.write_text(
        json.dumps({"size": size, **contents.record()}, indent=1, sort_keys=True) + "\n", encoding="utf-8"
    )
    lake.publish_changed(record, lake.ingested_key(key))


def _known_airports(lake: Lake) -> Mapping[str, str]:
    """BTS's airport ids and their codes, from every file that had both."""
    key = lake.airport_ids_key
    known: dict[str, str] = json.loads(lake.read(key)) if lake.size(key) is not None else {}
    return known


def _learn_airports(candidates: Sequence[Candidate], lake: Lake, folder: Path) -> None:
    learned: dict[str, Any] = {}
    for candidate in candidates:
        learned |= candidate.contents.airports
    if not learned:
        return
    file = folder / "airports.json"
    file.write_text(json.dumps({**_known_airports(lake), **learned}, indent=1, sort_keys=True) + "\n", encoding="utf-8")
    lake.publish_changed(file, lake.airport_ids_key)
