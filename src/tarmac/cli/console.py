"""Output of the commands: progress bars on a terminal, log lines elsewhere, tables, and JSON."""

import json
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import structlog
from rich.console import Console
from rich.progress import (
    BarColumn,
    DownloadColumn,
    Progress,
    SpinnerColumn,
    Task,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
    TransferSpeedColumn,
)
from rich.table import Table
from rich.text import Text

STEP_WORDS: dict[str, str] = {
    "silver": "clean",
    "gold": "aggregate",
    "detect": "score",
    "load": "load",
    "report": "report",
    "ingest": "ingest",
    "simulate": "simulate",
}


def configure_logs(log_format: str, *, quiet: bool) -> None:
    """Send structured logs to standard error, as lines for people or as JSON."""
    renderer: Any = (
        structlog.processors.JSONRenderer()
        if log_format == "json"
        else structlog.dev.ConsoleRenderer(colors=False, pad_event_to=0)
    )
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="%Y-%m-%dT%H:%M:%SZ", utc=True),
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(40 if quiet else 20),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )


@dataclass(frozen=True, kw_only=True)
class Terminal:
    """The reporter of the command line: with `bars`, progress bars; otherwise log lines."""

    quiet: bool
    bars: bool
    console: Console

    @contextmanager
    def step(self, name: str, year: int) -> Iterator[Callable[[float], None]]:
        """Show one step while it runs."""
        words = f"{STEP_WORDS.get(name, name)} {year}"
        if self.quiet:
            yield lambda _: None
        elif self.bars:
            with self._bar(words) as tell:
                yield tell
        else:
            log = structlog.get_logger()
            log.info("begin", step=name, year=year)
            yield lambda _: None
            log.info("done", step=name, year=year)

    @contextmanager
    def _bar(self, words: str) -> Iterator[Callable[[float], None]]:
        columns = (SpinnerColumn(), TextColumn(f"{words:<15}"), BarColumn(), TimeElapsedColumn())
        with Progress(*columns, console=self.console) as progress:
            task = progress.add_task(words, total=1.0)
            yield lambda share: progress.update(task, completed=min(share, 1.0))
            progress.update(task, completed=1.0)

    def tell(self, event: str, **facts: object) -> None:
        """Log that something happened."""
        if not self.quiet:
            structlog.get_logger().info(event, **facts)

    def downloads(self) -> Progress:
        """Progress bars, in bytes, of several simultaneous downloads."""
        columns = (
            TextColumn("{task.description:<10}"),
            BarColumn(),
            _Amount(),
            TransferSpeedColumn(),
            TimeRemainingColumn(),
        )
        return Progress(*columns, console=self.console)

    def note(self, text: str, **facts: object) -> None:
        """Log a remark that the user should see."""
        if not self.quiet:
            structlog.get_logger().warning(text, **facts)


class _Amount(DownloadColumn):
    """The completed and total bytes, or units if the task names one."""

    def render(self, task: Task) -> Text:
        """As rich calls it."""
        unit = task.fields.get("unit")
        return super().render(task) if unit is None else Text(f"{task.completed:.0f}/{task.total:.0f} {unit}")


def open_terminal(*, quiet: bool) -> Terminal:
    """The reporter for this process: bars where standard error is a terminal."""
    console = Console(stderr=True)
    return Terminal(quiet=quiet, bars=console.is_terminal, console=console)


def print_json(value: Mapping[str, Any] | Sequence[Any]) -> None:
    """Print one JSON value on standard output."""
    # A file's name may contain bytes that are not text; escaped, they survive any encoding of standard output.
    sys.stdout.write(json.dumps(value, default=str) + "\n")


def print_table(title: str, columns: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """Print a table on standard output; numbers are aligned to the right."""
    table = Table(title=title, title_justify="left", header_style="bold")
    for i, column in enumerate(columns):
        numeric = any(isinstance(row[i], int | float) for row in rows)
        table.add_column(column, justify="right" if numeric else "left", overflow="fold")
    for row in rows:
        table.add_row(*(_shown(value) for value in row))
    # Output to a file or a program has no window to fit; and a path like data/[/old] is text, not rich's markup.
    Console(width=None if sys.stdout.isatty() else 10_000, markup=False, emoji=False, highlight=False).print(table)


def _shown(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, float):
        return f"{value:,.2f}"
    if isinstance(value, int) and not isinstance(value, bool):
        return f"{value:,}"
    return str(value)
