"""The public files of flights, as people have them: each is taken for what it is, and its flights come out right."""

import bz2
import datetime as dt
import gzip
import io
import json
import lzma
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pyarrow import feather

from tarmac.bronze import containers, tabular
from tarmac.bronze.decide import Options
from tarmac.bronze.ingest import Ingested, ingest_files
from tarmac.engines.base import BronzeYear
from tarmac.engines.polars.engine import PolarsEngine
from tarmac.errors import InputError
from tarmac.storage.lake import Lake, open_lake

SHAPES: dict[str, tuple[str, dict[int, int], Options]] = {
    "minimal/asa_2001_bytes_in_tailnum.csv": ("asa", {2001: 5}, Options()),
    "minimal/asa_2008.csv": ("asa", {2008: 3}, Options()),
    "minimal/asa_clock_over_2400.csv": ("asa", {2003: 3, 2004: 1}, Options()),
    "minimal/asa_crs_zero_is_unknown.csv": ("asa", {1999: 3}, Options()),
    "minimal/asa_pandas_index.csv": ("asa", {2008: 3}, Options()),
    "minimal/asa_without_header.csv": ("asa", {2008: 4}, Options()),
    "minimal/bordanova_us_flights_2023.csv": ("us_flights_2023", {2023: 2}, Options()),
    "minimal/bts_2001_bytes_in_tailnum.csv": ("bts", {2001: 4}, Options()),
    "minimal/bts_detailed_statistics.csv": ("bts_detailed", {2022: 3}, Options()),
    "minimal/bts_prezip_marketing.csv": ("bts_marketing", {2020: 3}, Options()),
    "minimal/hflights.csv": ("hflights", {2011: 4}, Options()),
    "minimal/hrishit2024_semicolon_bom.csv": ("kaggle_2024", {2024: 4}, Options()),
    "minimal/hrishit2024_us_dates.csv": ("kaggle_2024", {2024: 3}, Options()),
    "minimal/ibm_lax_to_jfk.csv": ("bts", {1987: 4}, Options()),
    "minimal/kaggle2015.csv": ("kaggle_2015", {2015: 4}, Options()),
    "minimal/kaggle_booleans.csv": ("kaggle", {2024: 3}, Options()),
    "minimal/kaggle_clock_with_colon.csv": ("kaggle", {2024: 3}, Options()),
    "minimal/kaggle_datetime.csv": ("kaggle", {2024: 3}, Options()),
    "minimal/kaggle_semicolon.csv": ("kaggle", {2024: 3}, Options()),
    "minimal/kaggle_us_dates.csv": ("kaggle", {2024: 3}, Options()),
    "minimal/nycflights13.csv": ("nycflights", {2013: 3}, Options()),
    "minimal/nycflights_openintro.csv": ("nycflights", {2013: 3}, Options()),
    "minimal/patrickzel_day_first_dates.csv": ("kaggle_2019_2023", {2019: 1, 2022: 2, 2023: 1}, Options()),
    "minimal/patrickzel_several_years.csv": ("kaggle_2019_2023", {2020: 1, 2021: 1, 2022: 1, 2023: 2}, Options()),
    "minimal/prezip_subset_excel.csv": ("bts", {2016: 3}, Options()),
    "minimal/robikscube_booleans.csv": ("kaggle_status", {2020: 4}, Options()),
    "minimal/silent_1_empty_dep_delay.csv": ("kaggle", {2021: 4}, Options()),
    "minimal/silent_2_duplicates_without_flight_number.csv": ("kaggle", {2017: 3}, Options()),
    "minimal/silent_3_null_written_as_NaN.csv": ("kaggle", {2024: 5}, Options()),
    "minimal/silent_4_empty_cancelled.csv": ("kaggle", {2024: 5}, Options()),
    "minimal/spark_departuredelays.csv": ("spark_departures", {2014: 5}, Options(year=2014)),
    "minimal/transtats_excel_datetime.csv": ("transtats", {2014: 2}, Options()),
    "minimal/transtats_marketing_no_origin_code.csv": ("transtats", {2026: 4}, Options()),
    "minimal/transtats_no_flight_number.csv": ("transtats", {2017: 4}, Options()),
    "minimal/transtats_no_year_no_month.csv": ("transtats", {2014: 4}, Options(year=2014, month=3)),
    "minimal/transtats_old_names_year_month_day.csv": ("transtats", {2016: 4}, Options()),
    "minimal/transtats_pandas_lowercase_datetime.csv": ("transtats", {2014: 4}, Options()),
    "minimal/transtats_subset_dep_delay_new.csv": ("transtats", {2021: 5}, Options()),
    "minimal/vega_flights.csv": ("vega_flights", {2001: 4}, Options()),
    "samples/asa_2008.csv": ("asa", {2008: 23}, Options()),
    "samples/asa_2008_04_without_header.csv": ("asa", {2008: 4000}, Options()),
    "samples/bts_detailed_statistics_1.csv": ("bts_detailed", {2022: 3210}, Options()),
    "samples/bts_prezip_new_names.csv": ("bts", {2020: 0}, Options()),
    "samples/kaggle2015.csv": ("kaggle_2015", {2015: 3999}, Options()),
    "samples/kaggle_2024_semicolon.csv": ("kaggle_2024", {2024: 3999}, Options()),
    "samples/nycflights_openintro.csv": ("nycflights", {2013: 3999}, Options()),
    "samples/spark_departuredelays.csv": ("spark_departures", {2014: 399}, Options(year=2014)),
    "samples/transtats_2021_03_dep_delay_new.csv": ("transtats", {2021: 0}, Options()),
    "samples/transtats_lowercase_ny_2014.csv": ("transtats", {2014: 0}, Options()),
    "samples/transtats_old_names_2016.csv": ("transtats", {2016: 3999}, Options()),
    "samples/vega_flights.json": ("vega_flights", {2001: 0}, Options()),
}
"""File → its shape, the flights that are kept of each year (0: most of them), and what it must be told."""

REFUSED = {
    "delay_causes_monthly_aggregate.csv": "monthly totals",
    "jan_2019_ontime_no_date_no_delay.csv": "Missing: FL_DATE .*DEP_DELAY .*DEP_DEL15 says whether",
    "kaggle2015_october_ids.csv": "3 of 5 flights name airports by BTS's ids.*--airports",
    "mlcourse_no_date.csv": "mlcourse.ai",
    "spark_departuredelays.csv": "no year. Give it: --year",
    "textbook_flightdelays.csv": "textbook",
    "transtats_arr_delay_only.csv": "ARR_DELAY is the arrival's",
    "transtats_ids_only.csv": r"Missing: DEP_DELAY or DepDelay \(departure delay\)",
    "transtats_no_year_no_month.csv": "no year and no month. Give them: --year 2014 --month 3",
}


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    """A lake that is not there yet."""
    return open_lake(str(tmp_path / "lake"))


def ingested(lake: Lake, *files: Path, options: Options | None = None, **more: Any) -> list[Ingested]:
    options = options or Options()
    scratch = Path(lake.root).parent / "scratch"
    return ingest_files(files, lake, year=options.year, options=options, scratch=scratch, **more)


def silver_of(lake: Lake, year: int) -> pl.DataFrame:
    folder = Path(lake.root).parent / f"silver {year} {len(list(Path(lake.root).parent.iterdir()))}"
    folder.mkdir()
    bronze = BronzeYear(lake=lake, year=year, files=tuple(lake.bronze_files(year)))
    cleaning = PolarsEngine().clean_year(bronze, folder, max_quarantined=0.5)
    return pl.read_parquet(cleaning.silver)


@pytest.mark.parametrize("name", SHAPES)
def test_a_public_file_is_taken_for_what_it_is(name: str, shared_formats: Path, lake: Lake) -> None:
    """By one command, with no flight lost: years apart, dates, delays and cancellations as they are."""
    shape, kept, options = SHAPES[name]
    done = ingested(lake, shared_formats / name, options=options)
    assert {part.source for part in done} == {shape}
    assert sorted(part.year for part in done) == sorted(kept)
    for part in done:
        silver = silver_of(lake, part.year)
        assert silver.height == kept[part.year] or (kept[part.year] == 0 and silver.height >= 0.97 * part.rows)
        assert silver.filter(~pl.col("cancelled"))["dep_delay"].null_count() <= 0.02 * silver.height


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_read_is_refused_with_what_to_do(name: str, shared_formats: Path, lake: Lake) -> None:
    """Before anything is written."""
    with pytest.raises(InputError, match=REFUSED[name]):
        ingested(lake, shared_formats / "minimal" / name)
    assert not Path(lake.root).exists()


def test_delays_are_computed_where_the_column_is_empty(shared_formats: Path, lake: Lake) -> None:
    """The repair of on-time departures alone would make the mean 0."""
    (done,) = ingested(lake, shared_formats / "minimal/silent_1_empty_dep_delay.csv")
    assert silver_of(lake, 2021)["dep_delay"].to_list() == [0.0, 185.0, 255.0, 270.0]
    assert "DEP_DELAY: computed from the clocks" in done.missing


@pytest.mark.parametrize("name", ["silent_3_null_written_as_NaN.csv", "silent_4_empty_cancelled.csv"])
def test_a_flight_without_a_departure_is_a_cancelled_one(name: str, shared_formats: Path, lake: Lake) -> None:
    """Whether NaN stands for its clock, or no column says that it was cancelled."""
    ingested(lake, shared_formats / "minimal" / name)
    assert silver_of(lake, 2024)["cancelled"].to_list() == [False] * 4 + [True]


def test_early_departures_are_negative_where_only_late_ones_are_given(shared_formats: Path, lake: Lake) -> None:
    """DEP_DELAY_NEW is 0 for them; the clocks know better."""
    ingested(lake, shared_formats / "minimal/transtats_subset_dep_delay_new.csv")
    assert silver_of(lake, 2021)["dep_delay"].to_list() == [-3.0, -10.0, -9.0, -6.0, None]


def test_a_cancelled_flight_of_the_detailed_statistics_is_found(shared_formats: Path, lake: Lake) -> None:
    """Its clocks are 00:00 and its delay 0; the airport stands above the header."""
    ingested(lake, shared_formats / "minimal/bts_detailed_statistics.csv")
    rows = silver_of(lake, 2022).select("fl_date", "origin", "dest", "crs_dep_time", "dep_delay", "cancelled").rows()
    assert rows[0] == (dt.date(2022, 1, 1), "GRR", "ATL", 1710, 2.0, False)
    assert rows[2] == (dt.date(2022, 1, 2), "GRR", "DTW", 530, None, True)


def test_airports_by_id_are_learned_from_files_that_have_both(shared_formats: Path, lake: Lake, tmp_path: Path) -> None:
    """Or come from a table that the user gives."""
    october = shared_formats / "minimal/kaggle2015_october_ids.csv"
    ids = {"14635": "RSW", "11292": "DEN", "14869": "SLC", "14107": "PHX", "11298": "DFW", "12451": "JAX"}
    options = Options(airports=ids)
    ingested(lake, october, options=options)
    assert set(silver_of(lake, 2015)["origin"]) == {"FWA", "LAS", "RSW", "SLC", "DFW"}
    both = tmp_path / "both.csv"
    rows = [f"2016-01-0{day},{code},{i},JFK,12478,5" for day, (i, code) in enumerate(ids.items(), start=1)]
    both.write_text("\n".join(["FL_DATE,ORIGIN,ORIGIN_AIRPORT_ID,DEST,DEST_AIRPORT_ID,DEP_DELAY", *rows, ""]))
    other = open_lake(str(tmp_path / "other"))
    ingested(other, both)
    ingested(other, october)
    assert set(silver_of(other, 2015)["origin"]) == {"FWA", "LAS", "RSW", "SLC", "DFW"}


def test_carriers_that_are_named_become_codes(shared_formats: Path, lake: Lake) -> None:
    """So they are the same carriers as in files with codes."""
    ingested(lake, shared_formats / "minimal/bordanova_us_flights_2023.csv")
    assert silver_of(lake, 2023)["op_carrier"].to_list() == ["9E", "9E"]


def _arrow(frame: pl.DataFrame) -> bytes:
    file = io.BytesIO()
    frame.write_ipc(file)
    return file.getvalue()


def _parquet(frame: pl.DataFrame) -> bytes:
    file = io.BytesIO()
    frame.write_parquet(file)
    return file.getvalue()


def _zip(text: bytes) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("readme.html", "<p>")
        archive.writestr("airports.csv", "IATA_CODE,AIRPORT,CITY\nEWR,Newark,Newark\n")
        archive.writestr("flights.csv", text)
    return file.getvalue()


PACKED: dict[str, Callable[[bytes], bytes]] = {
    "plain": lambda text: text,
    "gz": gzip.compress,
    "bz2": bz2.compress,
    "xz": lzma.compress,
    "zst": lambda text: pa.compress(text, "zstd", asbytes=True),
    "zip": _zip,
    "parquet": lambda text: _parquet(pl.read_csv(text, infer_schema_length=None, null_values=["NA"])),
    "arrow": lambda text: _arrow(pl.read_csv(text, infer_schema_length=None, null_values=["NA"], try_parse_dates=True)),
    "json": lambda text: json.dumps(pl.read_csv(text, infer_schema=False).to_dicts()).encode(),
    "jsonl": lambda text: pl.read_csv(text, infer_schema_length=None).write_ndjson().encode(),
}


@pytest.mark.parametrize("packed", PACKED)
@pytest.mark.parametrize("name", ["right", "wrong.csv"])
def test_a_container_is_known_by_its_content(packed: str, name: str, shared_formats: Path, lake: Lake) -> None:
    """Whatever the file's name ends with; airports beside the flights in an archive are passed over."""
    text = (shared_formats / "samples/kaggle2015.csv").read_bytes()
    plain = open_lake(str(Path(lake.root).parent / "plain"))
    ingested(plain, shared_formats / "samples/kaggle2015.csv")
    file = Path(lake.root).parent / (f"flights.{packed}" if name == "right" else name)
    file.write_bytes(PACKED[packed](text))
    (done,) = ingested(lake, file)
    assert (done.source, done.rows) == ("kaggle_2015", 3999)
    assert silver_of(lake, 2015).equals(silver_of(plain, 2015))


_XML = '<?xml version="1.0"?>'
_NAMES = "http://schemas.openxmlformats.org"
_PARTS = f"{_NAMES}/package/2006"
_OFFICE = f"{_NAMES}/officeDocument/2006/relationships"
_MAIN = f"{_NAMES}/spreadsheetml/2006/main"


def _sheet(rows: list[list[str]]) -> str:
    def cell(value: str) -> str:
        number = value.replace(".", "", 1).replace("-", "", 1).isdecimal() and value.count(".") < 2
        text = value.replace("&", "&amp;")
        return f"<c><v>{value}</v></c>" if number else f'<c t="inlineStr"><is><t>{text}</t></is></c>'

    lines = "".join(f"<row>{''.join(map(cell, row))}</row>" for row in rows)
    return f'{_XML}<worksheet xmlns="{_MAIN}"><sheetData>{lines}</sheetData></worksheet>'


def _workbook(*sheets: list[list[str]]) -> bytes:
    """A workbook of these sheets, as Excel lays one out."""
    ids = range(1, len(sheets) + 1)
    kind = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"
    listed = "".join(f'<sheet name="s{i}" sheetId="{i}" r:id="r{i}"/>' for i in ids)
    linked = "".join(f'<Relationship Id="r{i}" Type="{_OFFICE}/worksheet" Target="worksheets/{i}.xml"/>' for i in ids)
    parts = {
        "[Content_Types].xml": f'<Types xmlns="{_PARTS}/content-types"><Default Extension="xml" ContentType="application/xml"/>'
        f'<Override PartName="/xl/workbook.xml" ContentType="{kind}"/></Types>',
        "_rels/.rels": f'<Relationships xmlns="{_PARTS}/relationships"><Relationship Id="r1" '
        f'Type="{_OFFICE}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
        "xl/workbook.xml": f'<workbook xmlns="{_MAIN}" xmlns:r="{_OFFICE}"><sheets>{listed}</sheets></workbook>',
        "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{_PARTS}/relationships">{linked}</Relationships>',
    }
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name, text in parts.items():
            archive.writestr(name, _XML + text)
        for i, rows in zip(ids, sheets, strict=True):
            archive.writestr(f"xl/worksheets/{i}.xml", _sheet(rows))
    return file.getvalue()


def test_the_sheet_of_flights_in_a_workbook_is_found(shared_formats: Path, lake: Lake, tmp_path: Path) -> None:
    """Whatever stands on the first sheet."""
    text = (shared_formats / "minimal/hrishit2024_semicolon_bom.csv").read_text("utf-8-sig")
    flights = [line.split(";") for line in text.splitlines()]
    file = tmp_path / "flights.xlsx"
    file.write_bytes(_workbook([["notes"], ["none"]], flights))
    (done,) = ingested(lake, file)
    assert (done.source, done.rows, done.first, done.last) == ("kaggle_2024", 4, "2024-01-01", "2024-12-12")
    assert silver_of(lake, 2024)["dep_delay"].to_list() == [-3.0, -4.0, -8.0, None]


def test_a_folder_may_hold_other_files(shared_formats: Path, lake: Lake, tmp_path: Path) -> None:
    """Each is said; without any flights the folder is refused."""
    folder = tmp_path / "archive"
    folder.mkdir()
    (folder / "airports.csv").write_text("IATA_CODE,AIRPORT,CITY\nEWR,Newark,Newark\n")
    with pytest.raises(InputError, match="contains no file of flights"):
        ingested(lake, folder)
    (folder / "flights.csv").write_bytes((shared_formats / "minimal/kaggle2015.csv").read_bytes())
    passed: list[str] = []
    assert [done.rows for done in ingested(lake, folder, pass_over=passed.append)] == [4]
    assert "table of airports" in passed[0]
    assert [done.written for done in ingested(lake, folder / "fl*.csv")] == [False]


@pytest.mark.slow
def test_a_file_that_unpacks_without_end_is_refused(lake: Lake, tmp_path: Path) -> None:
    """In bounded memory, with what it is."""
    bomb = tmp_path / "bomb.csv.gz"
    text = b"FL_DATE,ORIGIN,DEP_DELAY\n" + b"2009-01-01,EWR,5\n" * 9_000_000
    bomb.write_bytes(gzip.compress(text, 6))
    assert len(text) > 100 * bomb.stat().st_size
    with pytest.raises(InputError, match="unpacks to more than 100 times"):
        ingested(lake, bomb)


def _wrapped(text: bytes, times: int, name: str = "flights.csv") -> bytes:
    """An archive in an archive, and so on."""
    for _ in range(times):
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w") as archive:
            archive.writestr(name, text)
        text, name = packed.getvalue(), "inner.zip"
    return text


@pytest.mark.parametrize("times", [3, 1500])
def test_archives_within_archives_are_not_opened_for_ever(times: int, lake: Lake, tmp_path: Path) -> None:
    """An archive may hold itself; two are opened, and neither memory nor the stack grows with the rest."""
    file = tmp_path / "x.zip"
    text = b"FL_DATE,ORIGIN,DEP_DELAY\n2009-01-01,EWR,5\n"
    file.write_bytes(_wrapped(text, times))
    with pytest.raises(InputError, match="compressed more than 2 times"):
        ingested(lake, file)
    file.write_bytes(_wrapped(text, 2))
    assert [done.rows for done in ingested(lake, file)] == [1]


def test_members_of_an_archive_share_one_bound_on_growth(
    lake: Lake, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each alone may be small enough; their packed bytes may be the same ones, so their number costs nothing."""
    monkeypatch.setattr(containers, "FREE_GROWTH", 1 << 20)
    file = tmp_path / "x.zip"
    text = "FL_DATE,ORIGIN,DEP_DELAY\n" + "2009-01-01,EWR,5\n" * 40_000
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for number in range(12):
            archive.writestr(f"{number}.csv", f"{text}2009-01-02,EWR,{number}\n")
    with pytest.raises(InputError, match="unpacks to more than 100 times"):
        ingested(lake, file)


def test_a_workbook_is_bounded_like_any_packed_file(
    lake: Lake, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before a reader that holds all of it in memory sees it."""
    monkeypatch.setattr(containers, "FREE_GROWTH", 1 << 20)
    file = tmp_path / "x.xlsx"
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/workbook.xml", "<workbook/>")
        archive.writestr("xl/worksheets/sheet1.xml", bytes(8 << 20))
    with pytest.raises(InputError, match="unpacks to more than 1 MiB"):
        ingested(lake, file)


def test_a_parquet_file_of_countless_equal_rows_is_refused(
    lake: Lake, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Runs of one value take no bytes, whatever their length: in all, and in one group of rows."""
    file = tmp_path / "x.parquet"
    rows = 300_000
    same = {"FL_DATE": ["2009-01-01"] * rows, "ORIGIN": ["EWR"] * rows, "DEP_DELAY": [5.0] * rows}
    pq.write_table(pa.table(same), file)
    with monkeypatch.context() as patched:
        patched.setattr(tabular, "FREE_ROWS", 100_000)
        with pytest.raises(InputError, match="300,000 rows in"):
            ingested(lake, file)
    monkeypatch.setattr(tabular, "MOST_GROUP_ROWS", 100_000)
    with pytest.raises(InputError, match="row groups has 300,000 rows"):
        ingested(lake, file)


@pytest.mark.parametrize("write", [pq.write_table, feather.write_feather], ids=["parquet", "arrow"])
def test_a_table_of_countless_columns_is_refused(write: Callable[..., None], lake: Lake, tmp_path: Path) -> None:
    """By their number, before their types are made."""
    file = tmp_path / "x"
    write(pa.table({f"c{number}": pa.nulls(1, pa.int8()) for number in range(5_000)}), str(file))
    with pytest.raises(InputError, match="5,000 columns"):
        ingested(lake, file)


def test_a_zip_that_leads_out_of_its_folder_is_refused(lake: Lake, tmp_path: Path) -> None:
    """Though nothing of it is ever written under its own name."""
    file = tmp_path / "x.zip"
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("../flights.csv", "FL_DATE,ORIGIN,DEP_DELAY\n2009-01-01,EWR,5\n")
    with pytest.raises(InputError, match="outside the archive's folder"):
        ingested(lake, file)


def test_json_that_nests_without_end_is_refused(lake: Lake, tmp_path: Path) -> None:
    """Its depth costs neither memory nor a traceback."""
    file = tmp_path / "x.json"
    file.write_text('[{"a":' * 100_000)
    with pytest.raises(InputError, match=r"JSON|nests"):
        ingested(lake, file)


def _month(folder: Path, name: str, month: int, flights: int = 40) -> Path:
    rows = [f"2019-{month:02d}-{1 + i % 28:02d},AA,{i},EWR,JFK,5" for i in range(flights)]
    file = folder / name
    file.write_text("\n".join(["FL_DATE,OP_UNIQUE_CARRIER,OP_CARRIER_FL_NUM,ORIGIN,DEST,DEP_DELAY", *rows, ""]))
    return file


def test_months_of_one_name_are_two_months(lake: Lake, tmp_path: Path) -> None:
    """BTS calls each month's download alike."""
    for month in (2, 1):
        ingested(lake, _month(tmp_path, "T_ONTIME.csv", month))
    assert silver_of(lake, 2019)["fl_date"].dt.month().value_counts().sort("fl_date").rows() == [(1, 40), (2, 40)]


def test_one_month_twice_is_found_and_replaced_on_request(lake: Lake, tmp_path: Path) -> None:
    """The older edition is kept aside; what it held of other months stays."""
    whole = tmp_path / "whole.csv"
    parts = [_month(tmp_path, f"{month}.csv", month).read_text().splitlines() for month in (1, 2, 3)]
    whole.write_text("\n".join([parts[0][0], *(line for part in parts for line in part[1:]), ""]))
    ingested(lake, whole)
    february = _month(tmp_path, "feb.csv", 2, flights=50)
    with pytest.raises(InputError, match=r"February 2019: already in the lake. .*40 flights.*50.*--replace"):
        ingested(lake, february)
    (done,) = ingested(lake, february, on_overlap="replace")
    assert done.replaced == {"2019-02": 40}
    assert silver_of(lake, 2019).height == 130
    (aside,) = Path(lake.root).glob("01_bronze/replaced/*/2019/*")
    assert aside.read_bytes() == whole.read_bytes()
    assert [again.written for again in ingested(lake, february)] == [False]
