"""Run a piece of work in a process of its own and read off its seconds and peak memory."""

import json
import os
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, kw_only=True)
class Measured:
    """One run: wall-clock seconds, processor seconds, peak resident megabytes, and what it printed."""

    seconds: float
    processor_seconds: float
    peak_megabytes: float
    output: str


def run_process(command: list[str], *, folder: Path, environment: dict[str, str] | None = None) -> Measured:
    """Run one command in `folder`; it must succeed."""
    before = time.perf_counter()
    process = subprocess.Popen(
        command,
        cwd=folder,
        env={**os.environ, **(environment or {})},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    output, errors = process.stdout.read(), process.stderr.read()  # type: ignore[union-attr]
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - before
    if status:
        raise SystemExit(f"{' '.join(command)} failed:\n{errors}")
    return Measured(
        seconds=seconds,
        processor_seconds=usage.ru_utime + usage.ru_stime,
        peak_megabytes=usage.ru_maxrss / 1024,
        output=output,
    )


def tarmac(*arguments: str, folder: Path) -> Measured:
    """Run the installed command line."""
    return run_process([str(Path(sys.executable).with_name("tarmac")), *arguments], folder=folder)


def python(code: str, *, folder: Path, environment: dict[str, str] | None = None) -> Measured:
    """Run a piece of Python."""
    return run_process([sys.executable, "-c", code], folder=folder, environment=environment)


def facts(measured: Measured) -> dict[str, object]:
    """What the process printed as JSON on its last line."""
    return dict(json.loads(measured.output.strip().splitlines()[-1]))
