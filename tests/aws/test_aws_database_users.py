"""The database's users, made in a real Postgres by a master who is no superuser, as RDS's is not."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import psycopg
import pytest
from psycopg import errors

from deploy.aws.machines.database_users import ensure_users
from deploy.aws.machines.report_metrics import count_failed_runs
from tarmac.tables.published import PUBLISHED
from tarmac.warehouse.embedded import embedded_server

PASSWORDS = {"tarmac": "t1", "tarmac_dashboards": "d1", "superset": "s1"}
Connect = Callable[[str | None, str], AbstractContextManager[psycopg.Connection]]

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The socket's folder of a Postgres whose users need their passwords."""
    home = tmp_path_factory.mktemp("users")
    with embedded_server(home) as url:
        parts = urlsplit(url)
        folder = parse_qs(parts.query)["host"][0]
        with psycopg.connect(url, autocommit=True) as root:
            root.execute("CREATE ROLE master LOGIN CREATEDB CREATEROLE PASSWORD 'm'")
            _ask_for_passwords(root, Path(root.execute("SHOW hba_file").fetchone()[0]))
            yield folder


def _ask_for_passwords(root: psycopg.Connection, hba: Path) -> None:
    hba.write_text("local all postgres trust\nlocal all all scram-sha-256\n", encoding="utf-8")
    root.execute("SELECT pg_reload_conf()")


@pytest.fixture(scope="module")
def connect(folder: str) -> Connect:
    def to(user: str | None, database: str) -> psycopg.Connection:
        name, password = ("master", "m") if user is None else (user, PASSWORDS[user])
        return psycopg.connect(host=folder, user=name, password=password, dbname=database, autocommit=True)

    return to


@pytest.fixture(scope="module")
def made(connect: Connect) -> Connect:
    """Twice: the second time finds all of it."""
    ensure_users(connect, PASSWORDS)
    ensure_users(connect, PASSWORDS)
    return connect


def test_tarmac_owns_the_tables_of_results(made):
    """So that a new release of Tarmac can migrate them."""
    with made("tarmac", "tarmac") as connection:
        owners = connection.execute("SELECT DISTINCT tableowner FROM pg_tables WHERE schemaname = 'public'").fetchall()
        assert owners == [("tarmac",)]
        connection.execute(f"ALTER TABLE {PUBLISHED.name} ADD COLUMN later int")
        connection.execute(f"ALTER TABLE {PUBLISHED.name} DROP COLUMN later")


def test_the_dashboards_user_reads_results_and_writes_nothing(made):
    with made("tarmac_dashboards", "tarmac") as connection:
        assert connection.execute(f"SELECT count(*) FROM {PUBLISHED.name}").fetchone() == (0,)
        connection.execute("SET default_transaction_read_only = off")
        with pytest.raises(errors.InsufficientPrivilege):
            connection.execute(f"DELETE FROM {PUBLISHED.name}")
        with pytest.raises(errors.InsufficientPrivilege):
            connection.execute("CREATE TABLE mine (x int)")


def test_superset_owns_its_own_database(made):
    with made("superset", "superset") as connection:
        connection.execute("CREATE TABLE mine (x int)")
        connection.execute("DROP TABLE mine")


@pytest.mark.parametrize(("user", "database"), [("tarmac_dashboards", "superset"), ("superset", "tarmac")])
def test_nobody_looks_into_anothers_database(made, user, database):
    with pytest.raises(psycopg.OperationalError, match="permission denied for database"):
        made(user, database)


def test_no_user_is_more_than_a_user(made):
    with made(None, "postgres") as connection:
        powerful = connection.execute(
            "SELECT rolname FROM pg_roles WHERE rolname = ANY(%s) "
            "AND (rolsuper OR rolcreaterole OR rolcreatedb OR rolreplication)",
            [list(PASSWORDS)],
        ).fetchall()
        assert powerful == []


def test_a_changed_password_is_taken_up(made, folder, monkeypatch):
    """Put a new one into its secret, run again: the new one opens, the old one no more."""
    monkeypatch.setitem(PASSWORDS, "superset", "s2")
    ensure_users(made, PASSWORDS)
    made("superset", "superset").close()
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(host=folder, user="superset", password="s1", dbname="superset")
    monkeypatch.undo()
    ensure_users(made, PASSWORDS)


def test_failed_runs_are_those_of_the_last_minutes(made, folder):
    """Counted in a table like Airflow's own."""
    with made("superset", "superset") as connection:
        connection.execute("CREATE TABLE dag_run (state text, end_date timestamptz)")
        connection.execute(
            "INSERT INTO dag_run VALUES ('failed', now() - interval '2 minutes'), ('failed', now() - interval '1 hour'), "
            "('success', now()), ('failed', NULL)"
        )
        assert count_failed_runs(f"postgresql://superset:s1@/superset?host={folder}") == 1
        connection.execute("DROP TABLE dag_run")
