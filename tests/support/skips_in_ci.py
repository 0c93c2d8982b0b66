"""In CI a skipped test fails the run unless `may_skip_in_ci.toml` gives a reason for it."""

import os
import tomllib
from collections.abc import Iterable
from fnmatch import fnmatchcase
from pathlib import Path

import pytest


class SkipsInCI:
    """A pytest plugin: with CI=true in the environment, each skip needs a reason in the file."""

    def __init__(self, file: Path) -> None:
        self._file = file
        tables = tomllib.loads(file.read_text(encoding="utf-8"))
        self._tests: dict[str, str] = tables["may_skip"]
        self._messages: dict[str, str] = tables.get("may_skip_with_message", {})
        if empty := [pattern for pattern, reason in (self._tests | self._messages).items() if not reason.strip()]:
            raise pytest.UsageError(f"{file} gives no reason for {', '.join(empty)}.")
        self._unexplained: list[str] = []

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Record each skipped test; an expected failure is not a skip."""
        if report.skipped and not hasattr(report, "wasxfail"):
            self._hear(report)

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """Record each module that is skipped as a whole."""
        if report.skipped:
            self._hear(report)

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Fail a run that would otherwise pass."""
        if self._unexplained and session.exitstatus in {pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED}:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """List the skipped tests, and say what to do."""
        for name in self._unexplained:
            terminalreporter.write_line(
                f"SKIPPED IN CI: {name}. Make it run there, or give its reason in {self._file.name}.", red=True
            )

    def _hear(self, report: pytest.TestReport | pytest.CollectReport) -> None:
        allowed = _matches(report.nodeid, self._tests) or _matches(_message(report), self._messages)
        if os.environ.get("CI") == "true" and not allowed:
            self._unexplained.append(report.nodeid)


def _matches(text: str, patterns: Iterable[str]) -> bool:
    return any(fnmatchcase(text, pattern) for pattern in patterns)


def _message(report: pytest.TestReport | pytest.CollectReport) -> str:
    """The reason given to `pytest.skip`."""
    where_and_why = report.longrepr
    return where_and_why[2].removeprefix("Skipped: ") if isinstance(where_and_why, tuple) else ""
