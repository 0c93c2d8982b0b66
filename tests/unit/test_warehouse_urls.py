"""Warehouse URLs: what is added, what is refused, what is shown."""

import subprocess
import sys

import pytest
from psycopg.conninfo import conninfo_to_dict

from tarmac.errors import InputError
from tarmac.warehouse.urls import to_connection_url, to_label, with_hidden_password


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("postgresql://me:secret@host/db", "postgresql://me:***@host/db"),
        ("postgresql+psycopg2://me:secret@host/db", "postgresql+psycopg2://me:***@host/db"),
        ("postgresql://me:se@c/r:et@host/db", "postgresql://me:***@host/db"),
        ("postgresql://me@host/db?password=secret&x=1", "postgresql://me@host/db?password=***&x=1"),
        ("postgresql://host/db?sslpassword=secret", "postgresql://host/db?sslpassword=***"),
        ("me:secret@host", "me:***@host"),
        ("host=h password=secret", "host=h password=***"),
        ("postgresql://host:5432/db", "postgresql://host:5432/db"),
        ("embedded", "embedded"),
    ],
)
def test_a_password_is_never_shown(url: str, shown: str) -> None:
    """Not even of a URL that is wrong."""
    assert with_hidden_password(url) == shown


@pytest.mark.parametrize("scheme", ["postgresql", "postgres", "postgresql+psycopg2", "POSTGRESQL"])
def test_every_spelling_of_the_scheme_is_taken(scheme: str) -> None:
    """SQLAlchemy's and Heroku's too."""
    assert conninfo_to_dict(to_connection_url(f"{scheme}://me@host/db"))["host"] == "host"


def test_limits_are_added_where_the_user_set_none() -> None:
    """A server that drops packets must not hang a run."""
    found = conninfo_to_dict(to_connection_url("postgresql://me:p%40ss@host/db?connect_timeout=3"))
    assert found["connect_timeout"] in {"3", 3}
    assert found["password"] == "p@ss"
    assert {"keepalives", "keepalives_idle", "keepalives_interval", "keepalives_count"} <= found.keys()
    assert to_connection_url(to_connection_url("postgres://h/d")) == to_connection_url("postgres://h/d")


@pytest.mark.parametrize("url", ["", "mysql://h/d", "postgresql://h:0/d", "postgresql://h/d?colour=red", "embeded"])
def test_any_other_url_is_refused_with_an_example(url: str) -> None:
    """The choices are named."""
    with pytest.raises(InputError, match="postgresql://user:password@host:5432/database"):
        to_connection_url(url)


@pytest.mark.parametrize(
    ("url", "label"),
    [
        ("embedded", "the embedded warehouse"),
        ("postgresql://me:secret@host:99/db", "database 'db' at host:99 as user 'me'"),
        ("postgresql:///db", "database 'db' at this machine:5432"),
        ("postgresql://me@host", "database 'me' at host:5432 as user 'me'"),
    ],
)
def test_messages_name_host_and_database(url: str, label: str) -> None:
    """And the user, who may be the wrong one."""
    assert to_label(url) == label


def test_naming_the_package_imports_nothing_heavy() -> None:
    """`tarmac --help` must be quick."""
    code = "import sys, tarmac.warehouse; print(*{'polars', 'psycopg', 'sqlalchemy', 'alembic'} & set(sys.modules))"
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert said.stdout.strip() == ""
