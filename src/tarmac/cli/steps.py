"""The way of the data and its steps: run, silver, gold, detect, load."""

import typer

from tarmac.cli.opening import open_workspace, parameters_of, show_runs
from tarmac.cli.options import (
    AsJson,
    Config,
    Detectors,
    Engine,
    History,
    LakeOption,
    MaxP,
    MaxQ,
    MaxQuarantined,
    Mode,
    OutliersFraction,
    Quiet,
    RunId,
    Seed,
    SparkMaster,
    Steps,
    Threshold,
    WarehouseOption,
    Year,
)
from tarmac.errors import InputError


def run(
    context: typer.Context,
    year: Year,
    lake: LakeOption = None,
    warehouse: WarehouseOption = None,
    detectors: Detectors = None,
    engine: Engine = None,
    spark_master: SparkMaster = None,
    outliers_fraction: OutliersFraction = None,
    max_p: MaxP = None,
    max_q: MaxQ = None,
    seed: Seed = None,
    threshold: Threshold = None,
    mode: Mode = None,
    history: History = None,
    max_quarantined: MaxQuarantined = None,
    steps: Steps = None,
    run_id: RunId = None,
    config: Config = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """The whole way: clean, aggregate, judge and load years of bronze."""
    _run_steps(context, "silver", "gold", "detect", "load")


def silver(
    context: typer.Context,
    year: Year,
    lake: LakeOption = None,
    engine: Engine = None,
    spark_master: SparkMaster = None,
    max_quarantined: MaxQuarantined = None,
    config: Config = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """One step: bronze to clean flights; the rest to the quarantine."""
    _run_steps(context, "silver")


def gold(
    context: typer.Context,
    year: Year,
    lake: LakeOption = None,
    engine: Engine = None,
    spark_master: SparkMaster = None,
    config: Config = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """One step: clean flights to one row per airport and day."""
    _run_steps(context, "gold")


def detect(
    context: typer.Context,
    year: Year,
    lake: LakeOption = None,
    detectors: Detectors = None,
    engine: Engine = None,
    spark_master: SparkMaster = None,
    outliers_fraction: OutliersFraction = None,
    max_p: MaxP = None,
    max_q: MaxQ = None,
    seed: Seed = None,
    threshold: Threshold = None,
    mode: Mode = None,
    history: History = None,
    config: Config = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """One step: judge each airport's days."""
    _run_steps(context, "detect")


def load(
    context: typer.Context,
    year: Year,
    lake: LakeOption = None,
    warehouse: WarehouseOption = None,
    config: Config = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """One step: upsert the judged days into the warehouse."""
    _run_steps(context, "load")


def _run_steps(context: typer.Context, *steps: str) -> None:
    """Take the years through these steps; the command's options are read from its context."""
    from tarmac.pipeline import run_year
    from tarmac.runs.record import check_run_id
    from tarmac.settings import parse_years

    options = dict(context.params)
    command = context.info_name or ""
    as_json, quiet = options.pop("as_json"), options.pop("quiet")
    years = parse_years(options.pop("year"))
    steps = _asked_steps(options.pop("steps", None)) or steps
    run_id = check_run_id(given) if (given := options.pop("run_id", None)) else None
    settings, workspace, terminal = open_workspace(quiet=quiet, **options)
    parameters = parameters_of(settings)
    workspace.lake.check_exists()
    if "silver" in steps:
        for each in years:
            workspace.lake.bronze_files(each)
    runs = [
        run_year(workspace, each, parameters, steps=steps, command=command, reporter=terminal, run_id=run_id)
        for each in years
    ]
    show_runs(command, runs, workspace, as_json=as_json, quiet=quiet)


def _asked_steps(text: str | None) -> tuple[str, ...]:
    from tarmac.pipeline import STEPS

    asked = tuple(name.strip() for name in text.split(",")) if text is not None else ()
    if unknown := [name for name in asked if name not in STEPS]:
        raise InputError(f"step {unknown[0]!r} is unknown. Known: {', '.join(STEPS)}. Fix --steps.")
    return asked
