"""`tarmac query`: one statement that reads, and nothing else, as the user and as the embedded server's superuser."""

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from tarmac.errors import InputError, SystemFailure
from tarmac.warehouse.load import load_year
from tarmac.warehouse.postgres import open_warehouse
from tarmac.warehouse.query import run_query
from tests.support.databases import fresh_database
from tests.support.warehouse_rows import published, scores


def ask(url: str, statement: str) -> tuple[tuple[str, ...], list[tuple[Any, ...]]]:
    with run_query(url, Path(), statement) as result:
        return result.columns, list(result.rows)


@pytest.fixture(scope="module")
def filled_url(postgres_url: str, migrated_database: str) -> Iterator[str]:
    """One database for all: no test here may change it."""
    with fresh_database(postgres_url, migrated_database) as url:
        with open_warehouse(url, Path()) as warehouse:
            load_year(warehouse, 2009, published=published({"origin": "JFK"}), scores=scores())
        yield url


@pytest.fixture
def warehouse(filled_url: str) -> Iterator[psycopg.Connection]:
    """Another session in that database."""
    with open_warehouse(filled_url, Path()) as connection:
        yield connection


def test_the_columns_and_rows_of_a_select(filled_url: str) -> None:
    """A % in the text is a % and no placeholder."""
    found = ask(filled_url, "SELECT origin, '100%s' AS share FROM agg_dep_delay_by_date;")
    assert found == (("origin", "share"), [("JFK", "100%s")])


def test_a_result_without_rows_still_has_its_columns(filled_url: str) -> None:
    """A table of no rows has a head."""
    assert ask(filled_url, "SELECT origin, 1 AS one FROM agg_dep_delay_by_date WHERE false") == (("origin", "one"), [])


def test_many_rows_arrive_in_parts(filled_url: str) -> None:
    """None is lost between two parts."""
    _, rows = ask(filled_url, "SELECT n FROM generate_series(1, 2500) AS n")
    assert [row[0] for row in rows] == list(range(1, 2501))


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("date 'infinity'", "infinity"),
        ("date '-infinity'", "-infinity"),
        ("date '0044-03-15 BC'", "0044-03-15 BC"),
        ("date '10000-01-01'", "10000-01-01"),
        ("timestamp 'infinity'", "infinity"),
        ("timestamp '0001-12-31 23:59:59.5 BC'", "0001-12-31 23:59:59.5 BC"),
        ("timestamptz '-infinity'", "-infinity"),
        ("timestamptz '294276-12-31 00:00+00'", "294276-12-31 00:00:00+00"),
        ("time '24:00'", "24:00:00"),
        ("timetz '24:00-05'", "24:00:00-05"),
        ("interval '178000000 years'", "178000000 years"),
        ("interval '1 month'", "1 mon"),
        ("interval '-1 day 02:03'", "-1 days +02:03:00"),
        ("ARRAY[date 'infinity', date '2009-01-02']", "['infinity', datetime.date(2009, 1, 2)]"),
        ("daterange('2009-01-02', 'infinity')", "[2009-01-02,infinity)"),
        ("ROW(1, date 'infinity')", "(1,infinity)"),
        ("bytea '\\x01ff'", "\\x01ff"),
        ("'Infinity'::numeric", "Infinity"),
        ("timestamptz '2009-01-02 03:04:05+05'", "2009-01-01 22:04:05+00:00"),
        ("date '2009-01-02'", "2009-01-02"),
    ],
)
def test_every_value_of_postgres_is_shown(filled_url: str, value: str, shown: str) -> None:
    """Python's dates end in the year 9999 and begin in the year 1; Postgres's do not."""
    assert [str(each) for row in ask(filled_url, f"SELECT {value}")[1] for each in row] == [shown]


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM agg_dep_delay_by_date",
        "COMMIT; DROP TABLE agg_dep_delay_by_date",
        "SELECT 1; DELETE FROM agg_dep_delay_by_date",
        "SET TRANSACTION READ WRITE",
        "COMMIT",
        "RESET ROLE",
        "SET SESSION CHARACTERISTICS AS TRANSACTION READ WRITE",
        "WITH gone AS (DELETE FROM agg_dep_delay_by_date RETURNING 1) SELECT * FROM gone",
        "SELECT set_config('transaction_read_only', 'off', false)",
        "DO $$ BEGIN COMMIT; DELETE FROM agg_dep_delay_by_date; END $$",
        "COPY (SELECT 1) TO PROGRAM 'touch /tmp/tarmac-was-here'",
        "COPY (SELECT 1) TO '/tmp/tarmac-was-here'",
        "COPY agg_dep_delay_by_date FROM '/dev/null'",
        "COPY (SELECT 1) TO STDOUT",
        "SELECT pg_read_file('/etc/passwd')",
        "SELECT lo_import('/etc/passwd')",
        "SELECT lo_create(0)",
        "CREATE TEMPORARY TABLE mine (n integer)",
        "EXPLAIN ANALYZE DELETE FROM agg_dep_delay_by_date",
        "VACUUM",
        "-- nothing",
        " ",
        "SELECT '\0'",
    ],
)
def test_whatever_writes_or_is_no_single_select_is_refused(filled_url: str, statement: str) -> None:
    """With exit code 2, and the row is still there."""
    with pytest.raises(InputError):
        ask(filled_url, statement)
    assert ask(filled_url, "SELECT count(*) FROM agg_dep_delay_by_date")[1] == [(1,)]
    assert not Path("/tmp/tarmac-was-here").exists()


def test_another_session_cannot_be_ended_through_a_query(filled_url: str, warehouse: psycopg.Connection) -> None:
    """Not even by a URL of a superuser."""
    with pytest.raises(InputError, match="only reads"):
        ask(filled_url, f"SELECT pg_terminate_backend({warehouse.info.backend_pid})")
    assert warehouse.execute("SELECT 1").fetchone() == (1,)


@pytest.mark.parametrize(
    ("statement", "message"),
    [
        ("SELECT *\n FRO agg_dep_delay_by_date", r'line 2, column 2: syntax error at or near "FRO"'),
        ("SELECT 'é', origen FROM agg_dep_delay_by_date", r'line 1, column 13: column "origen".*Perhaps you meant'),
        ("SELECT * FROM flights", r'relation "flights" does not exist\. Known tables: agg_dep_delay_by_date, '),
        ("SELECT 1 / (2000 - n) FROM generate_series(1, 3000) AS n", "division by zero"),
        ("SELECT '\udce9'", "invalid byte sequence"),
    ],
)
def test_wrong_sql_is_told_with_its_place_and_a_hint(filled_url: str, statement: str, message: str) -> None:
    """In rows that come later as well."""
    with pytest.raises(InputError, match=message):
        ask(filled_url, statement)


def test_an_empty_warehouse_says_how_to_fill_it(empty_url: str) -> None:
    """Rather than only that a table is missing."""
    with pytest.raises(InputError, match=r"still empty\. Fill it first: tarmac run"):
        ask(empty_url, "SELECT * FROM agg_dep_delay_by_date")


def test_an_embedded_warehouse_that_was_never_filled_is_not_made_by_a_query(tmp_path: Path) -> None:
    """Nothing is left in the folder."""
    with pytest.raises(InputError, match="still empty"), run_query("embedded", tmp_path, "SELECT 1"):
        pass
    assert not list(tmp_path.iterdir())


def test_a_cut_connection_is_no_mistake_of_the_users(filled_url: str, warehouse: psycopg.Connection) -> None:
    """Exit code 1, though rows had arrived."""
    with run_query(filled_url, Path(), "SELECT pg_backend_pid() FROM generate_series(1, 3000000)") as result:
        (session,) = next(result.rows)
        warehouse.execute("SELECT pg_terminate_backend(%s)", [session])
        with pytest.raises(SystemFailure, match="The query failed"):
            list(result.rows)


def test_the_embedded_warehouse_is_entered_as_a_reader_that_cannot_step_up() -> None:
    """As a superuser who stepped down, one statement could step up again and read files."""
    climb = (
        "SELECT set_config('role', 'postgres', true), "
        "query_to_xml($$SELECT pg_read_file('/etc/passwd')$$, true, false, '')"
    )
    with tempfile.TemporaryDirectory(prefix="tarmac-test-") as home:
        with open_warehouse("embedded", Path(home)) as connection:
            load_year(connection, 2009, published=published({"origin": "JFK"}), scores=scores())
            with run_query("embedded", Path(home), "SELECT origin, current_user FROM agg_dep_delay_by_date") as result:
                assert list(result.rows) == [("JFK", "tarmac_reader")]
        with pytest.raises(InputError, match="only reads"), run_query("embedded", Path(home), climb):
            pass
