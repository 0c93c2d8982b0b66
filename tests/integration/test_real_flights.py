"""Real flights the whole way, from the command line to the warehouse; skipped, and said, where their folder is absent."""

import csv
import io
import json
import os
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from tarmac.cli.app import run_command

pytestmark = pytest.mark.slow


class Home:
    """A place of work: one lake and one embedded warehouse."""

    def __init__(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        """Nothing is made yet."""
        self.lake = folder / "lake"
        self._capsys = capsys

    def run(self, *arguments: Any) -> dict[str, Any]:
        """What a command prints with --json; it must succeed."""
        code = run_command([*map(str, arguments), "--json"])
        printed = self._capsys.readouterr()
        assert code == 0, printed.err
        result: dict[str, Any] = json.loads(printed.out)
        return result

    def ask(self, sql: str) -> list[tuple[str, ...]]:
        """The rows of a query, as texts."""
        assert run_command(["query", sql, "--format", "csv"]) == 0
        return [tuple(row) for row in csv.reader(io.StringIO(self._capsys.readouterr().out))][1:]

    def gold(self, year: int) -> pl.DataFrame:
        """The year's airport-days."""
        return pl.read_parquet(self.lake / f"03_gold/agg_dep_delay_by_date/year/{year}/{year}_03_gold.parquet")

    def quarantine(self, year: int) -> pl.DataFrame:
        """The rows set aside."""
        return pl.read_parquet(self.lake / f"02_silver/year/{year}/{year}_02_quarantine.parquet")


@pytest.fixture
def home(
    open_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Home:
    """An empty one; the user's own settings do not reach it."""
    for name in [name for name in os.environ if name.startswith("TARMAC_") and name != "TARMAC_SHARED_DATA"]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("TARMAC_HOME", str(open_folder))
    monkeypatch.setenv("TARMAC_LAKE", str(tmp_path / "lake"))
    return Home(tmp_path, capsys)


def mean_delay(gold: pl.DataFrame) -> float:
    """The mean over departed flights, out of the days' means and counts."""
    days = gold.drop_nulls("mean_dep_delay")
    return float((days["mean_dep_delay"] * days["departed"]).sum() / days["departed"].sum())


def test_new_york_in_2013_goes_the_whole_way_and_a_second_time_changes_nothing(home: Home, shared_data: Path):
    """1,095 airport-days, a mean delay of 12.639 minutes over departed flights, 8,255 cancelled."""
    home.run("ingest", shared_data / "flights/nycflights13_2013.csv.gz")
    (run,) = home.run("run", "--year", 2013)["runs"]
    assert (run["rows_in"], run["rows_kept"], run["rows_quarantined"]) == (336_776, 336_776, 0)
    gold = home.gold(2013)
    assert (gold.height, gold["flights"].sum(), gold["cancelled"].sum()) == (1095, 336_776, 8255)
    assert mean_delay(gold) == pytest.approx(12.639, abs=0.0005)
    _assert_the_blizzard_is_found(home, gold)
    tables = ("agg_dep_delay_by_date", "anomaly_scores", "disruption_events")
    assert [run["written"][name]["inserted"] for name in tables[:2]] == [1095, 3 * 1095]
    (again,) = home.run("run", "--year", 2013)["runs"]
    for name in tables:
        counts = again["written"][name]
        assert counts["unchanged"] == run["written"][name]["inserted"] > 0
        assert counts["inserted"] == counts["updated"] == counts["removed"] == 0
    _assert_runs_are_on_record(home, run, again)


def _assert_the_blizzard_is_found(home: Home, gold: pl.DataFrame) -> None:
    """JFK on 2013-02-08: 52 % cancelled, though those that left were only 8.6 minutes late."""
    (day,) = gold.filter((pl.col("origin") == "JFK") & (pl.col("fl_date").cast(pl.String) == "2013-02-08")).to_dicts()
    assert day["cancelled_share"] == pytest.approx(0.52, abs=0.005)
    assert day["mean_dep_delay"] == pytest.approx(8.6, abs=0.05)
    assert home.ask("SELECT anomaly, mean_dep_delay FROM agg_dep_delay_by_date WHERE id = 'JFK20130208'") == [
        ("1", f"{day['mean_dep_delay']:.2f}")
    ]
    (event,) = home.ask(
        "SELECT origins, scope, cause IS NULL FROM disruption_events WHERE '2013-02-08' BETWEEN start_date AND end_date"
    )
    # The source reports neither codes nor causes.
    assert event == ("EWR,JFK,LGA", "region", "True")


def _assert_runs_are_on_record(home: Home, *runs: dict[str, Any]) -> None:
    """The lake's record and the warehouse's row say the same."""
    rows = home.ask("SELECT run_id, status, rows_in, rows_kept, input_hash FROM pipeline_runs ORDER BY started")
    assert rows == [(r["run_id"], "done", str(r["rows_in"]), str(r["rows_kept"]), r["input_hash"]) for r in runs]
    for run in runs:
        record = json.loads((home.lake / f"runs/year/2013/{run['run_id']}.json").read_text(encoding="utf-8"))
        assert {name: record[name] for name in ("status", "rows_in", "repairs")} == {
            name: run[name] for name in ("status", "rows_in", "repairs")
        }


def test_new_york_in_2014_keeps_its_known_totals(home: Home, shared_data: Path):
    """317,882 flights, a mean of 12.173 minutes where the delay is known; an empty one is not always a cancellation."""
    home.run("ingest", shared_data / "flights/nycflights_2014.csv.gz")
    (silver,) = home.run("silver", "--year", 2014)["runs"]
    assert silver["rows_in"] == silver["rows_kept"] + silver["rows_quarantined"] == 317_882
    flights = pl.read_parquet(home.lake / "02_silver/year/2014/2014_02_silver.parquet")
    assert flights["dep_delay"].mean() == pytest.approx(12.173, abs=0.0005)
    home.run("gold", "--year", 2014)
    departed = flights.filter(~pl.col("cancelled"), pl.col("dep_delay").is_not_null())
    expected = departed.group_by("origin", "fl_date").agg(pl.col("dep_delay").mean()).sort("origin", "fl_date")
    means = home.gold(2014).drop_nulls("mean_dep_delay")
    assert means["mean_dep_delay"].to_list() == pytest.approx(expected["dep_delay"].to_list(), abs=1e-9)


def test_ten_years_of_albuquerque_load_as_one_range(home: Home, shared_data: Path):
    """One command, ten runs; the last year ends on 30 November and gets no invented days."""
    files = sorted((shared_data / "flights").glob("flightsABQ_20*.csv.gz"))
    ingested = home.run("ingest", *files)["files"]
    assert [file["year"] for file in ingested] == list(range(2008, 2018))
    runs = home.run("run", "--year", "2008..2017", "--detectors", "disruption")["runs"]
    assert [run["year"] for run in runs] == list(range(2008, 2018))
    assert sum(run["rows_in"] for run in runs) == 285_541
    assert all(run["rows_kept"] + run["rows_quarantined"] == run["rows_in"] for run in runs)
    days = home.ask(
        "SELECT extract(year FROM fl_date), count(*), max(fl_date), count(DISTINCT origin) "
        "FROM agg_dep_delay_by_date GROUP BY 1 ORDER BY 1"
    )
    assert len(days) == 10
    assert days[-1] == ("2017", "334", "2017-11-30", "1")


def test_the_genuine_kaggle_lines_load_with_their_repairs_counted(home: Home, shared_data: Path):
    """CRLF, 326 airports on one day, 15 on-time departures of 9E; airports that cannot be scored stop nothing."""
    source = shared_data / "flights/kagglesample_2018.csv"
    assert b"\r\n" in source.read_bytes()[:1000]
    home.run("ingest", source)
    (run,) = home.run("run", "--year", 2018)["runs"]
    assert (run["rows_in"], run["rows_kept"], run["rows_quarantined"]) == (9999, 9999, 0)
    assert run["repairs"] == {"dep_delay_on_time": 15, "cancelled_from_departure": 0, "value_dropped": 0}
    assert run["written"]["failed_detectors"] == {}
    gold = home.gold(2018)
    assert gold.height == gold["origin"].n_unique() == 326
    assert gold["fl_date"].unique().cast(pl.String).to_list() == ["2018-01-01"]
    assert gold["flights"].sum() == 9999
    flights = pl.read_parquet(home.lake / "02_silver/year/2018/2018_02_silver.parquet")
    on_time = flights.filter(op_carrier="9E", cancelled=False).filter(pl.col("dep_time") == pl.col("crs_dep_time"))
    assert set(on_time["dep_delay"]) == {0.0}
    # A single day has no yesterday to be compared with.
    assert home.ask("SELECT count(*), count(anomaly_score) FROM agg_dep_delay_by_date")[0][0] == "326"


def test_the_genuine_bts_file_is_ingested_and_cleaned(home: Home, shared_data: Path):
    """109 quoted columns and a trailing comma; the month stands in the year's folder."""
    (file,) = home.run("ingest", shared_data / "bts_header/bts_2016_01_head.csv")["files"]
    assert (file["source"], file["key"]) == ("bts", "01_bronze/2016/bts_2016_01_head.csv")
    (run,) = home.run("silver", "--year", 2016)["runs"]
    assert (run["rows_in"], run["rows_quarantined"]) == (4, 0)
    flights = pl.read_parquet(home.lake / "02_silver/year/2016/2016_02_silver.parquet")
    assert flights["fl_date"].cast(pl.String).to_list() == [f"2016-01-0{day}" for day in (6, 7, 8, 9)]
    assert (
        flights["op_carrier"].null_count()
        == flights["origin"].null_count()
        == flights["crs_dep_time"].null_count()
        == 0
    )
