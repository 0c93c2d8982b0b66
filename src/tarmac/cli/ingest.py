"""The command tarmac ingest."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tarmac.cli.opening import open_workspace
from tarmac.cli.options import AsJson, Given, Quiet, Replace, with_settings
from tarmac.errors import InputError

if TYPE_CHECKING:
    from tarmac.bronze.ingest import Ingested
    from tarmac.bronze.ingest_plan import OnOverlap
    from tarmac.storage.lake import Lake


@with_settings("lake", "request_payer")
def ingest(
    files: Annotated[
        list[Path],
        typer.Argument(help="Files of flights, folders or patterns: docs/formats.md lists them.", metavar="FILE…"),
    ],
    given: Given,
    year: Annotated[
        str | None, typer.Option("--year", help="The year, for files that do not contain it.", metavar="Y")
    ] = None,
    month: Annotated[
        int | None, typer.Option(min=1, max=12, help="The month, for files that do not contain it.", metavar="M")
    ] = None,
    date_order: Annotated[
        str | None, typer.Option(help="Order of ambiguous dates such as 1/2/2024: mdy or dmy.", metavar="ORDER")
    ] = None,
    origin: Annotated[
        str | None,
        typer.Option(help="The airport that all flights leave from, for files that do not contain it.", metavar="CODE"),
    ] = None,
    airports: Annotated[
        Path | None, typer.Option(help="A table of BTS's airport ids and their codes.", metavar="FILE")
    ] = None,
    replace: Replace = False,
    add: Annotated[bool, typer.Option("--add", help="Add these flights to months that bronze already has.")] = False,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Copy source files into bronze, unchanged; a file of several years is split."""
    from tarmac.bronze.decide import Options
    from tarmac.bronze.ingest import ingest_files
    from tarmac.bronze.lookup import read_airports
    from tarmac.cli.console import print_json

    one_year, on_overlap = _year(year), _on_overlap(replace=replace, add=add)
    options = Options(
        month=month,
        date_order=_order(date_order),
        origin=_code(origin),
        airports=read_airports(airports) if airports else {},
    )
    _, workspace, _ = open_workspace(given, quiet=quiet)
    done = ingest_files(
        files,
        workspace.lake,
        year=one_year,
        scratch=workspace.scratch,
        options=options,
        on_overlap=on_overlap,
        pass_over=lambda why: None if quiet else typer.echo(f"Skipped: {why}", err=True),
    )
    if as_json:
        print_json({"command": "ingest", "lake": workspace.lake.root, "files": [vars(file) for file in done]})
    elif not quiet:
        show_ingested(done, workspace.lake)


def _year(year: str | None) -> int | None:
    from tarmac.settings import parse_years

    years = parse_years(year) if year is not None else range(0)
    if len(years) > 1:
        raise InputError(f"--year {year!r} names {len(years)} years. Give one, or omit it to use each file's dates.")
    return years[0] if years else None


def _on_overlap(*, replace: bool, add: bool) -> "OnOverlap":
    if replace and add:
        raise InputError("--replace and --add cannot be combined. Give one of them.")
    return "replace" if replace else "add" if add else "refuse"


def _order(date_order: str | None) -> str | None:
    if date_order not in {None, "mdy", "dmy"}:
        raise InputError(f"--date-order {date_order!r} is unknown. Give mdy (12/31/2009) or dmy (31/12/2009).")
    return date_order


def _code(origin: str | None) -> str | None:
    if origin is not None and not (len(origin) == 3 and origin.isascii() and origin.isalnum()):
        raise InputError(f"--origin {origin!r} is not an airport's code. Give three letters like GRR.")
    return origin.upper() if origin else None


def show_ingested(done: "list[Ingested]", lake: "Lake") -> None:
    """Print a table of the files, with their recognised format and their key in bronze."""
    from tarmac.cli.console import print_table

    rows = [
        (
            file.file,
            str(file.year),
            file.source,
            f"{file.rows:,}",
            f"{file.first} to {file.last}",
            lake.location(file.key),
            _what_happened(file),
            "; ".join(file.missing) or "nothing",
        )
        for file in done
    ]
    print_table("", ("file", "year", "taken for", "flights", "dates", "bronze", "what happened", "missing"), rows)


def _what_happened(file: "Ingested") -> str:
    if not file.replaced:
        return "written" if file.written else "was there"
    months = ", ".join(f"{month} ({rows:,} before)" for month, rows in file.replaced.items())
    return f"replaced {months}"
