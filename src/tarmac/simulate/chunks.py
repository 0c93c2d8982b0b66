"""A year's flights some whole days at a time, so that no year must fit in memory."""

from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import pairwise
from typing import TYPE_CHECKING, TypeVar

from tarmac.simulate.days import DayPlan
from tarmac.simulate.flights import flights_between

if TYPE_CHECKING:
    import polars as pl

T = TypeVar("T")

_CHUNK_FLIGHTS = 100_000  # about 40 MB as arrays, frame and text
_WORKERS = 2  # numpy and Polars let go of the interpreter: two chunks are made at once


def each_chunk(plan: DayPlan, turn: Callable[["pl.DataFrame"], T]) -> Iterator[T]:
    """What `turn` makes of the flights of some whole days, in order; it is called in more than one thread."""
    a_day = max(plan.scheduled.sum(axis=0).mean(), 1)
    step = max(int(_CHUNK_FLIGHTS / a_day), 1)

    def made(first: int, last: int) -> T:
        # The seed names the chunk's first day, so no chunk depends on which thread made which other.
        return turn(flights_between(plan, first, last, [plan.parameters.seed, plan.parameters.year, 3, first]))

    with ThreadPoolExecutor(max_workers=_WORKERS) as pool:
        waiting: deque[Future[T]] = deque()
        try:
            for first, last in pairwise([*range(0, len(plan.dates), step), len(plan.dates)]):
                waiting.append(pool.submit(made, first, last))
                if len(waiting) > _WORKERS:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            for future in waiting:
                future.cancel()
