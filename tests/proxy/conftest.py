"""Real nginx, certificates from our own script, and the applications behind it."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from nginx_server import certify
from postgres_server import Postgres, running_postgres


@pytest.fixture(scope="session")
def nginx() -> None:
    """Skips where nginx is not installed."""
    if shutil.which("nginx", path=f"{os.environ['PATH']}:/usr/sbin") is None:
        pytest.skip("needs nginx: apt-get install nginx")


@pytest.fixture(scope="session")
def tls(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An authority, the proxy's certificate, and one for both applications."""
    folder = tmp_path_factory.mktemp("tls")
    certify(folder, "proxy", "airflow.example", "superset.example", "tarmac.example")
    certify(folder, "applications", "airflow", "superset", "localhost", "127.0.0.1")
    return folder


@pytest.fixture(scope="session")
def postgres(tls: Path) -> Iterator[Postgres]:
    """A Postgres whose certificate is for localhost alone."""
    certify(tls, "postgres", "localhost")
    with running_postgres(tls) as running:
        yield running
