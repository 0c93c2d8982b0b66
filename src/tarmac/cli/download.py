"""The command tarmac download."""

import re
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tarmac.cli.opening import open_workspace
from tarmac.cli.options import AsJson, Given, Quiet, Replace, Year, with_settings
from tarmac.errors import InputError

if TYPE_CHECKING:
    from tarmac.bronze.download.bts import Month, Outcome, Watcher
    from tarmac.cli.console import Terminal
    from tarmac.pipeline import Workspace
    from tarmac.settings import Settings

SOURCES = ("bts", "kaggle")


@with_settings(
    "lake",
    "request_payer",
    "mirror",
    "download_at_once",
    "download_attempts",
    "download_pause",
    "download_timeout",
)
def download(
    source: Annotated[
        str,
        typer.Argument(
            help="bts: BTS's monthly archives; kaggle: Kaggle's yearly files, with kagglehub.", metavar="SOURCE"
        ),
    ],
    year: Year,
    given: Given,
    month: Annotated[
        str | None, typer.Option(help="A month, or a range like 1..3; by default all.", metavar="M[..N]")
    ] = None,
    replace: Replace = False,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Download public files of flights into bronze."""
    from tarmac.settings import parse_years

    if source not in SOURCES:
        raise InputError(
            f"source {source!r} is unknown. Known: {', '.join(SOURCES)}. Try: tarmac download bts --year 2019"
        )
    years = parse_years(year)
    settings, workspace, terminal = open_workspace(given, quiet=quiet)
    if source == "kaggle":
        if month is not None:
            raise InputError("Kaggle's files are yearly. Omit --month, or use: tarmac download bts")
        _kaggle(years, workspace, replace=replace, as_json=as_json, quiet=quiet)
        return
    outcomes = _bts(years, parse_months(month), settings, workspace, terminal, replace=replace)
    if all(outcome.status == "not published" for outcome in outcomes):
        raise InputError(unpublished([outcome.month for outcome in outcomes]))
    if as_json:
        from tarmac.cli.console import print_json

        months = [outcome.facts() for outcome in outcomes]
        print_json({"command": "download", "source": source, "lake": workspace.lake.root, "months": months})
    elif not quiet:
        _show(outcomes, workspace)


def parse_months(text: str | None) -> range:
    """The months in "3" or "1..3"; all of a year for None.

    Raises:
        InputError: the text is not a month or a range of months.
    """
    if text is None:
        return range(1, 13)
    match = re.fullmatch(r"([0-9]{1,2})(?:\.\.([0-9]{1,2}))?", text)
    first, last = (int(match[1]), int(match[2] or match[1])) if match else (0, 0)
    if not 1 <= first <= last <= 12:
        raise InputError(f"--month {text!r} is not a month. Give one from 1 to 12, or a range like 1..3.")
    return range(first, last + 1)


def unpublished(months: "Sequence[Month]") -> str:
    """The message that the server has none of these months, and what to do."""
    shown = str(months[0]) if len(months) == 1 else f"{months[0]} to {months[-1]}"
    return (
        f"the server has no archive of {shown} (404, not found). BTS publishes a month about two months after its end, its "
        "records begin in October 1987, and older years are sometimes missing. Try again later, or use another --mirror."
    )


def _bts(
    years: range, months: range, settings: "Settings", workspace: "Workspace", terminal: "Terminal", *, replace: bool
) -> "list[Outcome]":
    from tarmac.bronze.download.bts import Month, Request, download_months
    from tarmac.bronze.download.http import Politeness

    request = Request(
        address=settings.mirror,
        politeness=Politeness(
            attempts=settings.download_attempts, pause=settings.download_pause, timeout=settings.download_timeout
        ),
        at_once=settings.download_at_once,
        replace=replace,
        replace_others=replace,
    )
    asked = [Month(year=year, month=month) for year in years for month in months]
    with _watcher(terminal, len(asked)) as watcher:
        return download_months(
            asked, workspace.lake, request, home=workspace.home, scratch=workspace.scratch, watcher=watcher
        )


@contextmanager
def _watcher(terminal: "Terminal", months: int) -> "Iterator[Watcher]":
    if terminal.quiet or not terminal.bars:
        yield _Lines(terminal)
        return
    with terminal.downloads() as progress:
        yield _Bars(terminal, progress, months)


class _Lines:
    """Log lines: one when the download of a month starts, one when it is done."""

    def __init__(self, terminal: "Terminal") -> None:
        self._terminal = terminal
        self._begun: set[Month] = set()

    def progress(self, month: "Month", received: int, size: int | None) -> None:
        """See Watcher."""
        if month not in self._begun:
            self._begun.add(month)
            self._terminal.tell("download", month=str(month), bytes=size, received=received)

    def ended(self, month: "Month") -> None:
        """See Watcher."""
        if month in self._begun:
            self._terminal.tell("done", month=str(month))

    def note(self, text: str) -> None:
        """See Watcher."""
        self._terminal.note(text)


class _Bars:
    """A progress bar for each month being downloaded, and one for all."""

    def __init__(self, terminal: "Terminal", progress: Any, months: int) -> None:
        self._terminal, self._progress = terminal, progress
        self._lock = threading.Lock()
        self._bars: dict[Month, Any] = {}
        self._all = progress.add_task(f"{months} months", total=months, unit="months")

    def progress(self, month: "Month", received: int, size: int | None) -> None:
        """See Watcher."""
        with self._lock:
            if month not in self._bars:
                self._bars[month] = self._progress.add_task(str(month), total=size)
        self._progress.update(self._bars[month], completed=received, total=size)

    def ended(self, month: "Month") -> None:
        """See Watcher."""
        with self._lock:
            if (bar := self._bars.pop(month, None)) is not None:
                self._progress.remove_task(bar)
        self._progress.advance(self._all)

    def note(self, text: str) -> None:
        """See Watcher."""
        self._terminal.note(text)


def _show(outcomes: "Sequence[Outcome]", workspace: "Workspace") -> None:
    from tarmac.cli.console import print_table

    rows = [
        (
            str(outcome.month),
            outcome.status,
            outcome.flights or None,
            workspace.lake.location(outcome.key) if outcome.key else "",
        )
        for outcome in outcomes
    ]
    print_table("", ("month", "what happened", "flights", "bronze"), rows)
    statuses = {outcome.status for outcome in outcomes}
    if "newer edition" in statuses:
        typer.echo("BTS has published newer editions since. To take them: the same command with --replace", err=True)
    if missing := [outcome.month for outcome in outcomes if outcome.status == "not published"]:
        typer.echo(f"Not yet published: {unpublished(missing)}", err=True)


def _kaggle(years: range, workspace: "Workspace", *, replace: bool, as_json: bool, quiet: bool) -> None:
    from tarmac.bronze.download.kaggle import download_years
    from tarmac.cli.console import print_json
    from tarmac.cli.ingest import show_ingested

    done = download_years(years, workspace.lake, scratch=workspace.scratch, replace=replace)
    if as_json:
        files = [vars(file) for file in done]
        print_json({"command": "download", "source": "kaggle", "lake": workspace.lake.root, "files": files})
    elif not quiet:
        show_ingested(done, workspace.lake)
