"""How long `tarmac --help` takes, against a bare start of Python."""

from collections.abc import Iterator
from pathlib import Path

from benchmarks.figures import Figure, Sizes, median
from benchmarks.measure import python, tarmac


def figures(sizes: Sizes, folder: Path) -> Iterator[Figure]:
    ours = median(tarmac("--help", folder=folder).seconds for _ in range(2 * sizes.repeats + 1))
    bare = median(python("pass", folder=folder).seconds for _ in range(2 * sizes.repeats + 1))
    yield Figure(suite="start", figure="tarmac --help", value=ours, unit="s", target=0.4)
    yield Figure(suite="start", figure="python -c pass", value=bare, unit="s")
