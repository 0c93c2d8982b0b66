"""Metrics against scikit-learn, against definitions written out, and at their edges."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import average_precision_score

from tarmac.evaluate.metrics import (
    agreement,
    agreement_of_events,
    average_precision,
    budget_flags,
    precision_at,
    precision_recall,
)
from tarmac.evaluate.volume import mean_volume_under_pr, volume_under_pr, widened

DAYS = st.lists(st.tuples(st.integers(0, 6), st.booleans()), min_size=1, max_size=60).filter(
    lambda days: any(label for _, label in days)
)


def arrays(*rows: str) -> np.ndarray:
    """Rows of '.' and '#' as booleans."""
    return np.array([[c == "#" for c in row] for row in rows])


@settings(deadline=None)
@given(DAYS)
def test_average_precision_is_scikit_learn_s_ties_included(days: list[tuple[int, bool]]) -> None:
    """Equal scores are one step of the curve."""
    score, label = np.array([d[0] for d in days], dtype=float), np.array([d[1] for d in days])
    assert average_precision(score, label) == pytest.approx(average_precision_score(label, score), abs=1e-12)


def test_a_null_score_ranks_below_every_other() -> None:
    """A detector that cannot score a day has not found it."""
    label = np.array([True, False, True])
    assert average_precision(np.array([np.nan, -9.0, 1.0]), label) == pytest.approx(0.5 + 0.5 * 2 / 3)


def test_where_nothing_is_labelled_there_is_nothing_to_measure() -> None:
    """NaN, neither 0 nor 1."""
    assert np.isnan(average_precision(np.ones(3), np.zeros(3, dtype=bool)))
    assert np.isnan(volume_under_pr(np.ones(3), np.zeros(3, dtype=bool)))
    assert np.isnan(precision_at(np.ones(3), np.zeros(3, dtype=bool), 0))


def test_the_curve_ends_at_full_recall_and_the_labels_share() -> None:
    """The lowest cut takes all days."""
    curve = precision_recall(np.array([3.0, 2.0, 2.0, np.nan]), np.array([True, False, True, True]))
    assert curve.recall.tolist() == pytest.approx([1 / 3, 2 / 3, 1.0])
    assert curve.precision[-1] == pytest.approx(0.75)


def test_precision_among_the_first_shares_ties_out() -> None:
    """Two of three equal scores are taken: each counts two thirds."""
    score, label = np.array([9.0, 5.0, 5.0, 5.0, 1.0]), np.array([True, True, False, False, True])
    assert precision_at(score, label, 3) == pytest.approx((1 + 2 / 3) / 3)


def test_agreement_counts_days_and_is_never_point_adjusted() -> None:
    """One flagged day of a run of four is a quarter of it."""
    found = agreement(arrays(".#......")[0], arrays(".####...")[0])
    assert (found.precision, found.recall) == (1.0, 0.25)
    assert agreement(arrays("....")[0], arrays("....")[0]).f1 == 0.0


def test_events_are_runs_within_an_airport() -> None:
    """A run does not go on at the next airport; recall is of true runs, precision of flagged ones."""
    label = arrays("##..##", "##....")
    found = agreement_of_events(arrays(".#....", "..##.."), label)
    assert found.recall == pytest.approx(1 / 3)
    assert found.precision == pytest.approx(1 / 2)


def test_the_budget_is_a_ceiling() -> None:
    """Days that tie at the cut are left out together."""
    score = np.array([[5.0, 4.0, 4.0, 1.0, np.nan, 9.0]])
    valid = arrays("#####.")
    assert budget_flags(score, valid, 0.4).tolist() == arrays("#.....").tolist()
    assert budget_flags(score, valid, 0.6).tolist() == arrays("###...").tolist()
    assert not budget_flags(score, valid, 0.1).any()


def test_labels_widen_by_half_the_buffer_to_each_side() -> None:
    """√(1 − d/b) at a distance of d."""
    label = arrays("...#....")[0]
    near, far = np.sqrt(0.75), np.sqrt(0.5)
    assert widened(label, 4).tolist() == pytest.approx([0, far, near, 1, near, far, 0, 0])
    assert widened(label, 0).tolist() == label.astype(float).tolist()


@settings(deadline=None)
@given(DAYS)
def test_the_area_without_a_buffer_is_average_precision_times_touched_runs(days: list[tuple[int, bool]]) -> None:
    """By the definition written out for every cut."""
    score, label = np.array([d[0] for d in days], dtype=float), np.array([d[1] for d in days])
    starts = np.flatnonzero(label & ~np.concatenate([[False], label[:-1]]))
    area, before = 0.0, 0.0
    for cut in sorted(set(score), reverse=True):
        taken = score >= cut
        touched = 0
        for start in starts:
            end = start
            while end < label.size and label[end]:
                touched += int(taken[end]) if not taken[start:end].any() else 0
                end += 1
        recall = (taken & label).sum() / label.sum() * touched / starts.size
        area += (recall - before) * (taken & label).sum() / taken.sum()
        before = recall
    assert volume_under_pr(score, label, window=0) == pytest.approx(area)


def test_a_score_that_rises_a_day_early_is_not_all_wrong() -> None:
    """That is what the buffer is for."""
    label = arrays("......#.......")[0]
    early, far = np.zeros(14), np.zeros(14)
    early[5] = far[11] = 1.0
    assert volume_under_pr(early, label) > volume_under_pr(far, label)
    assert volume_under_pr(label.astype(float), label) > volume_under_pr(early, label)


def test_the_volume_is_a_mean_over_airports_with_labels() -> None:
    """An airport without any says nothing."""
    label = arrays("..#.", "....")
    score = np.array([[0.0, 0.0, 1.0, 0.0], [1.0, 0.0, 0.0, 0.0]])
    both = mean_volume_under_pr(score, label, np.ones(label.shape, dtype=bool))
    assert both == pytest.approx(volume_under_pr(score[0], label[0]))
