"""Files named after the process that uses them, so that a later run can remove those of killed processes.

The process locks its file; the kernel releases the lock when the process ends, for whatever reason. On file systems without
locks, the owner in the file's name decides: machine, process id, and start time of the process.
"""

import errno
import fcntl
import hashlib
import os
import platform
import re
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path
from typing import BinaryIO

_NO_LOCKS = frozenset({errno.ENOLCK, errno.EOPNOTSUPP, errno.ENOTSUP, errno.ENOSYS, errno.EINVAL})
"""Errors of flock on a file system without locks, such as some NFS."""

_OWNER = re.compile(r"([0-9a-f]{8})-([0-9a-f]+)-([0-9a-f]+)-[0-9a-f]{12}")

STALE_SECONDS = 7 * 86_400
"""Without locks, files of another machine's process are removed only when they are older than this."""


def new_owner() -> str:
    """A unique name: machine, process id, start time of the process, and a random part."""
    pid = os.getpid()
    return f"{_this_machine()}-{pid:x}-{_started(pid) or 0:x}-{uuid.uuid4().hex[:12]}"


def claim(path: Path) -> BinaryIO | None:
    """Create the file and lock it; None if another process removed it in between. Its name contains `new_owner`'s result."""
    file = path.open("xb")
    try:
        fcntl.flock(file, fcntl.LOCK_EX)
    except OSError as error:
        if error.errno not in _NO_LOCKS:
            file.close()
            path.unlink(missing_ok=True)
            raise
    if path.exists():
        return file
    file.close()
    return None


@contextmanager
def if_abandoned(path: Path) -> Iterator[bool]:
    """Whether the process that created this file has ended. Within the block, True is given to no other process."""
    try:
        file = path.open("r+b")
    except OSError:  # gone, or another user's
        yield False
        return
    with file:
        yield _has_ended(path, file)


def _has_ended(path: Path, file: BinaryIO) -> bool:
    locks = True
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError as error:
        if error.errno not in _NO_LOCKS:
            return False
        locks = False
    owner = _OWNER.search(path.name)
    if owner and owner[1] == _this_machine():
        return _started(int(owner[2], 16)) != int(owner[3], 16)
    return locks or time.time() - os.fstat(file.fileno()).st_mtime > STALE_SECONDS


@cache
def _this_machine() -> str:
    """Eight hexadecimal digits for this machine since it booted; containers that do not see each other's processes differ."""
    seen = [platform.node()]
    with suppress(OSError):
        seen += [Path("/proc/sys/kernel/random/boot_id").read_text(), os.readlink("/proc/self/ns/pid")]  # noqa: PTH115
    return hashlib.sha256("\n".join(seen).encode()).hexdigest()[:8]


def _started(pid: int) -> int | None:
    """When a running process started, in the kernel's ticks; 0 if the system does not tell; None if it is not running."""
    try:
        state, *fields = (
            Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
        )
    except OSError:
        if Path("/proc/self/stat").exists():
            return None
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return None
        except PermissionError:
            pass
        return 0
    return None if state in "ZX" else int(fields[18])
