"""What every registered detector promises, whatever its method."""

from collections.abc import Callable
from dataclasses import fields, replace
from typing import Any

import numpy as np
import pytest

from tarmac.detect import DetectParameters
from tarmac.detect.contract import Detector, Scores
from tarmac.detect.detectors.bands import Band
from tarmac.detect.panel import FloatArray, Panel
from tarmac.detect.parameters import detector_named
from tarmac.detect.registry import DETECTORS, detector_class
from tarmac.errors import InputError

PARAMETERS = DetectParameters(max_p=1, max_q=1)
FLOORS = {"constant", "random"}
DAYS = 120


def parameter(name: str) -> Any:
    """The detector of this name as a parameter; statsmodels takes minutes for what others do in seconds."""
    return pytest.param(name, marks=[pytest.mark.nightly] if detector_class(name).slow else [])


@pytest.fixture(params=[parameter(name) for name in sorted(DETECTORS)])
def detector(request: pytest.FixtureRequest) -> Detector:
    """Each registered detector in turn."""
    return detector_named(request.param, PARAMETERS)


def only(holds: Callable[[Detector], bool]) -> pytest.MarkDecorator:
    """Run a test on those detectors alone for which this holds."""
    names = [parameter(name) for name in sorted(DETECTORS) if holds(detector_named(name, PARAMETERS))]
    assert names
    return pytest.mark.parametrize("detector", names, indirect=True)


def panel_of(value: FloatArray, *, origins: tuple[str, ...] = (), seed: int = 1) -> Panel:
    """A panel of that value; forty flights a day, none where the value is missing, one in forty cancelled at times."""
    rng = np.random.default_rng(seed)
    flights = np.where(np.isnan(value), 0.0, 40.0)
    cancelled = np.where(flights > 0, (rng.random(value.shape) < 0.3).astype(float), 0.0)
    return Panel(
        measure="mean_dep_delay",
        origins=origins or tuple(f"A{k:02d}" for k in range(len(value))),
        dates=np.arange("2011-01-01", np.datetime64("2011-01-01") + value.shape[1], dtype="datetime64[D]"),
        value=value,
        flights=flights,
        departed=flights - cancelled,
        cancelled=cancelled,
        also={
            "std_dep_delay": np.where(flights > 0, 30.0, np.nan),
            "median_dep_delay": value - 5.0,
            "dep_del15_share": np.where(flights > 0, 0.2, np.nan),
        },
    )


def shares_of(minutes: FloatArray, **options: Any) -> Panel:
    """A panel of four hundred flights a day whose cancellations rise and fall as those minutes do, about 40 %."""
    panel = panel_of(minutes, **options)
    known = ~np.isnan(minutes)
    flights = np.where(known, 400.0, 0.0)
    cancelled = np.where(known, np.round(400.0 * np.clip(0.4 + (minutes - 10.0) / 200.0, 0.0, 1.0)), 0.0)
    share = np.where(known, cancelled / 400.0, np.nan)
    return replace(
        panel,
        measure="cancelled_share",
        value=share,
        flights=flights,
        cancelled=cancelled,
        departed=flights - cancelled,
    )


def panel_for(detector: Detector, minutes: FloatArray, **options: Any) -> Panel:
    """A panel of the measure that the detector reads, with its ups and downs in the same places."""
    return (shares_of if detector.reads == "cancelled_share" else panel_of)(minutes, **options)


def noise(airports: int, days: int = DAYS, *, seed: int = 0) -> FloatArray:
    """Ordinary mean delays, in minutes."""
    return 10.0 + 5.0 * np.random.default_rng(seed).normal(size=(airports, days))


def same(left: Scores, right: Scores) -> bool:
    """Whether two scores are the same to the last bit."""
    names = ("expected", "lower", "upper", "score")
    return all(getattr(left, n).tobytes() == getattr(right, n).tobytes() for n in names)


def test_a_detector_bears_its_name_in_the_registry() -> None:
    """The name in the output is the one that it is asked for by."""
    assert [detector_class(name).name for name in DETECTORS] == list(DETECTORS)


def test_a_detector_that_needs_a_package_names_another_that_does_not() -> None:
    """So the message of what is not installed has a way out."""
    for name in DETECTORS:
        if detector_class(name).needs:
            assert not detector_class(detector_class(name).instead).needs


def test_a_parameter_outside_its_limits_is_refused_by_name(detector: Detector) -> None:
    """With the value, the allowed range or choices, and the default."""
    limited = [each for each in fields(detector) if each.metadata]
    assert limited or detector.name == "disruption"
    for each in limited:
        with pytest.raises(
            InputError, match=rf"^{detector.name}: {each.name} .*-1.*\. (It must be .*; the default is|Known)"
        ):
            replace(detector, **{each.name: -1})  # type: ignore[type-var]


def test_all_arrays_have_the_panel_s_shape_and_flags_are_booleans(detector: Detector) -> None:
    """Whatever the shape: airports × days."""
    panel = panel_for(detector, noise(3))
    scores = detector.score(panel)
    flags = detector.flags(panel, scores)
    assert scores.score.shape == scores.expected.shape == panel.shape
    assert flags.shape == panel.shape
    assert flags.dtype == np.bool_


def test_a_day_without_flights_has_no_score_and_no_flag(detector: Detector) -> None:
    """Null in, null out: nothing is invented for a day that has no row."""
    value = noise(2)
    value[0, 40:44] = np.nan
    panel = panel_for(detector, value)
    scores = detector.score(panel)
    assert np.isnan(scores.score[0, 40:44]).all()
    assert not detector.flags(panel, scores)[0, 40:44].any()
    assert not np.isnan(scores.score[0, 50:]).any()


@pytest.mark.parametrize("days", [1, 2, 5, 20])
def test_short_series_raise_nothing_and_flag_nothing_wild(detector: Detector, days: int) -> None:
    """A detector that cannot score says null; it does not fail."""
    panel = panel_for(detector, noise(2, days))
    scores = detector.score(panel)
    # The reference's rule flags up to an eighth of any series; from fewer than fourteen days nothing is cut.
    assert detector.flags(panel, scores).sum() <= (5 if days >= 14 else 0)


def test_an_airport_that_cannot_be_scored_costs_the_others_nothing(detector: Detector) -> None:
    """All missing, a single day, two days, constant: their neighbours are scored all the same."""
    value = noise(5)
    value[1] = np.nan
    value[2, 1:] = np.nan
    value[3, 2:] = np.nan
    value[4] = 7.0
    panel = panel_for(detector, value)
    scores = detector.score(panel)
    flags = detector.flags(panel, scores)
    assert not np.isnan(scores.score[0, 60:]).any()  # who sees only the past needs some of it first
    assert np.isnan(scores.score[1]).all()
    assert not flags[1:4].any()
    if detector.name not in FLOORS:
        assert not flags[4].any()


def test_an_empty_panel_is_scored_in_silence(detector: Detector) -> None:
    """No airports, no days, no error."""
    panel = panel_for(detector, np.empty((0, 0)))
    scores = detector.score(panel)
    assert detector.flags(panel, scores).shape == (0, 0)


def test_the_same_panel_gives_the_same_bits_with_any_number_of_workers(detector: Detector) -> None:
    """No sum is taken across threads."""
    panel = panel_for(detector, noise(4))
    assert same(detector.score(panel, workers=1), detector.score(panel, workers=3))


@only(lambda detector: not detector.pools)
def test_one_airport_has_no_effect_on_another_unless_the_detector_pools(detector: Detector) -> None:
    """Neither its presence nor its place: scored alone, an airport gets the same bits."""
    value = noise(3)
    together = panel_for(detector, value, origins=("ABQ", "JFK", "LGA"))
    alone = replace(
        together,
        origins=("JFK",),
        **{name: getattr(together, name)[1:2] for name in ("value", "flights", "departed", "cancelled")},
        also={name: array[1:2] for name, array in together.also.items()},
    )
    assert detector.score(together).score[1].tobytes() == detector.score(alone).score[0].tobytes()


@only(lambda detector: detector.name not in FLOORS)
def test_a_planted_spike_has_the_highest_score_of_its_airport_and_is_flagged(detector: Detector) -> None:
    """Sixty minutes above the rest is what all this is for."""
    value = noise(3)
    value[1, 70] += 60.0
    panel = panel_for(detector, value)
    scores = detector.score(panel)
    assert np.nanargmax(scores.score[1]) == 70
    assert detector.flags(panel, scores)[1, 70]
    if not np.isnan(scores.upper[1, 70]):
        assert panel.value[1, 70] > scores.upper[1, 70]


@only(lambda detector: detector.name not in FLOORS)
def test_an_unusually_early_day_scores_too(detector: Detector) -> None:
    """Both directions are scored."""
    value = noise(1)
    value[0, 70] -= 80.0
    assert np.nanargmax(detector.score(panel_for(detector, value)).score[0]) == 70


def test_the_interval_holds_what_was_expected(detector: Detector) -> None:
    """lower ≤ expected ≤ upper wherever there are all three."""
    scores = detector.score(panel_for(detector, noise(3)))
    known = ~np.isnan(scores.expected + scores.lower + scores.upper)
    assert (scores.lower[known] <= scores.expected[known]).all()
    assert (scores.expected[known] <= scores.upper[known]).all()


# Shares have ends, and what is usual near one is unusual in the middle.
@only(lambda detector: detector.reads != "cancelled_share")
def test_adding_a_constant_changes_no_ranking(detector: Detector) -> None:
    """An airport where everything is twenty minutes later has the same abnormal days."""
    value = noise(2)
    before, after = (
        detector.score(panel_for(detector, value)).score,
        detector.score(panel_for(detector, value + 20.0)).score,
    )
    # The rank of a forest's score may turn on a rounded split; correlation of ranks is what must hold.
    for one, other in zip(before, after, strict=True):
        assert _rank_correlation(one, other) > 0.99


# Days alone, and no share of flights: what is counted in flights has no unit to change. `disruption` asks how many minutes
# were lost, and a minute is not an hour.
@only(lambda detector: detector.reads != "cancelled_share" and detector.name != "disruption")
@pytest.mark.parametrize("factor", [1 / 60, 100.0])
def test_another_unit_changes_no_ranking(detector: Detector, factor: float) -> None:
    """Hours or seconds instead of minutes, in every column that is measured in minutes: the same abnormal days."""
    panel = panel_for(detector, noise(2))
    minutes = {name: array * factor for name, array in panel.also.items() if name.endswith("_delay")}
    scaled = replace(panel, value=panel.value * factor, also={**panel.also, **minutes})
    for one, other in zip(detector.score(panel).score, detector.score(scaled).score, strict=True):
        assert _rank_correlation(one, other) > 0.99


def test_history_is_baseline_and_never_flagged(detector: Detector) -> None:
    """Days before the first scored one serve as history and are not scored."""
    value = noise(2)
    value[0, 10] += 60.0
    panel = replace(panel_for(detector, value), first_scored=60)
    assert not detector.flags(panel, detector.score(panel))[:, :60].any()


def _rank_correlation(left: FloatArray, right: FloatArray) -> float:
    ranks = [np.argsort(np.argsort(scores, kind="stable"), kind="stable").astype(float) for scores in (left, right)]
    if np.array_equal(ranks[0], ranks[1]):
        return 1.0
    return float(np.corrcoef(ranks[0], ranks[1])[0, 1])


def test_peculiar_series_are_survived(detector: Detector) -> None:
    """Alternating, a ramp, a step, an exact week, two values, one gigantic day, and one value among equal ones."""
    days = np.arange(DAYS, dtype=float)
    giant, lone = noise(1)[0], np.full(DAYS, 7.0)
    giant[50], lone[60] = 1e9, 8.0
    value = np.stack(
        [days % 2, days, (days > 60).astype(float), np.sin(2 * np.pi * (days % 7) / 7), days // 17 % 2, giant, lone]
    )
    scores = detector.score(panel_for(detector, value))
    assert scores.score.shape == value.shape
    if detector.name not in FLOORS and detector.name != "rolling_band":
        assert np.nanargmax(scores.score[5]) == 50


def regular_series(days: int) -> dict[str, FloatArray]:
    """Series as thin airports have them, in whole minutes."""
    day, random = np.arange(days), np.random.default_rng(days)
    return {
        "constant": np.full(days, 7.0),
        "alternating": 5.0 + day % 2,
        "weekly": 10.0 * (day % 7 == 4) + day % 7,
        "stepped": np.where(day > days // 2, 10.0, 0.0),
        "saturated": np.minimum(np.round(8.0 * np.abs(random.normal(size=days))), 10.0),
        "integers": random.integers(4, 7, days).astype(float),
        "mostly zero": (random.random(days) < 0.1).astype(float),
    }


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("days", [14, 50, 365, pytest.param(3650, marks=pytest.mark.slow)])
def test_regular_series_are_scored_in_silence_and_in_finite_numbers(detector: Detector, days: int) -> None:
    """No warning on the terminal, no infinite end of an interval, with and without one odd day."""
    if days > 50 and detector.slow:
        pytest.skip("statsmodels takes minutes for it")
    value = np.stack(list(regular_series(days).values()))
    for odd in (0.0, 60.0):
        value[:, days // 2] += odd
        scores = detector.score(panel_for(detector, value))
        for each in (scores.expected, scores.lower, scores.upper, scores.score):
            assert not np.isinf(each).any()


# MSTL's scale is the standard deviation where half of the days leave nothing, and one odd day makes that large.
@only(lambda detector: isinstance(detector, Band) and detector.name != "mstl")
@pytest.mark.parametrize("kind", ["alternating", "weekly"])
def test_a_series_that_repeats_exactly_has_no_flags_and_its_odd_day_has_one(detector: Detector, kind: str) -> None:
    """Once a method has seen four weeks of it; what is left then is rounding, and no scale to score by."""
    value = regular_series(120)[kind][None, :]
    panel = panel_for(detector, value)
    assert not detector.flags(panel, detector.score(panel))[0, 28:].any()
    value[0, 70] += 60.0
    panel = panel_for(detector, value)
    assert detector.flags(panel, detector.score(panel))[0, 70]
