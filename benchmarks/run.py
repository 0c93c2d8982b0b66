"""All figures of speed and memory, into benchmarks/results.csv: `make bench`.

    python -m benchmarks.run [--flights 6500000] [--airports 340] [--years 10] [--repeats 3] [--only pipeline load …]

Every figure stands beside another way of doing the same, measured in the same run: compare ratios, not seconds.
"""

import argparse
import csv
import platform
import subprocess
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path

from benchmarks import detection, formats, pipeline, spark, start, warehouse
from benchmarks.figures import Figure, Sizes

SUITES = {
    "pipeline": pipeline.figures,
    "formats": formats.figures,
    "load": warehouse.figures,
    "detection": detection.figures,
    "spark": spark.figures,
    "start": start.figures,
}
ONCE = frozenset({"spark"})
"""Suites that measure everything once, whatever --repeats: this one takes three quarters of an hour as it is."""

RESULTS = Path(__file__).with_name("results.csv")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--flights", type=int, default=6_500_000)
    parser.add_argument("--airports", type=int, default=340)
    parser.add_argument("--years", type=int, default=10)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--only", nargs="+", choices=list(SUITES), default=list(SUITES))
    options = parser.parse_args()
    if len(options.only) > 1:
        for name in options.only:
            # In a process of its own: a child's peak memory begins with that of the process that started it.
            again = (f"--flights={options.flights}", f"--airports={options.airports}", f"--years={options.years}")
            command = [sys.executable, "-m", "benchmarks.run", *again, f"--repeats={options.repeats}", "--only", name]
            subprocess.run(command, check=True)
        return
    (name,) = options.only
    repeats = 1 if name in ONCE else options.repeats
    sizes = Sizes(flights=options.flights, airports=options.airports, years=options.years, repeats=repeats)
    found: list[Figure] = []
    with tempfile.TemporaryDirectory(prefix="tarmac-bench-") as folder:
        for figure in SUITES[name](sizes, Path(folder)):
            print(figure.line(), flush=True)
            found.append(figure)
    write_results(found, sizes)


def write_results(found: list[Figure], sizes: Sizes) -> None:
    """Replace the rows of the suites that ran; keep those of the others."""
    names = {figure.suite for figure in found}
    fields = ["suite", "figure", "value", "unit", "target", "holds", "input", "measured", "machine"]
    kept = []
    if RESULTS.exists():
        with RESULTS.open(newline="") as file:
            kept = [row for row in csv.DictReader(file) if row["suite"] not in names]
    today = f"{datetime.now(UTC):%Y-%m-%d}"
    machine = f"{platform.machine()}, Python {platform.python_version()}"
    new = [{**figure.row(), "input": sizes.words(), "measured": today, "machine": machine} for figure in found]
    with RESULTS.open("w", newline="") as file:
        writer = csv.DictWriter(file, fields, lineterminator="\n")
        writer.writeheader()
        writer.writerows([*kept, *new])


if __name__ == "__main__":
    main()
