"""A Postgres that accepts only TLS connections: Debian's, because the embedded one is built without TLS and has no port."""

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
from psycopg import pq

from tests.support.machine import need
from tests.support.nginx_server import stop_group, wait_for_port, wait_until
from tests.support.ports import free_port

PASSWORD = "only-for-tests"


@dataclass(frozen=True, kw_only=True)
class Postgres:
    """A running server; `authority` is the file with which clients verify its certificate."""

    folder: Path
    port: int
    authority: Path

    def url(self, database: str, *, host: str = "localhost", authority: Path | None = None) -> str:
        """Its URL, as an operator would write it."""
        trust = f"sslmode=verify-full&sslrootcert={authority or self.authority}"
        return f"postgresql://tarmac:{PASSWORD}@{host}:{self.port}/{database}?{trust}"

    @property
    def log(self) -> str:
        """The server's log, which names each connection's encryption."""
        return (self.folder / "log").read_text()


@contextmanager
def running_postgres(tls: Path) -> Iterator[Postgres]:
    """Start a server with `tls`/postgres.crt on a free port of the loopback; stop it at the end."""
    programs = Path(need("Postgres")).resolve().parent
    # Not in pytest's folder, to which the server's user has no access.
    with tempfile.TemporaryDirectory(prefix="tarmac-test-") as home:
        folder = Path(home) / "data"
        folder.mkdir(mode=0o700)
        as_owner = _as_owner(Path(home), folder)
        port = free_port()
        how = ["--auth=trust", "--username=postgres", "--no-sync", "--no-locale", "--encoding=UTF8"]
        subprocess.run([programs / "initdb", "-D", folder, *how], check=True, capture_output=True, **as_owner)
        for kind in ("crt", "key"):
            copied = shutil.copy(tls / f"postgres.{kind}", folder / f"server.{kind}")
            shutil.chown(copied, folder.owner(), folder.group())
        (folder / "pg_hba.conf").write_text(
            "local all all trust\nhostssl all all 127.0.0.1/32 scram-sha-256\nhostssl all all ::1/128 scram-sha-256\n"
        )
        settings = {
            "port": port,
            "listen_addresses": "localhost",
            "unix_socket_directories": folder,
            "ssl": "on",
            "ssl_cert_file": "server.crt",
            "ssl_key_file": "server.key",
            "ssl_min_protocol_version": "TLSv1.2",
            "log_connections": "on",
            "fsync": "off",
        }
        options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        with (folder / "log").open("wb") as log:
            process = subprocess.Popen(
                [programs / "postgres", "-D", folder, *options],
                stdout=log,
                stderr=log,
                start_new_session=True,
                **as_owner,
            )
        try:
            wait_for_port(port, process, log=folder / "log")
            inside = f"host={folder} port={port} user=postgres dbname=postgres"
            wait_until(lambda: pq.PGconn.ping(inside.encode()) == pq.Ping.OK)
            with psycopg.connect(inside, autocommit=True) as given:
                given.execute(f"CREATE ROLE tarmac LOGIN CREATEDB PASSWORD '{PASSWORD}'")
                for database in ("flights", "airflow"):
                    given.execute(f"CREATE DATABASE {database} OWNER tarmac")
            yield Postgres(folder=folder, port=port, authority=tls / "ca.crt")
        finally:
            stop_group(process, how=signal.SIGINT)


def _as_owner(home: Path, folder: Path) -> dict[str, Any]:
    """Postgres refuses to run as root: then the package's own user runs it."""
    if os.geteuid() != 0:
        return {}
    owner = pwd.getpwnam("postgres")
    home.chmod(0o711)
    os.chown(folder, owner.pw_uid, owner.pw_gid)
    return {"user": owner.pw_uid, "group": owner.pw_gid, "extra_groups": [], "cwd": folder}
