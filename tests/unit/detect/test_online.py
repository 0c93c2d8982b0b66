"""Scoring as on the day itself: what comes later changes nothing."""

from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from tarmac.detect import DetectParameters, detect
from tarmac.detect.contract import Detector
from tarmac.detect.detectors.arima import Arima
from tarmac.detect.detectors.bands import GlobalBand, RollingBand
from tarmac.detect.disruption.detector import Disruption
from tarmac.detect.online import score_and_flag_online, until
from tarmac.detect.panel import FloatArray, Panel
from tarmac.detect.parameters import detector_named
from tarmac.detect.registry import DETECTORS, detectors_of_the_extra, slow_detectors
from tarmac.detect.thresholds.flags import flags_by
from tarmac.settings import Threshold

DAYS, FIRST, CHANGED = 74, 56, 68
QUICK = {"max_p": 1, "max_q": 0}
FIT_LONG = slow_detectors() | {"panel_forest", "gradient_boosting"}
"""Quick enough for a year as a whole, and slow where every day is scored anew."""


def panel_of(value: FloatArray) -> Panel:
    """Forty flights a day, one cancelled at times; scored from FIRST on."""
    flights = np.full(value.shape, 40.0)
    cancelled = (np.random.default_rng(1).random(value.shape) < 0.3).astype(float)
    return Panel(
        measure="mean_dep_delay",
        origins=tuple(f"A{k:02d}" for k in range(len(value))),
        dates=np.arange("2011-01-01", np.datetime64("2011-01-01") + value.shape[1], dtype="datetime64[D]"),
        value=value,
        flights=flights,
        departed=flights - cancelled,
        cancelled=cancelled,
        first_scored=FIRST,
        also={
            "std_dep_delay": np.full(value.shape, 30.0),
            "median_dep_delay": value - 5.0,
            "p90_dep_delay": value + 40.0,
            "dep_del15_share": np.full(value.shape, 0.2),
        },
    )


def two_futures() -> tuple[Panel, Panel]:
    """The same days up to CHANGED, and then an hour of delay with half of the flights cancelled, or not."""
    value = 10.0 + 5.0 * np.random.default_rng(0).normal(size=(2, DAYS))
    value[0, 60] += 60.0
    calm = panel_of(value)
    later = np.arange(DAYS) >= CHANGED
    worse = {name: array + 60.0 * later for name, array in calm.also.items() if name.endswith("_delay")}
    wild = replace(
        calm,
        value=value + 60.0 * later,
        cancelled=np.where(later, 20.0, calm.cancelled),
        departed=np.where(later, 20.0, calm.departed),
        also={**calm.also, **worse},
    )
    return calm, wild


def scored(detector: Detector, panel: Panel, threshold: Threshold = "detector") -> list[np.ndarray]:
    """Everything that is said of the days before the change."""
    parameters = DetectParameters(threshold=threshold)
    scores, flags = score_and_flag_online(detector, panel, lambda p, j: flags_by(parameters, detector, p, j), workers=1)
    said = (scores.expected, scores.lower, scores.upper, scores.score, flags)
    return [array[:, :CHANGED] for array in said]


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(name, marks=[pytest.mark.slow, pytest.mark.nightly]) if name in FIT_LONG else name
        for name in sorted(set(DETECTORS) - detectors_of_the_extra())
    ],
)
def test_the_future_changes_no_scores_of_the_past(name: str) -> None:
    """Neither score, expectation, interval nor flag; and days with enough of a past are scored."""
    detector = detector_named(name, DetectParameters(**QUICK))  # type: ignore[arg-type]
    calm, wild = (replace(p, value=p.cancelled / p.flights) if name == "cancellations" else p for p in two_futures())
    left, right = scored(detector, calm), scored(detector, wild)
    assert all(np.array_equal(one, other, equal_nan=True) for one, other in zip(left, right, strict=True))
    assert not np.isnan(left[3][:, 59:]).any()


def test_arima_sees_nothing_later_within_a_month_and_refits_with_the_next() -> None:
    """The first month is scored by history alone, or not at all."""
    detector = Arima(max_p=1, max_q=0, flight_noise=True)
    calm, wild = two_futures()
    score, changed = (detector.score_online(replace(p, first_scored=0)).score for p in (calm, wild))
    assert np.isnan(score[:, :31]).all()
    assert not np.isnan(score[:, 31:]).any()
    assert np.array_equal(score[:, 31:CHANGED], changed[:, 31:CHANGED])
    assert not np.array_equal(score[:, CHANGED:], changed[:, CHANGED:])


@pytest.mark.parametrize("threshold", ["budget", "reference"])
def test_a_threshold_cuts_among_the_scores_known_by_then(threshold: Threshold) -> None:
    """A later storm takes no earlier day out of the budget."""
    left, right = (scored(GlobalBand(), panel, threshold)[4] for panel in two_futures())
    assert np.array_equal(left, right)


def test_who_never_looks_ahead_is_scored_as_in_hindsight() -> None:
    """The rolling band, at once and not day by day."""
    calm, _ = two_futures()
    scores, _ = score_and_flag_online(RollingBand(), calm, RollingBand().flags, workers=1)
    assert np.array_equal(scores.score, RollingBand().score(calm).score, equal_nan=True)


def test_a_panel_until_a_day_ends_with_it() -> None:
    """All its arrays, and history stays history."""
    cut = until(two_futures()[0], 60)
    assert cut.shape == (2, 61)
    assert cut.first_scored == FIRST
    assert {array.shape for array in cut.also.values()} == {(2, 61)}


def test_the_mode_is_in_the_detector_s_name() -> None:
    """So that nobody takes one for the other."""
    dates = pl.select(pl.date_range(pl.date(2011, 1, 1), pl.date(2011, 2, 20))).to_series()
    value = 10.0 + np.random.default_rng(0).normal(size=dates.len())
    gold = pl.DataFrame({"fl_date": dates, "mean_dep_delay": value}).with_columns(
        origin=pl.lit("ABQ"), flights=40, departed=40, cancelled=0
    )
    named = DetectParameters(detectors=("arima", "global_band"), mode="online", **QUICK)  # type: ignore[arg-type]
    found = detect(gold, named, year=2011)
    assert not found.failures
    assert set(found.anomalies["detector"]) == {"arima@online", "global_band@online"}
    assert found.anomalies.filter(pl.col("fl_date") == dates[40])["score"].null_count() == 0


def test_disruption_scores_each_day_as_if_it_were_the_last() -> None:
    """The one pass over 25 airports and 130 days gives what each day gives as the end of its panel, to the last bit."""
    panel = replace(panel_of(10.0 + 5.0 * np.random.default_rng(3).normal(size=(25, 130))), first_scored=0)
    panel.cancelled[4, 60], panel.departed[4, 60], panel.value[4, 60] = 40.0, 0.0, np.nan
    detector = Disruption()
    whole = detector.score_online(panel)
    for day in (6, 27, 28, 55, 60, 61, 99, 129):
        alone = detector.score_online(until(panel, day))
        for name in ("expected", "lower", "upper", "score"):
            assert np.array_equal(getattr(whole, name)[:, day], getattr(alone, name)[:, day], equal_nan=True)
    assert whole.score[4, 60] >= 1.0
    assert not np.isnan(whole.score).any()


def test_weeks_of_bad_days_stay_abnormal_and_a_lasting_change_becomes_the_norm() -> None:
    """An hour and a quarter later from day 90 on: abnormal for a month, ordinary after a quarter of a year."""
    days = np.arange(250)
    value = (
        10.0 + 5.0 * np.random.default_rng(4).normal(size=(3, 250)) + 75.0 * (days >= 90) * np.array([[1], [0], [0]])
    )
    quiet = np.where(days == 30, 1.0, 0.0) * np.ones((3, 1))
    flights = np.full(value.shape, 200.0)
    panel = Panel(
        measure="mean_dep_delay",
        origins=("A", "B", "C"),
        dates=np.arange("2011-01-01", np.datetime64("2011-01-01") + 250, dtype="datetime64[D]"),
        value=value,
        flights=flights,
        departed=flights - quiet,
        cancelled=quiet,
        also={
            "std_dep_delay": np.full(value.shape, 30.0),
            "median_dep_delay": value - 5.0,
            "p90_dep_delay": value + 40.0,
            "dep_del15_share": np.clip(value / 100.0, 0.0, 1.0),
        },
    )
    score = Disruption().score_online(panel).score
    assert (score[0, 90:120] >= 1.0).all()
    assert (score[0, 200:] < 1.0).all()
    assert (score[1:, 20:] < 1.0).all()
