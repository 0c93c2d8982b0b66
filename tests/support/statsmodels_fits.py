"""statsmodels' likelihoods of five hundred ARIMA fits, recorded because computing them takes minutes.

`python -m tests.support.statsmodels_fits` records them again.
"""

import csv
import warnings
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from statsmodels.tsa.arima.model import ARIMA

from tarmac.detect.panel import FloatArray

RECORD = Path(__file__).with_suffix(".csv")
SERIES, LARGEST = 20, 4


def series_of(seed: int, days: int = 120, missing: float = 0.0) -> FloatArray:
    """An autocorrelated, heavy-tailed series with a weekly pattern; its first and last day are never missing."""
    rng = np.random.default_rng(seed)
    y = 0.3 * rng.normal(size=days).cumsum() + rng.standard_t(4, size=days) + np.sin(2 * np.pi * np.arange(days) / 7)
    y[1:-1][rng.random(days - 2) < missing] = np.nan
    return y


def recorded_series(seed: int) -> FloatArray:
    """One of the recorded SERIES; every second one has missing days."""
    return series_of(seed, 100, missing=0.1 * (seed % 2))


def likelihood(y: FloatArray, p: int, q: int) -> float:
    """The log-likelihood of statsmodels' fit with a constant."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return float(ARIMA(y, order=(p, 0, q), trend="c").fit().llf)


def recorded() -> dict[int, FloatArray]:
    """Per seed the log-likelihoods (LARGEST + 1 × LARGEST + 1) of `recorded_series`."""
    found = {seed: np.full((LARGEST + 1, LARGEST + 1), np.nan) for seed in range(SERIES)}
    with RECORD.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            found[int(row["seed"])][int(row["p"]), int(row["q"])] = float(row["log_likelihood"])
    return found


def _rows() -> Iterator[tuple[int, int, int, str]]:
    for seed in range(SERIES):
        for p in range(LARGEST + 1):
            for q in range(LARGEST + 1):
                yield seed, p, q, f"{likelihood(recorded_series(seed), p, q):.6f}"


if __name__ == "__main__":
    with RECORD.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(("seed", "p", "q", "log_likelihood"))
        for row in _rows():
            writer.writerow(row)
