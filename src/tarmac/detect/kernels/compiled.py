"""numba's compiler, set up once: no GIL, no reordered sums, and a cache on disk where one can be written."""

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import numba

Function = Callable[..., Any]

SOURCES = hashlib.sha256(b"".join(path.read_bytes() for path in sorted(Path(__file__).parent.glob("*.py")))).hexdigest()
"""All kernels' sources together: a kernel's machine code holds that of the kernels it calls."""


def compiled(function: Function) -> Function:
    """Compile at the first call. Without any writable cache folder, compile anew in each process."""
    try:
        made: Any = numba.njit(nogil=True, cache=True, error_model="numpy")(function)
    except RuntimeError:  # "cannot cache function: no locator available": a read-only install without a home
        return cast(Function, numba.njit(nogil=True, error_model="numpy")(function))
    # numba's own stamp is the age of one file: a pull that changes a called kernel elsewhere would go unnoticed.
    made._cache._cache_file._source_stamp = SOURCES
    return cast(Function, made)
