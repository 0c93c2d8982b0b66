"""The pipeline's commands: run, and its steps silver, gold, detect and load, which are a run with one step."""

from collections.abc import Sequence
from typing import Annotated

import typer

from tarmac.cli.opening import open_workspace, show_runs
from tarmac.cli.options import AsJson, Given, Quiet, Year, with_settings
from tarmac.errors import InputError
from tarmac.settings import ALL_STEPS, used_by

_ALL = ",".join(ALL_STEPS)
Steps = Annotated[str, typer.Option("--steps", help="Steps to run, separated by commas.", metavar="A,B")]
RunId = Annotated[
    str | None,
    typer.Option(
        "--run-id", help="Continue this run's record, as a scheduler does.", show_default="a new one", metavar="ID"
    ),
]


@with_settings(*used_by(ALL_STEPS))
def run(
    year: Year,
    given: Given,
    steps: Steps = _ALL,
    run_id: RunId = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Run the pipeline: clean, aggregate, score and load years of bronze."""
    from tarmac.runs.record import check_run_id

    _run(
        "run",
        year,
        given,
        steps=_parse_steps(steps),
        run_id=run_id and check_run_id(run_id),
        as_json=as_json,
        quiet=quiet,
    )


@with_settings(*used_by(["silver"]))
def silver(year: Year, given: Given, as_json: AsJson = False, quiet: Quiet = False) -> None:
    """One step: clean bronze into silver; invalid rows go to the quarantine."""
    _run("silver", year, given, steps=["silver"], as_json=as_json, quiet=quiet)


@with_settings(*used_by(["gold"]))
def gold(year: Year, given: Given, as_json: AsJson = False, quiet: Quiet = False) -> None:
    """One step: aggregate silver into gold, one row per airport and day."""
    _run("gold", year, given, steps=["gold"], as_json=as_json, quiet=quiet)


@with_settings(*used_by(["detect"]))
def detect(year: Year, given: Given, as_json: AsJson = False, quiet: Quiet = False) -> None:
    """One step: score each airport's days and flag the abnormal ones."""
    _run("detect", year, given, steps=["detect"], as_json=as_json, quiet=quiet)


@with_settings(*used_by(["load"]))
def load(year: Year, given: Given, as_json: AsJson = False, quiet: Quiet = False) -> None:
    """One step: upsert the scored days into the warehouse."""
    _run("load", year, given, steps=["load"], as_json=as_json, quiet=quiet)


def _run(
    command: str,
    year: str,
    given: Given,
    *,
    steps: Sequence[str],
    run_id: str | None = None,
    as_json: bool,
    quiet: bool,
) -> None:
    from tarmac.pipeline import run_year
    from tarmac.settings import parse_years

    years = parse_years(year)
    settings, workspace, terminal = open_workspace(given, quiet=quiet)
    workspace.lake.check_exists()
    if "silver" in steps:
        for each in years:
            workspace.lake.bronze_files(each)
    runs = [
        run_year(workspace, each, settings.parameters, steps=steps, command=command, reporter=terminal, run_id=run_id)
        for each in years
    ]
    show_runs(command, runs, workspace, as_json=as_json, quiet=quiet)


def _parse_steps(text: str) -> list[str]:
    asked = [name.strip() for name in text.split(",")]
    if unknown := [name for name in asked if name not in ALL_STEPS]:
        raise InputError(f"step {unknown[0]!r} is unknown. Known: {', '.join(ALL_STEPS)}. Fix --steps.")
    return asked
