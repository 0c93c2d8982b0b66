"""Scoring on Spark: by airport or all at once, the same bits, and a detector's failure costs the others nothing."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
import pytest

from tarmac.detect import DetectParameters, detect
from tarmac.detect.panel import panel_from_gold
from tarmac.detect.parameters import detector_named
from tarmac.detect.run import score_here
from tarmac.errors import SystemFailure
from tests.support.spark_session import on_spark

pytestmark = pytest.mark.spark


@pytest.fixture(scope="module")
def gold() -> pl.DataFrame:
    """Five airports over 150 days, with days missing and a storm."""
    random = np.random.default_rng(7)
    days = pl.date_range(pl.date(2010, 12, 1), pl.date(2011, 4, 29), eager=True)
    frames = []
    for number, origin in enumerate(["ABQ", "EWR", "JFK", "LGA", "SFO"]):
        flights = random.integers(20, 60, len(days))
        cancelled = np.where(random.random(len(days)) < 0.05, flights // 2, 0)
        mean = 8 + number + 4 * random.normal(size=len(days))
        mean[60] += 50
        frame = pl.DataFrame(
            {"origin": origin, "fl_date": days, "mean_dep_delay": mean, "flights": flights, "cancelled": cancelled}
        )
        frames.append(frame.filter(pl.Series(random.random(len(days)) > 0.03)))
    return pl.concat(frames).with_columns(
        departed=pl.col("flights") - pl.col("cancelled"),
        cancelled_share=pl.col("cancelled") / pl.col("flights"),
        std_dep_delay=pl.lit(30.0),
        median_dep_delay=pl.col("mean_dep_delay") - 5,
        dep_del15_share=pl.lit(0.2),
    )


@pytest.mark.parametrize("threshold", ["detector", "budget"])
def test_detectors_that_pool_and_those_that_do_not_give_the_same_rows(gold: pl.DataFrame, threshold: Any) -> None:
    """A threshold that looks at all airports at once does so on both."""
    parameters = DetectParameters(
        detectors=("isolation_forest", "arima", "disruption", "stl"), max_p=1, max_q=1, threshold=threshold
    )
    here = detect(gold, parameters, year=2011)
    there = detect(gold, parameters, year=2011, scorer=on_spark().score)
    assert (here.failures, there.failures) == ({}, {})
    assert there.anomalies.equals(here.anomalies)
    assert set(there.anomalies["detector"]) == set(parameters.detectors)


def test_scoring_by_the_past_alone_is_the_same(gold: pl.DataFrame) -> None:
    """Each day by itself and those before it."""
    parameters = DetectParameters(detectors=("rolling_band", "isolation_forest"), mode="online")
    few = gold.filter(pl.col("fl_date") < pl.date(2011, 1, 20))
    here = detect(few, parameters, year=2011)
    there = detect(few, parameters, year=2011, scorer=on_spark().score)
    assert there.anomalies.equals(here.anomalies)


def test_a_detector_that_fails_says_why_and_is_not_tried_again(gold: pl.DataFrame) -> None:
    """With the words that it would have used here."""

    @dataclass(frozen=True)
    class Broken:
        pools: bool

        def score(self, panel: Any, *, workers: int) -> Any:
            raise ValueError(f"{len(panel.origins)} airports are too many")

    panel = panel_from_gold(gold, "mean_dep_delay", year=2011)
    score = on_spark().score
    with pytest.raises(SystemFailure, match=r"^ValueError: 5 airports are too many$"):
        score(Broken(pools=True), panel, mode="hindsight", workers=1)  # type: ignore[arg-type]
    with pytest.raises(SystemFailure, match=r"^ValueError: [12] airports are too many$"):
        score(Broken(pools=False), panel, mode="hindsight", workers=1)  # type: ignore[arg-type]


def test_the_scores_have_the_same_bits(gold: pl.DataFrame) -> None:
    """NaN included."""
    detector = detector_named("ecod", DetectParameters())
    panel = panel_from_gold(gold, detector.reads, year=2011, also=detector.also)
    here = score_here(detector, panel, mode="hindsight", workers=1)
    there = on_spark().score(detector, panel, mode="hindsight", workers=1)
    for name in ("expected", "lower", "upper", "score"):
        assert getattr(there, name).tobytes() == getattr(here, name).tobytes()
