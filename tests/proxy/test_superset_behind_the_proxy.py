"""Superset as people and programs have it: through the proxy, also when the database is slow or silent."""

import json
import re
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import psycopg
import pytest
from playwright.sync_api import Browser, Error, Page, expect
from psycopg.conninfo import conninfo_to_dict

from tests.support.firewall import Firewall, open_firewall
from tests.support.nginx_server import ROOT, Site, most_log_ins_since, who_answers
from tests.support.superset_client import SupersetClient

pytestmark = pytest.mark.slow


@pytest.fixture(scope="session")
def reader_socket(dashboards_warehouse: str) -> Path:
    """The socket of a Postgres with a database that can be slow; SQL Lab knows pg_sleep and forbids it."""
    with psycopg.connect(dashboards_warehouse, autocommit=True) as owner:
        owner.execute("CREATE DATABASE slow")
    with psycopg.connect(dashboards_warehouse, dbname="slow", autocommit=True) as owner:
        owner.execute(
            "CREATE FUNCTION answer_after(seconds int) RETURNS int LANGUAGE sql AS 'SELECT 42 FROM pg_sleep(seconds)'"
        )
        owner.execute("CREATE TABLE answers AS SELECT 42 AS answer; GRANT SELECT ON answers TO tarmac_reader")
    return Path(str(conninfo_to_dict(dashboards_warehouse)["host"])) / ".s.PGSQL.5432"


@pytest.fixture(scope="session")
def admin(superset_sites: dict[str, Site], superset: Any) -> SupersetClient:
    """Whoever may add databases."""
    site = superset_sites["hosts"]
    return SupersetClient(site.proxy, site.superset, "admin", superset.passwords["admin"])


@pytest.fixture(scope="session", autouse=True)
def slow_queries(admin: SupersetClient, reader_socket: Path) -> Iterator[dict[int, Future[tuple[float, Any]]]]:
    """Two queries that wait in the database while the other tests go on: one within its limit, one beyond."""
    with ExitStack() as stack:
        firewall = stack.enter_context(open_firewall(reader_socket))
        database = admin.add_database("slow", _uri(firewall))
        # A process's first query alone: two at once race for Celery's making of the task, and one of them fails.
        assert admin.run(database, "SELECT answer_after(0)").status == 200
        threads = stack.enter_context(ThreadPoolExecutor())
        yield {
            seconds: threads.submit(_timed, admin.run, database, f"SELECT answer_after({seconds})")
            for seconds in (90, 600)
        }


def _uri(firewall: Firewall) -> str:
    return f"postgresql+psycopg2://tarmac_reader:none@127.0.0.1:{firewall.port}/slow"


def _timed(ask: Any, *arguments: Any) -> tuple[float, Any]:
    began = time.monotonic()
    answer = ask(*arguments)
    return time.monotonic() - began, answer


def _log_in(page: Page, site: Site, password: str) -> None:
    page.goto(f"{site.superset}/login/", timeout=120_000)
    page.locator("#username").fill("analyst")
    page.locator("#password").fill(password)
    page.locator("button[type=submit]").click()
    page.wait_for_url("**/superset/welcome/", timeout=120_000)


@pytest.mark.browser
@pytest.mark.parametrize("mode", [pytest.param("hosts", marks=pytest.mark.nightly), "paths"])
def test_people_log_in_and_see_a_dashboard_and_the_schemas(
    superset_sites: dict[str, Site], superset: Any, dashboards_warehouse: str, browser: Browser, mode: str
):
    """The numbers are the warehouse's; cookies travel over TLS alone, below Superset's path; nothing is fetched elsewhere."""
    site = superset_sites[mode]
    context = browser.new_context(ignore_https_errors=True, viewport={"width": 1440, "height": 900})
    page = context.new_page()
    page.set_default_timeout(120_000)
    answered: list[tuple[int, str]] = []
    told: list[str] = []
    page.on("response", lambda answer: answered.append((answer.status, answer.url)))
    page.on("requestfailed", lambda request: told.append(f"{request.url}: {request.failure}"))
    page.on("pageerror", lambda error: told.append(str(error)))
    try:
        _log_in(page, site, superset.passwords["analyst"])
    except Error as error:
        failed = [(status, url) for status, url in answered if status >= 400]
        shown = page.locator("body").inner_text()
        raise AssertionError(f"no log-in at {page.url}: {shown!r}; failed: {failed}; {told}; {answered}") from error
    # As a dashboard links to another: the path is added where Superset has one.
    host = site.superset.rpartition("/dashboards")[0] or site.superset
    page.goto(f"{host}/superset/dashboard/delays/")
    assert page.url.startswith(f"{site.superset}/superset/dashboard/delays/")
    with psycopg.connect(dashboards_warehouse) as owner:
        (days,) = owner.execute("SELECT count(*) FROM agg_dep_delay_by_date").fetchone() or (0,)
    # Whichever number is drawn first is the first for a while.
    expect(page.locator(".header-line").first).to_have_text(f"{days:,}", timeout=120_000)
    page.goto(f"{site.superset}/sqllab/?dbid=1&schema=public&sql=SELECT%201")
    page.get_by_text("information_schema").wait_for()
    cookies = context.cookies()
    assert [cookie["name"] for cookie in cookies] == ["session"]
    assert cookies[0]["secure"]
    assert cookies[0]["httpOnly"]
    assert {url for _, url in answered if not url.startswith((host, "data:", "blob:"))} == set()
    assert [url for status, url in answered if status >= 400 and "/validate_sql/" not in url] == []
    context.close()


@pytest.mark.parametrize("silence", ["drop_packets", "stop_answering"])
def test_a_database_that_falls_silent_is_told_within_ten_seconds(
    admin: SupersetClient, reader_socket: Path, silence: str
):
    """Not a 504: the one who asks the database gives up first, and says so in words."""
    with open_firewall(reader_socket) as firewall:
        database = admin.add_database(silence, _uri(firewall))
        made = {"database": database, "schema": "public", "table_name": "answers"}
        dataset = admin.told("POST", "/api/v1/dataset/", made)["id"]
        query = {"columns": ["answer"], "metrics": [], "row_limit": 10}
        chart = {"datasource": {"id": dataset, "type": "table"}, "queries": [query], "force": True}
        assert admin.told("POST", "/api/v1/chart/data", chart)["result"][0]["data"] == [{"answer": 42}]
        getattr(firewall, silence)()
        asked = {
            "There was an error connecting to the database": _timed(
                admin.ask, "GET", f"/api/v1/database/{database}/schemas/?q=(force:!t)"
            ),
            "connection to server at .* failed: timeout expired": _timed(
                admin.ask, "POST", "/api/v1/chart/data", chart
            ),
            "failed: timeout expired": _timed(admin.run, database, "SELECT 1"),
        }
    for said, (seconds, answer) in asked.items():
        assert seconds < 10
        assert answer.status != 504
        assert re.search(said, answer.data.decode())


def test_a_wrong_password_ten_times_is_slowed_at_superset_too(superset_sites: dict[str, Site]):
    """The proxy counts before Superset is asked."""
    site = superset_sites["hosts"]
    wrong = {"username": "admin", "password": "guess", "provider": "db"}
    headers = {"Content-Type": "application/json"}
    url = f"{site.superset}/api/v1/security/login"
    body = json.dumps(wrong)
    began = time.monotonic()
    answers = [site.proxy.ask("POST", url, body=body, headers=headers, source="127.0.0.69") for _ in range(10)]
    statuses = [answer.status for answer in answers]
    assert statuses[:5] == [401] * 5
    assert statuses.count(401) <= most_log_ins_since(began)
    assert "Too many log-ins" in json.loads(answers[statuses.index(429)].data)["message"]


def test_nobody_connects_to_superset_past_the_proxy(superset_sites: dict[str, Site]):
    """It listens on the loopback's address alone."""
    assert who_answers(superset_sites["hosts"].superset_port) == {"127.0.0.1"}


@pytest.mark.awaits
def test_a_query_of_ninety_seconds_is_answered(slow_queries: dict[int, Future[tuple[float, Any]]]):
    """Every default on the way is sixty."""
    seconds, answer = slow_queries[90].result(300)
    assert answer.status == 200, answer.data
    assert json.loads(answer.data)["data"] == [{"answer_after": 42}]
    assert seconds >= 90


@pytest.mark.awaits
def test_a_query_beyond_the_limit_is_ended_by_the_database_that_says_so(
    slow_queries: dict[int, Future[tuple[float, Any]]],
):
    """Before gunicorn, Superset or the proxy give up, who could not say why."""
    (limit,) = re.findall(r"WAREHOUSE_STATEMENT_TIMEOUT=(\d+)", (ROOT / "deploy" / "timeouts.env").read_text())
    seconds, answer = slow_queries[600].result(300)
    assert "canceling statement due to statement timeout" in answer.data.decode()
    assert int(limit) <= seconds < int(limit) + 8
