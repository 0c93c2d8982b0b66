"""Airports in parallel: one thread computes one airport's series from its first day to its last.

Threads, not numba's prange: kernels release the GIL, so threads run them in parallel, and there is neither a
threading layer to choose nor a slow parallel compilation. No sum is ever taken across threads, so the number of
workers cannot change a result.
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor


def for_each_airport(work: Callable[[int], None], airports: int, *, workers: int) -> None:
    """Call `work(airport)` for each airport; raises the first exception."""
    if workers <= 1 or airports <= 1:
        for airport in range(airports):
            work(airport)
        return
    with ThreadPoolExecutor(max_workers=min(workers, airports)) as pool:
        for _ in pool.map(work, range(airports)):
            pass
