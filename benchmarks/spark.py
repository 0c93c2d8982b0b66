"""Both engines' steps on the same simulated years, in one run: seconds, and the memory of all their processes together."""

import json
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import psutil

from benchmarks.figures import Figure, Sizes
from benchmarks.measure import tarmac

YEAR = 2009
STEPS = ("silver", "gold", "detect")
YEARS = (1, 2, 5, 10)
"""How many years each engine is given."""

ENGINES = ("polars", "spark")


@dataclass(frozen=True, kw_only=True)
class Tree:
    """A process and its children: wall-clock and processor seconds, peak resident megabytes, and what it printed."""

    seconds: float
    processor_seconds: float
    peak_megabytes: float
    output: str


def figures(sizes: Sizes, folder: Path) -> Iterator[Figure]:
    for years in (years for years in YEARS if years <= sizes.years):
        _put_years(sizes, years, folder)
        last = YEAR + years - 1
        for engine in ENGINES:
            shutil.rmtree(folder / "lake" / "02_silver", ignore_errors=True)
            runs = {step: _step(step, last, engine, folder) for step in STEPS}
            rows = [run["rows_kept"] for run in json.loads(runs["silver"].output)["runs"]]
            what = f"{engine}, {years} year{'s' * (years > 1)} of {rows[0]:,} flights"
            for step, run in runs.items():
                yield Figure(suite="spark", figure=f"{step} on {what}", value=run.seconds, unit="s")
                # Of other work on the machine this depends less.
                figure = f"{step} on {what}, processor time"
                yield Figure(suite="spark", figure=figure, value=run.processor_seconds, unit="s")
            peak = max(run.peak_megabytes for run in runs.values())
            yield Figure(suite="spark", figure=f"peak memory of all processes, {what}", value=peak, unit="MB")


def _step(step: str, last: int, engine: str, folder: Path) -> Tree:
    options = ("--year", f"{YEAR}..{last}", "--lake", "lake", "--engine", engine, "--json")
    return run_tree([str(Path(sys.executable).with_name("tarmac")), step, *options], folder=folder)


def run_tree(command: list[str], *, folder: Path) -> Tree:
    """Run one command in `folder`, watching it and its children five times a second; it must succeed."""
    began, peak = time.perf_counter(), 0
    worked: dict[int, float] = {}
    with (folder / "out").open("w+") as out, (folder / "err").open("w+") as err:
        process = subprocess.Popen(command, cwd=folder, stdout=out, stderr=err, text=True)
        while process.poll() is None:
            peak = max(peak, _look(process.pid, worked))
            time.sleep(0.2)
        seconds = time.perf_counter() - began
        out.seek(0)
        err.seek(0)
        if process.returncode:
            raise SystemExit(f"{' '.join(command)} failed:\n{err.read()}")
        return Tree(
            seconds=seconds, processor_seconds=sum(worked.values()), peak_megabytes=peak / 2**20, output=out.read()
        )


def _look(pid: int, worked: dict[int, float]) -> int:
    """Resident bytes of a process and its children; `worked` keeps each one's processor seconds so far."""
    found = 0
    with suppress(psutil.NoSuchProcess):  # one may end while it is looked at
        parent = psutil.Process(pid)
        for each in (parent, *parent.children(recursive=True)):
            times = each.cpu_times()
            worked[each.pid] = times.user + times.system
            found += each.memory_info().rss
    return found


def _put_years(sizes: Sizes, years: int, folder: Path) -> None:
    """The same simulated year under as many names: its dates are changed, so that each is a year of its own."""
    bronze = folder / "lake" / "01_bronze"
    bronze.mkdir(parents=True, exist_ok=True)
    source = bronze / f"{YEAR}.csv"
    if not source.exists():
        size = ("--flights", str(sizes.flights), "--airports", str(sizes.airports))
        tarmac("simulate", "--year", str(YEAR), *size, "--seed", "1", "--out", "source", "--quiet", folder=folder)
        (folder / "source" / f"{YEAR}.csv").rename(source)
    for year in range(YEAR + 1, YEAR + years):
        with source.open("rb") as read, source.with_name(f"{year}.csv").open("wb") as written:
            for block in iter(lambda: read.read(1 << 24), b""):
                written.write(block.replace(b"\n%d-" % YEAR, b"\n%d-" % year))
