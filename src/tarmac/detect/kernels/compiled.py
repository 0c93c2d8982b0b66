"""numba's compiler, configured once: no GIL, no reordered sums, and a cache on disk if a folder is writable."""

import hashlib
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, cast

import numba
from llvmlite import ir
from numba.core import cgutils, types
from numba.core.ccallback import CFunc
from numba.extending import intrinsic

Function = Callable[..., Any]

SOURCES = hashlib.sha256(b"".join(path.read_bytes() for path in sorted(Path(__file__).parent.glob("*.py")))).hexdigest()
"""A hash of all kernels' sources, because a kernel's machine code contains that of the kernels it calls."""


def compiled(function: Function) -> Function:
    """Compile at the first call. Without a writable cache folder, each process compiles again."""
    try:
        made: Any = numba.njit(nogil=True, cache=True, error_model="numpy")(function)
    except RuntimeError:  # "cannot cache function: no locator available": a read-only install without a home
        return cast(Function, numba.njit(nogil=True, error_model="numpy")(function))
    # numba's own cache key is the age of one file: it would not notice a change of a called kernel in another.
    made._cache._cache_file._source_stamp = SOURCES
    return cast(Function, made)


def native(function: Function, signature: Any) -> Any:
    """Compile a function immediately, for other kernels to call by address (`call`) without compiling it into them."""
    made: Any = CFunc(function, (signature.args, signature.return_type), {}, {"error_model": "numpy"})
    with suppress(RuntimeError):  # as above
        made.enable_caching()
        made._cache._cache_file._source_stamp = SOURCES
    made.compile()
    return made


@intrinsic
def call(typing, address, *arguments):
    """Call a native function at its address."""

    def lowered(context, builder, sig, args):
        del sig
        given = cgutils.unpack_tuple(builder, args[1])
        function = ir.FunctionType(context.get_value_type(types.void), [value.type for value in given])
        builder.call(builder.inttoptr(args[0], function.as_pointer()), given)

    del typing
    return types.void(address, types.StarArgTuple(arguments)), lowered
