"""The embedded server: shared, stopped by the last, and whole again after anything was killed."""

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psutil
import psycopg
import pytest

from tarmac.errors import InputError, SystemFailure
from tarmac.warehouse.embedded import embedded_server
from tarmac.warehouse.postgres import open_warehouse, warehouse_url

HOLDS_IT = """
import sys
from pathlib import Path
from tarmac.warehouse.postgres import open_warehouse
with open_warehouse("embedded", Path(sys.argv[1])) as connection:
    print(connection.info.backend_pid, flush=True)
    sys.stdin.read()
"""


@pytest.fixture(scope="module")
def home() -> Iterator[Path]:
    """One project's folder for all these tests; each leaves the server stopped."""
    with tempfile.TemporaryDirectory(prefix="tarmac-test-") as folder:
        yield Path(folder)


@pytest.fixture
def other(home: Path) -> Iterator["subprocess.Popen[bytes]"]:
    """Another tarmac process that uses the embedded warehouse."""
    arguments = [sys.executable, "-c", HOLDS_IT, str(home)]
    with subprocess.Popen(arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline().strip().isdigit()
        yield process
        process.kill()


def server(home: Path) -> psutil.Process | None:
    """The running server, if any."""
    try:
        return psutil.Process(int((home / "warehouse/data/postmaster.pid").read_text().split()[0]))
    except (OSError, psutil.Error):
        return None


def use(home: Path) -> None:
    with open_warehouse("embedded", home) as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)


def test_the_last_to_leave_stops_it_and_the_rows_stay(home: Path) -> None:
    """A block inside a block shares the server."""
    with open_warehouse("embedded", home) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 7 AS n")
        use(home)
        assert server(home) is not None
    assert server(home) is None
    with open_warehouse("embedded", home) as connection:
        assert connection.execute("SELECT n FROM kept").fetchone() == (7,)


def test_two_processes_share_one_server(home: Path, other: "subprocess.Popen[bytes]") -> None:
    """The first to leave does not take it from the other."""
    use(home)
    running = server(home)
    assert running is not None
    other.communicate()
    assert other.returncode == 0
    assert not running.is_running() or running.status() == psutil.STATUS_ZOMBIE


def test_a_killed_process_leaves_a_server_that_the_next_one_uses_and_stops(
    home: Path, other: "subprocess.Popen[bytes]"
) -> None:
    """The locks of a killed process are gone with it."""
    other.kill()
    other.wait()
    left = server(home)
    assert left is not None
    with open_warehouse("embedded", home):
        assert server(home) == left
    assert server(home) is None


def test_a_killed_server_is_started_again(home: Path) -> None:
    """Its postmaster.pid is stale, its rows are recovered."""
    with embedded_server(home) as url:
        with psycopg.connect(url) as connection:
            connection.execute("CREATE TABLE survives AS SELECT 8 AS n")
        killed = server(home)
        assert killed is not None
        killed.kill()
    with open_warehouse("embedded", home) as connection:
        assert connection.execute("SELECT n FROM survives").fetchone() == (8,)


@pytest.mark.parametrize("content", [f"{os.getpid()}\n", "", "not a number"])
@pytest.mark.parametrize("file", ["postmaster.pid", ".s.PGSQL.5432.lock"])
def test_a_stale_lock_file_is_seen_through(home: Path, file: str, content: str) -> None:
    """Its number may belong to another program by now, or be cut."""
    use(home)
    (home / "warehouse/data" / file).write_text(content)
    use(home)


def test_a_half_made_cluster_is_made_again() -> None:
    """The process that made it was killed."""
    with tempfile.TemporaryDirectory(prefix="tarmac-test-") as home:
        half = Path(home, "warehouse/data.new")
        half.mkdir(parents=True)
        (half / "PG_VERSION").write_text("18\n")
        use(Path(home))


def test_a_deep_folder_with_a_difficult_name_works() -> None:
    """A socket's path may have about 100 bytes, and a comma in it separates hosts."""
    with tempfile.TemporaryDirectory(prefix="tarmac-test-") as folder:
        home = Path(folder, "deep" * 30, "a b,c'\"@ü$(x)%41")
        with warehouse_url("embedded", home) as url, psycopg.connect(url) as connection:
            assert connection.execute("SELECT 1").fetchone() == (1,)
            held = Path(url.partition("host=")[2].partition("&")[0].replace("%2F", "/"))
            assert held.is_symlink()
        assert not held.parent.exists()


def test_it_listens_on_no_network(home: Path) -> None:
    """And nobody else may reach its socket."""
    with open_warehouse("embedded", home) as connection:
        assert connection.execute("SHOW listen_addresses").fetchone() == ("",)
        assert (home / "warehouse/data").stat().st_mode & 0o077 == 0


def test_a_folder_that_cannot_be_made_is_the_users_to_mend(tmp_path: Path) -> None:
    """The way out is TARMAC_HOME."""
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="TARMAC_HOME"), embedded_server(tmp_path / "file"):
        pass


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can act as another user")
def test_root_runs_the_server_as_the_user_who_made_its_data(home: Path) -> None:
    """Postgres refuses data of another owner, so a run with sudo must not be one."""
    use(home)
    data = home / "warehouse/data"
    made_by = data.stat().st_uid
    for path in [data, *data.rglob("*")]:
        os.chown(path, 65534, 65534)
    with open_warehouse("embedded", home):
        running = server(home)
        assert running is not None
        assert running.uids().real == 65534 != made_by


def test_data_of_another_postgres_are_refused(tmp_path: Path) -> None:
    """With what to do about it."""
    data = tmp_path / "warehouse/data"
    data.mkdir(parents=True)
    (data / "PG_VERSION").write_text("16\n")
    with pytest.raises(SystemFailure, match=r"Postgres 16.*filled again"), embedded_server(tmp_path):
        pass


def test_a_server_that_does_not_start_says_its_last_words() -> None:
    """From its log."""
    with tempfile.TemporaryDirectory(prefix="tarmac-test-") as home:
        use(Path(home))
        (Path(home) / "warehouse/data/postgresql.conf").write_text("nonsense = 1\n")
        with pytest.raises(SystemFailure, match=r'unrecognized configuration parameter "nonsense"'):
            use(Path(home))


def test_a_stopped_process_group_does_not_reach_the_server(home: Path) -> None:
    """Ctrl-C goes to all processes of the terminal; Postgres is in a session of its own."""
    with open_warehouse("embedded", home):
        running = server(home)
        assert running is not None
        assert os.getsid(running.pid) != os.getsid(0)
