"""Detection from gold to rows."""

import dataclasses
import subprocess
import sys
from datetime import date, timedelta

import numpy as np
import polars as pl
import pytest

import tarmac.detect.run as run_module
from tarmac.detect import DetectParameters, detect
from tarmac.detect.panel import panel_from_gold
from tarmac.detect.thresholds.direction import with_direction
from tarmac.errors import InputError
from tarmac.settings import Mode
from tarmac.tables.anomalies import ANOMALIES

QUICK = DetectParameters(max_p=1, max_q=0)


def gold_of(
    *, airports: tuple[str, ...] = ("ABQ", "JFK"), days: int = 60, start: date = date(2011, 1, 1)
) -> pl.DataFrame:
    """A gold frame of ordinary days; JFK skips its eleventh, and cancels everything on its twelfth."""
    rng = np.random.default_rng(5)
    rows = [
        (origin, start + timedelta(days=day), 10.0 + float(rng.normal()) * 5.0, 40, 0)
        for origin in airports
        for day in range(days)
        if (origin, day) != ("JFK", 10)
    ]
    frame = pl.DataFrame(rows, schema=["origin", "fl_date", "mean_dep_delay", "flights", "cancelled"], orient="row")
    lost = (pl.col("origin") == "JFK") & (pl.col("fl_date") == start + timedelta(days=11))
    return frame.with_columns(
        mean_dep_delay=pl.when(lost).then(None).otherwise("mean_dep_delay"),
        cancelled=pl.when(lost).then(40).otherwise("cancelled").cast(pl.Int32),
        flights=pl.col("flights").cast(pl.Int32),
        std_dep_delay=pl.when(lost).then(None).otherwise(30.0),
    ).with_columns(departed=pl.col("flights") - pl.col("cancelled"))


def test_the_rows_have_the_anomalies_table_s_columns_order_and_no_nan() -> None:
    """One row per gold row of the year, detector and measure, sorted by the table's key."""
    gold = gold_of()
    anomalies = detect(gold, QUICK, year=2011).anomalies
    assert tuple(anomalies.columns) == ANOMALIES.names
    assert anomalies.height == 3 * gold.height
    assert anomalies.equals(anomalies.sort(ANOMALIES.key))
    assert not anomalies.select(pl.col(pl.Float64).is_nan().any()).row(0).count(True)
    assert anomalies["flag"].null_count() == 0


def test_a_day_with_every_flight_cancelled_scores_and_is_flagged_high() -> None:
    """It has no mean, so detectors of the mean cannot score it; disruption does."""
    lost = detect(gold_of(), QUICK, year=2011).anomalies.filter(
        (pl.col("origin") == "JFK") & (pl.col("fl_date") == date(2011, 1, 12))
    )
    by_detector = {row["detector"]: row for row in with_direction(lost).iter_rows(named=True)}
    assert by_detector["disruption"]["flag"]
    assert by_detector["disruption"]["anomaly_direction"] == "high"
    assert by_detector["disruption"]["observed"] is None
    for name in ("isolation_forest", "arima"):
        assert by_detector[name]["score"] is None
        assert by_detector[name]["flag"] is False


def test_the_order_of_rows_and_the_number_of_threads_change_no_bit() -> None:
    """The panel is dense and sorted before anything is computed."""
    gold = gold_of(airports=("ABQ", "JFK", "LGA", "SEA"))
    first = detect(gold, QUICK, year=2011, workers=1).anomalies
    again = detect(gold.sample(fraction=1.0, shuffle=True, seed=3), QUICK, year=2011, workers=4).anomalies
    assert first.equals(again)


def test_history_is_used_and_gives_no_rows() -> None:
    """Rows of earlier years are baseline; the output holds the asked year alone."""
    gold = pl.concat([gold_of(start=date(2010, 11, 2)), gold_of()])
    anomalies = detect(gold, QUICK, year=2011).anomalies
    assert anomalies["fl_date"].dt.year().unique().to_list() == [2011]
    assert anomalies.height == 3 * gold_of().height
    assert not anomalies.equals(detect(gold_of(), QUICK, year=2011).anomalies)


def test_one_detector_s_failure_is_recorded_and_the_others_stand(monkeypatch: pytest.MonkeyPatch) -> None:
    """The reason names the error; the rows of the rest are there."""
    real = run_module.detector_named

    def broken(name: str, parameters: DetectParameters) -> object:
        detector = real(name, parameters)
        if name == "arima":
            monkeypatch.setattr(type(detector), "score", _fail)
        return detector

    monkeypatch.setattr(run_module, "detector_named", broken)
    found = detect(gold_of(), QUICK, year=2011)
    assert dict(found.failures) == {"arima": "ArithmeticError: no luck"}
    assert set(found.anomalies["detector"]) == {"disruption", "isolation_forest"}
    assert set(found.seconds) == {"arima", "disruption", "isolation_forest"}


def _fail(*_: object, **__: object) -> None:
    raise ArithmeticError("no luck")


def test_progress_is_told_each_detector_before_it_starts() -> None:
    """So that a bar can say what it waits for."""
    told: list[str] = []
    detect(gold_of(days=20), QUICK, year=2011, progress=told.append)
    assert told == ["isolation_forest", "arima", "disruption"]


def test_a_year_without_rows_gives_an_empty_table() -> None:
    """Same columns, no rows, no failure."""
    found = detect(gold_of(), QUICK, year=1999)
    assert found.anomalies.is_empty()
    assert tuple(found.anomalies.columns) == ANOMALIES.names
    assert not found.failures


def test_two_rows_of_one_airport_day_are_refused() -> None:
    """Neither could be chosen over the other."""
    gold = gold_of(days=20)
    with pytest.raises(InputError, match=r"share origin and fl_date, the first is ABQ on 2011-01-01"):
        detect(pl.concat([gold, gold.head(1)]), QUICK, year=2011)


def test_a_missing_column_is_named() -> None:
    """With what is there, and the way out."""
    with pytest.raises(InputError, match=r"gold lacks the column\(s\) departed"):
        panel_from_gold(gold_of().drop("departed"), "mean_dep_delay", year=2011)


def test_an_unknown_detector_is_answered_with_the_known_ones() -> None:
    """And with the one that was probably meant."""
    with pytest.raises(
        InputError, match=r"detector 'isolation_forrest' is unknown\. Known: .*arima.*Did you mean isolation_forest\?"
    ):
        DetectParameters(detectors=("isolation_forrest",))


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"detectors": ()}, "no detector was named"),
        ({"detectors": ("arima", "arima")}, "listed twice"),
        ({"outliers_fraction": 0.0}, "outliers_fraction is 0.0"),
        ({"outliers_fraction": 0.7}, "outliers_fraction is 0.7"),
        ({"max_p": -1}, "max_p is -1"),
        ({"max_q": 99}, "max_q is 99"),
        ({"criterion": "hqic"}, "criterion 'hqic' is unknown. Known: aic, aicc, bic"),
    ],
)
def test_parameters_that_mean_nothing_are_refused(options: dict[str, object], words: str) -> None:
    """Where they are made, with the value and the choices."""
    with pytest.raises(InputError, match=words):
        DetectParameters(**options)  # type: ignore[arg-type]


def test_importing_the_package_loads_no_heavy_library() -> None:
    """`tarmac --help` must be quick."""
    heavy = "('numba', 'numpy', 'polars')"
    code = f"import sys, tarmac.detect as d; d.DetectParameters(); print([m for m in {heavy} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_no_value_is_carried_forward() -> None:
    """JFK's skipped day and its all-cancelled day are NaN; their flights are 0 and 40."""
    panel = panel_from_gold(gold_of(), "mean_dep_delay", year=2011)
    jfk = panel.origins.index("JFK")
    assert np.isnan(panel.value[jfk, 10:12]).all()
    assert panel.flights[jfk, 10:12].tolist() == [0.0, 40.0]
    assert np.isnan(panel.value).sum() == 2


@pytest.mark.parametrize("mode", ["hindsight", "online"])
def test_every_row_says_what_the_day_lost_whatever_detector_scored_it(mode: Mode) -> None:
    """All of forty flights cancelled: forty lost, severity 5; a day as expected lost nothing."""
    rows = detect(gold_of(), dataclasses.replace(QUICK, mode=mode), year=2011).anomalies
    day = rows.filter((pl.col("origin") == "JFK") & (pl.col("fl_date") == date(2011, 1, 12)))
    assert day.height == 3
    assert day["excess_cancelled"].to_list() == pytest.approx([40.0] * 3, abs=0.5)
    assert day["lost_flights"].to_list() == pytest.approx([40.0] * 3, abs=0.5)
    assert day["excess_delay_minutes"].to_list() == [0.0] * 3
    assert day["severity"].to_list() == [5] * 3
    others = rows.filter(pl.col("origin") == "ABQ")
    assert others["severity"].max() == 0
    assert others.select(pl.col("excess_cancelled", "lost_flights", "severity").null_count()).row(0) == (0, 0, 0)
