"""Shared by the commands: a workspace from settings, and the display of runs."""

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tarmac.cli.console import Terminal
    from tarmac.cli.options import Given
    from tarmac.pipeline import Run, Workspace
    from tarmac.settings import Settings


def open_workspace(given: "Given", *, quiet: bool) -> "tuple[Settings, Workspace, Terminal]":
    """The settings with these options, their workspace, and the reporter for this process.

    Raises:
        InputError: a setting is not allowed.
    """
    from tarmac.cli.configuration import read_settings
    from tarmac.cli.console import configure_logs, open_terminal
    from tarmac.engines import engine_named
    from tarmac.pipeline import Workspace
    from tarmac.storage.lake import Zones, open_lake
    from tarmac.storage.s3 import S3Access

    settings = read_settings(**given)
    configure_logs(settings.log_format, quiet=quiet)
    zones = Zones(bronze=settings.bronze_folder, silver=settings.silver_folder, gold=settings.gold_folder)
    requester_pays = settings.request_payer == "requester"
    workspace = Workspace(
        lake=open_lake(settings.lake, zones, S3Access(requester_pays=requester_pays)),
        scratch=Path(settings.scratch),
        home=settings.home,
        engine=engine_named(
            settings.engine,
            master=settings.spark_master or None,
            home=settings.home,
            split_bytes=settings.spark_split_mib << 20,
            requester_pays=requester_pays,
        ),
        warehouse=settings.warehouse,
        table=settings.table,
    )
    return settings, workspace, open_terminal(quiet=quiet)


def show_runs(command: str, runs: "list[Run]", workspace: "Workspace", *, as_json: bool, quiet: bool) -> None:
    """Print the runs' results: a table, or the records as one JSON object."""
    from tarmac.cli.console import print_json, print_table
    from tarmac.cli.summary import summary_rows

    if as_json:
        print_json({"command": command, "lake": workspace.lake.root, "runs": [run.record() for run in runs]})
    elif not quiet:
        print_table(
            "", ("year", "step", "rows", "result", "seconds"), [row for run in runs for row in summary_rows(run)]
        )
