"""The workspace of a run: its lake, warehouse, engine and folders, and the reporter of its progress."""

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from tarmac.engines.base import Engine
from tarmac.engines.polars.engine import PolarsEngine
from tarmac.settings import SETTINGS
from tarmac.storage.lake import Lake


@dataclass(frozen=True, kw_only=True)
class Workspace:
    """The lake, the warehouse and the local folders of a run, and its engine.

    `scratch` is for unpublished files, `home` for local state such as the embedded warehouse; `table` is the name of the
    warehouse's table of airport-days.
    """

    lake: Lake
    scratch: Path
    home: Path
    engine: Engine = field(default_factory=PolarsEngine)
    warehouse: str = SETTINGS["warehouse"].default
    table: str = SETTINGS["table"].default


class Reporter(Protocol):
    """Receives a run's progress; the command line shows it as bars or lines."""

    def step(self, name: str, year: int) -> AbstractContextManager[Callable[[float], None]]:
        """A context manager around a step; it yields a function to call with the completed share (0-1) of the step."""

    def note(self, text: str, **facts: object) -> None:
        """A remark for the user that does not stop the run."""


class SilentReporter:
    """A reporter that reports nothing."""

    def step(self, name: str, year: int) -> AbstractContextManager[Callable[[float], None]]:
        """Ignore the step."""
        del name, year
        return nullcontext(lambda _: None)

    def note(self, text: str, **facts: object) -> None:
        """Ignore the note."""
        del text, facts
