"""Bad requests through the command line: years, lakes, settings, detectors, rights and full disks."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.support.bad_files import GOOD
from tests.support.flight_lines import flights, kaggle_csv
from tests.support.lakes import Command, assert_says, in_process, leftovers, put_bronze, zones
from tests.support.machine import need

PROGRAM = Path(sys.executable).with_name("tarmac")


@pytest.fixture
def lake(tmp_path: Path) -> Path:
    """A lake with a good 2009 in bronze."""
    put_bronze(tmp_path / "lake", GOOD)
    return tmp_path / "lake"


@pytest.fixture
def tarmac(capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Command:
    """The command line, with a home of its own."""
    monkeypatch.setenv("TARMAC_HOME", str(tmp_path / "home"))
    return in_process(capfd)


@pytest.mark.parametrize(
    "year", ["abc", "2009/../2010", "2009..2008", "20090", "", "٢٠٠٩", "2009..", "1986", "-1", "2009\n"]
)
def test_a_year_that_is_none_is_refused(year: str, lake: Path, tarmac: Command) -> None:
    """The value is shown, with the form of a right one; nothing is read or written."""
    before = zones(lake)
    answer = tarmac("run", f"--year={year}", "--lake", lake)
    assert answer.code == 2
    assert_says(answer.err, ("--year", repr(year), "2009" if "9" not in year else ""))
    assert zones(lake) == before
    assert list(lake.iterdir()) == [lake / "01_bronze"]


@pytest.mark.parametrize("year", ["abc", "2009/../2010", "2009..2010"])
def test_ingest_takes_one_year(year: str, lake: Path, tmp_path: Path, tarmac: Command) -> None:
    """A range or a path is no name of a bronze file."""
    (tmp_path / "given.csv").write_bytes(GOOD)
    answer = tarmac("ingest", tmp_path / "given.csv", "--year", year, "--lake", lake)
    assert answer.code == 2
    assert_says(answer.err, (repr(year),))


def test_a_year_without_bronze_is_refused(lake: Path, tarmac: Command) -> None:
    """The message says what was looked for and how to bring it; no earlier year of the range is run."""
    answer = tarmac("silver", "--year", "2009..2010", "--lake", lake)
    assert answer.code == 2
    assert_says(answer.err, ("no bronze for 2010", "01_bronze/2010.csv", "tarmac ingest FILE --year 2010"))
    assert not (lake / "02_silver").exists()


@pytest.mark.parametrize(
    ("option", "said"),
    [
        ("--steps=silver,glod", ("'glod'", "silver, gold, detect, load", "--steps")),
        ("--steps=", ("''", "silver, gold, detect, load")),
        ("--run-id=../../2009", ("'../../2009'", "--run-id")),
    ],
)
def test_steps_and_runs_that_there_are_not(option: str, said: tuple[str, ...], lake: Path, tarmac: Command) -> None:
    """The value and the choices are shown; nothing is begun."""
    answer = tarmac("run", "--year", 2009, "--lake", lake, option)
    assert answer.code == 2
    assert_says(answer.err, said)
    assert list(lake.iterdir()) == [lake / "01_bronze"]


@pytest.mark.parametrize(("step", "missing", "before"), [("gold", "silver", "silver"), ("detect", "gold", "gold")])
def test_a_step_without_the_one_before_says_its_command(
    step: str, missing: str, before: str, lake: Path, tarmac: Command
) -> None:
    """Each step reads one zone; what is not there is made by the command that the message names."""
    answer = tarmac(step, "--year", 2009, "--lake", lake)
    assert answer.code == 2
    assert_says(
        answer.err, (f"2009_0{2 if missing == 'silver' else 3}_{missing}.parquet", f"tarmac {before} --year 2009")
    )


def test_no_such_lake(tmp_path: Path, tarmac: Command) -> None:
    """A lake is never made by reading it."""
    answer = tarmac("silver", "--year", 2009, "--lake", tmp_path / "nowhere")
    assert answer.code == 2
    assert_says(answer.err, ("there is no lake at", str(tmp_path / "nowhere"), "--lake"))
    assert not (tmp_path / "nowhere").exists()


@pytest.mark.parametrize("command", [("silver", "--year", "2009"), ("ingest", "given.csv")])
def test_a_lake_that_is_a_file(
    command: tuple[str, ...], tmp_path: Path, tarmac: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The file stays what it was."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "given.csv").write_bytes(GOOD)
    (tmp_path / "lake").write_text("mine")
    for lake in ("lake", "lake/within"):
        answer = tarmac(*command, "--lake", lake)
        assert answer.code == 2, answer.err
        assert_says(answer.err, (str(tmp_path / "lake"),))
    assert (tmp_path / "lake").read_text() == "mine"


@pytest.mark.parametrize(
    "lake",
    ["ftp://host/x", "s3://", "s3://UPPER/x", "file:///tmp", "~nobody-of-that-name/x", "a\nb", "lake/" + "x" * 300],
)
def test_an_address_that_is_no_lake(
    lake: str, tmp_path: Path, tarmac: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither a folder nor s3://bucket/prefix."""
    monkeypatch.chdir(tmp_path)
    answer = tarmac("silver", "--year", 2009, "--lake", lake)
    assert answer.code == 2
    assert_says(answer.err, ("lake",))


def test_a_lake_whose_name_is_a_pattern(tmp_path: Path, tarmac: Command) -> None:
    """Stars and brackets are letters like others; another lake that the pattern fits is not read."""
    put_bronze(tmp_path / "lake [1-2]*", GOOD)
    put_bronze(tmp_path / "lake 1", kaggle_csv(flights(30)))
    for lake in ("lake 1", "lake [1-2]*"):
        for step in ("silver", "gold"):
            assert tarmac(step, "--year", 2009, "--lake", tmp_path / lake).code == 0
    answer = tarmac("gold", "--year", 2009, "--lake", tmp_path / "lake [1-2]*", "--json")
    assert answer.run()["written"]["gold"] == {"unchanged": 300}


def test_names_that_look_like_styles_are_printed_as_they_are(
    tmp_path: Path, tarmac: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A path like x[/red] is text in the closing table, not a tag."""
    monkeypatch.setenv("COLUMNS", "500")
    (tmp_path / "a[").mkdir()
    given = tmp_path / "a[/red].csv"
    given.write_bytes(GOOD)
    answer = tarmac("ingest", given, "--lake", tmp_path / "lake")
    assert answer.code == 0, answer.err
    assert "a[/red].csv" in answer.out


def test_a_file_name_that_is_no_text_is_printed_as_json(tmp_path: Path, tarmac: Command) -> None:
    """A name may hold any bytes; JSON escapes them."""
    given = Path(os.fsdecode(os.fsencode(tmp_path) + b"/fl\xff.csv"))
    given.write_bytes(GOOD)
    answer = tarmac("ingest", given, "--lake", tmp_path / "lake", "--json")
    assert answer.code == 0, answer.err
    assert answer.json()["files"][0]["file"] == str(given)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{max_p: 3}", ("is not JSON", "line 1 column 2")),
        ("[1]", ("contains a list, not a JSON object",)),
        ('{"max_r": 3}', ("max_r is unknown", "Known: ", "max_p", "settings.json")),
        ('{"max_p": "many"}', ("max_p is 'many'", "Fix max_p in the settings file", "settings.json")),
        ('{"outliers_fraction": 0.7}', ("outliers_fraction is 0.7", "in (0, 0.5]", "settings.json")),
        ('{"s3_bronze_folder": "../x"}', ("'../x'", "not a path inside the lake")),
        ('{"data_lake_bucket": "Not A Bucket"}', ("Not A Bucket", "s3://bucket/prefix")),
        ('{"lake": "a\\u0000b"}', ("'a\\x00b'",)),
        ("\ufffe", ("is not JSON",)),
    ],
)
def test_a_bad_settings_file(text: str, said: tuple[str, ...], tmp_path: Path, tarmac: Command) -> None:
    """The message names the file, the variable and its value."""
    (tmp_path / "settings.json").write_text(text)
    answer = tarmac("silver", "--year", 2009, "--config", tmp_path / "settings.json")
    assert answer.code == 2
    assert_says(answer.err, said)


def test_a_settings_file_that_is_missing_or_a_folder(tmp_path: Path, tarmac: Command) -> None:
    """Also where the variable named it."""
    for place in (tmp_path / "none.json", tmp_path):
        answer = tarmac("silver", "--year", 2009, "--config", place)
        assert answer.code == 2
        assert_says(answer.err, ("cannot read the settings file", str(place), "--config"))


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("detect", "--detectors", "iforrest"), ("'iforrest'", "isolation_forest", "--detectors")),
        (("run", "--engine", "dask"), ("'dask'", "Known: polars", "--engine")),
        (("silver", "--max-quarantined", "2"), ("max_quarantined is 2", "--max-quarantined")),
        (("silver", "--max-quarantined", "nan"), ("max_quarantined is nan",)),
        (("detect", "--max-p", "-1"), ("max_p is -1", "--max-p")),
        (("detect", "--outliers-fraction", "x"), ("--outliers-fraction", "'x'", "a number")),
        (("silver", "--no-such-option"), ("--no-such-option",)),
    ],
)
def test_an_option_that_is_wrong(
    arguments: tuple[str, ...], said: tuple[str, ...], lake: Path, tarmac: Command
) -> None:
    """The message names the option, the value and the choices."""
    answer = tarmac(*arguments, "--year", 2009, "--lake", lake)
    assert answer.code == 2
    assert_says(answer.err, said)


def test_json_stays_json_when_a_command_fails(lake: Path, tarmac: Command) -> None:
    """One object on standard output with the message and the code, and the message on standard error too."""
    put_bronze(lake, b"")
    for arguments in (("silver", "--year", 2009), ("silver", "--year", "x"), ("silver", "--nonsense")):
        answer = tarmac(*arguments, "--lake", lake, "--json")
        assert answer.code == 2
        told = answer.json()
        assert told["exit_code"] == 2
        assert f"Error: {told['error']}" in answer.err


def test_the_program_itself_ends_with_the_code_and_without_a_traceback(lake: Path, tmp_path: Path) -> None:
    """As a shell sees it, from an empty folder."""
    put_bronze(lake, b"")
    done = _program(tmp_path, "silver", "--year", "2009", "--lake", str(lake), "--json")
    assert done.returncode == 2
    assert json.loads(done.stdout)["exit_code"] == 2
    assert_says(done.stderr, ("2009.csv is empty",))


@pytest.mark.parametrize("forbidden", ["01_bronze/2009.csv", "01_bronze", "."])
def test_no_permission(forbidden: str, lake: Path, tmp_path: Path) -> None:
    """Another user's file, folder or lake: the message names the place."""
    if os.geteuid() == 0:
        need("setpriv")  # to give up root's rights
    (lake / forbidden).chmod(0o000)
    try:
        done = _program(tmp_path, "silver", "--year", "2009", "--lake", str(lake), as_nobody=True)
    finally:
        (lake / forbidden).chmod(0o700)
    assert done.returncode == 2, done.stderr
    assert_says(done.stderr, ("no permission for", str(lake), "Ask for the right"))


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can mount a small disk")
class TestDisks:
    """Disks of their own, mounted for the test."""

    def test_a_full_disk_while_cleaning(self, tmp_path: Path, tarmac: Command) -> None:
        """Silver does not fit; what was published before is whole, and after some room is made the run works."""
        with _disk(tmp_path / "disk", "size=400k") as disk:
            put_bronze(disk / "lake", kaggle_csv(flights(2000)))
            (disk / "ballast").write_bytes(bytes(shutil.disk_usage(disk).free - 20_000))
            before = zones(disk / "lake")
            answer = tarmac("silver", "--year", 2009, "--lake", disk / "lake")
            assert answer.code == 1, answer.err
            assert_says(answer.err, ("the disk is full at", str(disk), "free some space"))
            assert zones(disk / "lake") == before
            assert leftovers(disk / "lake") == []

    def test_a_full_disk_while_ingesting(self, tmp_path: Path, tarmac: Command) -> None:
        """The copy does not fit: bronze stays empty, and the message names the disk, not the source."""
        (tmp_path / "given.csv").write_bytes(kaggle_csv(flights(2000)))
        with _disk(tmp_path / "disk", "size=100k") as disk:
            answer = tarmac("ingest", tmp_path / "given.csv", "--lake", disk / "lake")
            assert answer.code == 1, answer.err
            assert_says(answer.err, ("the disk is full at", str(disk)))
            assert zones(disk / "lake") == {}
            assert leftovers(disk / "lake") == []

    @pytest.mark.parametrize("command", [("silver", "--year", "2009"), ("ingest", "given.csv")])
    def test_a_disk_that_cannot_be_written(
        self, command: tuple[str, ...], tmp_path: Path, tarmac: Command, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """A read-only disk is a matter of rights: no use in running again."""
        monkeypatch.chdir(tmp_path)
        (tmp_path / "given.csv").write_bytes(kaggle_csv(flights(20, year=2010)))
        with _disk(tmp_path / "disk", "size=1m") as disk:
            put_bronze(disk / "lake", GOOD)
            subprocess.run(["mount", "-o", "remount,ro", disk], check=True)
            answer = tarmac(*command, "--lake", disk / "lake")
            assert answer.code == 2, answer.err
            assert_says(answer.err, ("no permission for", str(disk)))


def test_a_limit_on_the_size_of_files(lake: Path, tmp_path: Path) -> None:
    """A quota reads like a full disk; the scratch folder is left clean."""
    put_bronze(lake, kaggle_csv(flights(3000)))
    before = zones(lake)
    limited = "import resource, sys; resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000)); "
    run = "from tarmac.cli.app import run_command; sys.exit(run_command(sys.argv[1:]))"
    done = subprocess.run(
        [sys.executable, "-c", limited + run, "silver", "--year", "2009", "--lake", lake],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1, done.stderr
    assert_says(done.stderr, ("the disk is full at", str(lake)))
    assert zones(lake) == before
    assert leftovers(lake) == []


@contextmanager
def _disk(place: Path, options: str) -> Iterator[Path]:
    place.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", place], capture_output=True, check=False)
    if mounted.returncode:
        pytest.skip(f"mount does not work here: {mounted.stderr.decode().strip()}")
    try:
        yield place
    finally:
        subprocess.run(["umount", place], check=True)


def _program(folder: Path, *arguments: str, as_nobody: bool = False) -> subprocess.CompletedProcess[str]:
    command = [str(PROGRAM), *arguments]
    if as_nobody and os.geteuid() == 0:
        # Root without its capabilities: an owner like any other, whom the mode of a file binds.
        command = ["setpriv", "--bounding-set=-all", "--inh-caps=-all", *command]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
