"""Airflow as people and programs have it: through the proxy, and in no other way."""

import json
import socket
import ssl
import time

import pytest
from playwright.sync_api import Browser

from tests.support.airflow_server import PASSWORD, USER
from tests.support.nginx_server import Site, most_log_ins_since, who_answers
from tests.support.postgres_server import Postgres

pytestmark = pytest.mark.slow


def log_in(site: Site, password: str, *, source: str = "127.0.0.1") -> tuple[int, dict[str, str]]:
    """Ask for a token as a program does."""
    body = json.dumps({"username": USER, "password": password})
    headers = {"Content-Type": "application/json"}
    answer = site.proxy.ask("POST", f"{site.airflow}/auth/token", body=body, headers=headers, source=source)
    return answer.status, json.loads(answer.data)


@pytest.mark.browser
def test_people_log_in_and_see_the_dags(airflow: None, site: Site, browser: Browser):
    """Cookies travel over TLS alone and stay below Airflow's own path; nothing is asked for elsewhere."""
    context = browser.new_context(ignore_https_errors=True, base_url=f"{site.airflow}/")
    page = context.new_page()
    page.set_default_timeout(120_000)
    asked: list[str] = []
    failed: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("response", lambda answer: failed.append(answer.url) if answer.status >= 400 else None)
    page.goto("dags")
    page.locator("[name=username]").fill(USER)
    page.locator("[name=password]").fill(PASSWORD)
    page.locator("[type=submit]").click()
    page.get_by_role("heading", name="0 Dags").wait_for()
    cookies = context.cookies()
    path = site.airflow.partition(".example")[2].partition("/")[2]
    assert {cookie["name"] for cookie in cookies} == {"_token", "session"}
    assert all(cookie["secure"] and cookie["path"].strip("/") == path for cookie in cookies)
    assert all(url.startswith((f"{site.airflow}/", "data:", "blob:")) for url in asked)
    # Before the log-in Airflow's page tries one address to learn whether it is needed.
    assert {url.rpartition("/")[2] for url in failed} <= {"config"}
    context.close()


def test_programs_log_in_and_ask(airflow: None, site: Site):
    """A token from the proxied address opens the API; without one it stays closed."""
    status, token = log_in(site, PASSWORD)
    assert status == 201
    bearer = {"Authorization": f"Bearer {token['access_token']}"}
    dags = site.proxy.ask("GET", f"{site.airflow}/api/v2/dags", headers=bearer)
    assert (dags.status, json.loads(dags.data)["total_entries"]) == (200, 0)
    assert site.proxy.ask("GET", f"{site.airflow}/api/v2/dags").status == 401


def test_the_tasks_own_api_is_not_for_the_world(airflow: None, sites: dict[str, Site]):
    """It answers beside the proxy, and the proxy does not pass it on."""
    site = sites["hosts"]
    assert site.proxy.ask("GET", f"{site.airflow}/execution/health").status == 404
    # Airflow makes this API at the first request, which takes seconds.
    with socket.create_connection(("127.0.0.1", site.airflow_port), timeout=300) as plain:
        context = ssl.create_default_context(cafile=str(site.proxy.tls / "ca.crt"))
        with context.wrap_socket(plain, server_hostname="localhost") as wrapped:
            wrapped.sendall(b"GET /execution/health HTTP/1.0\r\nHost: localhost\r\n\r\n")
            assert wrapped.makefile("rb").readline().split()[1] == b"200"


def test_a_wrong_password_ten_times_is_slowed(airflow: None, sites: dict[str, Site]):
    """Whoever guesses is told to wait; another address is not slowed."""
    site = sites["hosts"]
    began = time.monotonic()
    answers = [log_in(site, f"guess-{n}", source="127.0.0.66") for n in range(10)]
    statuses = [status for status, _ in answers]
    assert statuses[:5] == [401] * 5
    assert statuses.count(401) <= most_log_ins_since(began)
    assert "Too many log-ins" in answers[statuses.index(429)][1]["message"]
    assert log_in(site, PASSWORD, source="127.0.0.67")[0] == 201


def test_nobody_connects_past_the_proxy(airflow: None, sites: dict[str, Site], postgres: Postgres):
    """By any other address of this machine there is no Airflow and no Postgres: they listen on the loopback's alone."""
    for port in (sites["hosts"].airflow_port, postgres.port):
        assert who_answers(port) == {"127.0.0.1"}
