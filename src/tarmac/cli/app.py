"""The command-line app: its commands and their exit codes. A user's mistake gives a message, not a traceback."""

import signal
import sys
from contextlib import suppress
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from tarmac.cli.demo import demo
from tarmac.cli.download import download
from tarmac.cli.evaluate import evaluate
from tarmac.cli.explain import explain
from tarmac.cli.ingest import ingest
from tarmac.cli.query import query
from tarmac.cli.report import report
from tarmac.cli.simulate import simulate
from tarmac.cli.steps import detect, gold, load, run, silver
from tarmac.cli.streams import OutputError, ReaderGoneError, open_streams
from tarmac.errors import InputError, TarmacError

app = typer.Typer(
    name="tarmac",
    epilog="Start with: tarmac demo. Each setting is also an environment variable: --lake is TARMAC_LAKE. "
    "Exit codes: 0 done, 1 the system failed, 2 the request or the input is wrong.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,  # rich takes longer to load for a page of help than all the rest
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

for command in (demo, download, ingest, run, silver, gold, detect, load, explain, report, query, simulate, evaluate):
    app.command()(command)

_STOPPED = "stopped. Nothing half-written was published; run the same command again."
_OUTPUT_FAILED = (
    "cannot write to standard output: {}. The command's work is done; only its output is "
    "incomplete. Write it to another file."
)


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
    """On which days was US air travel abnormal, where, how badly, and why?"""
    del version


def main() -> None:
    """Run a command and exit with its code; without a traceback for a user's mistake."""
    open_streams()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) != signal.SIG_IGN:  # nohup, or a shell's background job
            signal.signal(number, _stop)
    sys.exit(run_command(sys.argv[1:]))


class _Stopped(KeyboardInterrupt):
    """A signal requested the end. All context managers exit: the embedded warehouse stops, scratch files are removed."""


def _stop(number: int, frame: object) -> NoReturn:
    del frame
    for each in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(each, signal.SIG_IGN)  # a second signal must not interrupt the cleanup
    raise _Stopped(number)


def run_command(arguments: list[str]) -> int:
    """Run one command line; returns its exit code."""
    try:
        code = _invoke(arguments)
        sys.stdout.flush()
    except (typer.Abort, KeyboardInterrupt) as error:
        number = error.args[0] if isinstance(error, _Stopped) else signal.SIGINT
        return _fail(_STOPPED, 128 + number, as_json=False)
    except ReaderGoneError:
        return 0  # commands print when their work is done
    except OutputError as error:
        return _fail(_OUTPUT_FAILED.format(error), 1, as_json=False)
    except (TarmacError, typer.TyperException, OSError) as error:
        return _fail_with(error, as_json="--json" in arguments)
    return code


def _fail_with(error: Exception, *, as_json: bool) -> int:
    if isinstance(error, typer.TyperException):
        return _fail_usage(error, as_json=as_json)
    failure = _to_failure(error) if isinstance(error, OSError) else error
    return _fail(str(failure), getattr(failure, "exit_code", 1), as_json=as_json)


def _invoke(arguments: list[str]) -> int:
    """Run the command as typer does, but without its handling of Ctrl-C and broken pipes."""
    command = typer.main.get_command(app)
    try:
        with command.make_context("tarmac", list(arguments)) as context:
            code = command.invoke(context)
    except typer.Exit as ended:
        code = ended.exit_code
    return code if isinstance(code, int) else 0


def _to_failure(error: OSError) -> TarmacError:
    from tarmac.storage.errors import explain_os_error

    try:
        Path.cwd()
    except FileNotFoundError:
        return InputError(
            "the working folder was deleted. Change to a folder that exists (cd), and run the command there."
        )
    return explain_os_error(error, "the file system")


def _fail_usage(error: typer.TyperException, *, as_json: bool) -> int:
    context = getattr(error, "ctx", None)
    message = error.format_message().rstrip(".")
    if message.startswith("Usage:"):  # no command was given, so help is printed
        typer.echo(error.format_message())
        return 2
    hint = f" Try: {context.command_path} --help" if context else ""
    end = "" if message.endswith("?") else "."
    return _fail(message + end + hint, 2, as_json=as_json)


def _fail(message: str, code: int, *, as_json: bool) -> int:
    """Print the error; if the JSON cannot be written to standard output, the exit code still reports it."""
    sys.stderr.write(f"Error: {message}\n")
    with suppress(ReaderGoneError, OutputError):
        if as_json:
            from tarmac.cli.console import print_json

            print_json({"error": message, "exit_code": code})
        sys.stdout.flush()
    return code
