"""Users of the session's Superset, and a browser."""

from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from playwright.sync_api import Browser, sync_playwright

from tests.support.machine import need
from tests.support.superset_api import User

FLAGS = ["--no-sandbox", "--no-first-run", "--disable-background-networking", "--disable-component-update"]
# The map needs WebGL, and CI has no graphics card.
FLAGS += ["--use-gl=angle", "--use-angle=swiftshader", "--enable-unsafe-swiftshader"]


@pytest.fixture(scope="session")
def admin(superset: Any) -> User:
    return User(superset.address, "admin", superset.passwords["admin"])


@pytest.fixture(scope="session")
def analyst(superset: Any) -> User:
    return User(superset.address, "analyst", superset.passwords["analyst"])


@pytest.fixture
def owner(superset_programs: None, dashboards_warehouse: str) -> Iterator[psycopg.Connection]:
    """The warehouse's owner, for what a chart must equal."""
    with psycopg.connect(dashboards_warehouse, autocommit=True) as connection:
        yield connection


# Not for the session: while Playwright runs, nothing else may start an event loop in this thread.
@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    path = need("chromium")
    with sync_playwright() as driver:
        running = driver.chromium.launch(executable_path=path, args=FLAGS, timeout=120_000)
        yield running
        running.close()
