"""Airflow's api-server with TLS, and its database in a Postgres over TLS, as behind the proxy in production."""

import os
import secrets
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

from tests.support.machine import ROOT, need_environment
from tests.support.nginx_server import stop_group, wait_for_port
from tests.support.postgres_server import Postgres

AIRFLOW = ROOT / ".venv-airflow" / "bin" / "airflow"
SETTINGS = ROOT / "deploy" / "airflow" / "settings.env"
USER, PASSWORD = "operator", "a-password-for-tests"


def to_environment(home: Path, postgres: Postgres, tls: Path) -> dict[str, str]:
    """The environment variables of this Airflow's commands, as docs/proxy.md describes them."""
    need_environment(".venv-airflow", "airflow")
    url = postgres.url("airflow")
    lines = [line.partition("=") for line in SETTINGS.read_text().splitlines() if line and not line.startswith("#")]
    return {
        **os.environ,
        **{name: value for name, _, value in lines},
        "AIRFLOW_HOME": str(home),
        "AIRFLOW__CORE__DAGS_FOLDER": str(home / "dags"),
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": url.replace("postgresql:", "postgresql+psycopg2:"),
        # asyncpg, Airflow's default, does not accept sslmode.
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN_ASYNC": url.replace("postgresql:", "postgresql+psycopg_async:"),
        "AIRFLOW__API__SECRET_KEY": secrets.token_hex(16),
        "AIRFLOW__API_AUTH__JWT_SECRET": secrets.token_hex(32),
        "AIRFLOW__API__SSL_CERT": str(tls / "applications.crt"),
        "AIRFLOW__API__SSL_KEY": str(tls / "applications.key"),
        "AIRFLOW__API__SSL_CA_FILE": str(tls / "ca.crt"),
        "AIRFLOW__FAB__COOKIE_SECURE": "True",
    }


def prepare(environment: Mapping[str, str]) -> None:
    """Create Airflow's tables and one user."""
    names = ["--firstname", "Test", "--lastname", "Operator", "--email", "operator@airflow.example", "--role", "Admin"]
    _run(environment, "db", "migrate")
    _run(environment, "users", "create", "--username", USER, "--password", PASSWORD, *names)


@contextmanager
def starting_api_server(environment: Mapping[str, str], port: int, url: str, log: Path) -> Iterator[Callable[[], None]]:
    """Start an api-server on the loopback for browsers at `url`; returns a function that waits until it answers."""
    own = {
        "AIRFLOW__API__BASE_URL": url,
        "AIRFLOW__CORE__EXECUTION_API_SERVER_URL": f"https://localhost:{port}{urlsplit(url).path}/execution/",
    }
    command = [AIRFLOW, "api-server", "--host", "127.0.0.1", "--port", str(port), "--workers", "1", "--proxy-headers"]
    with log.open("wb") as out:
        process = subprocess.Popen(command, env={**environment, **own}, stdout=out, stderr=out, start_new_session=True)
    try:
        yield lambda: wait_for_port(port, process, log=log, seconds=300)
    finally:
        stop_group(process)


def _run(environment: Mapping[str, str], *command: str) -> None:
    done = subprocess.run(
        [AIRFLOW, *command], env=environment, capture_output=True, text=True, check=False, timeout=300
    )
    if done.returncode:
        sys.stderr.write(done.stdout + done.stderr)
        raise AssertionError(f"airflow {command[0]} {command[1]} ended with {done.returncode}")
