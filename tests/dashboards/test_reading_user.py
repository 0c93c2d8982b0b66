"""The warehouse user that Superset has: it reads Tarmac's tables, and nothing that it sends can do more."""

import sys
from collections.abc import Iterator

import psycopg
import pytest
import yaml

from tests.support.machine import ROOT
from tests.support.superset_running import local_module

TABLES = (
    "agg_dep_delay_by_date",
    "anomaly_scores",
    "carrier_days",
    "disruption_events",
    "disruption_parts",
    "airports",
    "pipeline_runs",
)


@pytest.fixture(scope="module")
def reader_url(dashboards_warehouse: str) -> str:
    """Also a schema with a secret, as another program might keep beside the warehouse's tables."""
    local = local_module()
    with psycopg.connect(dashboards_warehouse, autocommit=True) as owner:
        sys.modules["reader"].ensure_reader(owner, "a password")
        owner.execute("CREATE SCHEMA IF NOT EXISTS payroll")
        owner.execute("CREATE TABLE IF NOT EXISTS payroll.salaries AS SELECT 1 AS amount")
    return local.reader_url(dashboards_warehouse, "a%20password")


@pytest.fixture
def reader(reader_url: str) -> Iterator[psycopg.Connection]:
    """The user, with the one fence taken away that a session can take away itself."""
    with psycopg.connect(reader_url, autocommit=True) as connection:
        connection.execute("SET default_transaction_read_only = off")
        yield connection


@pytest.mark.parametrize("table", TABLES)
def test_it_reads_tarmacs_tables(reader: psycopg.Connection, table: str) -> None:
    """All that the dashboards show."""
    assert reader.execute(f"SELECT count(*) FROM {table}").fetchone()[0] > 0


def test_it_may_read_what_the_datasets_read(reader: psycopg.Connection) -> None:
    """A new dataset on a new table fails here and not at a customer's."""
    for file in (ROOT / "deploy" / "superset" / "assets" / "datasets").glob("*.yaml"):
        dataset = yaml.safe_load(file.read_text(encoding="utf-8"))
        if dataset["sql"] is None:
            assert dataset["table_name"] in TABLES
        elif "{%" not in dataset["sql"]:
            reader.execute(f"SELECT * FROM ({dataset['sql']}) AS dataset LIMIT 1")


@pytest.mark.parametrize(
    "statement",
    [
        "INSERT INTO airports (origin) VALUES ('XXX')",
        "UPDATE agg_dep_delay_by_date SET anomaly = 0",
        "DELETE FROM anomaly_scores",
        "TRUNCATE disruption_events",
        "DROP TABLE airports",
        "CREATE TABLE mine (x int)",
        "CREATE TEMPORARY TABLE mine (x int)",
        "CREATE SCHEMA mine",
        "CREATE ROLE other LOGIN",
        "GRANT pg_read_all_data TO tarmac_dashboards",
        "SET ROLE tarmac_reader",
        "SET ROLE postgres",
        "COPY airports TO '/tmp/airports.csv'",
        "COPY airports TO PROGRAM 'cat'",
        "COPY (SELECT 1) TO PROGRAM 'true'",
        "SELECT lo_import('/etc/passwd')",
    ],
)
def test_it_cannot_write(reader: psycopg.Connection, statement: str) -> None:
    """Neither rows, tables, roles nor files."""
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        reader.execute(statement)


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT * FROM payroll.salaries",
        "SELECT * FROM load_fingerprints",
        "SELECT rolpassword FROM pg_authid",
        "SELECT pg_read_file('/etc/passwd')",
        "SELECT pg_ls_dir('/')",
        "SELECT * FROM pg_read_binary_file('PG_VERSION')",
    ],
)
def test_it_cannot_read_what_is_not_the_warehouses(reader: psycopg.Connection, statement: str) -> None:
    """Other schemas, password hashes, files of the server."""
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        reader.execute(statement)


def test_its_sessions_begin_read_only(reader_url: str) -> None:
    """A fence before the rights."""
    with psycopg.connect(reader_url, autocommit=True) as connection:
        assert connection.execute("SHOW default_transaction_read_only").fetchone() == ("on",)


def test_making_it_again_changes_its_password_alone(reader_url: str, owner: psycopg.Connection) -> None:
    """For a rotation."""
    query = "SELECT rolpassword FROM pg_authid WHERE rolname = 'tarmac_dashboards'"
    before = owner.execute(query).fetchone()
    sys.modules["reader"].ensure_reader(owner, "another password")
    assert owner.execute(query).fetchone() != before
