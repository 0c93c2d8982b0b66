"""What the commands share: from options to a workspace and parameters, and how runs are shown."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tarmac.cli.console import Terminal
    from tarmac.pipeline import Parameters, Run, Workspace
    from tarmac.settings import Settings


def open_workspace(*, quiet: bool, **options: Any) -> "tuple[Settings, Workspace, Terminal]":
    """The settings that these options win over, the workspace that they name, and who shows how it goes on.

    Raises:
        InputError: a setting is wrong.
    """
    from tarmac.cli.console import configure_logs, open_terminal
    from tarmac.engines import engine_named
    from tarmac.pipeline import Workspace
    from tarmac.settings import read_settings
    from tarmac.storage.lake import Zones, open_lake

    settings = read_settings(**options)
    configure_logs(settings.log_format, quiet=quiet)
    zones = Zones(bronze=settings.bronze_folder, silver=settings.silver_folder, gold=settings.gold_folder)
    workspace = Workspace(
        lake=open_lake(settings.lake, zones),
        scratch=settings.scratch or settings.home / "scratch",
        home=settings.home,
        engine=engine_named(
            settings.engine,
            master=settings.spark_master or None,
            home=settings.home,
            split_bytes=settings.spark_split_mib << 20,
        ),
        warehouse=settings.warehouse,
        table=settings.table,
    )
    return settings, workspace, open_terminal(quiet=quiet)


def parameters_of(settings: "Settings") -> "Parameters":
    """What decides a run's results, from the settings."""
    from tarmac.detect import DetectParameters
    from tarmac.pipeline import Parameters

    named: dict[str, Any] = (
        {"detectors": tuple(name.strip() for name in settings.detectors.split(","))} if settings.detectors else {}
    )
    return Parameters(
        detect=DetectParameters(
            **named,
            outliers_fraction=settings.outliers_fraction,
            max_p=settings.max_p,
            max_q=settings.max_q,
            seed=settings.seed,
            threshold=settings.threshold,
            mode=settings.mode,
        ),
        max_quarantined=settings.max_quarantined,
        history=settings.history,
    )


def show_runs(command: str, runs: "list[Run]", workspace: "Workspace", *, as_json: bool, quiet: bool) -> None:
    """Print what the runs did: a table for people, or the records as one JSON object."""
    from tarmac.cli.console import print_json, print_table
    from tarmac.cli.summary import summary_rows

    if as_json:
        print_json({"command": command, "lake": workspace.lake.root, "runs": [run.record() for run in runs]})
    elif not quiet:
        print_table(
            "", ("year", "step", "rows", "what happened", "seconds"), [row for run in runs for row in summary_rows(run)]
        )
