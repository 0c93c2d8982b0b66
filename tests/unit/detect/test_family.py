"""The family of detectors: each one's own promises, and their sources' libraries as witnesses."""

import sys

import numpy as np
import polars as pl
import pytest

from tarmac.detect import DetectParameters, detect
from tarmac.detect.detectors.cancelled_share import Cancellations
from tarmac.detect.detectors.ecod import ecod_scores
from tarmac.detect.detectors.exponential_smoothing import ExponentialSmoothing
from tarmac.detect.detectors.gradient_boosting import GradientBoosting
from tarmac.detect.detectors.matrix_profile import nearest_windows
from tarmac.detect.detectors.panel_forest import PanelForest
from tarmac.detect.detectors.stl import Mstl, Stl
from tarmac.detect.panel import FloatArray, Panel
from tarmac.detect.parameters import detector_named
from tarmac.detect.registry import DETECTORS, detectors_of_the_extra

EXTRAS = ("statsmodels", "statsforecast", "pyod", "stumpy")


def panel_of(value: FloatArray, *, flights: float = 40.0, cancelled: FloatArray | None = None) -> Panel:
    """A panel of that many flights each day, the share cancelled as given."""
    counts = np.full(value.shape, flights)
    lost = np.zeros(value.shape) if cancelled is None else cancelled
    return Panel(
        measure="mean_dep_delay",
        origins=tuple(f"A{k:02d}" for k in range(len(value))),
        dates=np.arange("2011-01-01", np.datetime64("2011-01-01") + value.shape[1], dtype="datetime64[D]"),
        value=value,
        flights=counts,
        departed=counts - lost,
        cancelled=lost,
        also={"median_dep_delay": value - 5.0, "dep_del15_share": np.full(value.shape, 0.2)},
    )


def weekly(days: int, *, seed: int = 0) -> FloatArray:
    """A weekly swing of ten minutes with noise of one."""
    rng = np.random.default_rng(seed)
    return 10.0 + 10.0 * (np.arange(days) % 7 == 4) + rng.normal(size=days)


@pytest.mark.slow  # PyOD takes seconds to import
def test_ecod_s_scores_are_pyod_s() -> None:
    """In each dimension, skewed to either side or with ties; over several, PyOD sums before it takes the largest."""
    from pyod.models.ecod import ECOD

    rng = np.random.default_rng(0)
    for x in (rng.gamma(2.0, size=(200, 1)), -rng.gamma(2.0, size=(200, 1)), np.round(rng.normal(size=(200, 1)), 1)):
        assert np.allclose(ecod_scores(x), ECOD().fit(x).decision_scores_, rtol=1e-10)


@pytest.mark.slow  # stumpy compiles for half a minute
@pytest.mark.slow
@pytest.mark.nightly  # stumpy compiles for half a minute
def test_the_nearest_windows_are_stumpy_s() -> None:
    """The matrix profile without normalisation, for windows that are at least half a window apart."""
    import stumpy

    y = np.random.default_rng(1).normal(size=90)
    theirs = stumpy.aamp(y, 8)
    distance, neighbour = nearest_windows(y, 8)
    # stumpy leaves out a quarter of the window, we half: the same where its neighbour is far enough.
    far = np.abs(theirs[:, 1].astype(int) - np.arange(len(theirs))) > 4
    assert far.sum() > 60
    assert np.allclose(distance[far], theirs[far, 0].astype(float))
    assert np.array_equal(neighbour[far], theirs[far, 1].astype(int))


def test_windows_are_found_in_parts_as_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """A long series is searched a part at a time."""
    y = np.random.default_rng(2).normal(size=100)
    whole = nearest_windows(y, 7)
    monkeypatch.setattr("tarmac.detect.detectors.matrix_profile.AT_ONCE", 17)
    parts = nearest_windows(y, 7)
    assert all(np.array_equal(one, other) for one, other in zip(whole, parts, strict=True))


@pytest.mark.parametrize("detector", [Stl(), Mstl(), ExponentialSmoothing(), GradientBoosting()])
def test_a_weekday_s_habit_is_expected_and_its_absence_is_not(detector: Stl) -> None:
    """A Friday like every Friday scores low; one without its usual delay scores high."""
    value = weekly(210)
    value[130] -= 10.0  # 130 % 7 == 4
    scores = detector.score(panel_of(value[None, :]))
    assert scores.score[0, 130] > 5.0
    usual = np.delete(np.arange(32, 210, 7), (130 - 32) // 7)
    assert np.nanmedian(scores.score[0, usual]) < 4.0


def test_missing_days_are_filled_for_the_fit_only() -> None:
    """Stl has no score where there is no value, and expects of a gap's neighbours what it did before."""
    value = weekly(140)
    holes = value.copy()
    holes[60:63] = np.nan
    whole, torn = (Stl().score(panel_of(each[None, :])) for each in (value, holes))
    assert np.isnan(torn.score[0, 60:63]).all()
    assert np.abs(whole.expected - torn.expected)[0, 80:].max() < 1.0


@pytest.mark.slow
def test_a_year_s_swing_is_seen_where_history_has_three_of_them() -> None:
    """Ten bad days on the same dates of each year are less of a surprise to MSTL than to STL."""
    days = np.arange(3 * 365)
    season = 5.0 * ((days % 365 > 180) & (days % 365 < 190))
    panel = panel_of((weekly(days.size) + season)[None, :])
    struck = np.flatnonzero(season)
    assert Mstl().score(panel).score[0, struck].mean() < Stl().score(panel).score[0, struck].mean()


def test_a_disaster_does_not_lead_exponential_smoothing_astray() -> None:
    """The day after is expected to be an ordinary one."""
    value = weekly(120)
    struck = value.copy()
    struck[70] += 500.0
    before, after = (ExponentialSmoothing().score(panel_of(each[None, :])) for each in (value, struck))
    assert after.score[0, 70] > 100.0
    assert np.abs(after.expected - before.expected)[0, 71:].max() < 3.0


def test_a_day_does_not_explain_itself_to_gradient_boosting() -> None:
    """Its week is predicted by other weeks, which it moves a little as one of the days before them."""
    mild, bad = (np.stack([weekly(105, seed=seed) for seed in range(3)]) for _ in range(2))
    mild[0, 49], bad[0, 49] = 14.0, 15.5  # farther, with the same median and spread of the airport
    first, second = (GradientBoosting().score(panel_of(each)).expected for each in (mild, bad))
    assert np.abs(first[:, 49] - second[:, 49]).max() < 0.15


def test_a_day_with_every_flight_cancelled_stands_out_in_the_panel_forest() -> None:
    """It has no mean, and is scored by its cancellations."""
    value = np.stack([weekly(120, seed=seed) for seed in range(3)])
    cancelled = np.zeros(value.shape)
    value[1, 50], cancelled[1, 50] = np.nan, 40.0
    panel = panel_of(value, cancelled=cancelled)
    detector = PanelForest()
    scores = detector.score(panel)
    assert scores.score[1, 50] > np.nanquantile(scores.score, 0.99)
    assert detector.flags(panel, scores)[1, 50]


class TestCancellations:
    def scored(self, cancelled: FloatArray, flights: float) -> tuple[FloatArray, FloatArray]:
        detector = Cancellations()
        panel = panel_of(cancelled / flights, flights=flights, cancelled=cancelled)
        scores = detector.score(panel)
        outside = (panel.value < scores.lower - 1e-12) | (panel.value > scores.upper + 1e-12)
        assert np.array_equal(outside, scores.score > detector.at_least)
        assert ((scores.lower <= scores.expected) & (scores.expected <= scores.upper + 1.0)).all()
        return scores.score[0], detector.flags(panel, scores)[0]

    def test_few_flights_prove_little(self) -> None:
        """Half of two cancelled scores less than half of a hundred, at the same usual share."""
        rng = np.random.default_rng(0)
        few, many = (rng.binomial(int(n), 0.02, size=(1, 200)).astype(float) for n in (2.0, 100.0))
        few[0, 60], many[0, 60] = 1.0, 50.0
        assert self.scored(many, 100.0)[0][60] > self.scored(few, 2.0)[0][60] + 2.0

    def test_an_ordinary_year_has_no_flags_and_a_blizzard_has_one(self) -> None:
        """The budget is a ceiling; what is inside the interval is not flagged."""
        cancelled = np.random.default_rng(1).binomial(100, 0.02, size=(1, 200)).astype(float)
        assert not self.scored(cancelled, 100.0)[1].any()
        cancelled[0, 60] = 90.0
        assert np.flatnonzero(self.scored(cancelled, 100.0)[1]).tolist() == [60]

    def test_where_many_are_usual_none_is_unusual(self) -> None:
        """Both directions are scored."""
        cancelled = np.random.default_rng(2).binomial(400, 0.5, size=(1, 200)).astype(float)
        cancelled[0, 60] = 0.0
        score, flags = self.scored(cancelled, 400.0)
        assert score.argmax() == 60
        assert flags[60]


def gold_of(days: int = 70) -> pl.DataFrame:
    """Gold of one airport, with all that detectors read."""
    start = pl.date(2011, 1, 1)
    return pl.select(
        origin=pl.lit("ABQ"), fl_date=pl.date_range(start, start + pl.duration(days=days - 1)), flights=40, departed=40
    ).with_columns(
        mean_dep_delay=pl.Series(weekly(days)), cancelled=pl.lit(0), cancelled_share=pl.lit(0.0), median_dep_delay=2.0
    )


def test_the_core_needs_no_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without it all detectors run but those that say how to install it, and their failure loses nobody's rows."""
    for name in list(sys.modules):
        if name.split(".")[0] in EXTRAS:
            monkeypatch.delitem(sys.modules, name)
    for name in EXTRAS:
        monkeypatch.setitem(sys.modules, name, None)
    found = detect(gold_of(), DetectParameters(detectors=tuple(DETECTORS), max_p=1, max_q=0), year=2011)
    assert set(found.failures) == detectors_of_the_extra()
    assert all("pip install 'tarmac[compare]'" in reason for reason in found.failures.values())
    assert set(found.anomalies["detector"]) == set(DETECTORS) - detectors_of_the_extra()


@pytest.mark.parametrize("name", ["ecod", "spectral_residual", "panel_forest", "cancellations", "isolation_forest"])
def test_the_run_s_share_is_the_detector_s(name: str) -> None:
    """`outliers_fraction` is what these flag."""
    detector = detector_named(name, DetectParameters(outliers_fraction=0.2))
    assert 0.2 in (getattr(detector, "contamination", None), getattr(detector, "budget", None))


def test_the_run_s_share_changes_nothing_of_disruption() -> None:
    """It flags what is abnormal, however many days that are."""
    few, many = (detector_named("disruption", DetectParameters(outliers_fraction=share)) for share in (0.01, 0.2))
    assert few == many
