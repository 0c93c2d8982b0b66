"""What a user is told when Postgres fails, and that the next run heals it."""

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest

from tarmac.errors import InputError, SystemFailure
from tarmac.warehouse.load import LoadCounts, load_year
from tarmac.warehouse.postgres import open_warehouse, read_published
from tests.support.databases import to_database
from tests.support.warehouse_rows import events, published, scores

ROWS = {"published": published({"origin": "JFK"}), "scores": scores({"origin": "JFK"}), "events": events()}


def load(url: str) -> dict[str, LoadCounts]:
    with open_warehouse(url, Path()) as connection:
        return load_year(connection, 2009, **ROWS)


def wait_for(condition: Callable[[], bool]) -> None:
    limit = time.monotonic() + 120
    while not condition():
        assert time.monotonic() < limit, "waited in vain"
        time.sleep(0.01)


@contextmanager
def held_half_way(warehouse: psycopg.Connection) -> Iterator[None]:
    """Hold a lock that stops a load after its published rows and before its scores."""
    with warehouse.transaction():
        warehouse.execute("LOCK TABLE anomaly_scores IN EXCLUSIVE MODE")
        yield


def waiting(warehouse: psycopg.Connection) -> list[int]:
    query = """
        SELECT pid FROM pg_stat_activity
        WHERE datname = current_database() AND wait_event_type = 'Lock' AND wait_event = 'relation'
    """
    # Within a transaction the view stays as it was first seen.
    warehouse.execute("SELECT pg_stat_clear_snapshot()")
    return [row[0] for row in warehouse.execute(query)]


def test_a_connection_cut_in_the_middle_of_a_load_is_rolled_back_and_the_next_run_heals_it(
    warehouse: psycopg.Connection, warehouse_url: str
) -> None:
    """Nothing of the half that was written can be seen, before or after."""
    with ThreadPoolExecutor() as threads:
        with held_half_way(warehouse):
            loading = threads.submit(load, warehouse_url)
            wait_for(lambda: bool(waiting(warehouse)))
            assert read_published(warehouse, range(2009, 2010)).height == 0
            warehouse.execute("SELECT pg_terminate_backend(%s)", waiting(warehouse))
        with pytest.raises(SystemFailure, match=r"Loading 2009 .*rolled back.*run the same command again"):
            loading.result()
    assert read_published(warehouse, range(2009, 2010)).height == 0
    assert load(warehouse_url)["agg_dep_delay_by_date"] == LoadCounts(inserted=1)


def test_a_statement_timeout_names_the_servers_setting(warehouse: psycopg.Connection, warehouse_url: str) -> None:
    """And leaves nothing."""
    with held_half_way(warehouse), pytest.raises(SystemFailure, match=r"statement timeout.*statement_timeout"):
        load(f"{warehouse_url}&options=-c%20statement_timeout%3D200")
    assert read_published(warehouse, range(2009, 2010)).height == 0


def test_rows_that_break_the_schema_leave_nothing(warehouse: psycopg.Connection, warehouse_url: str) -> None:
    """A null where the table allows none: the published rows before it are rolled back too."""
    broken = ROWS | {"scores": scores({"origin": "JFK", "flag": None})}
    with open_warehouse(warehouse_url, Path()) as connection, pytest.raises(SystemFailure, match=r"flag.*Fix what"):
        load_year(connection, 2009, **broken)
    assert read_published(warehouse, range(2009, 2010)).height == 0


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("postgresql://me:secret@127.0.0.1:1/flights", r"'flights' at 127.0.0.1:1 as user 'me'.*refused"),
        ("postgresql://me:secret@no-such-host.invalid/flights", r"'flights' at no-such-host.invalid:5432"),
    ],
)
def test_a_server_that_is_down_is_named_without_its_password(url: str, reason: str) -> None:
    """Host, database, user and reason."""
    with pytest.raises(SystemFailure, match=rf"(?s)Reaching database {reason}.*run the same") as told:
        load(url)
    assert "secret" not in str(told.value)


def test_an_unknown_database_is_named(postgres_url: str) -> None:
    """Postgres's reason is kept."""
    with pytest.raises(SystemFailure, match='database "nowhere" does not exist'):
        load(to_database(postgres_url, "nowhere"))


def test_a_wrong_password_is_told_and_not_shown(postgres_url: str) -> None:
    """The server asks this one user for a password."""
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute("CREATE ROLE guarded LOGIN PASSWORD 'right'")
        rules = Path(connection.execute("SHOW hba_file").fetchone()[0])  # type: ignore[index]
        rules.write_text("local all guarded scram-sha-256\n" + rules.read_text())
        loaded = connection.execute("SELECT pg_conf_load_time(), pg_reload_conf()").fetchone()
        wait_for(lambda: connection.execute("SELECT pg_conf_load_time(), true").fetchone() != loaded)
    with pytest.raises(SystemFailure, match="password authentication failed") as told:
        load(to_database(postgres_url, "postgres", user="guarded:wrong-secret"))
    assert "wrong-secret" not in str(told.value)


@pytest.mark.parametrize(
    "url",
    [
        "mysql://me:secret@host/db",
        "me:secret@host",
        "/var/lib/secret.db",
        "postgresql://me:secret@host:port/db",
        "postgresql://me:se@cret/%zz@host/db",
        "postgresql://host/db?password=secret&colour=red",
        "",
    ],
)
def test_what_is_no_postgres_url_is_for_the_user_to_fix(url: str) -> None:
    """Exit code 2, and no password even of a URL that cannot be read."""
    with pytest.raises(InputError, match="--warehouse") as told:
        load(url)
    assert "secret" not in str(told.value).replace("/var/lib/secret.db", "")
    assert "cret" not in str(told.value).replace("/var/lib/secret.db", "")
