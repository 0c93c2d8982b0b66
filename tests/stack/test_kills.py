"""What dies under Airflow is done again by Airflow, and the end is that of a run that nobody disturbed."""

import os
import random
import signal
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from airflow_api import AirflowApi, wait_until
from deploy.airflow.stack import AirflowStack
from sites import YEARS, Site

pytestmark = [pytest.mark.slow, pytest.mark.airflow]

STRUCK = ("download_bronze", "to_silver", "to_gold", "detect_anomalies", "publish_anomalies")


@pytest.fixture(scope="module")
def moments() -> random.Random:
    """Other moments at every run of the tests; the seed is printed for whoever must see a failure again."""
    seed = int(os.environ.get("TARMAC_TEST_SEED") or random.SystemRandom().randrange(2**32))
    sys.stdout.write(f"TARMAC_TEST_SEED={seed}\n")
    return random.Random(seed)


@pytest.fixture(scope="module")
def struck(
    api: AirflowApi, backfilled: dict[int, str], site: Site, moments: random.Random
) -> tuple[dict[str, int], dict[str, int]]:
    """A year made from nothing while every step's process is killed once, and Postgres in the load.

    The tries of each task, and of those the ones that were killed while they lived.
    """
    seconds = {task["task_id"]: float(task["duration"]) for task in api.tasks(backfilled[YEARS[0]])}
    site.forget(YEARS[0])
    run = api.trigger(year=YEARS[0], force=True)
    killed = {step: _kill(api, run, step, after=moments.uniform(0, seconds[step])) for step in STRUCK}
    wait_until(lambda: site.is_loading() or api.run(run)["state"] != "running", "the load's transaction", every=0.005)
    site.restart_postgres()
    assert api.wait_for_end(run) == "success", api.failures([run])
    tries: dict[str, int] = {}
    for task in api.tasks(run):
        tries[task["task_id"]] = max(tries.get(task["task_id"], 0), task["try_number"])
    return tries, killed


def test_a_killed_task_is_tried_again(struck: tuple[dict[str, int], dict[str, int]]) -> None:
    """`kill -9` at a random moment of each step: most find it at work, and each that does costs one try."""
    tries, killed = struck
    assert sum(killed.values()) >= 3, f"the steps were over before they were struck: {killed}"
    assert {step: tries[step] for step in STRUCK} == {step: 1 + killed[step] for step in STRUCK}


def test_a_load_whose_postgres_dies_is_tried_again(struck: tuple[dict[str, int], dict[str, int]]) -> None:
    """The server was killed while the load held its lock."""
    assert struck[0]["load_warehouse"] >= 2


def test_a_struck_run_ends_as_an_undisturbed_one(struck: object, site: Site, undisturbed: Site) -> None:
    """The same bytes in the lake, the same rows in the warehouse, and nothing else in either."""
    assert site.files() == undisturbed.files()
    assert site.rows() == undisturbed.rows()


def test_a_scheduler_killed_with_its_tasks_goes_on_when_started_again(
    api: AirflowApi,
    backfilled: dict[int, str],
    stack: AirflowStack,
    site: Site,
    undisturbed: Site,
    moments: random.Random,
) -> None:
    """As when its machine dies: nobody is left to report the tasks, and the new scheduler misses their heartbeats."""
    site.forget(YEARS[2])
    run = api.trigger(year=YEARS[2], force=True)
    _running(api, run, moments.choice(STRUCK))
    time.sleep(moments.uniform(0, 3))
    stack.kill("scheduler")
    began = datetime.now(UTC)
    stack.start("scheduler")
    stack.wait_until_healthy("scheduler", since=began)
    assert api.wait_for_end(run) == "success", api.failures([run])
    assert site.files() == undisturbed.files()
    assert site.rows() == undisturbed.rows()


def _kill(api: AirflowApi, run: str, task: str, *, after: float) -> int:
    """Kill a task's process so many seconds after it was seen; 1 if it still lived."""
    pid = _running(api, run, task)
    time.sleep(after)
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return 0
    return 1


def _running(api: AirflowApi, run: str, task: str) -> int:
    """Wait until the task runs; its process."""
    seen: list[dict[str, Any]] = []

    def look() -> bool:
        seen[:] = [each for each in api.tasks(run) if each["task_id"] == task and each["pid"]]
        return bool(seen)

    _wait(look, f"{task} of {run}")
    return int(seen[0]["pid"])


def _wait(reached: Callable[[], bool], what: str) -> None:
    wait_until(reached, what, every=0.1)
