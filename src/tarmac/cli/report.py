"""The command tarmac report."""

from pathlib import Path
from typing import Annotated

import typer

from tarmac.cli.opening import open_workspace
from tarmac.cli.options import AsJson, Given, Quiet, Year, with_settings
from tarmac.errors import InputError


@with_settings("warehouse")
def report(
    year: Year,
    out: Annotated[Path, typer.Option("--out", help="The HTML file to write.", metavar="FILE.html")],
    given: Given,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Write a report of years in the warehouse as one HTML file."""
    from tarmac.cli.console import print_json
    from tarmac.pipeline import publish_report
    from tarmac.settings import parse_years
    from tarmac.storage.atomic import is_standard_output

    if as_json and is_standard_output(out):
        raise InputError(f"--out {out} and --json both write to standard output. Use only one of them.")
    years = parse_years(year)
    _, workspace, terminal = open_workspace(given, quiet=quiet)
    with terminal.step("report", years[0]):
        size = publish_report(workspace, years, out)
    if as_json:
        print_json({"command": "report", "out": str(out), "bytes": size})
    elif not quiet:
        message = f"Wrote {out} ({size / 1e6:.1f} MB). Open it in any browser; it needs no network."
        typer.echo(message, err=is_standard_output(out))
