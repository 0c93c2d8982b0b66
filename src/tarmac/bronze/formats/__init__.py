"""The public source formats (shapes), one module each. Every module here with a `SHAPE` is found and used by itself."""

import pkgutil
from collections.abc import Mapping
from importlib import import_module

from tarmac.bronze.formats.shape import Shape

_MODULES = [import_module(f"{__name__}.{found.name}") for found in pkgutil.iter_modules(__path__)]
SHAPES: Mapping[str, Shape] = {
    module.SHAPE.name: module.SHAPE
    for module in sorted(_MODULES, key=lambda module: getattr(getattr(module, "SHAPE", None), "rank", 0))
    if hasattr(module, "SHAPE")
}
"""Name → shape, by rank: the most specific first."""
