"""The command tarmac query."""

from typing import Annotated, Literal

import typer

from tarmac.cli.opening import open_workspace
from tarmac.cli.options import AsJson, Given, with_settings


@with_settings("warehouse")
def query(
    sql: Annotated[str, typer.Argument(help="One SELECT.", metavar="SQL")],
    given: Given,
    format_: Annotated[
        Literal["table", "csv", "json"],
        typer.Option("--format", help="Format of the rows.", metavar="table|csv|json"),
    ] = "table",
    as_json: AsJson = False,
) -> None:
    """Query the warehouse with SQL, read-only."""
    from tarmac.cli.printing import print_rows
    from tarmac.warehouse.query import run_query

    _, workspace, _ = open_workspace(given, quiet=True)
    with run_query(workspace.warehouse, workspace.home, sql) as result:
        print_rows(result.columns, result.rows, "object" if as_json else format_)
