"""A real Postgres for the tests: one embedded server a session, a database of its own for each test."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from tarmac.warehouse.embedded import embedded_server
from tarmac.warehouse.migrations import migrate
from tarmac.warehouse.postgres import open_warehouse
from tests.support.databases import fresh_database, to_database


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """The server's own database, for making others. Not under pytest's folder, which others may not pass through."""
    with tempfile.TemporaryDirectory(prefix="tarmac-test-") as home, embedded_server(Path(home)) as url:
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute("ALTER SYSTEM SET fsync = off")  # a database for each test is else mostly waiting
            connection.execute("SELECT pg_reload_conf()")
        yield url


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """For an embedded server of a test's own: not under pytest's folder, which each pytest that starts closes to others."""
    with tempfile.TemporaryDirectory(prefix="tarmac-test-") as folder:
        yield Path(folder)


@pytest.fixture(scope="session")
def migrated_database(postgres_url: str) -> str:
    """The name of a database with Tarmac's tables, to be copied."""
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute("CREATE DATABASE migrated")
    with open_warehouse(to_database(postgres_url, "migrated"), Path()) as connection:
        migrate(connection)
    return "migrated"


@pytest.fixture
def empty_url(postgres_url: str) -> Iterator[str]:
    """A warehouse URL of a database without any table."""
    with fresh_database(postgres_url, "template1") as url:
        yield url


@pytest.fixture
def warehouse_url(postgres_url: str, migrated_database: str) -> Iterator[str]:
    """A warehouse URL of a database with Tarmac's tables, all empty."""
    with fresh_database(postgres_url, migrated_database) as url:
        yield url


@pytest.fixture
def warehouse(warehouse_url: str) -> Iterator[psycopg.Connection]:
    """An open warehouse with Tarmac's tables, all empty."""
    with open_warehouse(warehouse_url, Path()) as connection:
        yield connection
