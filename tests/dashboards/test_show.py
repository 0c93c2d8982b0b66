"""`make superset` as it is begun and broken off."""

import os
import signal
import subprocess
from pathlib import Path

import psutil
import pytest

from tests.support.machine import ROOT, need_environment


@pytest.mark.slow
def test_ctrl_c_ends_all_of_it_also_in_the_middle_of_the_first_start(tmp_path: Path) -> None:
    """A new user's empty folder: what will take long is said first, and a Ctrl-C then leaves no process behind."""
    need_environment(".venv-superset", "gunicorn")
    given = {name: value for name, value in os.environ.items() if not name.startswith("TARMAC_")}
    started = subprocess.Popen(
        ["make", "superset"],
        cwd=ROOT,
        env=given | {"TARMAC_HOME": str(tmp_path)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    told = [started.stdout.readline()]
    while "Simulating" not in told[-1]:
        assert started.poll() is None, told
        told.append(started.stdout.readline())
    begun = psutil.Process(started.pid).children(recursive=True)
    os.killpg(started.pid, signal.SIGINT)  # as a terminal does, to make and all below it
    rest, _ = started.communicate(timeout=60)
    assert any("is empty, so two simulated years are shown" in line for line in told)
    assert "Stopped." in rest
    assert "Traceback" not in rest
    assert psutil.wait_procs(begun, timeout=10)[1] == []
    left = [process.info["cmdline"] for process in psutil.process_iter(["cmdline"])]
    assert not [line for line in left if line and str(tmp_path) in " ".join(line)]
