"""The command tarmac ingest."""

from pathlib import Path
from typing import Annotated

import typer

from tarmac.cli.opening import open_workspace
from tarmac.cli.options import AsJson, Config, LakeOption, Quiet
from tarmac.errors import InputError


def ingest(
    files: Annotated[
        list[Path], typer.Argument(help="Kaggle yearly or BTS monthly files: .csv, .csv.gz, .zip.", metavar="FILE…")
    ],
    year: Annotated[
        str | None, typer.Option("--year", help="The year, where the first row does not tell it.", metavar="Y")
    ] = None,
    lake: LakeOption = None,
    config: Config = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Put source files into bronze, unchanged."""
    from tarmac.bronze.ingest import ingest_files
    from tarmac.cli.console import print_json, print_table
    from tarmac.settings import parse_years

    years = parse_years(year) if year is not None else range(0)
    if len(years) > 1:
        raise InputError(
            f"--year {year!r} names {len(years)} years. Ingest takes one, or none to read it from the files."
        )
    _, workspace, _ = open_workspace(quiet=quiet, lake=lake, config=config)
    done = ingest_files(files, workspace.lake, year=years[0] if years else None, scratch=workspace.scratch)
    if as_json:
        print_json({"command": "ingest", "lake": workspace.lake.root, "files": [vars(file) for file in done]})
    elif not quiet:
        rows = [
            (f.file, str(f.year), f.source, workspace.lake.place(f.key), "written" if f.written else "was there")
            for f in done
        ]
        print_table("", ("file", "year", "source", "bronze", "write"), rows)
