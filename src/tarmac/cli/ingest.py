"""The command tarmac ingest."""

from pathlib import Path
from typing import Annotated

import typer

from tarmac.cli.opening import open_workspace
from tarmac.cli.options import AsJson, Given, Quiet, with_settings
from tarmac.errors import InputError


@with_settings("lake", "request_payer")
def ingest(
    files: Annotated[
        list[Path], typer.Argument(help="Kaggle yearly or BTS monthly files: .csv, .csv.gz, .zip.", metavar="FILE…")
    ],
    given: Given,
    year: Annotated[
        str | None, typer.Option("--year", help="The year; if left out, that of the first row.", metavar="Y")
    ] = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Copy source files into bronze, unchanged."""
    from tarmac.bronze.ingest import ingest_files
    from tarmac.cli.console import print_json, print_table
    from tarmac.settings import parse_years

    years = parse_years(year) if year is not None else range(0)
    if len(years) > 1:
        raise InputError(
            f"--year {year!r} names {len(years)} years. Give one, or leave it out to take the year of each file's first row."
        )
    _, workspace, _ = open_workspace(given, quiet=quiet)
    done = ingest_files(files, workspace.lake, year=years[0] if years else None, scratch=workspace.scratch)
    if as_json:
        print_json({"command": "ingest", "lake": workspace.lake.root, "files": [vars(file) for file in done]})
    elif not quiet:
        rows = [
            (f.file, str(f.year), f.source, workspace.lake.place(f.key), "written" if f.written else "was there")
            for f in done
        ]
        print_table("", ("file", "year", "source", "bronze", "write"), rows)
