"""A run's own folder for what it has not published yet, and the removal of what killed runs left behind."""

import fcntl
import os
import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from tarmac.errors import TarmacError


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
        except TarmacError:
            raise
        except Exception:
            _refuse_full_disk(folder)
            raise
        finally:
            shutil.rmtree(folder, ignore_errors=True)
            lock_path.unlink(missing_ok=True)


def _refuse_full_disk(folder: Path) -> None:
    # Libraries may hide why they could not write, and once the folder is gone the disk has room again: try it now.
    try:
        (folder / "room").write_bytes(bytes(1 << 20))
    except OSError as error:
        raise OSError(error.errno, error.strerror, str(folder)) from error


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


def sync(path: Path) -> None:
    """Have the disk keep what was written to a file, or the names in a folder."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
