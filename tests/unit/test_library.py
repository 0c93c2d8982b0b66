"""Tarmac as a library: the page's examples run, and frames of any kind come back as they went in."""

import re
import subprocess
import sys
from datetime import date, timedelta

import numpy as np
import polars as pl
import pyarrow as pa
import pytest

import tarmac
from tarmac.errors import InputError
from tests.support.machine import ROOT


@pytest.fixture(scope="module")
def raw() -> pl.DataFrame:
    """Kaggle's columns: thirty flights a day for sixty days from one airport, one of them with an impossible airport."""
    rng = np.random.default_rng(1)
    day = np.repeat(np.arange(60), 30)
    late = rng.integers(-10, 30, day.size)
    clock = 600 + np.tile(np.arange(30), 60)
    return pl.DataFrame(
        {
            "FL_DATE": [str(date(2015, 1, 1) + timedelta(int(d))) for d in day],
            "OP_CARRIER": "AA",
            "OP_CARRIER_FL_NUM": np.tile(np.arange(30) + 1, 60),
            "ORIGIN": ["JFK"] * (day.size - 1) + ["J?"],
            "DEST": "LAX",
            "CRS_DEP_TIME": clock,
            "DEP_TIME": clock,
            "DEP_DELAY": late.astype(float),
            "CANCELLED": 0.0,
            "DIVERTED": 0.0,
        }
    )


def test_the_examples_of_the_page_run(tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    examples = re.findall(r"```python\n(.*?)```", (ROOT / "docs" / "library.md").read_text(), re.S)
    assert len(examples) >= 5
    exec("\n".join(examples), {})


def test_a_frame_is_cleaned_as_its_file_would_be(raw, tmp_path) -> None:
    """Rows in = rows kept + rows set aside, with the reason."""
    raw.write_csv(tmp_path / "flights.csv")
    by_frame, by_file = tarmac.clean(raw), tarmac.clean(tmp_path / "flights.csv")
    assert by_frame.flights.equals(by_file.flights)
    assert by_frame.flights.height == raw.height - 1
    assert by_frame.invalid["reason"].to_list() == ["bad_origin"]


def test_a_result_is_of_the_kind_of_the_frame_that_came_in(raw) -> None:
    cleaned = tarmac.clean(raw.to_arrow())
    assert isinstance(cleaned.flights, pa.Table)
    days = tarmac.aggregate(cleaned.flights)
    assert isinstance(days, pa.Table)
    assert days.num_rows == 60
    scores = tarmac.score(days, detectors=["global_band"])
    assert isinstance(scores, pa.Table)
    assert isinstance(tarmac.aggregate(pl.LazyFrame(pl.from_arrow(cleaned.flights))), pl.DataFrame)


def test_carriers_are_scored_as_airports_are(raw) -> None:
    days = tarmac.aggregate(tarmac.clean(raw).flights, by="carrier")
    scores = tarmac.score(days, detectors=["global_band"])
    assert scores["op_carrier"].unique().to_list() == ["AA"]
    assert scores.height == days.height


@pytest.mark.parametrize(
    ("call", "told"),
    [
        (tarmac.aggregate, "lack the columns fl_date"),
        (lambda raw: tarmac.aggregate(tarmac.clean(raw).flights, by="city"), "by='city' is unknown"),
        (tarmac.score, "Make them with aggregate()"),
        (lambda raw: tarmac.clean(raw.select("ORIGIN")), ""),
    ],
)
def test_a_frame_that_does_not_fit_is_refused_with_the_way_out(raw, call, told) -> None:
    with pytest.raises(InputError) as refused:
        call(raw)
    assert told in str(refused.value)


def test_importing_tarmac_imports_no_heavy_library() -> None:
    heavy = "{'polars', 'numpy', 'narwhals', 'pyarrow', 'numba', 'sklearn', 'boto3', 'sqlalchemy'} & set(sys.modules)"
    code = f"import sys, tarmac; assert not ({heavy}), {heavy}"
    subprocess.run([sys.executable, "-c", code], check=True)
