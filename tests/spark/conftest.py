"""Spark's tests use the same bad files as those of one machine."""

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).parents[1] / "integration"))
