"""Two live copies of one step, as when Airflow takes a living task for dead and starts it again."""

import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace

import pytest

from tests.support.disturbed_sites import Site
from tests.support.step_processes import ALL_STEPS, Attempt, Task, started
from tests.support.year_versions import Version

pytestmark = pytest.mark.slow


def test_both_copies_end_and_agree(site: Site, versions: tuple[Version, Version]) -> None:
    """A reader sees whole files throughout; only the second of two ingests may say that the other was there."""
    with _reading(site, versions[0]) as broken:
        for step in ALL_STEPS:
            task = site.task(step, versions[0].source)
            for attempt in _at_once(task, task):
                if step == "ingest" and attempt.exit_code == 2:
                    assert "another run has written" in attempt.error
                else:
                    assert attempt.exit_code == 0, attempt.error
    assert broken == []
    assert site.files() == versions[0].files
    assert site.rows() == versions[0].rows
    assert site.scratch() == []
    assert site.unfinished_uploads() == []


def test_two_loads_of_different_scores_leave_all_rows_of_one(
    new_site: Callable[[], Site], versions: tuple[Version, Version]
) -> None:
    """One waits for the other: never rows of both."""
    one, other = new_site(), new_site()
    other = replace(other, workspace=replace(other.workspace, warehouse=one.workspace.warehouse))
    versions[0].give(one, "load")
    versions[1].give(other, "load")
    for attempt in _at_once(one.task("load"), other.task("load")):
        assert attempt.exit_code == 0, attempt.error
    assert one.rows() in (versions[0].rows, versions[1].rows)


def _at_once(*tasks: Task) -> list[Attempt]:
    with ExitStack() as alive:
        attempts = [alive.enter_context(started(task)) for task in tasks]
        return [attempt.finish() for attempt in attempts]


@contextmanager
def _reading(site: Site, version: Version) -> Iterator[list[str]]:
    """Read every file of the zones over and over; the keys of those that were not whole are in the list."""
    broken: list[str] = []
    done = threading.Event()

    def read() -> None:
        while not done.wait(0.05):
            broken.extend(key for key, body in site.files().items() if body != version.files[key])

    reader = threading.Thread(target=read)
    reader.start()
    try:
        yield broken
    finally:
        done.set()
        reader.join()
