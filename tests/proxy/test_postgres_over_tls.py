"""The way to Postgres is encrypted and checked, for Tarmac and for the drivers that Airflow and Superset use."""

import os
import re
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest

from tarmac.errors import SystemFailure
from tarmac.warehouse.postgres import open_warehouse, read_published
from tests.support.machine import ROOT, need_environment
from tests.support.nginx_server import certify
from tests.support.postgres_server import PASSWORD, Postgres

SUPERSET = ROOT / "deploy" / "superset"

ASKS = """
import asyncio, sys
from sqlalchemy import create_engine, text
from sqlalchemy.exc import OperationalError
from sqlalchemy.ext.asyncio import create_async_engine
query = text("SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()")

async def ask(url):
    async with create_async_engine(url).connect() as connection:
        return (await connection.execute(query)).scalar()

for url in sys.argv[1:]:
    try:
        if "_async" in url:
            print(asyncio.run(ask(url)))
        else:
            with create_engine(url).connect() as connection:
                print(connection.execute(query).scalar())
    except OperationalError as error:
        print(" ".join(str(error).split()))
"""

ASKS_AS_SUPERSET = """
from sqlalchemy import create_engine, text
from sqlalchemy.exc import OperationalError
from superset.app import create_app

app = create_app()
with app.app_context():
    from superset.extensions import db
    print(db.session.execute(text("SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()")).scalar())
elsewhere = app.config["SQLALCHEMY_DATABASE_URI"].replace("@localhost:", "@127.0.0.1:")
try:
    create_engine(elsewhere, **app.config["SQLALCHEMY_ENGINE_OPTIONS"]).connect()
except OperationalError as error:
    print(" ".join(str(error).split()))
"""


def ask(url: str) -> object:
    """What the warehouse answers to Tarmac."""
    with open_warehouse(url, Path()) as connection:
        return connection.execute("SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()").fetchone()


def test_a_year_is_loaded_over_tls(postgres: Postgres, tmp_path: Path):
    """Each connection of the whole way is encrypted, also those of its migrations."""
    made = [str(tmp_path / "01_bronze"), "--flights", "20000", "--airports", "3", "--seed", "1"]
    warehouse = [postgres.url("flights"), "--detectors", "isolation_forest"]
    for command in (["simulate", "--out", *made], ["run", "--lake", str(tmp_path), "--warehouse", *warehouse]):
        tarmac = [Path(sys.executable).with_name("tarmac"), *command, "--year", "2018"]
        done = subprocess.run(tarmac, capture_output=True, text=True, check=False, timeout=900)
        assert done.returncode == 0, done.stderr
    ours = [line for line in postgres.log.splitlines() if "connection authorized" in line and "=tarmac" in line]
    assert ours
    assert all("SSL enabled (protocol=TLSv1.3" in line for line in ours)
    with open_warehouse(postgres.url("flights"), Path()) as connection:
        assert read_published(connection, range(2018, 2019)).height == 3 * 365


def test_a_server_that_cannot_prove_its_name_is_refused(postgres: Postgres):
    """Its certificate is for localhost; the same server by another name could be anybody."""
    assert ask(postgres.url("flights")) == (True,)
    with pytest.raises(SystemFailure, match=r'"localhost".* does not match host name "127.0.0.1".*sslrootcert') as told:
        ask(postgres.url("flights", host="127.0.0.1"))
    assert PASSWORD not in str(told.value)


def test_a_server_of_another_authority_is_refused(postgres: Postgres, tmp_path: Path):
    """And the message says which setting names the authority."""
    certify(tmp_path, "other", "localhost")
    with pytest.raises(
        SystemFailure, match=r"certificate verify failed.*Check that sslrootcert in --warehouse is"
    ) as told:
        ask(postgres.url("flights", authority=tmp_path / "ca.crt"))
    assert PASSWORD not in str(told.value)


def test_an_authority_that_is_not_there_is_told(postgres: Postgres, tmp_path: Path):
    """A mistyped path is named, and not taken for a server that is down."""
    with pytest.raises(SystemFailure, match=r"nowhere.crt.*Check that sslrootcert in --warehouse is the"):
        ask(postgres.url("flights", authority=tmp_path / "nowhere.crt"))


def test_nobody_connects_in_clear(postgres: Postgres):
    """The server itself refuses a client that asks for no encryption."""
    with pytest.raises(SystemFailure, match="no encryption"):
        ask(postgres.url("flights").partition("?")[0] + "?sslmode=disable")


def test_the_drivers_of_airflow_and_superset_check_it_too(postgres: Postgres):
    """SQLAlchemy passes sslmode and sslrootcert on: the right name is taken, the other refused."""
    right, wrong = postgres.url("airflow"), postgres.url("airflow", host="127.0.0.1")
    drivers = ("psycopg2", "psycopg", "psycopg_async")
    urls = [url.replace("postgresql:", f"postgresql+{driver}:") for driver in drivers for url in (right, wrong)]
    asks = [need_environment(".venv-airflow", "python"), "-c", ASKS, *urls]
    asked = subprocess.run(
        asks,
        capture_output=True,
        text=True,
        check=True,
        timeout=300,
    )
    answers = asked.stdout.splitlines()
    assert answers[::2] == ["True"] * 3
    assert ['does not match host name "127.0.0.1"' in answer for answer in answers[1::2]] == [True] * 3, answers


@pytest.mark.slow
def test_supersets_metadata_are_asked_over_tls(postgres: Postgres, tmp_path: Path):
    """SUPERSET_METADATA_URL with verify-full, as its own engine takes it: the right name is taken, the other refused."""
    with psycopg.connect(postgres.url("flights"), autocommit=True) as owner:
        owner.execute("CREATE DATABASE superset")
    limits = dict(re.findall(r"^(\w+)=(\d+)", (ROOT / "deploy" / "timeouts.env").read_text(), re.MULTILINE))
    given = {
        "PYTHONPATH": str(SUPERSET),
        "SUPERSET_CONFIG_PATH": str(SUPERSET / "superset_config.py"),
        "SUPERSET_HOME": str(tmp_path),
        "SUPERSET_SECRET_KEY": "k" * 42,
        "SUPERSET_METADATA_URL": postgres.url("superset"),
        "SUPERSET_REDIS_URL": f"unix://{tmp_path}/redis.sock",
    }
    asks = [need_environment(".venv-superset", "python"), "-c", ASKS_AS_SUPERSET]
    asked = subprocess.run(
        asks, env=os.environ | limits | given, capture_output=True, text=True, check=False, timeout=300
    )
    assert asked.returncode == 0, asked.stderr
    encrypted, refused = asked.stdout.splitlines()[-2:]
    assert encrypted == "True"
    assert 'does not match host name "127.0.0.1"' in refused
