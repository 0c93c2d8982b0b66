"""Airflow's page as its operator sees it, in a real browser."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect, sync_playwright

from deploy.airflow.preparing import ADMIN
from deploy.airflow.stack import AirflowStack
from tests.support.airflow_api import DAG, AirflowApi
from tests.support.stack_sites import YEARS

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.airflow]

PATIENCE = 300_000


@pytest.fixture
def page(chromium: str, stack: AirflowStack) -> Iterator[Page]:
    """The page on which one signs in."""
    with sync_playwright() as driver:
        browser = driver.chromium.launch(
            executable_path=chromium, args=["--no-sandbox", "--disable-gpu"], timeout=PATIENCE
        )
        page = browser.new_page(viewport={"width": 1440, "height": 900})
        page.set_default_timeout(PATIENCE)
        page.goto(stack.url)
        yield page
        browser.close()


def sign_in(page: Page, password: str) -> None:
    page.fill("input[name=username]", ADMIN)
    page.fill("input[name=password]", password)
    page.get_by_role("button", name="Sign In").click()


def test_an_operator_signs_in_and_sees_the_year_green(
    page: Page, stack: AirflowStack, api: AirflowApi, backfilled: dict[int, str]
) -> None:
    """Grid and graph of a finished run: every task of it, each with success, but the one of the engine not taken."""
    run = backfilled[YEARS[0]]
    tasks = [task["task_id"] for task in api.tasks(run)]
    sign_in(page, stack.password)
    expect(page.get_by_test_id("nav-dags-link")).to_be_visible(timeout=PATIENCE)
    page.goto(f"{stack.url}/dags/{DAG}/runs/{run}")
    # The run itself is one more, and the engine not taken one less.
    expect(page.get_by_text("Success", exact=True)).to_have_count(len(tasks), timeout=PATIENCE)
    for name in set(tasks):
        expect(page.get_by_test_id(f"grid-{run}-{name}")).to_be_visible(timeout=PATIENCE)
    page.get_by_label("Show Graph").click()
    for name in set(tasks):
        badge = page.get_by_test_id(f"rf__node-{name}").get_by_test_id("state-badge")
        state = "skipped" if name == "clean_on_spark" else "success"
        expect(badge).to_have_text(re.compile(state, re.IGNORECASE), timeout=PATIENCE)


def test_a_wrong_password_opens_nothing(page: Page, stack: AirflowStack) -> None:
    """The page says so and stays what it was."""
    sign_in(page, stack.password[::-1])
    expect(page.get_by_text("Invalid login")).to_be_visible(timeout=PATIENCE)
    page.goto(f"{stack.url}/dags")
    expect(page.get_by_label("Password")).to_be_visible(timeout=PATIENCE)
