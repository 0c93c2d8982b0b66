"""Whatever a server, a database, a role or a variable sets: the same rows are read and written."""

import datetime as dt
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import polars as pl
import psycopg
import pytest
from polars.testing import assert_frame_equal
from psycopg import sql

from tarmac.errors import SystemFailure
from tarmac.warehouse.load import LoadCounts, load_year
from tarmac.warehouse.migrations import migrate
from tarmac.warehouse.postgres import open_warehouse, read_published, record_run, warehouse_url
from tarmac.warehouse.query import run_query
from tarmac.warehouse.session import transaction
from tests.support.databases import fresh_database
from tests.support.warehouse_rows import events, published, run, scores

TABLE = "agg_dep_delay_by_date"

SETTINGS = {
    "DateStyle": "SQL, DMY",
    "IntervalStyle": "iso_8601",
    "TimeZone": "Pacific/Kiritimati",
    "extra_float_digits": "-15",
    "bytea_output": "escape",
    "client_encoding": "LATIN1",
    "search_path": "elsewhere",
    "standard_conforming_strings": "off",
    "default_transaction_read_only": "on",
    "default_transaction_isolation": "serializable",
    "default_transaction_deferrable": "on",
    "row_security": "off",
    "transform_null_equals": "on",
    "quote_all_identifiers": "on",
    "statement_timeout": "900",
    "lock_timeout": "900",
    "idle_in_transaction_session_timeout": "900",
    "transaction_timeout": "900",
    "xmlbinary": "hex",
    "enable_nestloop": "off",
    "client_min_messages": "debug5",
    "plan_cache_mode": "force_generic_plan",
}
"""Each with a value that is another than the one Tarmac works with."""

DAYS = [dt.date(2009, 1, day) for day in range(1, 13)]


def rows() -> dict[str, pl.DataFrame]:
    """Twelve days that are other days where day and month are exchanged, and numbers with all their digits."""
    given = [
        {"origin": "JFK", "fl_date": day, "expected": 1 / (3 + day.day), "detector": "ü", "lower": float("nan")}
        for day in DAYS
    ]
    return {"published": published(*given), "scores": scores({"origin": "JFK"}), "events": events()}


SEEN = """
    SELECT origin, fl_date, expected, detector, lower, last_update = last_update::text::timestamptz AS instant,
           fl_date::text AS date, '\\x01'::bytea AS bytes, interval '1 day 2:03' AS span, 'a\\nb' AS text,
           timestamptz '2009-01-02 03:04:05+00' AS moment, pi() AS pi, current_setting('TimeZone') AS zone
    FROM agg_dep_delay_by_date ORDER BY fl_date
"""


def see(url: str) -> tuple[pl.DataFrame, list[tuple[Any, ...]]]:
    """What the report reads, and what a query shows."""
    with open_warehouse(url, Path()) as connection:
        read = read_published(connection, range(2009, 2010))
    with run_query(url, Path(), SEEN) as result:
        return read, [tuple(map(repr, row)) for row in result.rows]


def to_setting(owner: psycopg.Connection, name: str, value: str) -> sql.Composed:
    """The statement that sets it for all later sessions of the database."""
    parts = (sql.Identifier(owner.info.dbname), sql.SQL(name), sql.Literal(value))  # type: ignore[arg-type]
    return sql.SQL("ALTER DATABASE {} SET {} = {}").format(*parts)


@pytest.fixture(scope="module")
def filled(postgres_url: str, migrated_database: str) -> Iterator[str]:
    """A database with the twelve days."""
    with fresh_database(postgres_url, migrated_database) as url:
        with open_warehouse(url, Path()) as connection:
            load_year(connection, 2009, **rows())
        yield url


@pytest.fixture(scope="module")
def seen(filled: str) -> tuple[pl.DataFrame, list[tuple[Any, ...]]]:
    """What is read where nothing was set."""
    return see(filled)


def check_same(url: str, seen: tuple[pl.DataFrame, list[tuple[Any, ...]]]) -> None:
    read, shown = see(url)
    assert_frame_equal(read, seen[0])
    assert shown == seen[1]
    with open_warehouse(url, Path()) as connection:
        assert load_year(connection, 2009, **rows())[TABLE] == LoadCounts(unchanged=12)
        record_run(connection, run(run_id="r2"))


@pytest.mark.parametrize("name", SETTINGS)
def test_a_setting_of_the_database_changes_nothing(
    filled: str, seen: tuple[pl.DataFrame, list[tuple[Any, ...]]], name: str
) -> None:
    """Neither what the report reads, nor what a query shows, nor whether a second load finds its rows unchanged."""
    with psycopg.connect(filled, autocommit=True) as owner:
        if not owner.execute("SELECT 1 FROM pg_settings WHERE name = %s", [name]).fetchone():
            pytest.skip(f"this Postgres has no setting {name}")
        database = sql.Identifier(owner.info.dbname)
        change = sql.SQL("ALTER DATABASE {} SET {} = {}")
        owner.execute(change.format(database, sql.SQL(name), sql.Literal(SETTINGS[name])))
    try:
        check_same(filled, seen)
    finally:
        with psycopg.connect(filled, options="-c default_transaction_read_only=off", autocommit=True) as owner:
            owner.execute(sql.SQL("ALTER DATABASE {} RESET ALL").format(sql.Identifier(owner.info.dbname)))


@pytest.mark.parametrize("name", SETTINGS)
def test_a_setting_in_pgoptions_changes_nothing(
    filled: str, seen: tuple[pl.DataFrame, list[tuple[Any, ...]]], name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As a shell's profile or a container may have it."""
    value = SETTINGS[name].replace(" ", "\\ ")
    monkeypatch.setenv("PGOPTIONS", f"-c {name}={value}")
    check_same(filled, seen)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PGDATESTYLE", "German, DMY"),
        ("PGTZ", "Asia/Kathmandu"),
        ("PGCLIENTENCODING", "LATIN1"),
        ("PGGEQO", "off"),
        ("PGDATESTYLE", "nonsense"),
        ("PGTZ", "No/Where"),
        ("PGCLIENTENCODING", "nonsense"),
        ("PGOPTIONS", "-c nonsense=1"),
    ],
)
def test_a_variable_of_libpq_changes_nothing(
    filled: str,
    seen: tuple[pl.DataFrame, list[tuple[Any, ...]]],
    name: str,
    value: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A wrong value neither: Tarmac says itself how it wants dates."""
    monkeypatch.setenv(name, value)
    check_same(filled, seen)


def test_settings_of_the_url_change_nothing_either(
    filled: str, seen: tuple[pl.DataFrame, list[tuple[Any, ...]]]
) -> None:
    """They would be for the user's own programs, too."""
    check_same(f"{filled}&options=-c%20datestyle%3DSQL%20-c%20TimeZone%3DAsia/Tokyo&client_encoding=LATIN1", seen)


def test_all_settings_at_once_hold_for_the_first_load_of_an_empty_database(
    empty_url: str, seen: tuple[pl.DataFrame, list[tuple[Any, ...]]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The tables are made where they are looked for later, and the rows are the same."""
    with psycopg.connect(empty_url, autocommit=True) as owner:
        for name, value in SETTINGS.items():
            if owner.execute("SELECT 1 FROM pg_settings WHERE name = %s", [name]).fetchone():
                owner.execute(to_setting(owner, name, value))
    with open_warehouse(empty_url, Path()) as connection:
        counts = load_year(connection, 2009, **rows())
        record_run(connection, run())
    assert counts[TABLE] == LoadCounts(inserted=12)
    read, shown = see(empty_url)
    assert_frame_equal(read.drop("last_update"), seen[0].drop("last_update"))
    assert shown == seen[1]
    monkeypatch.setenv("PGOPTIONS", "-c default_transaction_read_only=off")
    with psycopg.connect(empty_url) as plain:
        assert plain.execute("SELECT schemaname FROM pg_tables WHERE tablename = %s", [TABLE]).fetchone() == ("public",)


def test_a_timeout_does_not_end_what_takes_longer(filled: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A load of a year may; each of the four would end it."""
    names = ("statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout", "transaction_timeout")
    monkeypatch.setenv("PGOPTIONS", " ".join(f"-c {name}=300" for name in names[:3]))
    with psycopg.connect(filled, autocommit=True) as owner:
        owner.execute(to_setting(owner, names[3], "1s"))
        with open_warehouse(filled, Path()) as connection, transaction(connection) as cursor:
            cursor.execute("SELECT pg_sleep(0.6)")
            time.sleep(0.6)
            assert cursor.execute("SELECT 1").fetchone() == (1,)
        owner.execute(sql.SQL("ALTER DATABASE {} RESET ALL").format(sql.Identifier(owner.info.dbname)))


def test_a_search_path_of_the_url_is_where_the_tables_are(empty_url: str) -> None:
    """The one way to keep them in another schema; other programs' `airports` are then in nobody's way."""
    with psycopg.connect(empty_url) as owner:
        owner.execute("CREATE SCHEMA flights")
        owner.execute("CREATE TABLE airports (mine text)")
    url = f"{empty_url}&options=-c%20search_path%3Dflights"
    with open_warehouse(url, Path()) as connection:
        load_year(connection, 2009, **rows())
        assert read_published(connection, range(2009, 2010)).height == 12
    with psycopg.connect(empty_url) as owner:
        schemas = owner.execute("SELECT DISTINCT schemaname FROM pg_tables WHERE tablename = %s", [TABLE]).fetchall()
    assert schemas == [("flights",)]


def test_rows_that_a_policy_hides_are_an_error_and_not_a_smaller_report(filled: str) -> None:
    """As pg_dump has it: nobody would see that rows are missing."""
    with psycopg.connect(filled, autocommit=True) as owner:
        owner.execute("CREATE ROLE limited LOGIN")
        try:
            owner.execute("GRANT SELECT ON ALL TABLES IN SCHEMA public TO limited")
            owner.execute(f"ALTER TABLE {TABLE} ENABLE ROW LEVEL SECURITY")
            url = filled.replace("//postgres@", "//limited@", 1)
            with open_warehouse(url, Path()) as connection, pytest.raises(SystemFailure, match="row-level security"):
                read_published(connection, range(2009, 2010))
            with run_query(url, Path(), f"SELECT count(*) FROM {TABLE}") as result:
                assert list(result.rows) == [(0,)]
        finally:
            owner.execute(f"ALTER TABLE {TABLE} DISABLE ROW LEVEL SECURITY")
            owner.execute("DROP OWNED BY limited")
            owner.execute("DROP ROLE limited")


HOSTILE = {
    "PGHOST": "no-such-host.invalid",
    "PGHOSTADDR": "203.0.113.1",
    "PGPORT": "6543",
    "PGDATABASE": "nowhere",
    "PGUSER": "nobody",
    "PGPASSWORD": "wrong",
    "PGPASSFILE": "/dev/null/none",
    "PGSERVICE": "missing",
    "PGSERVICEFILE": "/dev/null/none",
    "PGREQUIREPEER": "nobody",
    "PGREQUIREAUTH": "scram-sha-256",
    "PGCHANNELBINDING": "require",
    "PGTARGETSESSIONATTRS": "standby",
    "PGLOADBALANCEHOSTS": "nonsense",
    "PGOPTIONS": "-c nonsense=1",
    "PGSSLMODE": "verify-full",
    "PGSSLNEGOTIATION": "direct",
    "PGSSLROOTCERT": "/dev/null/none",
    "PGSSLCERTMODE": "require",
    "PGSSLMINPROTOCOLVERSION": "nonsense",
    "PGGSSENCMODE": "require",
    "PGCONNECT_TIMEOUT": "nonsense",
    "PGCLIENTENCODING": "nonsense",
    "PGDATESTYLE": "nonsense",
    "PGTZ": "No/Where",
    "PGAPPNAME": "ü" * 100,
    "PGMINPROTOCOLVERSION": "9.9",
    "PGDATA": "/nowhere",
    "PGSYSCONFDIR": "/nowhere",
    "PGLOCALEDIR": "/nowhere",
}
"""Variables of libpq and of the server, each with a value that would stop or mislead whoever heeds it."""


@pytest.fixture(scope="module")
def home() -> Iterator[Path]:
    """A project's folder with a running embedded warehouse."""
    with (
        tempfile.TemporaryDirectory(prefix="tarmac-test-") as folder,
        open_warehouse("embedded", Path(folder)) as connection,
    ):
        load_year(connection, 2009, **rows())
        yield Path(folder)


@pytest.mark.parametrize("name", HOSTILE)
def test_no_variable_touches_the_embedded_warehouse(home: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Found, loaded, read and asked, as without it."""
    monkeypatch.setenv(name, HOSTILE[name])
    with open_warehouse("embedded", home) as connection:
        assert load_year(connection, 2009, **rows())[TABLE] == LoadCounts(unchanged=12)
        assert read_published(connection, range(2009, 2010)).height == 12
        with run_query("embedded", home, "SELECT current_user, inet_server_port()") as result:
            assert list(result.rows) == [("tarmac_reader", None)]


def test_all_variables_at_once_do_not_touch_a_warehouse_that_is_made(monkeypatch: pytest.MonkeyPatch) -> None:
    """Postgres's own programs read some of them too; afterwards they are all there again."""
    for name, value in HOSTILE.items():
        monkeypatch.setenv(name, value)
    with (
        tempfile.TemporaryDirectory(prefix="tarmac-test-") as folder,
        open_warehouse("embedded", Path(folder)) as connection,
    ):
        migrate(connection)
        assert connection.execute("SHOW port").fetchone() == ("5432",)
    with monkeypatch.context() as without:
        for name in HOSTILE:
            without.delenv(name)  # KeyError where one was lost


def test_threads_that_connect_at_once_leave_the_environment_as_it_was(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A second one must not keep, as what to restore, what the first had hidden."""
    monkeypatch.setenv("PGPORT", "6543")

    def use(_: int) -> int:
        with open_warehouse("embedded", home) as connection:
            return read_published(connection, range(2009, 2010)).height

    with warehouse_url("embedded", home), ThreadPoolExecutor(8) as threads:
        assert list(threads.map(use, range(24))) == [12] * 24
    monkeypatch.delenv("PGPORT")
