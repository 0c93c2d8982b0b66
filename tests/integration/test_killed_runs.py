"""Runs that are killed, and runs at the same time: readers see nothing or a whole file, and the next run heals it all."""

import random
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import polars as pl
import pytest
from lakes import leftovers, zones

from tarmac.cli import run_command

pytestmark = pytest.mark.slow

YEAR, FLIGHTS = 2009, 150_000
KILLS = 10
STEPS = ("silver", "gold")

_STEPS = """
import sys
import tarmac.pipeline
from tarmac.cli import run_command
lake, *steps = sys.argv[1:]
print("ready", flush=True)
for step in steps:
    if code := run_command([step, "--year", "2009", "--lake", lake, "--quiet"]):
        sys.exit(code)
"""


@pytest.fixture(scope="module")
def ingested(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A lake with a simulated year in bronze, gzipped so that cleaning has something to unpack."""
    import gzip

    folder = tmp_path_factory.mktemp("killed")
    made = ["--year", str(YEAR), "--flights", str(FLIGHTS), "--airports", "40", "--seed", "1"]
    assert run_command(["simulate", *made, "--out", str(folder), "--quiet"]) == 0
    packed = folder / f"{YEAR}.csv.gz"
    packed.write_bytes(gzip.compress((folder / f"{YEAR}.csv").read_bytes(), compresslevel=1))
    assert run_command(["ingest", str(packed), "--lake", str(folder / "lake"), "--quiet"]) == 0
    return folder / "lake"


@pytest.fixture(scope="module")
def undisturbed(ingested: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, str], float]:
    """The zones after a run that nobody disturbed, and the seconds that it took after its start-up."""
    lake = Path(shutil.copytree(ingested, tmp_path_factory.mktemp("undisturbed") / "lake"))
    with _steps(lake, STEPS) as run:
        began = time.monotonic()
        assert run.wait() == 0
    return zones(lake), time.monotonic() - began


def test_a_killed_run_leaves_nothing_that_the_next_one_trips_over(
    ingested: Path, undisturbed: tuple[dict[str, str], float], tmp_path: Path
) -> None:
    """Ten kills at random moments: files are whole at each, and in the end byte for byte those of an undisturbed run."""
    expected, seconds = undisturbed
    moments = random.Random(2009)
    lake = Path(shutil.copytree(ingested, tmp_path / "lake"))
    caught = 0
    with _reading(lake) as broken:
        for _ in range(KILLS):
            with _steps(lake, STEPS) as run:
                time.sleep(moments.uniform(0, seconds))
                run.send_signal(signal.SIGKILL)
                caught += run.wait() == -signal.SIGKILL
            assert zones(lake).items() <= expected.items()
        with _steps(lake, STEPS) as run:
            assert run.wait() == 0
    assert broken == []
    assert caught >= KILLS // 2
    assert zones(lake) == expected
    assert leftovers(lake) == []


def test_two_runs_of_one_year_at_once_agree(
    ingested: Path, undisturbed: tuple[dict[str, str], float], tmp_path: Path
) -> None:
    """Both succeed, a reader sees whole files throughout, and the result is that of one run."""
    expected, _ = undisturbed
    lake = Path(shutil.copytree(ingested, tmp_path / "lake"))
    with _reading(lake) as broken, _steps(lake, STEPS) as one, _steps(lake, STEPS) as other:
        assert (one.wait(), other.wait()) == (0, 0)
    assert broken == []
    assert zones(lake) == expected
    assert leftovers(lake) == []


def test_a_killed_ingest_leaves_bronze_empty_or_whole(ingested: Path, tmp_path: Path) -> None:
    """The file is linked into bronze in one act; the next ingest writes it or finds it there."""
    given = tmp_path / f"{YEAR}.csv.gz"
    text = (ingested / f"01_bronze/{YEAR}.csv.gz").read_bytes()
    given.write_bytes(text)
    moments = random.Random(7)
    for attempt in range(4):
        lake = tmp_path / f"lake {attempt}"
        script = "import sys; from tarmac.cli import run_command; import tarmac.ingest; print('ready', flush=True); "
        run = _start(
            script + "sys.exit(run_command(sys.argv[1:]))", "ingest", str(given), "--lake", str(lake), "--quiet"
        )
        with run:
            time.sleep(moments.uniform(0, 0.3))
            run.kill()
        assert set(zones(lake)) <= {f"01_bronze/{YEAR}.csv.gz"}
        assert run_command(["ingest", str(given), "--lake", str(lake), "--quiet"]) == 0
        assert (lake / f"01_bronze/{YEAR}.csv.gz").read_bytes() == text
        assert run_command(["silver", "--year", str(YEAR), "--lake", str(lake), "--quiet"]) == 0
        assert leftovers(lake) == []


@contextmanager
def _steps(lake: Path, steps: tuple[str, ...]) -> Iterator[subprocess.Popen[str]]:
    """A process that runs these steps, entered when it has started up."""
    with _start(_STEPS, str(lake), *steps) as run:
        yield run


def _start(script: str, *arguments: str) -> subprocess.Popen[str]:
    run = subprocess.Popen([sys.executable, "-c", script, *arguments], stdout=subprocess.PIPE, text=True)
    assert run.stdout is not None
    assert run.stdout.readline() == "ready\n"
    return run


@contextmanager
def _reading(lake: Path) -> Iterator[list[str]]:
    """Read every published table over and over; what could not be read is in the list."""
    broken: list[str] = []
    done = threading.Event()

    def read() -> None:
        while not done.is_set():
            for table in [*lake.glob("02_silver/**/*.parquet"), *lake.glob("03_gold/**/*.parquet")]:
                try:
                    pl.read_parquet(table.read_bytes())
                except (OSError, pl.exceptions.PolarsError) as error:
                    broken.append(f"{table.name}: {error}")
            done.wait(0.05)

    reader = threading.Thread(target=read)
    reader.start()
    try:
        yield broken
    finally:
        done.set()
        reader.join()
