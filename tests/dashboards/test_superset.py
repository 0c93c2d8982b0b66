"""Superset as it is set up: who may do what, what SQL Lab can reach, and that a second import changes nothing."""

import os
import subprocess
from pathlib import Path
from typing import Any

import psycopg
import pytest
import requests
from psycopg import sql

from tarmac.warehouse.embedded import embedded_server
from tests.support.machine import ROOT, need_environment
from tests.support.superset_api import User

pytestmark = pytest.mark.slow

# Records of what happened, not of how things are; and dashboard_slices' ids, which each import gives anew.
HAPPENED = {"logs", "query", "cache_keys", "key_value", "tab_state", "table_schema", "keyvalue", "ab_user"}


def test_the_analyst_sees_the_dashboards_and_the_warehouse(analyst: User) -> None:
    """And no other database."""
    pages = {page["slug"]: page["dashboard_title"] for page in analyst.get("/api/v1/dashboard/")["result"]}
    assert pages == {
        "delays": "US departure delays",
        "retrasos": "Retrasos de salida en EE. UU.",
        "disruptions": "Disruptions",
        "carriers": "Carriers",
        "airports": "Airports",
    }
    assert [database["database_name"] for database in analyst.get("/api/v1/database/")["result"]] == [
        "Tarmac warehouse"
    ]


def test_sql_lab_answers_at_once_and_by_the_queue(analyst: User, owner: psycopg.Connection) -> None:
    """A long query waits in a worker, not in a request."""
    wanted = owner.execute("SELECT count(*) FROM anomaly_scores").fetchone()[0]
    query = "SELECT count(*) AS rows FROM anomaly_scores"
    assert analyst.sql_lab(query)["data"] == [{"rows": wanted}]
    assert analyst.sql_lab_later(query)["data"] == [{"rows": wanted}]


def test_sql_lab_lists_the_warehouses_tables(analyst: User) -> None:
    """What the reference's Superset answered with 504."""
    database = analyst.get("/api/v1/database/")["result"][0]["id"]
    schemas = analyst.get(f"/api/v1/database/{database}/schemas/")["result"]
    tables = analyst.get(f"/api/v1/database/{database}/tables/?q=(schema_name:public)")["result"]
    assert "public" in schemas
    wanted = {
        "agg_dep_delay_by_date",
        "anomaly_scores",
        "carrier_days",
        "disruption_events",
        "disruption_parts",
        "airports",
    }
    assert wanted <= {t["value"] for t in tables}


@pytest.mark.parametrize(
    "statement",
    [
        "INSERT INTO airports (origin) VALUES ('XXX')",
        "DROP TABLE airports",
        "SELECT * FROM load_fingerprints",
        "SELECT rolpassword FROM pg_catalog.pg_authid",
        "SELECT pg_read_file('/etc/passwd')",
        "SELECT * FROM pg_ls_dir('/')",
        "SET default_transaction_read_only = off; DELETE FROM airports",
        "COPY airports TO PROGRAM 'cat'",
        "SELECT * FROM dashboards",
        "SELECT * FROM ab_user",
    ],
)
def test_sql_lab_neither_writes_nor_reads_what_is_not_the_warehouses(
    analyst: User, owner: psycopg.Connection, statement: str
) -> None:
    """Superset's own tables, files and passwords are out of reach; the reason is told."""
    before = owner.execute("SELECT count(*) FROM airports").fetchone()
    answer = analyst.sql_lab(statement)
    assert "data" not in answer
    assert answer["errors"][0]["message"]
    assert owner.execute("SELECT count(*) FROM airports").fetchone() == before


def test_a_query_has_the_warehouses_time_limit(analyst: User) -> None:
    """From deploy/timeouts.env, in every session that Superset opens."""
    limits = dict(
        line.split("=")
        for line in (ROOT / "deploy" / "timeouts.env").read_text().splitlines()
        if not line.startswith("#")
    )
    shown = analyst.sql_lab(
        "SELECT setting::int / 1000 AS seconds FROM pg_catalog.pg_settings WHERE name = 'statement_timeout'"
    )
    if "data" not in shown:  # pg_settings is on Superset's list of forbidden tables
        shown = analyst.sql_lab("SHOW statement_timeout")
    text = str(next(iter(shown["data"][0].values())))
    assert text in {
        limits["WAREHOUSE_STATEMENT_TIMEOUT"],
        f"{int(limits['WAREHOUSE_STATEMENT_TIMEOUT']) // 60}min 40s",
        "100s",
    }


def test_what_a_reader_chooses_is_text_in_the_query(analyst: User, owner: psycopg.Connection) -> None:
    """A filter's value is quoted, whatever it is: it finds the disruptions of that carrier and airport, and does nothing else."""
    hostile = ["'); DROP TABLE airports; --", "{{ 1/0 }} %s %(x)s", "O'Hare \\\\ \"", "AA"]
    before = owner.execute("SELECT count(*) FROM airports").fetchone()
    of_aa = "SELECT count(*) FROM disruption_events WHERE 'AA' = ANY (string_to_array(carriers, ','))"
    at_ord = "SELECT count(*) FROM disruption_events WHERE 'ORD' = ANY (string_to_array(origins, ','))"
    for column, values, query in (("carrier", hostile, of_aa), ("origin", [*hostile[:3], "ORD"], at_ord)):
        found = _count(analyst, "disruption_events", [{"col": column, "op": "IN", "val": values}])
        assert found == owner.execute(query).fetchone()[0], column
        _count(analyst, "disruption_parts", [{"col": column, "op": "IN", "val": values}])
    assert owner.execute("SELECT count(*) FROM airports").fetchone() == before


def _count(user: User, dataset: str, filters: list[dict[str, Any]]) -> int:
    """The rows of a dataset that a dashboard's filters leave."""
    (number,) = (each["id"] for each in user.get("/api/v1/dataset/")["result"] if each["table_name"] == dataset)
    query = {"metrics": ["count"], "columns": [], "filters": filters, "row_limit": 10}
    form = {"datasource": f"{number}__table", "viz_type": "big_number_total"}
    given = {"datasource": {"id": number, "type": "table"}, "queries": [query], "form_data": form, "force": True}
    (result,) = user.send("/api/v1/chart/data", given)["result"]
    assert result["error"] is None
    return int(result["data"][0]["count"])


def test_the_analyst_cannot_change_how_superset_is_set_up(analyst: User) -> None:
    """Not the connection, not users, not dashboards."""
    database = analyst.get("/api/v1/database/")["result"][0]["id"]
    analyst.send(f"/api/v1/database/{database}", {"allow_dml": True}, method="PUT", status=403)
    analyst.get("/api/v1/security/users/", status=403)
    page = analyst.get("/api/v1/dashboard/")["result"][0]["id"]
    analyst.send(f"/api/v1/dashboard/{page}", {"dashboard_title": "Mine"}, method="PUT", status=403)


def test_nobody_enters_without_a_password(superset: Any) -> None:
    """There are no default ones, and nothing is public."""
    for name, password in (("admin", "admin"), ("admin", "general"), ("analyst", "")):
        given = {"username": name, "password": password, "provider": "db"}
        headers = {"X-Forwarded-For": "198.51.100.1"}
        answer = requests.post(f"{superset.address}/api/v1/security/login", json=given, headers=headers, timeout=60)
        assert answer.status_code in {400, 401}
    pages = requests.get(f"{superset.address}/api/v1/dashboard/", timeout=60)
    assert pages.status_code == 401 or pages.json()["count"] == 0


def test_a_change_needs_a_csrf_token(admin: User) -> None:
    """A page elsewhere cannot make a browser post for its user."""
    headers = {name: value for name, value in admin.session.headers.items() if name != "X-CSRFToken"}
    answer = requests.post(
        f"{admin.address}/api/v1/dashboard/",
        json={"dashboard_title": "forged"},
        headers=headers,
        cookies=admin.session.cookies,
        timeout=60,
    )
    assert answer.status_code == 400
    assert "CSRF" in answer.text


def test_wrong_passwords_are_slowed(superset: Any) -> None:
    """After ten in a minute from one address, whatever the proxy's limit; another address is still heard."""

    def attempt(address: str, times: int) -> list[int]:
        session = requests.Session()
        session.headers["X-Forwarded-For"] = address
        page = session.get(f"{superset.address}/login/", timeout=60).text
        token = page.partition('name="csrf_token"')[2].partition('value="')[2].partition('"')[0]
        form = {"username": "admin", "password": "wrong", "csrf_token": token}
        asked = (
            session.post(f"{superset.address}/login/", form, allow_redirects=False, timeout=60) for _ in range(times)
        )
        return [answer.status_code for answer in asked]

    answers = attempt("203.0.113.7", 12)
    assert answers[0] == 302
    assert answers[-1] == 429
    assert attempt("203.0.113.8", 1) == [302]


def test_wrong_passwords_are_slowed_for_programs_too(superset: Any) -> None:
    """The API's log-in is as open to guesses as the form."""
    given = {"username": "admin", "password": "wrong", "provider": "db"}
    headers = {"X-Forwarded-For": "203.0.113.9"}
    address = f"{superset.address}/api/v1/security/login"
    answers = [requests.post(address, json=given, headers=headers, timeout=60).status_code for _ in range(12)]
    assert answers[0] == 401
    assert answers[-1] == 429


def test_pages_carry_the_security_headers(superset: Any) -> None:
    """The content policy names no foreign host and allows no inline script."""
    headers = requests.get(f"{superset.address}/login/", timeout=60).headers
    policy = headers["Content-Security-Policy"]
    assert "http" not in policy
    assert "unsafe-eval" not in policy
    assert "'unsafe-inline'" not in policy.partition("script-src")[2].partition(";")[0]
    assert headers["X-Frame-Options"] == "SAMEORIGIN"
    assert headers["X-Content-Type-Options"] == "nosniff"


def test_preparing_again_changes_nothing(superset: Any) -> None:
    """Every row of every metadata table stays as it was, the dates of change among them."""
    # What other tests made in this Superset, databases among it, has its permissions then.
    superset.prepare()
    with embedded_server(superset.folder) as url, psycopg.connect(url, autocommit=True) as metadata:
        before = _rows(metadata)
        assert before["dashboards"]
        superset.prepare()
        assert _rows(metadata) == before


def _rows(metadata: psycopg.Connection) -> dict[str, list[str]]:
    query = "SELECT tablename FROM pg_tables WHERE schemaname = 'public'"
    names = {row[0] for row in metadata.execute(query)} - HAPPENED
    found = {}
    for name in sorted(names):
        row = "dashboard_id::text || '-' || slice_id" if name == "dashboard_slices" else "to_jsonb(stored)::text"
        statement = sql.SQL("SELECT {} FROM {} AS stored ORDER BY 1").format(sql.SQL(row), sql.Identifier(name))
        found[name] = [row[0] for row in metadata.execute(statement)]
    return found


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"SUPERSET_SECRET_KEY": ""}, "SUPERSET_SECRET_KEY is not set"),
        ({"SUPERSET_SECRET_KEY": "short"}, "has 5 characters, and 32 are the least"),
        ({"SUPERSET_METADATA_URL": ""}, "SUPERSET_METADATA_URL is not set"),
        ({"SUPERSET_REDIS_URL": ""}, "SUPERSET_REDIS_URL is not set"),
        ({"SUPERSET_REDIS_URL": "memcached://here"}, "begins with 'memcached'. Known: unix, redis, rediss"),
        ({"WAREHOUSE_STATEMENT_TIMEOUT": ""}, "WAREHOUSE_STATEMENT_TIMEOUT is not set"),
    ],
)
def test_superset_does_not_start_without_its_settings(change: dict[str, str], told: str) -> None:
    """The message says which, what it is and where to set it."""
    given = {
        "SUPERSET_SECRET_KEY": "k" * 42,
        "SUPERSET_METADATA_URL": "postgresql://x@y/z",
        "SUPERSET_REDIS_URL": "unix:///x",
    }
    limits = {
        line.partition("=")[0]: "9"
        for line in (ROOT / "deploy" / "timeouts.env").read_text().splitlines()
        if "=" in line
    }
    done = subprocess.run(
        [need_environment(".venv-superset", "python"), "-c", "import superset_config"],
        cwd=ROOT / "deploy" / "superset",
        env=os.environ | limits | given | change,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert told in done.stderr
    assert "Traceback" not in done.stderr


def test_no_process_is_started_without_its_environment(tmp_path: Path) -> None:
    """start.sh says what to install."""
    start = ROOT / "deploy" / "superset" / "start.sh"
    missing = subprocess.run(
        [start, "web"], env={"SUPERSET_BIN": str(tmp_path)}, capture_output=True, text=True, check=False
    )
    assert missing.returncode == 2
    assert "make .venv-superset/.ready" in missing.stderr


def test_an_unknown_process_is_refused() -> None:
    """The message lists those that there are."""
    need_environment(".venv-superset", "gunicorn")
    start = ROOT / "deploy" / "superset" / "start.sh"
    unknown = subprocess.run([start, "dance"], capture_output=True, text=True, check=False)
    assert unknown.returncode == 2
    assert "prepare | web | worker" in unknown.stderr
