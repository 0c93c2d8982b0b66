"""Three years under Airflow itself: scheduler, LocalExecutor, Postgres and S3, from an empty metadata database."""

from pathlib import Path

import pytest
from airflow_api import AirflowApi
from deploy.airflow.stack import AirflowStack
from sites import YEARS, Site

pytestmark = [pytest.mark.slow, pytest.mark.airflow]

DETECTORS = 3


def test_catch_up_takes_every_year_through_every_task(api: AirflowApi, backfilled: dict[int, str]) -> None:
    """All tasks of all three years are green at the first try, one after the other year by year."""
    assert sorted(backfilled) == list(YEARS)
    for run in backfilled.values():
        tasks = api.tasks(run)
        assert {task["state"] for task in tasks} == {"success"}, api.failures([run])
        assert {task["try_number"] for task in tasks} == {1}
        assert sum(task["task_id"] == "detect_anomalies" for task in tasks) == DETECTORS


def test_airflow_leaves_what_the_command_line_makes(backfilled: dict[int, str], site: Site, undisturbed: Site) -> None:
    """Every file of silver and gold by its contract's name, byte for byte, and every row of the warehouse."""
    assert site.files() == undisturbed.files()
    assert site.rows() == undisturbed.rows()
    assert all(site.rows().values())


def test_no_scratch_file_outlives_its_run(backfilled: dict[int, str], stack: AirflowStack) -> None:
    """The teardown removes what was downloaded."""
    assert [path for path in (stack.place.home / "scratch").rglob("*") if path.is_file()] == []


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
