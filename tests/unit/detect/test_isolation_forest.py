"""Our forest against scikit-learn's."""

import numpy as np
import polars as pl
import pytest
from scipy.stats import spearmanr
from sklearn.ensemble import IsolationForest as Reference

from tarmac.detect.detectors.isolation_forest import seed_of
from tarmac.detect.kernels.isolation import isolation_scores

MANY = 3000


def scores_of(series: np.ndarray, seed: int = 0, trees: int = 100) -> np.ndarray:
    order = np.argsort(series, kind="stable")
    scores = np.empty(series.size)
    scores[order] = isolation_scores(series[order], trees, 256, seed_of("JFK", seed))
    return scores


def reference_scores(series: np.ndarray) -> np.ndarray:
    forest = Reference(n_estimators=1000, random_state=0).fit(series[:, None])
    return -forest.score_samples(series[:, None])


@pytest.mark.parametrize("shape", ["normal", "skewed", "heavy", "ties", "short"])
def test_its_scores_rank_as_scikit_learn_s(shape: str) -> None:
    """Spearman at least 0.98 with many trees; with 100, scikit-learn's own forests agree to 0.75–0.98 only."""
    rng = np.random.default_rng(7)
    series = {
        "normal": rng.normal(10, 5, 365),
        "skewed": rng.lognormal(2, 0.8, 365),
        "heavy": rng.standard_t(2, 365) * 10,
        "ties": np.round(rng.normal(10, 5, 365)),
        "short": rng.normal(10, 5, 90),
    }[shape]
    ours, theirs = scores_of(series, trees=MANY), reference_scores(series)
    assert spearmanr(ours, theirs).statistic >= 0.98
    assert np.abs(ours - theirs).max() < 0.02


def test_equal_values_have_equal_scores() -> None:
    """A forest knows nothing but the value."""
    series = np.repeat(np.arange(20.0), 5)
    scores = scores_of(series).reshape(20, 5)
    assert (scores == scores[:, :1]).all()


def test_a_seed_gives_its_own_forest_and_the_same_one_each_time() -> None:
    """Seeded by the airport's name and the run's seed."""
    series = np.random.default_rng(0).normal(size=100)
    assert np.array_equal(scores_of(series, 1), scores_of(series, 1))
    assert not np.array_equal(scores_of(series, 1), scores_of(series, 2))


def test_it_ranks_real_airports_as_scikit_learn_does(shared_data) -> None:
    """Albuquerque, 2008: means over a few dozen flights a day."""
    flights = pl.read_csv(shared_data / "flights" / "flightsABQ_2008.csv.gz", columns=["FL_DATE", "DEP_DELAY"])
    daily = flights.group_by("FL_DATE").agg(pl.col("DEP_DELAY").cast(pl.Float64).mean()).sort("FL_DATE")
    series = daily["DEP_DELAY"].to_numpy()
    assert spearmanr(scores_of(series, trees=MANY), reference_scores(series)).statistic >= 0.98
