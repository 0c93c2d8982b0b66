"""Both engines from the same files: the same silver, quarantine, gold, scores, counts and messages."""

from pathlib import Path
from typing import Any

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from tarmac.detect import DetectParameters, detect
from tarmac.engines.base import BronzeYear, Cleaning, Engine, gold_file
from tarmac.engines.polars.engine import PolarsEngine
from tarmac.errors import SystemFailure, TarmacError
from tarmac.pipeline import Parameters, Workspace, run_year
from tarmac.simulate import SimulationParameters, write_simulation
from tarmac.storage.lake import Lake, open_lake
from tarmac.tables.daily import DAILY, GRAINS
from tests.support.bad_files import ASIDE, FINE, STOPPED, BadFile
from tests.support.flight_lines import bts_csv, flight, flights, gz, kaggle_csv
from tests.support.spark_session import on_spark

pytestmark = pytest.mark.spark


def lake_of(folder: Path, files: dict[str, bytes]) -> Lake:
    """A lake with these files in bronze."""
    for name, content in files.items():
        path = folder / "lake" / "01_bronze" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return open_lake(str(folder / "lake"))


def cleaned(engine: Engine, lake: Lake, year: int, scratch: Path, most: float) -> tuple[Cleaning | str, int]:
    """What cleaning gives, or says."""
    scratch.mkdir()
    try:
        bronze = BronzeYear(lake=lake, year=year, files=lake.bronze_files(year))
        return engine.clean_year(bronze, scratch, max_quarantined=most), 0
    except TarmacError as error:
        return str(error), error.exit_code


def assert_same_cleaning(lake: Lake, year: int, folder: Path, *, most: float = 1.0, split_bytes: int = 200_000) -> Any:
    """Both engines clean the year alike; gives Spark's result."""
    one, code = cleaned(PolarsEngine(), lake, year, folder / "polars", most)
    other, other_code = cleaned(on_spark(split_bytes), lake, year, folder / "spark", most)
    if isinstance(one, str) or isinstance(other, str):
        assert (other, other_code) == (one, code)
        return other
    files = {"silver", "quarantine"}
    assert {k: v for k, v in vars(other).items() if k not in files} == {
        k: v for k, v in vars(one).items() if k not in files
    }
    for name in files:
        assert_frame_equal(pl.read_parquet(getattr(other, name)), pl.read_parquet(getattr(one, name)), check_exact=True)
    return other


def assert_same_gold(lake: Lake, year: int, silver: Path, folder: Path) -> pl.DataFrame:
    """Both engines aggregate this silver to the same days, all values within 1e-9; gives them."""
    lake.publish(silver, lake.silver_key(year))
    counts = []
    for name, engine in (("one", PolarsEngine()), ("other", on_spark())):
        (folder / name).mkdir()
        counts.append(engine.write_gold(lake, year, folder / name))
    for table in GRAINS:
        one, other = (pl.read_parquet(gold_file(folder / name, table.name)) for name in ("one", "other"))
        assert [rows[table.name] for rows in counts] == [one.height, other.height]
        assert_frame_equal(other, one, check_exact=False, abs_tol=1e-9, rel_tol=0)
    return pl.read_parquet(gold_file(folder / "one", DAILY.name))


@pytest.mark.slow
@pytest.mark.parametrize(
    "name",
    [
        "kagglesample_2018.csv",
        pytest.param("nycflights13_2013.csv.gz", marks=pytest.mark.nightly),
        pytest.param("flightsABQ_2008.csv.gz", marks=pytest.mark.nightly),
    ],
)
def test_real_flights_give_the_same(shared_data: Path, tmp_path: Path, name: str) -> None:
    """The genuine Kaggle lines, a packed year of New York, a year of Albuquerque."""
    year = int(name.split(".", maxsplit=1)[0][-4:])
    suffix = "." + name.partition(".")[2]
    lake = lake_of(tmp_path, {f"{year}{suffix}": (shared_data / "flights" / name).read_bytes()})
    cleaning = assert_same_cleaning(lake, year, tmp_path)
    assert cleaning.rows_kept > 5000
    assert_same_gold(lake, year, cleaning.silver, tmp_path)


@pytest.mark.slow
@pytest.mark.nightly
def test_a_simulated_year_gives_the_same_to_its_scores(tmp_path: Path) -> None:
    """Sixty thousand flights over many splits; every airport's scores have the same bits."""
    (tmp_path / "made").mkdir()
    made = write_simulation(SimulationParameters(year=2019, flights=60_000, airports=8, seed=3), tmp_path / "made")
    lake = lake_of(tmp_path, {"2019.csv": made.csv.read_bytes()})
    cleaning = assert_same_cleaning(lake, 2019, tmp_path)
    gold = assert_same_gold(lake, 2019, cleaning.silver, tmp_path)
    parameters = DetectParameters(max_p=1, max_q=1)
    here, there = detect(gold, parameters, year=2019), detect(gold, parameters, year=2019, scorer=on_spark().score)
    assert not here.failures
    assert there.failures == here.failures
    assert there.anomalies.equals(here.anomalies)


def test_a_year_of_damaged_files_gives_the_same_quarantine(tmp_path: Path) -> None:
    """All the files of docs/bad-input.md that are read, side by side: most of their rows are duplicates of the first's."""
    cases = [*ASIDE, *FINE]
    files = {f"2009/{i:02d}{case.suffix}": case.make() for i, case in enumerate(cases)}
    lake = lake_of(tmp_path, files | {"2009/a.csv": bts_csv(flights(40)), "2009/b.csv.gz": gz(kaggle_csv(flights(40)))})
    cleaning = assert_same_cleaning(lake, 2009, tmp_path, split_bytes=20_000)
    reasons = {reason for case in ASIDE for reason in case.aside}
    assert set(cleaning.quarantined) == reasons
    assert cleaning.quarantined["duplicate"] > 300 * (len(cases) - 1) - len(cases)


SAID = (
    "only a header and blank lines",
    "no airport column",
    "a truncated .gz",
    "flights of another year",
    "more invalid rows than --max-quarantined allows",
    "a short file with a truncated last line",
    "rows with more fields than the header",
)
"""One of each kind: told by the header, by a task, and by the counts."""


@pytest.mark.parametrize("case", [{case.what: case for case in STOPPED}[what] for what in SAID], ids=SAID)
def test_a_bad_file_stops_both_engines_with_the_same_words(case: BadFile, tmp_path: Path) -> None:
    """The same exit code too; what is wrong is found in different places."""
    lake = lake_of(tmp_path, {f"2009{case.suffix}": case.make()})
    said = assert_same_cleaning(lake, 2009, tmp_path, most=0.01, split_bytes=10_000)
    assert isinstance(said, str)


def test_values_that_differ_in_sign_of_zero_or_in_form_alone_are_duplicates_on_both(tmp_path: Path) -> None:
    """-0.0 and 0, 1512 and 1512.0, in every column of the row."""
    rows = [flight(1), flight(1, TAXI_OUT="15", DEP_TIME="1512"), flight(2, ARR_DELAY="0"), flight(2, ARR_DELAY="-0.0")]
    lake = lake_of(tmp_path, {"2009.csv": kaggle_csv([*rows, *flights(9)[3:]])})
    assert_same_cleaning(lake, 2009, tmp_path, split_bytes=300)


def test_a_failed_job_leaves_the_published_zone_as_it_was(tmp_path: Path) -> None:
    """Silver that was damaged on the disk ends the tasks that read it; gold stays, whatever the folder's name."""
    odd = tmp_path / "a b [c] {d}*"
    lake = lake_of(odd, {"2009.csv": kaggle_csv(flights(300))})
    place = Workspace(lake=lake, scratch=tmp_path / "scratch", home=tmp_path / "home", engine=on_spark())
    run_year(place, 2009, Parameters(), steps=("silver", "gold"))
    gold = lake.read(lake.gold_key(2009))
    silver = Path(lake.location(lake.silver_key(2009)))
    damaged = bytearray(silver.read_bytes())
    damaged[4 : len(damaged) // 4] = bytes(len(damaged) // 4 - 4)
    silver.write_bytes(damaged)
    with pytest.raises(SystemFailure, match=r"^Spark failed: .* Nothing was published by this step; run it again\.$"):
        run_year(place, 2009, Parameters(), steps=("gold",))
    assert lake.read(lake.gold_key(2009)) == gold
    assert list((odd / "lake" / ".scratch").iterdir()) == []
