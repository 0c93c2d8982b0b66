"""The public shapes of file, one module each: to add one, add its module with a `SHAPE`, and its sample to the tests."""

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
"""Name → shape, the most special first."""
