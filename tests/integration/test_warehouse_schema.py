"""The migrations make exactly the tables that `tarmac.tables` describes, in an empty database and in an old one."""

from pathlib import Path

import psycopg
import pytest

from tarmac.errors import InputError, SystemFailure
from tarmac.tables.airports import AIRPORTS
from tarmac.tables.anomalies import ANOMALIES
from tarmac.tables.disruption_parts import DISRUPTION_PARTS
from tarmac.tables.events import EVENTS
from tarmac.tables.loads import LOADS
from tarmac.tables.published import CARRIER_DAYS, PUBLISHED
from tarmac.tables.runs import RUNS
from tarmac.tables.schema import POSTGRES_TYPES, Table
from tarmac.warehouse.load import LoadCounts, load_year
from tarmac.warehouse.migrations import migrate
from tarmac.warehouse.postgres import open_warehouse, read_published, record_run
from tests.support.databases import to_database
from tests.support.warehouse_rows import DAY, published, scores


def columns(warehouse: psycopg.Connection, table: str) -> list[tuple[str, str, bool]]:
    query = """
        SELECT attname, format_type(atttypid, atttypmod), NOT attnotnull FROM pg_attribute
        WHERE attrelid = %s::regclass AND attnum > 0 AND NOT attisdropped ORDER BY attnum
    """
    return warehouse.execute(query, [f'"{table}"']).fetchall()


def key(warehouse: psycopg.Connection, table: str) -> list[str]:
    query = """
        SELECT attname FROM pg_index, unnest(indkey) WITH ORDINALITY AS part (number, place), pg_attribute
        WHERE indrelid = %s::regclass AND indisprimary AND attrelid = indrelid AND attnum = number ORDER BY place
    """
    return [row[0] for row in warehouse.execute(query, [f'"{table}"'])]


@pytest.mark.parametrize(
    "table",
    [PUBLISHED, CARRIER_DAYS, ANOMALIES, EVENTS, DISRUPTION_PARTS, AIRPORTS, RUNS, LOADS],
    ids=lambda table: table.name,
)
def test_the_migrated_schema_is_the_records(warehouse: psycopg.Connection, table: Table) -> None:
    """Names, order, types, nullability and key: a column cannot be forgotten in either place."""
    described = [(column.name, POSTGRES_TYPES[column.kind], column.nullable) for column in table.columns]
    assert columns(warehouse, table.name) == described
    assert key(warehouse, table.name) == list(table.key)


@pytest.mark.parametrize("table", [PUBLISHED.name, CARRIER_DAYS.name, ANOMALIES.name])
def test_a_years_rows_are_found_by_an_index(warehouse: psycopg.Connection, table: str) -> None:
    """A load of one year must not read ten."""
    query = "SELECT count(*) FROM pg_indexes WHERE tablename = %s AND indexdef LIKE '%%(fl_date)'"
    assert warehouse.execute(query, [table]).fetchone() == (1,)


def test_a_table_of_the_reference_pipeline_is_taken_over_with_its_rows(empty_url: str) -> None:
    """Its columns get our types and ours are added; a year not loaded again stays, without made-up figures."""
    with open_warehouse(empty_url, Path()) as warehouse:
        warehouse.execute(
            "CREATE TABLE agg_dep_delay_by_date (id varchar(64) NOT NULL, origin varchar(3), fl_date date, "
            "mean_dep_delay double precision, anomaly_if boolean, anomaly_arima integer, last_update timestamp)"
        )
        for row_id, day in (("JFK20090102", DAY), ("JFK20080102", DAY.replace(year=2008))):
            row = [row_id, "JFK", day, 12.345, True, 1]
            warehouse.execute(
                "INSERT INTO agg_dep_delay_by_date VALUES (%s, %s, %s, %s, %s, %s, '2021-01-01 12:00')", row
            )
        rows = published({"origin": "JFK", "mean_dep_delay": 12.345, "anomaly_if": 1, "anomaly_arima": 1})
        counts = load_year(warehouse, 2009, published=rows, scores=scores())
        assert counts["agg_dep_delay_by_date"] == LoadCounts(updated=1)
        assert load_year(warehouse, 2009, published=rows, scores=scores())["agg_dep_delay_by_date"].changed == 0
        old, new = read_published(warehouse, range(2008, 2010)).iter_rows(named=True)
    assert (old["anomaly_if"], old["flights"]) == (1, None)
    assert old["last_update"].isoformat() == "2021-01-01T12:00:00+00:00"
    assert (new["anomaly_if"], new["flights"]) == (1, 10)


def test_a_table_of_that_name_that_is_something_else_is_left_alone(empty_url: str) -> None:
    """The message says what it lacks and what to choose."""
    with open_warehouse(empty_url, Path()) as warehouse:
        warehouse.execute("CREATE TABLE agg_dep_delay_by_date (origin text)")
        with pytest.raises(InputError, match=r"without fl_date, id, so .* db_table"):
            migrate(warehouse)
        assert warehouse.execute("SELECT to_regclass('tarmac_version')").fetchone() == (None,)
        assert warehouse.autocommit


def test_migrating_again_does_nothing(warehouse: psycopg.Connection) -> None:
    """Without a right to make tables, too."""
    migrate(warehouse)
    assert warehouse.execute("SELECT version_num FROM tarmac_version").fetchall() == [("shared_0005",)]


def test_another_programs_alembic_table_is_not_touched(empty_url: str) -> None:
    """Airflow's and Superset's databases hold an alembic_version of their own."""
    with open_warehouse(empty_url, Path()) as warehouse:
        warehouse.execute("CREATE TABLE alembic_version (version_num text)")
        warehouse.execute("INSERT INTO alembic_version VALUES ('theirs')")
        migrate(warehouse)
        assert warehouse.execute("SELECT version_num FROM alembic_version").fetchall() == [("theirs",)]


def test_a_user_who_may_not_make_tables_is_told_what_to_grant(postgres_url: str, empty_url: str) -> None:
    """Postgres's own words, and the way out."""
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute("CREATE ROLE visitor LOGIN")
    name = empty_url.partition("@/")[2].partition("?")[0]
    with open_warehouse(to_database(postgres_url, name, user="visitor"), Path()) as visitor:
        with pytest.raises(SystemFailure, match=r"permission denied for schema public.*GRANT USAGE, CREATE ON SCHEMA"):
            migrate(visitor)
        with pytest.raises(SystemFailure, match="permission denied"):
            record_run(visitor, {})


def test_a_runs_unknown_column_is_a_mistake_of_ours(warehouse: psycopg.Connection) -> None:
    """Not silently dropped."""
    with pytest.raises(ValueError, match="colour"):
        record_run(warehouse, {"colour": "red"})
