"""Compile what numba compiles for the default detectors, into its cache: `python -m tools.compile_kernels`.

Processes that start side by side with an empty cache would each compile the same for a minute.
"""

import tempfile
from pathlib import Path

import tarmac
from tarmac.pipeline import Parameters
from tarmac.simulate import SimulationParameters, write_simulation


def main() -> None:
    """Score a few airports of a small simulated year."""
    with tempfile.TemporaryDirectory(prefix="tarmac-kernels-") as folder:
        made = write_simulation(SimulationParameters(year=2015, flights=6_000, airports=3, seed=1), Path(folder))
        days = tarmac.aggregate(tarmac.clean(made.csv).flights)
        tarmac.score(days, detectors=Parameters().detect.detectors)


if __name__ == "__main__":
    main()
