"""`make airflow` as its user meets it: what it says, and that nothing outlives it."""

import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

from deploy.airflow.preparing import ADMIN
from deploy.airflow.processes import StackProcesses
from deploy.airflow.stack import AirflowStack
from deploy.airflow.state import State
from deploy.airflow.workspace import ROOT
from tarmac.warehouse.embedded import embedded_server
from tests.support.airflow_api import wait_until
from tests.support.ports import free_port

pytestmark = [pytest.mark.slow, pytest.mark.airflow]

PATIENCE = 600


@pytest.fixture
def home() -> Iterator[Path]:
    """A TARMAC_HOME of the test's own, in which nothing runs when it ends."""
    with tempfile.TemporaryDirectory(prefix="tarmac-test-") as folder:
        yield Path(folder)
        StackProcesses(folder=State.of(Path(folder)).folder).kill()
        with embedded_server(Path(folder)):
            """The last to leave stops it."""


def test_a_second_stack_on_the_same_state_is_refused(stack: AirflowStack) -> None:
    """Two schedulers of one laptop would fight over the port and the logs."""
    with starting(stack.workspace.home, free_port()) as second:
        out, err = second.communicate(timeout=PATIENCE)
    assert second.returncode == 2
    assert "Airflow is already running with the state in" in err
    assert f"started by process {os.getpid()}" in err
    assert out == ""


def test_a_port_in_use_is_said_plainly(stack: AirflowStack, home: Path) -> None:
    """With the way out, before anything is started."""
    with starting(home, stack.workspace.port) as refused:
        _, err = refused.communicate(timeout=PATIENCE)
    assert refused.returncode == 2
    assert f"Port {stack.workspace.port} on 127.0.0.1 cannot be used" in err
    assert f"make airflow PORT={stack.workspace.port + 1}" in err
    assert running(home) == []


def test_a_killed_stack_is_cleared_away_by_the_next_and_that_one_stops_cleanly(home: Path) -> None:
    """kill -9 leaves orphans; the next start ends them and says so. Ctrl-C and SIGTERM leave nothing at all."""
    orphans = StackProcesses(folder=State.of(home).folder)
    with starting(home, free_port()) as first:
        wait_until(lambda: bool(orphans.alive()), "a process of Airflow")
        first.kill()
        first.communicate()
    assert orphans.alive() != []
    with starting(home, free_port()) as second:
        said = read_until(second, "Airflow's database")
        wait_until(lambda: bool(orphans.alive()), "a process of Airflow")
        second.send_signal(signal.SIGTERM)
        out, err = second.communicate(timeout=PATIENCE)
    assert "An earlier Airflow with this state was killed" in said
    assert "Stopped." in out
    assert (second.returncode, err) == (0, "")
    assert running(home) == []


def test_airflows_own_commands_work_on_the_stack(stack: AirflowStack) -> None:
    """With its keys and database, which nobody has to look up."""
    environment = {**os.environ, "TARMAC_HOME": str(stack.workspace.home)}
    command = [sys.executable, "-m", "deploy.airflow.cli", "users", "list", "--output", "plain"]
    done = subprocess.run(
        command, env=environment, cwd=ROOT, capture_output=True, text=True, timeout=PATIENCE, check=True
    )
    assert ADMIN in done.stdout.split()


def test_keys_and_password_can_be_read_by_their_owner_alone(stack: AirflowStack) -> None:
    """On a machine with other users, too."""
    assert stack.state.folder.stat().st_mode & 0o777 == 0o700
    assert stack.state.secrets_file.stat().st_mode & 0o777 == 0o600
    assert [path.name for path in stack.state.folder.glob("*.json")] == ["secrets.json"]


@contextmanager
def starting(home: Path, port: int) -> Iterator["subprocess.Popen[str]"]:
    """`make airflow` there; killed at the end of the block if it still runs."""
    environment = {**os.environ, "TARMAC_HOME": str(home)}
    with subprocess.Popen(
        [sys.executable, "-m", "deploy.airflow.local", "--port", str(port)],
        env=environment,
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def read_until(process: "subprocess.Popen[str]", words: str) -> str:
    """What it says, up to the line with these words."""
    said = ""
    assert process.stdout is not None
    for line in process.stdout:
        said += line
        if words in line:
            return said
    raise AssertionError(f"it ended before it said {words!r}: {said}")


def running(home: Path) -> list[str]:
    """Command lines of all processes that work in this folder."""
    found = StackProcesses(folder=State.of(home).folder).alive()
    for process in psutil.process_iter():
        try:
            if process.name().startswith("postgres") and process.cwd().startswith(str(home)):
                found.append(process)
        except psutil.Error:
            continue
    return [str(process) for process in found]
