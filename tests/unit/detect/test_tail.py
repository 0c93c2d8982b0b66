"""False-discovery control over all airports, on nulls whose truth is known."""

import numpy as np
import pytest

from tarmac.detect.disruption.tail import FEWEST, flag_false_discovery, p_values

SHAPE = (50, 365)


def null(seed: int, *, heavy: bool = False) -> np.ndarray:
    """|z| of ordinary days: a normal's, or a Student's t with five degrees of freedom."""
    rng = np.random.default_rng(seed)
    return np.abs(rng.standard_t(5, size=SHAPE) if heavy else rng.normal(size=SHAPE))


@pytest.mark.parametrize("heavy", [False, True])
def test_ordinary_days_alone_are_hardly_flagged(heavy: bool) -> None:
    """With no abnormal day every flag is false: none of a normal's days, in the heavy tail a few of 18 250."""
    counts = [flag_false_discovery(null(seed, heavy=heavy), 0.1).sum() for seed in range(10)]
    assert np.median(counts) <= (3 if heavy else 0)
    assert max(counts) < 20


@pytest.mark.parametrize("heavy", [False, True])
def test_of_the_flags_a_tenth_at_most_are_ordinary_days(heavy: bool) -> None:
    """One day in a hundred planted far out: nearly all are found, and the false share is near the level or under it."""
    shares = []
    for seed in range(10):
        score = null(seed, heavy=heavy)
        planted = np.random.default_rng(100 + seed).random(SHAPE) < 0.01
        score[planted] += 12.0
        flags = flag_false_discovery(score, 0.1)
        assert flags[planted].mean() > 0.9
        shares.append((flags & ~planted).sum() / flags.sum())
    assert np.mean(shares) <= 0.1


def test_how_far_the_abnormal_days_lie_does_not_change_what_is_ordinary() -> None:
    """They are censored in the fit: a thousand times as far, the same p-values for the rest."""
    score = null(3)
    planted = np.random.default_rng(4).random(SHAPE) < 0.01
    near, far = (p_values((score + planted * size).ravel()) for size in (20.0, 20_000.0))
    assert np.allclose(near[~planted.ravel()], far[~planted.ravel()], rtol=1e-6)


def test_the_scores_unit_does_not_matter() -> None:
    """Minutes, standard deviations or a forest's depth."""
    score = null(5)
    score[0, :30] += 10.0
    assert np.array_equal(flag_false_discovery(score, 0.1), flag_false_discovery(0.4 + 0.01 * score, 0.1))


@pytest.mark.parametrize(("heavy", "most"), [(False, 0.001), (True, 0.0025)])
def test_p_values_are_near_those_of_the_null(heavy: bool, most: float) -> None:
    """Of ordinary days at most one in a thousand has p ≤ 0.001, two to three in a heavy tail that begins far out."""
    p = np.concatenate([p_values(null(seed, heavy=heavy).ravel()) for seed in range(5)])
    assert (p <= 0.001).mean() <= most
    assert ((p > 0) & (p <= 1)).all()


def test_what_has_no_tail_has_no_flags() -> None:
    """Equal scores, too few, none, and none known."""
    for score in (np.ones(SHAPE), null(0)[:1, :FEWEST], np.empty((0, 0)), np.full((2, 5), np.nan)):
        assert not flag_false_discovery(score, 0.1).any()


def test_null_scores_are_never_flagged() -> None:
    """Nan in, False out, and the others as if it were not there."""
    score = null(7)
    score[0, :20] += 15.0
    holes = score.copy()
    holes[3, 100:200] = np.nan
    flags = flag_false_discovery(holes, 0.1)
    assert not flags[3, 100:200].any()
    assert flags[0, :20].all()
