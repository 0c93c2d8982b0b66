"""The detectors of abnormal airport-days. `detect` runs them; importing this package loads no heavy library.

Read contract.py first, then panel.py, then any detector.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tarmac.settings import Criterion, DetectParameters, Mode, Threshold

if TYPE_CHECKING:
    import polars as pl

    from tarmac.detect.run import Scorer

__all__ = ["Criterion", "DetectParameters", "Detection", "Mode", "Threshold", "detect"]


@dataclass(frozen=True, kw_only=True)
class Detection:
    """The detectors' results: `anomalies` in the schema of tables/anomalies.py, without rows of failed detectors."""

    anomalies: "pl.DataFrame"
    failures: Mapping[str, str]
    seconds: Mapping[str, float]


def detect(
    gold: "pl.DataFrame",
    parameters: DetectParameters,
    *,
    year: int,
    progress: Callable[[str], None] | None = None,
    workers: int = 0,
    scorer: "Scorer | None" = None,
) -> Detection:
    """Score the days of `year` in gold; its rows of earlier years serve as history.

    `progress` is called with each detector's name before it starts. `workers` is the number of threads, 0 for as
    many as the process may use; the result does not depend on it, nor on the order of gold's rows. A detector that
    fails is in `failures` with its reason, and the others' rows are kept. `scorer` computes the scores, here or on a cluster.
    """
    from tarmac.detect.run import run_detectors

    return run_detectors(gold, parameters, year=year, progress=progress, workers=workers, scorer=scorer)
