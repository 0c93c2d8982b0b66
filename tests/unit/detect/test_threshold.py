"""Thresholds know scores alone."""

import numpy as np
import polars as pl
import pytest
from sklearn.ensemble import IsolationForest as Reference

from tarmac.detect import DetectParameters, detect
from tarmac.detect.thresholds.direction import with_direction
from tarmac.detect.thresholds.flags import flag_above, flag_reference, flag_share_of_all, flag_share_of_each
from tarmac.errors import InputError
from tarmac.settings import Threshold


def test_a_share_of_each_airport_is_scikit_learn_s_contamination() -> None:
    """The same number of days as its predict calls outliers."""
    x = np.random.default_rng(0).normal(size=(365, 1))
    forest = Reference(contamination=0.01, random_state=0).fit(x)
    flags = flag_share_of_each(-forest.score_samples(x)[None, :], 0.01)
    assert np.array_equal(flags[0], forest.predict(x) == -1)


def test_equal_scores_are_not_flagged() -> None:
    """Nothing stands out, neither by share nor by the reference's rule."""
    scores = np.ones((1, 50))
    assert not flag_share_of_each(scores, 0.01).any()
    assert not flag_share_of_all(scores, 0.01).any()
    assert not flag_reference(scores).any()


def test_a_budget_is_a_ceiling_not_a_duty() -> None:
    """In a calm year fewer days are flagged than the budget allows."""
    scores = np.linspace(0.0, 2.0, 1000)[None, :]
    assert flag_share_of_all(scores, 0.01).sum() == 10
    assert flag_share_of_all(scores, 0.01, at_least=1.99).sum() == 5
    assert not flag_share_of_all(scores, 0.01, at_least=3.0).any()


def test_null_scores_are_never_flagged_and_never_counted() -> None:
    """Nan in, False out."""
    scores = np.array([[np.nan] * 50 + [1.0] * 49 + [9.0]])
    for flags in (flag_share_of_each(scores, 0.01), flag_share_of_all(scores, 0.01), flag_above(scores, 5.0)):
        assert np.flatnonzero(flags[0]).tolist() == [99]
    assert not flag_share_of_all(np.full((2, 3), np.nan), 0.01).any()


def test_the_reference_rule_is_mean_plus_standard_deviation_of_squares() -> None:
    """residual² ≥ mean + std, ends included."""
    residual = np.array([[1.0, -1.0, 1.0, -5.0]])
    assert flag_reference(residual).tolist() == [[False, False, False, True]]


@pytest.mark.parametrize(
    ("measure", "observed", "flag", "direction"),
    [
        ("mean_dep_delay", 50.0, True, "high"),
        ("mean_dep_delay", 5.0, True, "low"),
        ("mean_dep_delay", None, True, "high"),
        ("mean_dep_delay", 50.0, False, None),
        ("disruption", 5.0, True, "high"),
        ("disruption", -9.0, True, "low"),
    ],
)
def test_a_flagged_day_has_a_direction(measure: str, observed: float | None, flag: bool, direction: str | None) -> None:
    """Expected 10, interval 0 … 20; disruption's days are low only below the interval."""
    row = {"measure": measure, "observed": observed, "expected": 10.0, "lower": 0.0, "flag": flag}
    frame = pl.DataFrame([row], schema_overrides={"observed": pl.Float64})
    assert with_direction(frame)["anomaly_direction"].to_list() == [direction]


def flags_in(threshold: Threshold, **options: float) -> pl.DataFrame:
    """The flagged rows of three airports and a hundred days, one of them an hour late, by that threshold."""
    rng = np.random.default_rng(0)
    start = pl.date(2011, 1, 1)
    dates = pl.select(pl.date_range(start, start + pl.duration(days=99))).to_series()
    rows = [
        pl.DataFrame({"origin": origin, "fl_date": dates, "mean_dep_delay": 10.0 + 5.0 * rng.normal(size=100)})
        for origin in ("ABQ", "JFK", "LGA")
    ]
    late = (pl.col("origin") == "JFK") & (pl.col("fl_date") == pl.date(2011, 3, 1))
    gold = pl.concat(rows).with_columns(
        flights=40, departed=40, cancelled=0, mean_dep_delay=pl.when(late).then(70.0).otherwise("mean_dep_delay")
    )
    parameters = DetectParameters(detectors=("global_band",), threshold=threshold, **options)  # type: ignore[arg-type]
    return detect(gold, parameters, year=2011).anomalies.filter("flag")


def test_every_threshold_finds_the_day_that_is_an_hour_late() -> None:
    """The scores are the same; the flags are the threshold's."""
    found = {name: flags_in(name) for name in ("detector", "budget", "reference")}
    for flagged in found.values():
        assert ("JFK", 70.0) in flagged.select("origin", "observed").rows()
    assert found["budget"].height == 3
    assert found["detector"].height == 1
    assert found["reference"].height > 3


def test_the_budget_is_the_outliers_fraction_of_all_airports() -> None:
    """A tenth of three hundred days."""
    assert flags_in("budget", outliers_fraction=0.1).height == 30


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"threshold": "gut"}, "threshold 'gut' is unknown. Known: detector, budget, false_discovery, reference"),
        ({"mode": "foresight"}, "mode 'foresight' is unknown. Known: hindsight, online"),
        ({"false_discovery": 0.0}, "false_discovery is 0.0"),
        ({"threshold": "false_discovery"}, "no longer offered.*Choose detector"),
    ],
)
def test_a_choice_that_means_nothing_is_refused(options: dict[str, object], words: str) -> None:
    """With the value and the choices."""
    with pytest.raises(InputError, match=words):
        DetectParameters(**options)  # type: ignore[arg-type]
