"""Step one of ingest: find the files of flights, read what each contains, and split those of several years."""

import glob
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from tarmac.bronze.contents import Contents, contents_of
from tarmac.bronze.decide import Options
from tarmac.bronze.lookalikes import NoFlightsError
from tarmac.bronze.opened import Source
from tarmac.bronze.parts import by_year, write_parts
from tarmac.errors import InputError


@dataclass(frozen=True, kw_only=True)
class Candidate:
    """The flights of one year in a source file: `path` is a file with only these, `contents` describes it."""

    given: Path
    path: Path
    year: int
    contents: Contents


def find_candidates(
    path: Path, options: Options, folder: Path, pass_over: Callable[[str], None]
) -> Iterator[Candidate]:
    """The flights of a file, or of all files in a folder or of a pattern; files without flights there are skipped.

    Raises:
        InputError: a file cannot be read as flights; of a folder or pattern, none can.
    """
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
        raise InputError(f"{path} contains no file of flights. The last one: {refused}")


def _inside(path: Path) -> list[Path] | None:
    """The files in a folder, or those that match a pattern; None for a single file."""
    if path.is_dir():
        inside = sorted(each for each in path.rglob("*") if each.is_file() and not _is_hidden(each, path))
        if not inside:
            raise InputError(f"the folder {path} contains no files.")
        return inside
    if path.is_file() or not glob.has_magic(str(path)):
        return None
    found = sorted(map(Path, glob.glob(str(path), recursive=True)))  # noqa: PTH207 - a pattern may be absolute
    if not found:
        raise InputError(f"no file matches {path}. Check the pattern.")
    return [each for each in found if each.is_file()]


def _is_hidden(file: Path, folder: Path) -> bool:
    return any(part.startswith(".") for part in file.relative_to(folder).parts)


def _look_at(path: Path, options: Options, folder: Path) -> list[Candidate]:
    if not path.is_file():
        raise InputError(f"there is no file {path}. Check the path.")
    if path.name.startswith("."):
        raise InputError(f"{path} is a hidden file, which Tarmac ignores in bronze. Rename it.")
    contents = contents_of(path.name, path.stat().st_size, lambda: path.open("rb"), options)
    years = contents.years
    if not years:
        raise InputError(f"{path.name}: none of its rows has a date. Download the file again.")
    if options.year is not None and options.year not in years:
        raise InputError(
            f"{path.name} has flights of {', '.join(map(str, years))}, not of {options.year}. Leave --year out: "
            f"the dates in the file include the year."
        )
    if len(years) == 1:
        return [Candidate(given=path, path=path, year=years[0], contents=contents)]
    source = Source(name=path.name, size=path.stat().st_size, open=lambda: path.open("rb"), readings=contents.readings)
    into = folder / f"years of {path.name}.{len(list(folder.iterdir()))}"
    into.mkdir()
    parts = write_parts(source, into, by_year(years))
    return [
        Candidate(given=path, path=part, year=int(name), contents=contents.of_year(int(name)))
        for name, part in parts.items()
    ]
