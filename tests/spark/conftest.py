"""Spark's tests use the bad files and the frames of those of one machine."""

import sys
from pathlib import Path

sys.path += [str(Path(__file__).parents[1] / folder) for folder in ("integration", "contract")]
