"""A run's own folder for what it has not published yet, and the removal of what killed runs left behind."""

import fcntl
import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO


@contextmanager
def scratch_folder(parent: Path) -> Iterator[Path]:
    """A new folder below `parent`, removed at the end; folders of runs that no longer live are removed first.

    A run holds a lock on a file beside its folder. The kernel drops the lock with the process, however that ends, so a
    folder whose lock can be taken belongs to nobody.
    """
    parent.mkdir(parents=True, exist_ok=True)
    for lock in sorted(parent.glob("*.lock")):
        _sweep(lock)
    lock_path, lock_file = _new_lock(parent)
    folder = lock_path.with_suffix("")
    with lock_file:
        folder.mkdir()
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)
            lock_path.unlink(missing_ok=True)


def _new_lock(parent: Path) -> tuple[Path, IO[str]]:
    while True:
        path = parent / f"{uuid.uuid4().hex}.lock"
        file = path.open("w")
        fcntl.flock(file, fcntl.LOCK_EX)
        # A sweep may have taken and removed the file between its making and its locking.
        if path.exists():
            return path, file
        file.close()


def _sweep(lock_path: Path) -> None:
    try:
        lock = lock_path.open("r+")
    except FileNotFoundError:
        return
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return
        shutil.rmtree(lock_path.with_suffix(""), ignore_errors=True)
        lock_path.unlink(missing_ok=True)
