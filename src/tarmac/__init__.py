"""Tarmac: on which days was US air travel abnormal, where, how badly, and why.

For programs and notebooks: `clean` flights, `aggregate` them to days, `score` days, `explain` disruptions.
"""

from tarmac.library import Cleaned, Explained, aggregate, clean, explain, score

__all__ = ["Cleaned", "Explained", "__version__", "aggregate", "clean", "explain", "score"]

__version__ = "0.1.0"
