"""What Spark plans to do: no Python for single rows, no column that is not needed, no other year."""

import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tarmac.bronze.texts import find_texts
from tarmac.engines.base import BronzeYear
from tarmac.engines.spark.cleaning import duplicates, flights_among, repeated_hashes, validate
from tarmac.engines.spark.gold import days_of
from tarmac.engines.spark.text import read_splits, split_texts
from tarmac.storage.lake import Lake, open_lake
from tarmac.tables.daily import CAUSES
from tarmac.tables.flights import FLIGHTS
from tests.support.flight_lines import flights, kaggle_csv
from tests.support.spark_session import on_spark, spark_session

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

pytestmark = pytest.mark.spark

ROW_BY_ROW = re.compile(r"PythonUDF|BatchEvalPython|ArrowEvalPython|FlatMapGroupsInPandas|MapInPandas|ScalaUDF")


def plan_of(frame: "DataFrame") -> str:
    """The physical plan, nothing of it cut."""
    frame.sparkSession.conf.set("spark.sql.maxMetadataStringLength", "10000")
    frame.sparkSession.conf.set("spark.sql.debug.maxToStringFields", "1000")
    return str(frame._jdf.queryExecution().executedPlan().toString())


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Lake:
    """Two years in bronze, both clean in silver."""
    folder = tmp_path_factory.mktemp("lake")
    lake = open_lake(str(folder))
    for year in (2009, 2010):
        bronze = folder / "01_bronze" / f"{year}.csv"
        bronze.parent.mkdir(exist_ok=True)
        bronze.write_bytes(kaggle_csv(flights(50, year=year)))
        scratch = folder / str(year)
        scratch.mkdir()
        bronze = BronzeYear(lake=lake, year=year, files=lake.bronze_files(year))
        cleaning = on_spark().clean_year(bronze, scratch, max_quarantined=0)
        lake.publish(cleaning.silver, lake.silver_key(year))
    return lake


def test_silver_is_expressions_over_one_reader_of_whole_batches(lake: Lake) -> None:
    """Python parses bytes, megabytes at a time; it validates no row, and looks for no duplicate."""
    (text,) = find_texts(lake, lake.bronze_files(2009)[0])
    rows = read_splits(spark_session(), lake, split_texts([text]))
    validated = validate(rows, 2009)
    hashes = repeated_hashes(flights_among(validated))
    for frame in (validated, hashes, duplicates(flights_among(validated), hashes)):
        plan = plan_of(frame)
        assert not ROW_BY_ROW.search(plan)
        assert plan.count("PythonMapInArrow") + plan.count("MapInArrow ") <= 2
    assert "bad_fl_date" in plan_of(validated)


def test_gold_reads_its_columns_of_its_year_and_no_python_runs(lake: Lake) -> None:
    """Eleven of 27 columns, of one file of two."""
    plan = plan_of(days_of(spark_session(), lake.location(lake.silver_key(2009))))
    read = {
        name for struct in re.findall(r"ReadSchema: struct<([^>]*)>", plan) for name in re.findall(r"(\w+):", struct)
    }
    assert read == {"origin", "fl_date", "dep_delay", "cancelled", "cancellation_code", "diverted", *CAUSES}
    assert read < set(FLIGHTS.names)
    places = set(re.findall(r"Location: (\S+ ?\([^)]*\)\[[^\]]*)", plan))
    assert len(places) == 1
    assert all("(1 paths)" in place and "2010" not in place for place in places)
    assert not ROW_BY_ROW.search(plan)
    assert "MapInArrow" not in plan


def test_what_is_read_is_filtered_in_the_file(lake: Lake) -> None:
    """A date's condition reaches the Parquet reader, which leaves out row groups by it."""
    place = Path(lake.location(lake.silver_key(2009))).as_uri()
    days = spark_session().read.parquet(place).filter("fl_date < '2009-04-01'").select("origin")
    assert "PushedFilters: [IsNotNull(fl_date), LessThan(fl_date,2009-04-01)]" in plan_of(days)
