"""Fixtures that all tests may use."""

import os
import subprocess
from importlib.metadata import distributions
from pathlib import Path

import pytest

from tests.support.machine import ROOT, need
from tests.support.skips_in_ci import SkipsInCI

# One S3 server and one Superset for the whole session, whichever folder's tests ask for it.
pytest_plugins = ["tests.support.s3_server", "tests.support.superset_running"]

# Those need Airflow, which lives in an environment of its own: .venv-airflow/bin/pytest tests/airflow
collect_ignore = [] if any(distributions(name="apache-airflow")) else ["airflow"]


SERVERS = {
    *(
        "chromium",
        "dashboards_warehouse",
        "nginx",
        "open_folder",
        "postgres",
        "postgres_url",
        "s3_server",
        "stack",
        "superset",
    ),
}
"""Fixtures that start a server."""
SLOW_MARKERS = {"airflow", "awaits", "browser", "slow", "spark"}


def pytest_addoption(parser: pytest.Parser) -> None:
    """`--quick` is what `make test-quick` runs."""
    parser.addoption("--quick", action="store_true", help="only tests without a server, slow marker or compiled ARIMA")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Deselect what `--quick` leaves out."""
    if config.getoption("--quick"):
        left_out = [item for item in items if _is_slow(item)]
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if item not in set(left_out)]


def _is_slow(item: pytest.Item) -> bool:
    fixtures = set(getattr(item, "fixturenames", ()))
    markers = {marker.name for marker in item.iter_markers()}
    # A detector or an engine is a parameter of its tests, so its name is in their ids.
    named = any(name in item.nodeid.lower() for name in ("arima", "spark"))
    return bool(fixtures & SERVERS or markers & SLOW_MARKERS) or named


def pytest_configure(config: pytest.Config) -> None:
    """In CI a skipped test fails the run."""
    config.pluginmanager.register(SkipsInCI(Path(__file__).with_name("may_skip_in_ci.toml")), "skips-in-ci")


@pytest.fixture(scope="session")
def chromium() -> str:
    """Path of chromium; the test is skipped where there is none."""
    return need("chromium")


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real flights: TARMAC_SHARED_DATA, or shared/data beside this worktree or beside the main one."""
    named = os.environ.get("TARMAC_SHARED_DATA")
    places = [Path(named)] if named else [ROOT.parent / "shared" / "data", _main_worktree().parent / "shared" / "data"]
    for place in places:
        if place.is_dir():
            return place
    pytest.skip(f"no real flights in {' or '.join(map(str, places))}; set TARMAC_SHARED_DATA to their folder")


def _main_worktree() -> Path:
    git = subprocess.run(
        ["git", "rev-parse", "--path-format=absolute", "--git-common-dir"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    return Path(git.stdout.strip()).parent if git.returncode == 0 else ROOT


@pytest.fixture(scope="session")
def shared_formats(shared_data: Path) -> Path:
    """The folder of public files of flights, one of each shape and trap: beside that of real flights."""
    folder = shared_data.parent / "formats"
    if not folder.is_dir():
        pytest.skip(f"no files of the public shapes in {folder}")
    return folder
