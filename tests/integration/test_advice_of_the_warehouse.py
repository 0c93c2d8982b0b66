"""Advice that the warehouse gives, tried: each cause leads to its message, and what the message says cures it."""

import os
import re
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest

from tarmac.errors import InputError, SystemFailure, TarmacError
from tarmac.warehouse.load import load_year
from tarmac.warehouse.postgres import open_warehouse, read_published
from tests.support.databases import to_database
from tests.support.warehouse_rows import events, published, scores

ROWS = {"published": published({"origin": "JFK"}), "scores": scores({"origin": "JFK"}), "events": events()}
PAGE = Path(__file__).parents[2] / "docs/bad-input.md"

TABLE = "agg_dep_delay_by_date"


@dataclass(frozen=True, kw_only=True)
class Advice:
    """`cause` and `cure` are SQL of the database's owner; `says` is a part of the advice."""

    cause: str
    says: str
    cure: str
    name: str
    filled: bool = False
    """Whether the year was loaded before."""


PAIRS = [
    Advice(
        name="no permission to create tables",
        cause="SELECT 1",
        says="GRANT USAGE, CREATE ON SCHEMA public",
        cure="GRANT USAGE, CREATE ON SCHEMA public TO loader",
    ),
    Advice(
        name="no permission for the schema",
        cause="GRANT CREATE ON SCHEMA public TO loader; REVOKE USAGE ON SCHEMA public FROM PUBLIC",
        says="GRANT USAGE, CREATE ON SCHEMA",
        cure="GRANT USAGE, CREATE ON SCHEMA public TO loader",
    ),
    Advice(
        name="no permission for a table",
        cause="GRANT USAGE, CREATE ON SCHEMA public TO loader",
        says="GRANT SELECT, INSERT, UPDATE, DELETE ON",
        cure="GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO loader",
        filled=True,
    ),
    Advice(
        name="no permission for temporary tables",
        cause="TRUNCATE load_fingerprints; GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO loader; "
        "DO $$ BEGIN EXECUTE format('REVOKE TEMPORARY ON DATABASE %I FROM PUBLIC', current_database()); END $$",
        says="GRANT TEMPORARY ON DATABASE",
        cure="DO $$ BEGIN EXECUTE format('GRANT TEMPORARY ON DATABASE %I TO loader', current_database()); END $$",
        filled=True,
    ),
    Advice(
        name="another program's table airports",
        cause="GRANT ALL ON SCHEMA public TO loader; CREATE TABLE airports (iata text)",
        says="rename it, or name another database",
        cure="ALTER TABLE airports RENAME TO their_airports",
    ),
    Advice(
        name="a foreign table airports",
        cause="GRANT ALL ON SCHEMA public TO loader; CREATE FOREIGN DATA WRAPPER far; "
        "CREATE SERVER away FOREIGN DATA WRAPPER far; CREATE FOREIGN TABLE airports (iata text) SERVER away",
        says="rename it, or name another database",
        cure="ALTER FOREIGN TABLE airports RENAME TO their_airports",
    ),
    Advice(
        name="a view on a table of an older version",
        cause=f"GRANT ALL ON SCHEMA public TO loader; CREATE TABLE {TABLE} (id text, origin text, fl_date date, "
        f"mean_dep_delay real); ALTER TABLE {TABLE} OWNER TO loader; CREATE VIEW late AS SELECT mean_dep_delay FROM {TABLE}",
        says="Drop what Postgres names",
        cure="DROP VIEW late",
    ),
    Advice(
        name="a view instead of the table",
        cause=f"GRANT ALL ON SCHEMA public TO loader; CREATE VIEW {TABLE} AS SELECT ''::text AS id, ''::text AS origin, "
        f"current_date AS fl_date; ALTER VIEW {TABLE} OWNER TO loader",
        says="rename what Postgres names",
        cure=f"ALTER VIEW {TABLE} RENAME TO their_view",
    ),
    Advice(
        name="a table of an older version with another owner",
        cause=f"GRANT ALL ON SCHEMA public TO loader; CREATE TABLE {TABLE} (id text, origin text, fl_date date); "
        f"GRANT ALL ON {TABLE} TO loader",
        says="ALTER TABLE … OWNER TO",
        cure=f"ALTER TABLE {TABLE} OWNER TO loader",
    ),
    Advice(
        name="a policy that hides rows",
        cause=f"GRANT ALL ON ALL TABLES IN SCHEMA public TO loader; ALTER TABLE {TABLE} ENABLE ROW LEVEL SECURITY",
        says="BYPASSRLS",
        cure="ALTER ROLE loader BYPASSRLS",
        filled=True,
    ),
]


@pytest.fixture
def loader(postgres_url: str) -> Iterator[str]:
    """A user who may do nothing but log in."""
    with psycopg.connect(postgres_url, autocommit=True) as owner:
        owner.execute("CREATE ROLE loader LOGIN")
        yield "loader"
        owner.execute("DROP ROLE loader")


def load(url: str) -> None:
    with open_warehouse(url, Path()) as connection:
        load_year(connection, 2009, **ROWS)
        assert read_published(connection, range(2009, 2010)).height == 1


@pytest.mark.parametrize("pair", PAIRS, ids=lambda pair: pair.name)
def test_what_the_message_says_cures_the_cause(empty_url: str, postgres_url: str, loader: str, pair: Advice) -> None:
    """Nothing is half done before, and the same load succeeds after."""
    name = empty_url.partition("@/")[2].partition("?")[0]
    url = to_database(postgres_url, name, user=loader)
    with psycopg.connect(empty_url, autocommit=True) as owner:
        try:
            if pair.filled:
                load(empty_url)
            owner.execute(pair.cause)
            with pytest.raises(TarmacError) as told:
                load(url)
            assert pair.says in str(told.value)
            owner.execute(pair.cure)
            load(url)
        finally:
            owner.execute("DROP OWNED BY loader CASCADE")


@pytest.mark.parametrize(
    ("url", "says", "cured"),
    [
        ("postgresql://me:p@h/d?pgbouncer=true", "Remove pgbouncer=", "postgresql://me:p@h/d"),
        (
            "postgresql://me:p@h/d?schema=flights",
            "options=-c%20search_path",
            "postgresql://me:p@h/d?options=-c%20search_path%3Dx",
        ),
        ("postgresql://me@h/d?sslmodus=require&x=1", "Remove sslmodus=", "postgresql://me@h/d"),
        ("postgresql://me:se@cret/%zz@h/d", "percent-encoded", "postgresql://me:se%40cret%2F%25zz@h/d"),
    ],
)
def test_what_is_said_of_a_url_cures_it(url: str, says: str, cured: str) -> None:
    """And no part of a password is shown."""
    from tarmac.warehouse.urls import to_connection_url

    with pytest.raises(InputError) as told:
        to_connection_url(url)
    assert says in str(told.value)
    assert "secret" not in str(told.value).replace("***", "")
    to_connection_url(cured)


def test_data_that_others_may_read_are_closed_again() -> None:
    """A copy or a restored backup is often mode 755, with which Postgres does not start."""
    with tempfile.TemporaryDirectory(prefix="tarmac-test-") as folder:
        with open_warehouse("embedded", Path(folder)):
            pass
        data = Path(folder, "warehouse/data")
        data.chmod(0o755)
        with open_warehouse("embedded", Path(folder)) as connection:
            assert connection.execute("SELECT 1").fetchone() == (1,)
        assert data.stat().st_mode & 0o777 == 0o700


def test_a_data_folder_that_is_broken_is_made_anew_as_the_message_says() -> None:
    """The message names the folder to move away."""
    with tempfile.TemporaryDirectory(prefix="tarmac-test-") as folder:
        with open_warehouse("embedded", Path(folder)):
            pass
        data = Path(folder, "warehouse/data")
        (data / "global/pg_control").unlink()
        with (
            pytest.raises(SystemFailure, match=r"Move .*/warehouse/data away"),
            open_warehouse("embedded", Path(folder)),
        ):
            pass
        data.rename(Path(folder, "away"))
        with open_warehouse("embedded", Path(folder)) as connection:
            load_year(connection, 2009, **ROWS)


NAMES = [
    "flights",
    "Flights",
    "_airports",
    "tarmac_",
    "version",
    "a" * 51,
    "select",
    "fl_date",
    "airports_2",
    "x_versions",
]


def test_published_tables_of_any_names_stand_beside_each_other(empty_url: str) -> None:
    """Each is loaded, read and found unchanged, whichever was first."""
    with open_warehouse(empty_url, Path()) as connection:
        for name in NAMES:
            load_year(connection, 2009, **ROWS, published_table=name)
        for name in NAMES:
            assert read_published(connection, range(2009, 2010), published_table=name).height == 1
            assert not load_year(connection, 2009, **ROWS, published_table=name)[name].changed


@pytest.mark.parametrize(
    "name",
    ["tarmac", "TARMAC", "tarmac_version", "flights_version", "flights_fl_date", "airports_pkey", "x_version_pkc",
     "x_id_key", "pg_class", "incoming_agg_dep_delay_by_date", "airports", "carrier_days"],
)  # fmt: skip
def test_a_name_that_belongs_to_another_table_is_refused_before_anything_is_written(empty_url: str, name: str) -> None:
    """`tarmac_version` would have been the version of `tarmac` and of the shared tables."""
    with open_warehouse(empty_url, Path()) as connection:
        with pytest.raises(InputError, match=r"db_table .* (Use|Choose)"):
            load_year(connection, 2009, **ROWS, published_table=name)
        assert connection.execute(
            "SELECT count(*) FROM pg_class WHERE relnamespace = 'public'::regnamespace"
        ).fetchone() == (0,)


def test_the_page_of_bad_input_lists_the_advice() -> None:
    """docs/bad-input.md has each cause, advice and cure of `PAIRS`. To write them anew: TARMAC_WRITE_DOCS=1."""
    mark = "<!-- warehouse: made by tests/integration/test_advice_of_the_warehouse.py -->"
    lines = [f"| {pair.name} | … {pair.says} … | `{pair.cure}` |" for pair in PAIRS]
    made = "\n".join((mark, "| cause | the message advises | fixed by |\n|---|---|---|", *lines, "<!-- end -->"))
    page = PAGE.read_text(encoding="utf-8")
    if os.environ.get("TARMAC_WRITE_DOCS"):
        page = re.sub(f"{re.escape(mark)}.*?<!-- end -->", lambda _: made, page, flags=re.DOTALL)
        PAGE.write_text(page, encoding="utf-8")
    assert made in page
