"""The score that ordinary days rarely reach, on nulls whose truth is known."""

import numpy as np
import pytest

from tarmac.detect.disruption.tail import FEWEST, rare_score

SHAPE = (50, 365)


def null(seed: int, *, heavy: bool = False) -> np.ndarray:
    """|z| of ordinary days: a normal's, or a Student's t with five degrees of freedom."""
    rng = np.random.default_rng(seed)
    return np.abs(rng.standard_t(5, size=SHAPE) if heavy else rng.normal(size=SHAPE)).ravel()


def rare(scores: np.ndarray, share: float) -> float:
    """The score, where a tail can be told."""
    found = rare_score(scores, share)
    assert found is not None
    return found


@pytest.mark.parametrize(("heavy", "most"), [(False, 0.001), (True, 0.0025)])
def test_ordinary_days_reach_it_about_as_often_as_asked(heavy: bool, most: float) -> None:
    """Asked for one in a thousand: no more of a normal's days, two to three in a heavy tail that begins far out."""
    reached = [(null(seed, heavy=heavy) >= rare(null(seed, heavy=heavy), 0.001)).mean() for seed in range(5)]
    assert np.mean(reached) <= most


def test_how_far_the_abnormal_days_lie_does_not_change_what_is_ordinary() -> None:
    """They are censored in the fit: a thousand times as far, the same bound."""
    score = null(3)
    planted = np.random.default_rng(4).random(score.size) < 0.01
    near, far = (rare(score + planted * size, 0.0025) for size in (20.0, 20_000.0))
    assert near == pytest.approx(far, rel=1e-6)


def test_the_scores_unit_does_not_matter() -> None:
    """Minutes, standard deviations or a forest's depth."""
    assert rare(0.4 + 0.01 * null(5), 0.0025) == pytest.approx(0.4 + 0.01 * rare(null(5), 0.0025), rel=1e-4)


def test_the_rarer_the_higher() -> None:
    """A smaller probability lies farther out."""
    bounds = [rare(null(6), share) for share in (0.05, 0.01, 0.0025, 0.0005)]
    assert bounds == sorted(set(bounds))


def test_what_has_no_tail_has_no_bound() -> None:
    """Equal scores, too few, and none."""
    for score in (np.ones(1000), null(0)[:FEWEST], np.empty(0)):
        assert rare_score(score, 0.0025) is None
