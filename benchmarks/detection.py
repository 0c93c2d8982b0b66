"""The detectors over a panel of airports and days, and ARIMA's grid against statsmodels and statsforecast, per fit."""

import contextlib
import time
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt
import polars as pl

from benchmarks.figures import Figure, Sizes, median
from tarmac.detect import DetectParameters, detect
from tarmac.detect.registry import DETECTORS, slow_detectors
from tarmac.detect.run import available_cores

DAYS = 365
ORDERS = 25
COMPARED_SERIES = 3

CORE = tuple(sorted(set(DETECTORS) - slow_detectors()))
"""All but the reference's rules, kept as they were for comparison, and those of the extra `compare`."""


def series(airports: int, days: int, seed: int) -> npt.NDArray[np.float64]:
    """Autoregressive levels with weekday pattern and heavy tails: airports x days, a few days missing."""
    random = np.random.default_rng(seed)
    noise = random.standard_t(4, (airports, days)) * 8
    level = np.zeros_like(noise)
    for day in range(1, days):
        level[:, day] = 0.6 * level[:, day - 1] + noise[:, day]
    level += 8 + 3 * np.sin(2 * np.pi * np.arange(days) / 7)
    level[random.random(level.shape) < 0.02] = np.nan
    return level


def gold_of(values: npt.NDArray[np.float64]) -> pl.DataFrame:
    """Days that end with 2009."""
    airports, days = values.shape
    dates = np.datetime64("2010-01-01") - np.arange(days, 0, -1)
    flights = np.random.default_rng(3).integers(2, 300, airports).repeat(days)
    mean = pl.Series(values.ravel()).fill_nan(None)
    return pl.DataFrame(
        {
            "origin": np.repeat([f"{i:03d}" for i in range(airports)], days),
            "fl_date": pl.Series(np.tile(dates, airports)).cast(pl.Date),
            "mean_dep_delay": mean,
            "flights": pl.Series(flights, dtype=pl.Int32),
            "departed": pl.Series(flights, dtype=pl.Int32),
            "cancelled": pl.zeros(airports * days, dtype=pl.Int32, eager=True),
            "cancelled_share": pl.zeros(airports * days, dtype=pl.Float64, eager=True),
            **dict.fromkeys(("median_dep_delay", "p90_dep_delay", "std_dep_delay"), mean),
            "dep_del15_share": pl.zeros(airports * days, dtype=pl.Float64, eager=True) + 0.2,
        }
    )


def seconds(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def figures(sizes: Sizes, folder: Path) -> Iterator[Figure]:
    def figure(name: str, value: float, unit: str, target: float | None = None) -> Figure:
        return Figure(suite="detection", figure=name, value=value, unit=unit, target=target)

    del folder
    values = series(sizes.airports, DAYS, seed=1)
    gold = gold_of(values)
    detect(gold_of(values[:2]), DetectParameters(), year=2009)
    found = [detect(gold, DetectParameters(), year=2009).seconds for _ in range(sizes.repeats)]
    panel = f"{sizes.airports} airports x {DAYS} days, {available_cores()} cores"
    targets = {"arima": 8.0, "isolation_forest": 3.0}
    for name in found[0]:
        yield figure(f"{name}, {panel}", median(each[name] for each in found), "s", targets.get(name))
    core = DetectParameters(detectors=CORE)
    detect(gold_of(values[:2]), core, year=2009)
    whole = median(sum(detect(gold, core, year=2009).seconds.values()) for _ in range(sizes.repeats))
    yield figure(f"all {len(CORE)} core detectors, {panel}", whole, "s", 20.0)
    ours = median(each["arima"] for each in found) * available_cores() / (sizes.airports * ORDERS)
    others = compared(values)
    yield figure("one ARMA fit: ours", 1000 * ours, "ms")
    for name, (theirs, faster) in others.items():
        yield figure(f"one ARMA fit: {name}", 1000 * theirs, "ms")
        # Written as our share of their time, so that smaller is better as everywhere.
        yield figure(f"one ARMA fit: ours / {name}", ours / theirs, "x", 1 / faster)
    ten_years = gold_of(series(1, 10 * DAYS, seed=2))
    arima = DetectParameters(detectors=("arima",))
    yield figure("arima, one airport, ten years in one call", seconds(lambda: detect(ten_years, arima, year=2009)), "s")


def compared(values: npt.NDArray[np.float64]) -> dict[str, tuple[float, float]]:
    """Seconds of one fit by the other libraries, one thread each, and by how much we want to be faster."""
    from threadpoolctl import threadpool_limits

    some = [np.where(np.isnan(row), np.nanmean(row), row) for row in values[:COMPARED_SERIES]]
    with threadpool_limits(1), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        theirs = {"statsmodels": (_statsmodels, 150.0), "statsforecast": (_statsforecast, 80.0)}
        return {
            name: (seconds(lambda fit=fit: [fit(each) for each in some]) / (len(some) * ORDERS), faster)  # type: ignore[misc]
            for name, (fit, faster) in theirs.items()
        }


def _statsmodels(values: npt.NDArray[np.float64]) -> None:
    from statsmodels.tsa.arima.model import ARIMA

    for p in range(5):
        for q in range(5):
            # Its start for some orders cannot be solved for; the time until it says so counts.
            with contextlib.suppress(np.linalg.LinAlgError):
                ARIMA(values, order=(p, 0, q)).fit()


def _statsforecast(values: npt.NDArray[np.float64]) -> None:
    from statsforecast.models import AutoARIMA

    AutoARIMA(
        d=0,
        D=0,
        max_p=4,
        max_q=4,
        max_P=0,
        max_Q=0,
        max_order=8,
        stepwise=False,
        approximation=False,
        seasonal=False,
        ic="aic",
    ).fit(values)
