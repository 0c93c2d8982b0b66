"""Databases of an embedded Postgres: one for each test, or for another user."""

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import quote

import psycopg


def to_database(url: str, name: str, *, user: str = "postgres") -> str:
    """The URL of another database, or for another user, on the same server."""
    return url.replace("//postgres@/postgres", f"//{quote(user, safe=':')}@/{name}", 1)


@contextmanager
def fresh_database(postgres_url: str, template: str) -> Iterator[str]:
    """The URL of a new database, dropped after the block."""
    name = f"test_{uuid.uuid4().hex}"
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name} TEMPLATE {template}")
        yield to_database(postgres_url, name)
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")
