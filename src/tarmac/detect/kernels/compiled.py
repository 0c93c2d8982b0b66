"""numba's compiler, set up once: no GIL, no reordered sums, and a cache on disk where one can be written."""

from collections.abc import Callable
from typing import Any, cast

import numba

Function = Callable[..., Any]


def compiled(function: Function) -> Function:
    """Compile at the first call. Without any writable cache folder, compile anew in each process."""
    try:
        return cast(Function, numba.njit(nogil=True, cache=True, error_model="numpy")(function))
    except RuntimeError:  # "cannot cache function: no locator available": a read-only install without a home
        return cast(Function, numba.njit(nogil=True, error_model="numpy")(function))
