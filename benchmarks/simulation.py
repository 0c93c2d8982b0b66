"""How hard and how fast the simulator is: seconds, memory and the average precision of an oracle, for each shape.

    python -m benchmarks.simulation [--flights 6500000] [--airports 340] [--seeds 1 2] [--shapes default storms …]

The oracle knows every airport's true level and sees the delays of one airport alone, as written in the CSV. A detector
can pass it only by what it does not use: cancellations and neighbours.
"""

import argparse
import json
import resource
import tempfile
import time
from pathlib import Path

import numpy as np
import polars as pl
from sklearn.metrics import average_precision_score

from tarmac.simulate import SHAPES, SimulationParameters, oracle_scores, simulate_days, write_simulation


def measure(parameters: SimulationParameters) -> dict[str, object]:
    with tempfile.TemporaryDirectory() as folder:
        started = time.perf_counter()
        result = write_simulation(parameters, Path(folder))
        seconds = time.perf_counter() - started
        megabytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        observed = airport_days(result.csv)
    plan = simulate_days(parameters)
    mean, departed = np.full(plan.scheduled.shape, np.nan), np.zeros(plan.scheduled.shape)
    place = np.array([plan.airports.codes.index(code) for code in observed["ORIGIN"]])
    day = observed["FL_DATE"].dt.ordinal_day().to_numpy() - 1
    mean[place, day], departed[place, day] = observed["mean"].to_numpy(), observed["departed"].to_numpy()
    score = np.nan_to_num(oracle_scores(plan, mean, departed), nan=-1.0)
    flying, ten = plan.scheduled > 0, plan.scheduled >= 10
    return {
        "shape": parameters.shape,
        "seed": parameters.seed,
        "flights": result.flights,
        "airport_days": result.airport_days,
        "anomalous_share": round(result.anomalous_days / result.airport_days, 4),
        "thin_share": round(float((plan.scheduled[flying] < 5).mean()), 3),
        "oracle_average_precision": round(average_precision_score(plan.truth[flying], score[flying]), 3),
        "oracle_average_precision_ten_flights": round(average_precision_score(plan.truth[ten], score[ten]), 3),
        "seconds": round(seconds, 1),
        "peak_megabytes": round(megabytes),
    }


def airport_days(csv: Path) -> pl.DataFrame:
    flown = pl.when(pl.col("CANCELLED") == 0).then(pl.col("DEP_DELAY"))
    return (
        pl.scan_csv(csv, try_parse_dates=True)
        .group_by("ORIGIN", "FL_DATE")
        .agg(mean=flown.mean(), departed=(pl.col("CANCELLED") == 0).sum())
        .with_columns(pl.col("mean").fill_null(float("nan")))
        .collect(engine="streaming")
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--flights", type=int, default=6_500_000)
    parser.add_argument("--airports", type=int, default=340)
    parser.add_argument("--seeds", type=int, nargs="+", default=[1])
    parser.add_argument("--shapes", nargs="+", default=list(SHAPES))
    options = parser.parse_args()
    for shape in options.shapes:
        for seed in options.seeds:
            parameters = SimulationParameters(
                year=2018, flights=options.flights, airports=options.airports, seed=seed, shape=shape
            )
            print(json.dumps(measure(parameters)), flush=True)


if __name__ == "__main__":
    main()
