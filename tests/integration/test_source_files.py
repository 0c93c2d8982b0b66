"""Source files as Kaggle and BTS write them, the whole way to silver: months, both spellings of a header, marks of "no value"."""

from pathlib import Path

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tarmac.engines.base import BronzeYear
from tarmac.engines.polars.engine import PolarsEngine
from tarmac.storage.lake import open_lake
from tests.support.flight_lines import KAGGLE_NAMES, bts_csv, flight, flights, gz, kaggle_csv, kaggle_line, zipped
from tests.support.lakes import Command, in_process, leftovers, put_bronze, quarantine, silver

GENUINE = (
    b"2018-01-01,UA,2429,EWR,DEN,1517,1512.0,-5.0,15.0,1527.0,1712.0,10.0,1745,1722.0,-23.0"
    b",0.0,,0.0,268.0,250.0,225.0,1605.0,,,,,,"
)
"""The first row of the Kaggle file of 2018."""


@pytest.fixture
def tarmac(capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Command:
    """The command line, with a home of its own."""
    monkeypatch.setenv("TARMAC_HOME", str(tmp_path / "home"))
    return in_process(capfd)


def _month(month: int, n: int = 120) -> list[dict[str, str]]:
    return [flight(i, FL_DATE=f"2009-{month:02d}-{1 + i % 28:02d}") for i in range(n)]


def test_monthly_files_of_bts_become_one_year(tarmac: Command, tmp_path: Path) -> None:
    """Old and new names, quoted cities with commas, a comma at the line's end; plain, gzipped, and zipped with a page."""
    given_files = {
        "On_Time_2009_1.csv": bts_csv(_month(1), renamed=False),
        "On_Time_2009_2.csv.gz": gz(bts_csv(_month(2), renamed=True)),
        "On_Time_2009_3.zip": zipped(readme__html=b"<p>", On_Time_2009_3__csv=bts_csv(_month(3))),
    }
    for name, text in given_files.items():
        (tmp_path / name).write_bytes(text)
    lake = tmp_path / "lake"
    ingested = tarmac("ingest", *(tmp_path / name for name in given_files), "--lake", lake, "--json")
    assert ingested.code == 0, ingested.err
    assert {file["source"] for file in ingested.json()["files"]} == {"bts"}
    answer = tarmac("silver", "--year", 2009, "--lake", lake, "--json")
    assert answer.code == 0, answer.err
    assert (answer.run()["rows_in"], answer.run()["rows_kept"]) == (360, 360)
    flights_there = silver(lake)
    assert flights_there.group_by(pl.col("fl_date").dt.month()).len().sort("fl_date")["len"].to_list() == [120] * 3
    assert flights_there["origin"].unique().to_list() == ["EWR"]
    put_bronze(tmp_path / "kaggle", kaggle_csv([*_month(1), *_month(2), *_month(3)]))
    assert tarmac("silver", "--year", 2009, "--lake", tmp_path / "kaggle").code == 0
    assert flights_there.equals(silver(tmp_path / "kaggle"))


def test_an_archive_of_several_months(tarmac: Command, tmp_path: Path) -> None:
    """Each member is a file of its own, and the quarantine names it."""
    bad = [*_month(2), flight(0, FL_DATE="2009-02-01", DEST="?")]
    put_bronze(tmp_path, zipped(jan__csv=bts_csv(_month(1)), feb__csv=bts_csv(bad)), suffix=".zip")
    answer = tarmac("silver", "--year", 2009, "--lake", tmp_path, "--json")
    assert answer.code == 0, answer.err
    assert quarantine(tmp_path).select("source_file", "source_line", "reason").rows() == [
        ("2009.zip/feb.csv", 122, "bad_dest")
    ]


def test_a_flight_that_stands_in_two_months_is_kept_once(tarmac: Command, tmp_path: Path) -> None:
    """The first of them stays; the other is set aside under its own file and line."""
    folder = tmp_path / "01_bronze/2009"
    folder.mkdir(parents=True)
    (folder / "a.csv").write_bytes(bts_csv(_month(1)))
    (folder / "b.csv").write_bytes(bts_csv([*_month(2, 60), _month(1)[7], *_month(3, 60)]))
    assert tarmac("silver", "--year", 2009, "--lake", tmp_path).code == 0
    assert quarantine(tmp_path).select("source_file", "source_line", "reason").rows() == [("b.csv", 62, "duplicate")]
    assert silver(tmp_path).height == 240


@pytest.mark.parametrize("mark", ["", "NA", r"\N", '""', '"NA"', r'"\N"'])
def test_every_mark_of_no_value_is_null(mark: str, tarmac: Command, tmp_path: Path) -> None:
    """In a number, a clock and a text alike; the flight stays."""
    marked = dict.fromkeys(
        ("DEP_DELAY", "TAXI_OUT", "ARR_TIME", "CARRIER_DELAY", "CANCELLATION_CODE", "OP_CARRIER"), mark
    )
    put_bronze(tmp_path, kaggle_csv([flight(0, **marked), *flights(200)[1:]]))
    answer = tarmac("silver", "--year", 2009, "--lake", tmp_path, "--json")
    assert answer.code == 0, answer.err
    assert answer.run()["rows_kept"] == 200
    row = silver(tmp_path).row(0, named=True)
    assert [row[name.lower()] for name in marked] == [None] * len(marked)
    assert (row["dep_time"], row["origin"]) == (1512, "EWR")


def test_a_genuine_line_is_read_as_it_stands(tarmac: Command, tmp_path: Path) -> None:
    """Clocks as floats or as integers, quoted or not, in any order of columns: the same flight."""
    values = dict(zip(KAGGLE_NAMES, GENUINE.decode().split(","), strict=True))
    as_integers = {name: value.removesuffix(".0") for name, value in values.items()}
    quoted = {name: f'"{value}"' for name, value in values.items()}
    frames = []
    for number, row in enumerate((values, as_integers, quoted)):
        for names in (KAGGLE_NAMES, KAGGLE_NAMES[::-1]):
            lake = tmp_path / f"{number} {names[0]}"
            put_bronze(lake, kaggle_csv([row], names=names, end=b"\r\n"), year=2018)
            assert tarmac("silver", "--year", 2018, "--lake", lake).code == 0
            frames.append(silver(lake, 2018))
    assert all(frame.equals(frames[0]) for frame in frames)
    row = frames[0].row(0, named=True)
    assert (row["crs_dep_time"], row["dep_time"], row["dep_delay"], row["distance"]) == (1517, 1512, -5.0, 1605.0)
    assert (row["cancelled"], row["diverted"], row["weather_delay"]) == (False, False, None)


def test_one_quoted_value_does_not_change_how_the_others_are_read(tarmac: Command, tmp_path: Path) -> None:
    """Quotes that come only after the first megabyte are found all the same."""
    rows: list[bytes | dict[str, str]] = list(flights(9000))
    rows[8500] = flight(8500, ORIGIN='"JFK"', DEP_DELAY='""')
    put_bronze(tmp_path, kaggle_csv(rows))
    assert tarmac("silver", "--year", 2009, "--lake", tmp_path).code == 0
    assert silver(tmp_path).filter(pl.col("origin") == "JFK").height == 1
    assert silver(tmp_path).height == 9000


KINDS = st.sampled_from(["sound", "sound", "sound", "again", "blank", "bad", "cut", "quote"])


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    files=st.lists(
        st.tuples(st.lists(KINDS, max_size=12), st.sampled_from([".csv", ".csv.gz"])), min_size=1, max_size=3
    )
)
def test_every_line_is_kept_or_set_aside_under_its_own_number(
    files: list[tuple[list[str], str]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Sound, bad, blank, unsound and repeated lines in any mix, over several files: nothing is lost and nothing moves."""
    lake = tmp_path_factory.mktemp("lake")
    (lake / "01_bronze/2009").mkdir(parents=True)
    expected: list[tuple[str, int, str]] = []
    kept, number = [], 0
    for place, (kinds, suffix) in enumerate([(["sound"], ".csv"), *files]):
        name, lines = f"{place}{suffix}", []
        for line, kind in enumerate(kinds, start=2):
            number += kind == "sound"
            lines.append(_line(kind, number))
            kept += [number] * (kind == "sound")
            reason = {
                "again": "duplicate",
                "bad": "bad_dep_delay",
                "cut": "wrong_number_of_fields",
                "quote": "unclosed_quote",
            }
            expected += [(name, line, reason[kind])] if kind in reason else []
        text = kaggle_csv(lines)
        (lake / "01_bronze/2009" / name).write_bytes(gz(text) if suffix == ".csv.gz" else text)
    (lake / "scratch").mkdir()
    opened = open_lake(str(lake))
    files = opened.bronze_files(2009)
    year = BronzeYear(lake=opened, year=2009, files=files)
    cleaning = PolarsEngine().clean_year(year, lake / "scratch", max_quarantined=1)
    aside = pl.read_parquet(cleaning.quarantine).select("source_file", "source_line", "reason").rows()
    assert aside == sorted(expected)
    assert pl.read_parquet(cleaning.silver)["op_carrier_fl_num"].to_list() == kept
    assert cleaning.rows_in == cleaning.rows_kept + cleaning.rows_quarantined == len(kept) + len(expected)
    assert leftovers(lake) == []


def _line(kind: str, number: int) -> bytes | dict[str, str]:
    made: dict[str, bytes | dict[str, str]] = {
        "blank": b"",
        "bad": flight(number - 1, DEP_DELAY="late"),
        "cut": b"2009-01-01,UA",
        "quote": kaggle_line(flight(0, OP_CARRIER='"UA')),
    }
    return made.get(kind, flight(number - 1, FL_DATE="2009-01-01", OP_CARRIER_FL_NUM=str(number)))
