"""One detector on one corpus, in a process of its own: its memory is its own, and what kills it kills nobody else."""

from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path
from time import perf_counter

import polars as pl

from tarmac.detect import DetectParameters
from tarmac.detect.contract import Detector
from tarmac.detect.panel import panel_from_gold
from tarmac.detect.parameters import detector_named
from tarmac.evaluate.corpora import Corpus
from tarmac.evaluate.leaderboard import Cost, Failure, Result, result_of

WARM_UP_AIRPORTS = 3


def scored_alone(name: str, corpus: Corpus, parameters: DetectParameters, workers: int) -> Result | Failure:
    """The detector's figures, or why there are none: its own exception, or the end of its process."""
    # Spawned, not forked: a copy of this process would start with all the memory that this one has.
    context = get_context("spawn")
    ours, theirs = context.Pipe(duplex=False)
    process = context.Process(target=_tell, args=(theirs, name, corpus, parameters, workers), daemon=True)
    process.start()
    theirs.close()
    try:
        told: Result | Failure = ours.recv()
    except EOFError:
        process.join()
        reason = f"its process ended with exit code {process.exitcode} (−9: the system ran out of memory)"
        told = Failure(detector=name, corpus=corpus.name, reason=reason)
    finally:
        ours.close()
    process.join()
    return told


def _tell(pipe: Connection, name: str, corpus: Corpus, parameters: DetectParameters, workers: int) -> None:
    told: Result | Failure
    try:
        told = _scored(name, corpus, parameters, workers)
    except Exception as error:  # noqa: BLE001 - one detector's failure must not lose the others' results
        told = Failure(detector=name, corpus=corpus.name, reason=f"{type(error).__name__}: {error}")
    pipe.send(told)


def _scored(name: str, corpus: Corpus, parameters: DetectParameters, workers: int) -> Result:
    detector = detector_named(name, parameters)
    _warm_up(detector, corpus)
    panel = panel_from_gold(corpus.gold, detector.reads, year=corpus.year, also=detector.also)
    began = perf_counter()
    scores = detector.score(panel, workers=workers)
    flags = detector.flags(panel, scores)
    cost = Cost(seconds=perf_counter() - began, megabytes=_peak_megabytes())
    return result_of(name, corpus, panel, scores.score, flags, cost)


def _warm_up(detector: Detector, corpus: Corpus) -> None:
    """Compile or load kernels on a few airports, so that no measured run pays for it."""
    few = corpus.gold["origin"].unique().sort().head(WARM_UP_AIRPORTS).to_list()
    gold = corpus.gold.filter(pl.col("origin").is_in(few))
    detector.score(panel_from_gold(gold, detector.reads, year=corpus.year, also=detector.also))


def _peak_megabytes() -> float:
    """The peak of this process's resident memory."""
    status = Path("/proc/self/status")
    if status.exists():
        # getrusage would tell the peak of the process that started this one, where that was higher.
        peak = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM"))
        return int(peak.split()[1]) * 1024 / 1e6
    import psutil  # type: ignore[import-untyped]

    return float(psutil.Process().memory_info().rss / 1e6)
