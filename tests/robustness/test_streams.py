"""Standard output and error that are closed, full, narrow or without a reader: the exit code and what is said hold."""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tarmac.warehouse.postgres import open_warehouse, record_run

PROGRAM = Path(sys.executable).with_name("tarmac")

RUN = {
    "run_id": "r1",
    "year": 2009,
    "command": "run",
    "status": "done",
    "started": "2026-11-27 10:00:00+00",
    "finished": "2026-11-27 10:00:01+00",
}


@pytest.fixture(scope="module")
def home() -> Iterator[Path]:
    """A project's folder, its warehouse running with one row in pipeline_runs."""
    with (
        tempfile.TemporaryDirectory(prefix="tarmac-test-") as folder,
        open_warehouse("embedded", Path(folder)) as connection,
    ):
        record_run(connection, RUN)
        yield Path(folder)


def shell(home: Path, line: str, **variables: str) -> tuple[int, str, str]:
    """Run the line in bash, which ends as its first failing part does; `tarmac` is ours."""
    done = subprocess.run(
        ["bash", "-c", f'set -o pipefail; tarmac() {{ "{PROGRAM}" "$@"; }}; {line}'],
        env=os.environ | {"TARMAC_HOME": str(home)} | variables,
        capture_output=True,
        check=False,
    )
    return done.returncode, done.stdout.decode(errors="replace"), done.stderr.decode()


ROWS = "SELECT n, repeat('x', 50) AS x FROM generate_series(1, 200000) AS n"


@pytest.mark.parametrize("form", ["csv", "json", "table"])
def test_a_reader_that_has_seen_enough_is_no_failure(home: Path, form: str) -> None:
    """`tarmac query … | head` ends with 0, also where the pipe's status is asked for."""
    code, out, err = shell(home, f'tarmac query "{ROWS}" --format {form} | head -2')
    assert (code, len(out.splitlines())) == (0, 2)
    assert "Error" not in err
    assert "Traceback" not in err


def test_a_failure_stays_one_where_the_reader_is_gone(home: Path) -> None:
    """The exit code is the work's."""
    code, out, err = shell(home, 'tarmac query "SELECT nonsense" --json | true')
    assert (code, out) == (2, "")
    assert err.startswith("Error: The SQL is wrong")


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        ('query "SELECT 1"', 0),
        ('query "SELECT nonsense" --json', 2),
        ("nonsense", 2),
        ("--version", 0),
        ("", 2),
        ("run --year 2009 --lake /nowhere", 2),
    ],
)
@pytest.mark.parametrize("closed", [">&-", "2>&-", "<&- >&- 2>&-", "2>/dev/full"])
def test_a_closed_stream_changes_no_exit_code(home: Path, arguments: str, code: int, closed: str) -> None:
    """And what goes to the other stream is what goes there always."""
    found, out, err = shell(home, f"tarmac {arguments} {closed}")
    assert found == code
    assert "Traceback" not in out + err
    if "2>" not in closed:
        assert err.startswith("Error: ") == (code == 2 and arguments != "")
    if ">&-" not in closed.split() and "--json" in arguments:
        json.loads(out)


def test_logs_do_not_go_where_the_json_goes_when_their_stream_is_closed(home: Path) -> None:
    """One JSON object and nothing else."""
    code, out, _ = shell(home, "tarmac run --year 2009 --lake /nowhere --json 2>&-")
    assert (code, json.loads(out)["exit_code"]) == (2, 2)


@pytest.mark.parametrize("arguments", ['query "SELECT 1"', 'query "SELECT 1" --json', f'query "{ROWS}"', "--help"])
def test_output_that_cannot_be_written_is_a_failure_that_claims_nothing_else(home: Path, arguments: str) -> None:
    """Nobody is told that something was not published."""
    code, _, err = shell(home, f"tarmac {arguments} > /dev/full")
    assert code == 1
    assert err.startswith("Error: cannot write to standard output: No space left on device.")
    assert "published" not in err
    assert len(err.splitlines()) == 1 + err.count("Only the first")


@pytest.mark.parametrize("encoding", ["latin-1", "ascii:strict"])
@pytest.mark.parametrize("form", ["csv", "json", "table"])
def test_a_narrow_terminal_shows_what_it_can(home: Path, form: str, encoding: str) -> None:
    """CSV is UTF-8 always, JSON has escapes, a table what its terminal has."""
    code, out, err = shell(home, f"tarmac query \"SELECT '中ü' AS a\" --format {form}", PYTHONIOENCODING=encoding)
    assert (code, err) == (0, "")
    if form == "json":
        assert out.isascii()
        assert json.loads(out) == [{"a": "中ü"}]
    else:
        assert ("中ü" if form == "csv" else "\\u4e2d") in out


def test_a_message_with_letters_that_a_terminal_lacks_is_shown(home: Path) -> None:
    """With escapes."""
    code, out, err = shell(home, 'tarmac query "SELECT "中""', PYTHONIOENCODING="ascii:strict")
    assert (code, out) == (2, "")
    assert "\\u4e2d" in err


def test_a_deleted_working_folder_is_named(tmp_path: Path) -> None:
    """And no file system is blamed."""
    line = f'mkdir "{tmp_path}/gone" && cd "{tmp_path}/gone" && rmdir "{tmp_path}/gone" && tarmac query "SELECT 1"'
    code, _, err = shell(Path(".tarmac"), line)
    assert (code, err.count("working folder was deleted")) == (2, 1)
