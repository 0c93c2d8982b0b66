"""The command tarmac demo."""

import os
import shutil
import sys
from pathlib import Path
from typing import Annotated

import typer

from tarmac.cli.opening import open_workspace, show_runs
from tarmac.cli.options import AsJson, Quiet
from tarmac.errors import InputError


def demo(
    flights: Annotated[int, typer.Option(help="Number of flights to simulate.", metavar="N")] = 600_000,
    airports: Annotated[int, typer.Option(help="Number of airports.", metavar="K")] = 60,
    year: Annotated[int, typer.Option(help="The year to simulate.", metavar="Y")] = 2019,
    seed: Annotated[int, typer.Option(help="Seed of the simulation.", metavar="S")] = 1,
    out: Annotated[
        Path | None,
        typer.Option(help="The report's HTML file.", show_default=".tarmac/demo/report.html", metavar="FILE.html"),
    ] = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Simulate a year, run the pipeline on it, and write its report."""
    from tarmac.cli.demonstration import run_demo
    from tarmac.storage.atomic import is_standard_output

    to_stdout = out is not None and is_standard_output(out)
    if as_json and to_stdout:
        raise InputError(f"--out {out} and --json both write to standard output. Use only one of them.")
    settings, workspace, terminal = open_workspace({}, quiet=quiet)
    result = run_demo(
        settings.home / "demo",
        settings.parameters,
        year=year,
        flights=flights,
        airports=airports,
        seed=seed,
        out=out,
        reporter=terminal,
    )
    show_runs("demo", [result.run], workspace, as_json=False, quiet=quiet or as_json or to_stdout)
    if as_json:
        from tarmac.cli.console import print_json

        print_json(result.facts())
    elif not quiet:
        program = "tarmac" if shutil.which("tarmac") else os.path.relpath(sys.argv[0])
        typer.echo(result.sentence(program), err=to_stdout)
