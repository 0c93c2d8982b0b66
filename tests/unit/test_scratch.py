"""Scratch folders: each run has its own; what a killed run left is swept, what a living one uses is not."""

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from tarmac.errors import InputError
from tarmac.storage.scratch import scratch_folder

_HOLD = """
import sys, time
from pathlib import Path
from tarmac.storage.scratch import scratch_folder
with scratch_folder(Path(sys.argv[1])) as folder:
    (folder / "half.parquet").write_bytes(b"x")
    print(folder.name, flush=True)
    time.sleep(60)
"""


def test_the_folder_is_there_and_gone_after(tmp_path: Path) -> None:
    """Also its lock."""
    with scratch_folder(tmp_path / "a/b") as folder:
        (folder / "file").touch()
        assert folder.parent == tmp_path / "a/b"
    assert list((tmp_path / "a/b").iterdir()) == []


def test_the_folder_is_gone_after_an_error(tmp_path: Path) -> None:
    """Ours or any other, which passes through unchanged."""
    for error in (InputError("x"), KeyError("x"), KeyboardInterrupt()):
        with pytest.raises(type(error)) as caught, scratch_folder(tmp_path):
            raise error
        assert caught.value is error
        assert list(tmp_path.iterdir()) == []


def test_a_killed_runs_folder_is_swept_and_a_living_ones_is_not(tmp_path: Path) -> None:
    """The kernel drops a lock with its process, however that ends."""
    with _holder(tmp_path) as killed, _holder(tmp_path) as living:
        dead_name, live_name = (run.stdout.readline().strip() for run in (killed, living))
        killed.send_signal(signal.SIGKILL)
        killed.wait()
        assert (tmp_path / dead_name).is_dir()
        with scratch_folder(tmp_path) as folder:
            assert not (tmp_path / dead_name).exists()
            assert (tmp_path / live_name / "half.parquet").exists()
            assert sorted(tmp_path.iterdir()) == sorted(
                tmp_path / name for name in (live_name, f"{live_name}.lock", folder.name, f"{folder.name}.lock")
            )
        living.kill()
    with scratch_folder(tmp_path):
        assert not (tmp_path / live_name).exists()


def test_many_runs_at_once_do_not_sweep_each_other(tmp_path: Path) -> None:
    """Forty folders made and removed by four threads: each is there for as long as it is used."""
    lost: list[str] = []

    def use() -> None:
        for _ in range(10):
            with scratch_folder(tmp_path) as folder:
                (folder / "file").touch()
                if not (folder / "file").exists():
                    lost.append(folder.name)

    threads = [threading.Thread(target=use) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert lost == []
    assert list(tmp_path.iterdir()) == []


def _holder(parent: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", _HOLD, str(parent)], stdout=subprocess.PIPE, text=True, env={**os.environ}
    )
