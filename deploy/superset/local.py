"""Superset on this machine: metadata in an embedded Postgres, one Redis on a socket, the web server and a worker.

`make superset` shows the embedded warehouse; the tests start the same with a warehouse of theirs.
"""

import json
import os
import secrets
import shutil
import signal
import socket
import ssl
import subprocess
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import psycopg

from reader import READER, ensure_reader
from tarmac.errors import InputError, SystemFailure
from tarmac.warehouse.embedded import embedded_server

START = Path(__file__).with_name("start.sh")
_SECONDS_TO_START = 180.0


@dataclass(frozen=True, kw_only=True)
class Superset:
    """A running Superset: its address, users and log folder."""

    address: str
    passwords: Mapping[str, str]
    environment: Mapping[str, str]
    folder: Path

    def prepare(self) -> None:
        """Run `start.sh prepare` again: update schema, users and assets."""
        _prepare(self.environment, self.folder)


@contextmanager
def running_superset(
    folder: Path, warehouse: str, *, port: int = 0, cert: tuple[Path, Path] | None = None
) -> Iterator[Superset]:
    """Start all processes, and stop them at the end. `warehouse` is the URL of its owner, who creates the read-only user.

    `folder` keeps metadata, logs and passwords; the same folder again is the same Superset. Port 0 takes a free one;
    `cert` (certificate, key) serves https.
    """
    _check_installed()
    folder.mkdir(parents=True, exist_ok=True)
    kept = _kept_secrets(folder / "secrets.json")
    with ExitStack() as running:
        metadata = running.enter_context(embedded_server(folder))
        redis = running.enter_context(_redis(folder))
        with psycopg.connect(warehouse, autocommit=True) as owner:
            ensure_reader(owner, kept["reader"])
        environment = os.environ | _environment(kept, metadata, redis, reader_url(warehouse, kept["reader"]), folder)
        if cert:
            environment |= {"SUPERSET_CERT": str(cert[0]), "SUPERSET_KEY": str(cert[1])}
        _prepare(environment, folder)
        port = port or _free_port()  # chosen after preparing, which takes a minute: a free port may be taken meanwhile
        environment |= {"SUPERSET_BIND": f"127.0.0.1:{port}"}
        web = running.enter_context(_process("web", environment, folder))
        running.enter_context(_process("worker", environment, folder))
        address = f"{'https' if cert else 'http'}://127.0.0.1:{port}"
        _until(lambda: _answers(address), web, "Superset's web server", folder / "web.log")
        passwords = {user: kept[user] for user in ("admin", "analyst")}
        yield Superset(address=address, passwords=passwords, environment=environment, folder=folder)


def _check_installed() -> None:
    if not (Path(os.environ.get("SUPERSET_BIN", START.parents[2] / ".venv-superset" / "bin")) / "gunicorn").exists():
        raise InputError("Superset is not installed here. Install it: make .venv-superset/.ready")
    if shutil.which("redis-server") is None:
        raise InputError("Superset needs Redis, and there is no redis-server on PATH: apt-get install redis-server")


def _kept_secrets(file: Path) -> dict[str, str]:
    """Generated once: the metadata are encrypted with the key, and users have noted their passwords."""
    if not file.exists():
        made = {name: secrets.token_urlsafe(15) for name in ("admin", "analyst", "reader")}
        file.touch(mode=0o600)
        file.write_text(json.dumps(made | {"key": secrets.token_urlsafe(42)}), encoding="utf-8")
    kept: dict[str, str] = json.loads(file.read_text(encoding="utf-8"))
    return kept


def _environment(kept: Mapping[str, str], metadata: str, redis: str, warehouse: str, folder: Path) -> dict[str, str]:
    return {
        "SUPERSET_SECRET_KEY": kept["key"],
        "SUPERSET_METADATA_URL": metadata,
        "SUPERSET_REDIS_URL": redis,
        "SUPERSET_WAREHOUSE_URL": warehouse,
        "SUPERSET_ADMIN_PASSWORD": kept["admin"],
        "SUPERSET_ANALYST_PASSWORD": kept["analyst"],
        "SUPERSET_HOME": str(folder),
        "SUPERSET_PLAIN_HTTP": "1",
        "SUPERSET_WORKERS": "1",  # each takes ten seconds to start, and there is only one user
    }


def reader_url(warehouse: str, password: str) -> str:
    """The owner's URL with the read-only user instead."""
    scheme, _, rest = warehouse.partition("://")
    return f"{scheme}://{READER}:{password}@{rest.partition('@')[2]}"


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def _redis(folder: Path) -> Iterator[str]:
    """A Redis of its own that listens only on a socket and stores nothing on disk."""
    with tempfile.TemporaryDirectory(prefix="tarmac-redis-", dir="/tmp") as short:  # a socket's path is short
        path = f"{short}/redis.sock"
        how = ["--port", "0", "--unixsocket", path, "--save", "", "--dir", short, "--maxmemory", "256mb"]
        how += ["--maxmemory-policy", "volatile-lru"]
        with _group(["redis-server", *how], os.environ, folder / "redis.log") as server:
            _until(lambda: Path(path).exists(), server, "Redis", folder / "redis.log")
            yield f"unix://{path}"


def _prepare(environment: Mapping[str, str], folder: Path) -> None:
    log = folder / "prepare.log"
    with log.open("wb") as output:
        done = subprocess.run([START, "prepare"], env=environment, stdout=output, stderr=subprocess.STDOUT, check=False)
    if done.returncode:
        raise SystemFailure(f"Superset cannot be prepared. Last lines of {log}:\n{_end_of(log)}")


@contextmanager
def _process(name: str, environment: Mapping[str, str], folder: Path) -> Iterator[subprocess.Popen[bytes]]:
    with _group([str(START), name], environment, folder / f"{name}.log") as process:
        yield process


@contextmanager
def _group(command: list[str], environment: Mapping[str, str], log: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A process and its children, which do not receive the terminal's Ctrl-C; none is left after the block."""
    with log.open("wb") as output:
        process = subprocess.Popen(
            command,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        yield process
    finally:
        process.terminate()
        with suppress(subprocess.TimeoutExpired):
            process.wait(15)
        with suppress(ProcessLookupError):  # children that survived the first signal
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _answers(address: str) -> bool:
    try:
        # Only checks whether the server is up; verifying its certificate is left to the browser.
        unverified = ssl._create_unverified_context()  # noqa: S323
        with urllib.request.urlopen(f"{address}/health", timeout=10, context=unverified) as answer:  # noqa: S310
            return bool(answer.status == 200)
    except OSError:
        return False


def _until(ready: Callable[[], bool], process: subprocess.Popen[bytes], name: str, log: Path) -> None:
    limit = time.monotonic() + _SECONDS_TO_START
    while time.monotonic() < limit and process.poll() is None:
        if ready():
            return
        time.sleep(0.1)
    raise SystemFailure(f"{name} does not start. Last lines of {log}:\n{_end_of(log)}")


def _end_of(log: Path) -> str:
    return "\n".join(log.read_text(errors="replace").splitlines()[-12:])
