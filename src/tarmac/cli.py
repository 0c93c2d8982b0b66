"""The commands. Each reads its options, calls the library and shows the result; heavy imports wait until then."""

import os
import shutil
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, NoReturn

import typer

from tarmac.errors import InputError, TarmacError
from tarmac.options import (
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

if TYPE_CHECKING:
    from tarmac.console import Terminal
    from tarmac.pipeline import Parameters, Place, Run
    from tarmac.settings import Settings

app = typer.Typer(
    name="tarmac",
    epilog="Start with: tarmac demo. Every option is also a variable: --lake is TARMAC_LAKE. "
    "Exit codes: 0 done, 1 the system failed, 2 the request or the input is wrong.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,  # rich takes longer to load for a page of help than all the rest
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

_STOPPED = "stopped. Nothing half-written was published; run the same command again."


def _show_version(wanted: bool) -> None:
    if wanted:
        from tarmac import __version__

        typer.echo(f"tarmac {__version__}")
        raise typer.Exit


@app.callback()
def tarmac(
    version: Annotated[
        bool, typer.Option("--version", help="Show the version and exit.", callback=_show_version, is_eager=True)
    ] = False,
) -> None:
    """On which days was a US airport abnormal, how badly, and why?"""
    del version


def main() -> None:
    """Run a command and end with its exit code; never with a traceback for a user's mistake."""
    signal.signal(signal.SIGTERM, _end_in_order)
    sys.exit(run_command(sys.argv[1:]))


def _end_in_order(number: int, frame: object) -> NoReturn:
    """Leave every block on the way out: the scratch folder is removed, the embedded warehouse stopped."""
    del frame
    signal.signal(number, signal.SIG_IGN)  # a second one must not stop the cleaning up
    sys.exit(_fail(_STOPPED, 128 + number, as_json=False))


def run_command(arguments: list[str]) -> int:
    """Run one command line; returns its exit code."""
    as_json = "--json" in arguments
    try:
        code = app(arguments, prog_name="tarmac", standalone_mode=False)
    except TarmacError as error:
        return _fail(str(error), error.exit_code, as_json=as_json)
    except typer.TyperException as error:
        return _fail_usage(error, as_json=as_json)
    except (typer.Abort, KeyboardInterrupt):
        return _fail(_STOPPED, 130, as_json=False)
    except BrokenPipeError:
        # The reader of our output went away, as `| head` does: not an error.
        sys.stdout = None
        return 0
    except OSError as error:
        from tarmac.storage_errors import disk_error

        failure = disk_error(error, "the file system")
        return _fail(str(failure), failure.exit_code, as_json=as_json)
    return code if isinstance(code, int) else 0


def _fail_usage(error: typer.TyperException, *, as_json: bool) -> int:
    context = getattr(error, "ctx", None)
    message = error.format_message().rstrip(".")
    if message.startswith("Usage:"):  # nothing was asked for, so the help is the answer
        typer.echo(message)
        return 2
    hint = f" Try: {context.command_path} --help" if context else ""
    end = "" if message.endswith("?") else "."
    return _fail(message + end + hint, 2, as_json=as_json)


def _fail(message: str, code: int, *, as_json: bool) -> int:
    sys.stderr.write(f"Error: {message}\n")
    if as_json:
        from tarmac.console import print_json

        print_json({"error": message, "exit_code": code})
    return code


def _open(
    *,
    quiet: bool,
    **options: Any,
) -> "tuple[Settings, Place, Terminal]":
    from tarmac.console import configure_logs, open_terminal
    from tarmac.engine import engine_named
    from tarmac.lake import Zones, open_lake
    from tarmac.pipeline import Place
    from tarmac.settings import read_settings

    settings = read_settings(**options)
    configure_logs(settings.log_format, quiet=quiet)
    zones = Zones(bronze=settings.bronze_folder, silver=settings.silver_folder, gold=settings.gold_folder)
    place = Place(
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
    return settings, place, open_terminal(quiet=quiet)


def _parameters(settings: "Settings") -> "Parameters":
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


def _run_steps(context: typer.Context, *steps: str) -> None:
    """Take the years through these steps; the command's options are read from its context."""
    from tarmac.pipeline import run_year
    from tarmac.runs import check_run_id
    from tarmac.settings import parse_years

    options = dict(context.params)
    command = context.info_name or ""
    as_json, quiet = options.pop("as_json"), options.pop("quiet")
    years = parse_years(options.pop("year"))
    steps = _asked_steps(options.pop("steps", None)) or steps
    run_id = check_run_id(given) if (given := options.pop("run_id", None)) else None
    settings, place, terminal = _open(quiet=quiet, **options)
    parameters = _parameters(settings)
    place.lake.check_exists()
    if "silver" in steps:
        for each in years:
            place.lake.bronze_files(each)
    runs = [
        run_year(each, place, parameters, steps=steps, command=command, teller=terminal, run_id=run_id)
        for each in years
    ]
    _show_runs(command, runs, place, as_json=as_json, quiet=quiet)


def _asked_steps(text: str | None) -> tuple[str, ...]:
    from tarmac.pipeline import STEPS

    asked = tuple(name.strip() for name in text.split(",")) if text is not None else ()
    if unknown := [name for name in asked if name not in STEPS]:
        raise InputError(f"step {unknown[0]!r} is unknown. Known: {', '.join(STEPS)}. Fix --steps.")
    return asked


def _show_runs(command: str, runs: "list[Run]", place: "Place", *, as_json: bool, quiet: bool) -> None:
    from tarmac.console import print_json, print_table
    from tarmac.summary import summary_rows

    if as_json:
        print_json({"command": command, "lake": place.lake.root, "runs": [run.record() for run in runs]})
    elif not quiet:
        print_table(
            "", ("year", "step", "rows", "what happened", "seconds"), [row for run in runs for row in summary_rows(run)]
        )


@app.command()
def demo(
    flights: Annotated[int, typer.Option(help="How many flights to simulate.", metavar="N")] = 600_000,
    airports: Annotated[int, typer.Option(help="From how many airports.", metavar="K")] = 60,
    year: Annotated[int, typer.Option(help="Which year to simulate.", metavar="Y")] = 2019,
    seed: Annotated[int, typer.Option(help="Seed of the simulation.", metavar="S")] = 1,
    out: Annotated[
        Path | None,
        typer.Option(help="The report's file.", show_default=".tarmac/demo/report.html", metavar="FILE.html"),
    ] = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """A simulated year, the whole way, and its report."""
    from tarmac.demo import run_demo

    settings, place, terminal = _open(quiet=quiet)
    result = run_demo(
        settings.home / "demo",
        _parameters(settings),
        year=year,
        flights=flights,
        airports=airports,
        seed=seed,
        out=out,
        teller=terminal,
    )
    _show_runs("demo", [result.run], place, as_json=False, quiet=quiet or as_json)
    if as_json:
        from tarmac.console import print_json

        print_json(result.facts())
    elif not quiet:
        typer.echo(result.sentence("tarmac" if shutil.which("tarmac") else os.path.relpath(sys.argv[0])))


@app.command()
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
    from tarmac.console import print_json, print_table
    from tarmac.ingest import ingest_files
    from tarmac.settings import parse_years

    years = parse_years(year) if year is not None else range(0)
    if len(years) > 1:
        raise InputError(
            f"--year {year!r} names {len(years)} years. Ingest takes one, or none to read it from the files."
        )
    _, place, _ = _open(quiet=quiet, lake=lake, config=config)
    done = ingest_files(files, place.lake, year=years[0] if years else None, scratch=place.scratch)
    if as_json:
        print_json({"command": "ingest", "lake": place.lake.root, "files": [vars(file) for file in done]})
    elif not quiet:
        rows = [
            (f.file, str(f.year), f.source, place.lake.place(f.key), "written" if f.written else "was there")
            for f in done
        ]
        print_table("", ("file", "year", "source", "bronze", "write"), rows)


@app.command()
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


@app.command()
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


@app.command()
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


@app.command()
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


@app.command()
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


@app.command()
def report(
    year: Year,
    out: Annotated[Path, typer.Option("--out", help="The HTML file to write.", metavar="FILE.html")],
    warehouse: WarehouseOption = None,
    config: Config = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Write a report of years in the warehouse, as one HTML file."""
    from tarmac.console import print_json
    from tarmac.pipeline import publish_report
    from tarmac.settings import parse_years

    years = parse_years(year)
    _, place, terminal = _open(quiet=quiet, warehouse=warehouse, config=config)
    with terminal.step("report", years[0]):
        size = publish_report(years, place, out)
    if as_json:
        print_json({"command": "report", "out": str(out), "bytes": size})
    elif not quiet:
        typer.echo(f"Wrote {out} ({size / 1e6:.1f} MB). Open it in any browser; it needs no network.")


@app.command()
def query(
    sql: Annotated[str, typer.Argument(help="One SELECT.", metavar="SQL")],
    format_: Annotated[
        Literal["table", "csv", "json"],
        typer.Option("--format", help="How to print the rows.", metavar="table|csv|json"),
    ] = "table",
    warehouse: WarehouseOption = None,
    config: Config = None,
    as_json: AsJson = False,
) -> None:
    """Read the warehouse with SQL; nothing can be written."""
    from tarmac.printing import print_rows
    from tarmac.warehouse.query import run_query

    _, place, _ = _open(quiet=True, warehouse=warehouse, config=config)
    with run_query(place.warehouse, place.home, sql) as result:
        print_rows(result.columns, result.rows, "object" if as_json else format_)


@app.command()
def simulate(
    year: Annotated[int, typer.Option(help="The year to simulate.", metavar="Y")],
    flights: Annotated[int, typer.Option(help="How many flights.", metavar="N")],
    airports: Annotated[int, typer.Option(help="From how many airports.", metavar="K")],
    seed: Annotated[int, typer.Option(help="The same seed gives the same bytes.", metavar="S")],
    out: Annotated[Path, typer.Option(help="Folder for Y.csv and Y_truth.csv.", metavar="DIR")],
    shape: Annotated[
        str, typer.Option(help="Mix of anomalies: default, storms, outages or thin.", metavar="SHAPE")
    ] = "default",
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Write a year of flights with known anomalies, like Kaggle's."""
    from tarmac.console import open_terminal, print_json
    from tarmac.simulate import SimulationParameters, write_simulation

    parameters = SimulationParameters(year=year, flights=flights, airports=airports, seed=seed, shape=shape)
    with open_terminal(quiet=quiet).step("simulate", year) as tell:
        result = write_simulation(parameters, out, progress=lambda done, total: tell(done / max(total, 1)))
    if as_json:
        print_json({"command": "simulate", **vars(result)})
    elif not quiet:
        typer.echo(f"Wrote {result.csv}: {result.flights:,} flights on {result.airport_days:,} airport-days.")
        typer.echo(f"Wrote {result.truth}: {result.anomalous_days:,} of these are anomalies.")


@app.command()
def evaluate(
    corpus: Annotated[
        str, typer.Option(help="simulated, second (simulator), real or all.", metavar="KIND")
    ] = "simulated",
    seeds: Annotated[
        str | None,
        typer.Option(help="Of the simulated years, commas between; the split's own if left out.", metavar="S,…"),
    ] = None,
    shapes: Annotated[
        str, typer.Option(help="Mixes of anomalies, commas between: default, storms, outages, thin.", metavar="A,…")
    ] = "default",
    flights: Annotated[int, typer.Option(help="Flights in a simulated year.", metavar="N")] = 6_500_000,
    airports: Annotated[int, typer.Option(help="Airports in a simulated year.", metavar="K")] = 340,
    detectors: Annotated[
        str | None,
        typer.Option(
            "--detectors", help="Names with commas between, or all; all but the slow ones if left out.", metavar="A,B"
        ),
    ] = None,
    real: Annotated[Path | None, typer.Option(help="Folder of real years, schema of Kaggle.", metavar="DIR")] = None,
    split: Annotated[
        str, typer.Option(help="reporting, or tuning: other seeds, other real years.", metavar="SPLIT")
    ] = "reporting",
    out: Annotated[Path, typer.Option(help="Folder for leaderboard.md, .json and .html.", metavar="DIR")] = Path(
        "leaderboard"
    ),
    keep: Annotated[
        Path | None, typer.Option(help="Folder of results: a stopped evaluation goes on from them.", metavar="DIR")
    ] = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """The leaderboard of detectors, on days whose truth is known."""
    from tarmac.console import print_json, print_table
    from tarmac.evaluate.page import table_of
    from tarmac.evaluate.request import read_request
    from tarmac.evaluate.run import corpora_of, publish, run_evaluation

    request = read_request(
        corpus=corpus, seeds=seeds, shapes=shapes, flights=flights, airports=airports, detectors=detectors, real=real,
        split=split,
    )  # fmt: skip

    def told(what: str) -> None:
        if not (quiet or as_json):
            typer.echo(what, err=True)

    results, failures = run_evaluation(corpora_of(request, told), request.detect, told=told, keep=keep)
    facts = publish(results, failures, out, request.command)
    if as_json:
        print_json(facts)
    elif not quiet:
        print_table("", *table_of(results))
        typer.echo(f"Wrote {out}/leaderboard.md, .json and .html.")
