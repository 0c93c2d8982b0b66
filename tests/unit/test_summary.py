"""A run's record as the closing table tells it."""

import datetime as dt

import pytest

from tarmac.cli.summary import summary_rows
from tarmac.runs.record import Run, StepResult


def run(**given) -> Run:
    return Run(
        command="run", year=2013, run_id="r1", started=dt.datetime(2026, 1, 1, tzinfo=dt.UTC), parameters={}, **given
    )


COUNTS = {"inserted": 0, "updated": 0, "unchanged": 0, "removed": 0}


def test_a_run_without_steps_has_no_rows():
    """It failed in its first one."""
    assert summary_rows(run()) == []


def test_steps_stand_in_their_order_with_their_seconds():
    """Parts of a step, as detect.arima, are no rows of their own."""
    detect = StepResult(
        written={"anomalies": {"replaced": 6}}, seconds=2.0, seconds_by_detector={"arima": 1.0}, flags={"arima": 2}
    )
    record = run(steps={"detect": detect, "gold": StepResult(written={"gold": {"replaced": 3}}, seconds=0.5)})
    assert record.seconds == {"detect.arima": 1.0, "detect": 2.0, "gold": 0.5}
    assert summary_rows(record) == [
        ("2013", "gold", 3, "airport-days", 0.5),
        ("2013", "detect", 6, "flags: arima 2", 2.0),
    ]


def test_silver_tells_what_was_set_aside_and_why():
    """Rows in = kept + quarantined, reason by reason."""
    record = run(
        steps={"silver": StepResult(written={}, seconds=1.5)},
        rows_in=1_000_000,
        rows_kept=999_000,
        rows_quarantined=1000,
        quarantined_by_reason={"bad_origin": 999, "duplicate": 1},
        repairs={"dep_delay_on_time": 15, "cancelled_from_departure": 2},
    )
    assert summary_rows(record) == [
        (
            "2013",
            "silver",
            999_000,
            "1,000,000 flights read, 1,000 quarantined (bad_origin 999, duplicate 1), 17 repaired",
            1.5,
        )
    ]


def test_a_detector_that_failed_is_named():
    """The others' results stand, but nobody should think it found nothing."""
    failed = {"arima": "LinAlgError: singular"}
    detect = StepResult(written={"anomalies": {"replaced": 0}}, failed_detectors=failed)
    ((_, _, _, words, _),) = summary_rows(run(steps={"detect": detect}))
    assert words == "flags: none; failed: arima"


@pytest.mark.parametrize(
    ("published", "scores", "rows", "words"),
    [
        ({"inserted": 1095}, {"inserted": 2190}, 3285, "3,285 inserted, 0 updated, 0 unchanged, 0 removed"),
        ({"unchanged": 1095}, {"unchanged": 2190}, 3285, "nothing changed (3,285 unchanged)"),
        ({"unchanged": 5, "removed": 1}, {}, 5, "0 inserted, 0 updated, 5 unchanged, 1 removed"),
    ],
)
def test_a_load_adds_its_tables_up(published, scores, rows, words):
    """Removed rows are counted, but are not there any more."""
    load = StepResult(written={"agg": COUNTS | published, "anomaly_scores": COUNTS | scores}, seconds=1.0)
    assert summary_rows(run(steps={"load": load})) == [("2013", "load", rows, words, 1.0)]
