"""The command line: the commands together, and how each ends: its exit code, and no traceback for a user's mistake."""

import signal
import sys
from typing import Annotated, NoReturn

import typer

from tarmac.cli.demo import demo
from tarmac.cli.evaluate import evaluate
from tarmac.cli.ingest import ingest
from tarmac.cli.query import query
from tarmac.cli.report import report
from tarmac.cli.simulate import simulate
from tarmac.cli.steps import detect, gold, load, run, silver
from tarmac.errors import TarmacError

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

for command in (demo, ingest, run, silver, gold, detect, load, report, query, simulate, evaluate):
    app.command()(command)

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
        from tarmac.storage.errors import disk_error

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
        from tarmac.cli.console import print_json

        print_json({"error": message, "exit_code": code})
    return code
