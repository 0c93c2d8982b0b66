"""Bad files through the command line: a row that is bad is set aside, a file that is bad stops the run."""

import shutil
from pathlib import Path

import pytest

from tests.support.bad_files import ASIDE, BASE, FINE, GOOD, ROW, STOPPED, BadFile, with_row
from tests.support.flight_lines import kaggle_csv
from tests.support.lakes import (
    Command,
    assert_says,
    in_process,
    leftovers,
    lines_by_reason,
    put_bronze,
    quarantine,
    silver,
    zones,
)


def _name(case: BadFile) -> str:
    return case.what.replace(" ", "-")


@pytest.fixture(scope="session")
def published_lake(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A lake whose 2009 was cleaned from a good file, to be copied."""
    from tarmac.cli.app import run_command

    lake = tmp_path_factory.mktemp("published") / "lake"
    put_bronze(lake, GOOD)
    assert run_command(["silver", "--year", "2009", "--lake", str(lake), "--quiet"]) == 0
    return lake


@pytest.fixture
def lake(published_lake: Path, tmp_path: Path) -> Path:
    """A lake with an earlier silver, which a bad file must leave alone."""
    return Path(shutil.copytree(published_lake, tmp_path / "lake"))


@pytest.fixture
def tarmac(capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Command:
    """The command line, with a home of its own."""
    monkeypatch.setenv("TARMAC_HOME", str(tmp_path / "home"))
    return in_process(capfd)


@pytest.mark.parametrize("case", STOPPED, ids=_name)
def test_a_bad_file_stops_the_run_and_changes_nothing(case: BadFile, lake: Path, tarmac: Command) -> None:
    """Exit code 2, a message that says what, where and what to do; the zones are as before and nothing lies about."""
    put_bronze(lake, case.make(), suffix=case.suffix)
    before = zones(lake)
    answer = tarmac("silver", "--year", 2009, "--lake", lake)
    assert answer.code == 2
    assert answer.out == ""
    assert_says(answer.err, ("Error: ", *case.says))
    assert zones(lake) == before
    assert silver(lake).height == 300
    assert leftovers(lake) == []


@pytest.mark.parametrize("case", [*ASIDE, *FINE], ids=_name)
def test_a_bad_row_is_set_aside_and_its_neighbours_stay(case: BadFile, lake: Path, tarmac: Command) -> None:
    """The quarantine names the right lines, every other flight is in silver, and bronze is as it was."""
    bronze = put_bronze(lake, text := case.make(), suffix=case.suffix)
    answer = tarmac("silver", "--year", 2009, "--lake", lake, "--json")
    assert answer.code == 0, answer.err
    assert_says(answer.err, case.says)
    aside = quarantine(lake)
    assert lines_by_reason(aside) == case.aside
    run = answer.run()
    assert run["rows_in"] == run["rows_kept"] + run["rows_quarantined"]
    kept = silver(lake)["op_carrier_fl_num"].to_list()
    assert run["rows_kept"] == len(kept)
    bad = {line for lines in case.aside.values() for line in lines}
    assert kept == [number for number in range(1, 301) if number + 1 not in bad]
    assert bronze.read_bytes() == text
    assert leftovers(lake) == []


@pytest.mark.parametrize("case", STOPPED, ids=_name)
def test_ingest_never_puts_half_a_file_into_bronze(case: BadFile, tmp_path: Path, tarmac: Command) -> None:
    """What ingest can see to be wrong it refuses with exit code 2; what it takes, bronze holds bit for bit."""
    given = tmp_path / f"given{case.suffix}"
    given.write_bytes(text := case.make())
    lake = tmp_path / "new"
    answer = tarmac("ingest", given, "--lake", lake, "--year", 2009)
    assert answer.code in {0, 2}
    assert "Traceback" not in answer.err
    inside = [file.read_bytes() for file in lake.rglob("*") if file.is_file() and "ingested" not in file.parts]
    assert inside == ([text] if answer.code == 0 else [])


def test_the_quarantine_holds_the_line_as_it_was(lake: Path, tarmac: Command) -> None:
    """Bytes that are no text are escaped, everything else stands there unchanged."""
    put_bronze(lake, with_row(ROW.replace(b"UA", b"\xe9,A")))
    assert tarmac("silver", "--year", 2009, "--lake", lake).code == 0
    assert quarantine(lake)["row"].to_list() == [ROW.replace(b"UA", b"\\xe9,A").decode()]


def test_a_range_of_years_stops_at_the_bad_one_and_says_which(lake: Path, tarmac: Command) -> None:
    """2010 is empty: the message names its file."""
    put_bronze(lake, b"", year=2010)
    answer = tarmac("silver", "--year", "2009..2010", "--lake", lake)
    assert answer.code == 2
    assert_says(answer.err, ("2010.csv is empty",))


def test_two_forms_of_one_year_are_refused(lake: Path, tarmac: Command) -> None:
    """2009.csv beside 2009.zip: which one is right only the user knows."""
    (lake / "01_bronze/2009.zip").write_bytes(b"x")
    answer = tarmac("silver", "--year", 2009, "--lake", lake)
    assert answer.code == 2
    assert_says(answer.err, ("several forms", "2009.csv", "2009.zip", "Keep one"))


def test_a_file_made_of_malformed_lines_is_given_up_early(
    lake: Path, tarmac: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each such line is held in memory, so a file that mostly consists of them must not be read to its end."""
    from tarmac.bronze import texts as bronze

    monkeypatch.setattr(bronze, "MANY_MALFORMED", 100)
    put_bronze(lake, kaggle_csv([*BASE[:50], *[b"x"] * 200]))
    answer = tarmac("silver", "--year", 2009, "--lake", lake, "--max-quarantined", "1")
    assert answer.code == 2
    assert_says(answer.err, ("more than half of the first", "line 52", "wrong_number_of_fields", "'x'"))
