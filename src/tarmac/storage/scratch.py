"""A run's folder for unpublished files, and the removal of folders that killed runs left behind."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from tarmac.errors import TarmacError
from tarmac.storage.claims import claim, if_abandoned, new_owner


@contextmanager
def scratch_folder(parent: Path) -> Iterator[Path]:
    """A new folder in `parent`, removed at the end; folders of runs that have ended are removed first.

    A run locks a file next to its folder (claims.py).
    """
    parent.mkdir(parents=True, exist_ok=True)
    for lock in sorted(parent.glob("*.lock")):
        with if_abandoned(lock) as abandoned:
            if abandoned:
                _remove(lock)
    lock, claimed = _new_lock(parent)
    folder = lock.with_suffix("")
    with claimed:
        folder.mkdir()
        try:
            yield folder
        except TarmacError:
            raise
        except Exception:
            _refuse_full_disk(folder)
            raise
        finally:
            _remove(lock)


def _remove(lock: Path) -> None:
    shutil.rmtree(lock.with_suffix(""), ignore_errors=True)
    lock.unlink(missing_ok=True)


def _new_lock(parent: Path) -> tuple[Path, BinaryIO]:
    while True:
        path = parent / f"{new_owner()}.lock"
        if file := claim(path):
            return path, file


def _refuse_full_disk(folder: Path) -> None:
    # Libraries may hide why a write failed, and removing the folder frees space: test for a full disk first.
    try:
        (folder / "room").write_bytes(bytes(1 << 20))
    except OSError as error:
        raise OSError(error.errno, error.strerror, str(folder)) from error
