"""The kernels' cache on disk."""

import os
import subprocess
import sys
from pathlib import Path

KERNEL = """
import sys
import tarmac.detect.kernels.compiled as c
c.SOURCES = sys.argv[1]
from tarmac.detect.kernels.isolation import mean_depth
mean_depth(7)
print(len(mean_depth.stats.cache_hits), len(mean_depth.stats.cache_misses))
"""


def hits_and_misses(digest: str, folder: Path) -> str:
    environment = {**os.environ, "NUMBA_CACHE_DIR": str(folder)}
    done = subprocess.run(
        [sys.executable, "-c", KERNEL, digest], capture_output=True, text=True, check=True, env=environment
    )
    return done.stdout.strip()


def test_a_change_in_any_kernel_compiles_all_anew(tmp_path: Path) -> None:
    """numba looks at one file's age, but a kernel's code holds that of those it calls."""
    assert hits_and_misses("one", tmp_path) == "0 1"
    assert hits_and_misses("one", tmp_path) == "1 0"
    assert hits_and_misses("two", tmp_path) == "0 1"
