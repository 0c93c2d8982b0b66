"""What dies under Airflow is done again by Airflow, and the end is that of a run that nobody disturbed."""

import os
import random
import signal
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pytest

from deploy.airflow.stack import AirflowStack
from tests.support.airflow_api import AirflowApi, wait_until
from tests.support.stack_sites import YEARS, Site

pytestmark = [pytest.mark.slow, pytest.mark.airflow, pytest.mark.nightly]

KILLED = ("download_bronze", "to_silver", "to_gold", "publish_anomalies")


@dataclass(frozen=True, kw_only=True)
class Struck:
    """A run that was struck: how often each task was tried, and which killed processes still lived."""

    tries: Mapping[str, int]
    hit: Mapping[str, bool]


@pytest.fixture(scope="module")
def moments() -> random.Random:
    """Other moments at every run of the tests; the seed is printed for whoever must see a failure again."""
    seed = int(os.environ.get("TARMAC_TEST_SEED") or random.SystemRandom().randrange(2**32))
    sys.stdout.write(f"TARMAC_TEST_SEED={seed}\n")
    return random.Random(seed)


@pytest.fixture(scope="module")
def struck(
    api: AirflowApi, backfilled: dict[int, str], stack: AirflowStack, site: Site, moments: random.Random
) -> Struck:
    """A year made from nothing, while tasks, the scheduler and Postgres are killed."""
    seconds = _at_least(api, backfilled)
    site.forget(YEARS[0])
    run = api.trigger(year=YEARS[0], force=True)
    hit = {task: _kill(api, run, task, after=moments.uniform(0, seconds[task])) for task in KILLED[:3]}
    _running(api, run, "detect_anomalies")
    time.sleep(moments.uniform(0, 3))
    _restart_scheduler(stack)
    # Held up, as the transaction of so small a year may else begin and end between two looks.
    with site.loads_held_up():
        hit[KILLED[3]] = _kill(api, run, KILLED[3], after=moments.uniform(0, seconds[KILLED[3]]))
        wait_until(lambda: site.is_loading() or api.run(run)["state"] != "running", "the load's transaction")
        site.restart_postgres()
    assert api.wait_for_end(run) == "success", api.failures([run])
    tries: dict[str, int] = {}
    for task in api.tasks(run):
        tries[task["task_id"]] = max(tries.get(task["task_id"], 0), task["try_number"])
    return Struck(tries=tries, hit=hit)


def test_a_killed_task_is_tried_again(struck: Struck) -> None:
    """`kill -9` at a random moment of each step: at least three of four cost a try, and none costs more."""
    assert sum(struck.tries[task] == 2 for task in KILLED) >= 3, f"killed too late: {struck}"
    assert all(struck.tries[task] <= 1 + struck.hit[task] for task in KILLED), struck


def test_a_scheduler_killed_with_its_tasks_goes_on_when_started_again(struck: Struck) -> None:
    """As when its machine dies: nobody is left to report the tasks, and the new scheduler misses their heartbeats."""
    assert struck.tries["detect_anomalies"] >= 2


def test_a_load_whose_postgres_dies_is_tried_again(struck: Struck) -> None:
    """The server was killed while the load held its lock."""
    assert struck.tries["load_warehouse"] >= 2


def test_a_struck_run_ends_as_an_undisturbed_one(struck: Struck, site: Site, undisturbed: Site) -> None:
    """The same bytes in the lake, the same rows in the warehouse, and nothing else in either."""
    assert site.files() == undisturbed.files()
    assert site.rows() == undisturbed.rows()


def _at_least(api: AirflowApi, runs: Mapping[int, str]) -> dict[str, float]:
    """Half of each task's shortest time so far: struck before that, it is still at work however busy the machine was."""
    tasks = [task for run in runs.values() for task in api.tasks(run)]
    return {name: min(task["duration"] for task in tasks if task["task_id"] == name) / 2 for name in KILLED}


def _restart_scheduler(stack: AirflowStack) -> None:
    stack.kill("scheduler")
    began = datetime.now(UTC)
    stack.start("scheduler")
    stack.wait_until_healthy("scheduler", since=began)


def _kill(api: AirflowApi, run: str, task: str, *, after: float) -> bool:
    """Kill a task's process so many seconds after it was seen; whether it still lived."""
    pid = _running(api, run, task)
    time.sleep(after)
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return False
    return True


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
