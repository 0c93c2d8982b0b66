"""Detection on a cluster: a panel's airports in blocks, one task each; a detector that pools gets the panel in one task.

The panel goes with the tasks: gold is a few hundred thousand rows a year, and scoring it is what takes long. Flags, for which
thresholds may look at all airports' scores, are made in this process from the scores that come back.
"""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from tarmac.detect.contract import Detector, Scores, nothing
from tarmac.detect.panel import COUNTS, Panel
from tarmac.detect.run import score_here
from tarmac.errors import SystemFailure
from tarmac.settings import Mode

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

Airports = npt.NDArray[np.int64]
"""Positions in a panel's `origins`."""

_SCORES = ("expected", "lower", "upper", "score")
_SCHEMA = pa.schema(
    [("airport", pa.int64()), *((name, pa.list_(pa.float64())) for name in _SCORES), ("failure", pa.string())]
)
_BLOCKS_PER_CORE = 2
"""Airports differ in what they cost: with several blocks for each core none waits long for the last."""


def score_in_blocks(spark: "SparkSession", detector: Detector, panel: Panel, mode: Mode) -> Scores:
    """The detector's scores of the panel, from the executors: the same bits as in this process, however many there are.

    Raises:
        SystemFailure: with what the detector raised.
    """
    from pyspark.sql.pandas.types import from_arrow_schema

    cores = spark.sparkContext.defaultParallelism
    blocks = 1 if detector.pools else max(1, min(len(panel.origins), _BLOCKS_PER_CORE * cores))

    def score(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in batches:
            for block in batch.column(0).to_pylist():
                yield _scored(detector, panel, np.arange(block, len(panel.origins), blocks), mode)

    numbers = spark.range(0, blocks, 1, blocks)
    scores = numbers.mapInArrow(score, from_arrow_schema(_SCHEMA)).toArrow()
    return _joined(panel, scores)


def _scored(detector: Detector, panel: Panel, airports: Airports, mode: Mode) -> pa.RecordBatch:
    some = airports_of(panel, airports) if airports.size < len(panel.origins) else panel
    try:
        scores = score_here(detector, some, mode=mode, workers=1)
    except Exception as error:  # noqa: BLE001 - told in the driver; raised here, Spark would only try again
        failure = {"airport": -1, "failure": f"{type(error).__name__}: {error}"}
        return pa.RecordBatch.from_pylist([failure], schema=_SCHEMA)
    columns = [pa.array(list(getattr(scores, name)), pa.list_(pa.float64())) for name in _SCORES]
    return pa.RecordBatch.from_arrays(
        [pa.array(airports), *columns, pa.nulls(airports.size, pa.string())], schema=_SCHEMA
    )


def airports_of(panel: Panel, airports: Airports) -> Panel:
    """The panel of these airports alone, over the same days."""
    return replace(
        panel,
        origins=tuple(panel.origins[airport] for airport in airports),
        **{name: getattr(panel, name)[airports] for name in ("value", *COUNTS)},
        also={name: array[airports] for name, array in panel.also.items()},
    )


def _joined(panel: Panel, scores: pa.Table) -> Scores:
    if failures := scores.column("failure").drop_null().to_pylist():
        raise SystemFailure(min(failures))
    arrays = {name: nothing(panel) for name in _SCORES}
    airports = scores.column("airport").to_numpy()
    for name, array in arrays.items():
        array[airports] = np.stack(scores.column(name).to_numpy(zero_copy_only=False))
    return Scores(**arrays)
