"""Two years under Airflow itself: scheduler, LocalExecutor, Postgres and S3, from an empty metadata database."""

import itertools
from pathlib import Path

import pytest

from deploy.airflow.stack import AirflowStack
from tests.support.airflow_api import AirflowApi
from tests.support.stack_sites import YEARS, Site

pytestmark = [pytest.mark.slow, pytest.mark.airflow]

DETECTORS = 3


def test_catch_up_takes_every_year_through_every_task(api: AirflowApi, backfilled: dict[int, str]) -> None:
    """All tasks of both years are green at the first try."""
    for run in backfilled.values():
        tasks = api.tasks(run)
        others = {task["task_id"]: task["state"] for task in tasks if task["state"] != "success"}
        assert others == {"clean_on_spark": "skipped"}, api.failures([run])
        assert {task["try_number"] for task in tasks if task["state"] == "success"} == {1}
        assert sum(task["task_id"] == "detect_anomalies" for task in tasks) == DETECTORS


def test_a_year_after_the_last_is_skipped_where_one_can_see_it(api: AirflowApi, catch_up: dict[int, str]) -> None:
    """The schedule goes on to this day; the variable `last_year` says from where on there is nothing to do."""
    assert list(catch_up) == [*YEARS, YEARS[-1] + 1]
    assert api.states(catch_up[YEARS[-1] + 1])["load_warehouse"] == {"skipped"}
    assert f"is after {YEARS[-1]}, the variable last_year" in api.log(catch_up[YEARS[-1] + 1], "plan")


def test_one_year_runs_at_a_time(api: AirflowApi, catch_up: dict[int, str]) -> None:
    """A year begins when the one before has ended: its detectors may look back on it."""
    runs = [api.run(run) for run in catch_up.values()]
    assert all(before["end_date"] <= after["start_date"] for before, after in itertools.pairwise(runs))


def test_airflow_leaves_what_the_command_line_makes(backfilled: dict[int, str], site: Site, undisturbed: Site) -> None:
    """Every file of silver and gold by its contract's name, byte for byte, and every row of the warehouse."""
    assert site.files() == undisturbed.files()
    assert site.rows() == undisturbed.rows()
    assert all(site.rows().values())


def test_no_scratch_file_outlives_its_run(backfilled: dict[int, str], stack: AirflowStack) -> None:
    """The teardown removes what was downloaded."""
    assert [path for path in (stack.workspace.home / "scratch").rglob("*") if path.is_file()] == []


def test_a_year_run_again_changes_nothing_and_says_so(
    api: AirflowApi, backfilled: dict[int, str], site: Site, tmp_path: Path
) -> None:
    """Not a file is written, nor a row; the log names the run that did the same before."""
    before = site.written()
    run = api.trigger(year=YEARS[1])
    assert api.wait_for_end(run) == "success"
    assert site.written() == before
    assert "nothing changed" in api.log(run, "anything_new")
    assert api.states(run)["load_warehouse"] == {"skipped"}
