"""A simulated year from bronze to silver, quarantine and gold, against a bare DuckDB COPY and GROUP BY."""

import shutil
from collections.abc import Iterator
from pathlib import Path

from benchmarks.figures import Figure, Sizes, median
from benchmarks.measure import Measured, python, tarmac

YEAR = 2009

DUCKDB = """
import duckdb
connection = duckdb.connect()
connection.sql("COPY (SELECT * FROM read_csv('{csv}')) TO 'duck.parquet' (FORMAT parquet)")
days = "SELECT ORIGIN, FL_DATE, avg(DEP_DELAY), count(*) FROM 'duck.parquet' GROUP BY ALL"
connection.sql("COPY (" + days + ") TO 'gold.parquet' (FORMAT parquet)")
"""

STEPS = """
from pathlib import Path
from tarmac.storage.lake import open_lake
from tarmac.pipeline import Parameters, Workspace, run_year
place = Workspace(lake=open_lake('lake'), scratch=Path('scratch'), home=Path('.'))
for year in range({first}, {last} + 1):
    run_year(place, year, Parameters(), steps=('silver', 'gold'))
"""


def figures(sizes: Sizes, folder: Path) -> Iterator[Figure]:
    def figure(name: str, value: float, unit: str, target: float | None = None) -> Figure:
        return Figure(suite="pipeline", figure=name, value=value, unit=unit, target=target)

    made = tarmac(*_simulate(sizes), folder=folder)
    yield figure("simulate a year", made.seconds, "s", 60)
    yield figure("simulate a year, peak memory", made.peak_megabytes, "MB", 1000)
    bronze = folder / "lake" / "01_bronze"
    bronze.mkdir(parents=True)
    source = bronze / f"{YEAR}.csv"
    (folder / "source" / f"{YEAR}.csv").rename(source)
    bare, ours = _by_turns(sizes.repeats, folder, source)
    yield figure("bare DuckDB: CSV to Parquet, group by", median(run.seconds for run in bare), "s")
    yield figure("tarmac: bronze to silver, quarantine and gold", median(run.seconds for run in ours), "s")
    ratio = median(our.seconds / other.seconds for our, other in zip(ours, bare, strict=True))
    yield figure("the same as a multiple of DuckDB's time", ratio, "x", 1.3)
    yield figure("bare DuckDB, peak memory", max(run.peak_megabytes for run in bare), "MB")
    yield figure("tarmac, peak memory", max(run.peak_megabytes for run in ours), "MB", 1000)
    whole = tarmac("run", "--year", str(YEAR), "--lake", "lake", "--json", folder=folder)
    yield figure("tarmac run, everything, first time", whole.seconds, "s", 60)
    again = tarmac("run", "--year", str(YEAR), "--lake", "lake", "--json", folder=folder)
    yield figure("tarmac run, everything, again", again.seconds, "s", 30)
    yield figure("tarmac run, peak memory", max(whole.peak_megabytes, again.peak_megabytes), "MB", 1000)
    yield figure(
        f"{sizes.years} years in one process, peak memory", _years(sizes, folder, source).peak_megabytes, "MB", 1000
    )


def _simulate(sizes: Sizes) -> list[str]:
    return [
        *("simulate", "--year", str(YEAR), "--flights", str(sizes.flights), "--airports", str(sizes.airports)),
        *("--seed", "1", "--out", "source", "--quiet"),
    ]


def _by_turns(repeats: int, folder: Path, source: Path) -> tuple[list[Measured], list[Measured]]:
    bare, ours = [], []
    for _ in range(repeats):
        bare.append(python(DUCKDB.format(csv=source), folder=folder))
        ours.append(python(STEPS.format(first=YEAR, last=YEAR), folder=folder))
    return bare, ours


def _years(sizes: Sizes, folder: Path, source: Path) -> Measured:
    """The same year under other names: the dates are changed, so that each is a year of its own."""
    for year in range(YEAR + 1, YEAR + sizes.years):
        with source.open("rb") as read, source.with_name(f"{year}.csv").open("wb") as written:
            for block in iter(lambda: read.read(1 << 24), b""):
                written.write(block.replace(b"\n%d-" % YEAR, b"\n%d-" % year))
    measured = python(STEPS.format(first=YEAR, last=YEAR + sizes.years - 1), folder=folder)
    shutil.rmtree(folder / "lake")
    return measured
