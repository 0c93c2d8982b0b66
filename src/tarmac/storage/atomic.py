"""Atomic writes: a file is written next to its target and then renamed, so that readers never see a partial file."""

import ctypes
import errno
import os
import re
import shutil
import stat
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from tarmac.errors import InputError, SystemFailure
from tarmac.storage.claims import claim, if_abandoned, new_owner
from tarmac.storage.errors import explained

NO_LINKS = frozenset(
    {errno.EXDEV, errno.EPERM, errno.EOPNOTSUPP, errno.ENOTSUP, errno.ENOSYS, errno.EMLINK, errno.EINVAL}
)
"""Errors of a hard link that cannot be made: another file system, one without links, or another user's file."""

_NO_SYNC = frozenset(
    {errno.EINVAL, errno.EOPNOTSUPP, errno.ENOTSUP, errno.ENOSYS, errno.EBADF, errno.EACCES, errno.EPERM}
)
"""Errors of fsync that are ignored: the file system or a permission does not allow it, but the data are written."""

_PART = re.compile(r"\..+\.[0-9a-f]{8}-[0-9a-f]+-[0-9a-f]+-[0-9a-f]{12}\.part")
_NO_REPLACE, _HERE = 1, -100


@contextmanager
def whole_files(*targets: Path, option: str = "--out") -> Iterator[tuple[BinaryIO, ...]]:
    """Files to write instead of the targets: they are renamed in this order at the end of the block, or discarded if it fails.

    Links are followed. A pipe or a character device (/dev/stdout) is written directly, as a stream.
    `option` names the targets in messages.

    Raises:
        InputError: a target is something else, such as a folder, or cannot be written to.
        SystemFailure: a disk failed or is full.
    """
    with ExitStack() as opened:
        outputs = [opened.enter_context(_open_output(target, option)) for target in targets]
        yield tuple(file for file, _ in outputs)
        for (file, part), target in zip(outputs, targets, strict=True):
            with explained(str(target), option=option):
                file.flush()
                if part:
                    sync(part)
                    final = Path(os.path.realpath(target))
                    part.replace(final)
                    sync_folder(final.parent)


def move(file: Path, target: Path, *, replace: bool) -> None:
    """Rename a finished file to `target` in one step, also across file systems; `file` no longer exists afterwards.

    Raises:
        FileExistsError: there is a file of that name, and `replace` is false.
    """
    sync(file)
    _sweep(target.parent)
    try:
        _rename(file, target, replace=replace)
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise
        with _part_beside(target) as (copy, part):
            with file.open("rb") as original:
                shutil.copyfileobj(original, copy, 4 << 20)
            copy.flush()
            sync(part)
            _rename(part, target, replace=replace)
        file.unlink()
    sync_folder(target.parent)


def sync(path: Path) -> None:
    """Flush a file's content to disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    except OSError as error:
        if error.errno not in _NO_SYNC:
            raise
    finally:
        os.close(handle)


def sync_folder(folder: Path) -> None:
    """Flush a folder's entries to disk after a rename; the message of a failure says that the file was already renamed."""
    try:
        sync(folder)
    except OSError as error:
        if error.errno not in _NO_SYNC:
            raise SystemFailure(
                f"the file was published in {folder}, but the disk did not confirm that it will keep it: "
                f"{error.strerror}. Check the disk."
            ) from error


def _rename(file: Path, target: Path, *, replace: bool) -> None:
    if replace:
        file.replace(target)
        return
    try:
        os.link(file, target)
    except OSError as error:
        if error.errno not in NO_LINKS:
            raise
        _rename_new(file, target)
        return
    file.unlink()


def _rename_new(file: Path, target: Path) -> None:
    """Rename unless there is a file of that name; used where hard links are not available."""
    rename = getattr(ctypes.CDLL(None, use_errno=True), "renameat2", None)
    if rename and rename(_HERE, os.fsencode(file), _HERE, os.fsencode(target), _NO_REPLACE) == 0:
        return
    number = ctypes.get_errno() if rename else errno.ENOSYS
    if number == errno.EXDEV or number not in NO_LINKS:
        raise OSError(number, os.strerror(number), str(target))
    if os.path.lexists(target):
        raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(target))
    file.rename(target)


@contextmanager
def _open_output(target: Path, option: str) -> Iterator[tuple[BinaryIO, Path | None]]:
    """The file to write, and its path if it must be renamed at the end."""
    with explained(str(target), option=option):
        if stream := _open_stream(target, option):
            with stream:
                yield stream, None
            return
        final = Path(os.path.realpath(target))
        if not final.parent.is_dir():
            raise InputError(
                f"cannot write {target}: there is no folder {final.parent}. Create it, or name another file with {option}."
            )
        _sweep(final.parent)
        with _part_beside(final) as part:
            yield part


def _open_stream(target: Path, option: str) -> BinaryIO | None:
    """The open stream if the target is a pipe or a device; None if it is a file or does not exist."""
    if (descriptor := _descriptor_of(target)) is not None:
        if sys.stdout:
            sys.stdout.flush()
        return os.fdopen(os.dup(descriptor), "wb")
    try:
        mode = target.stat().st_mode
    except FileNotFoundError:
        return None
    if stat.S_ISREG(mode):
        return None
    if stat.S_ISFIFO(mode) or stat.S_ISCHR(mode):
        return os.fdopen(os.open(target, os.O_WRONLY), "wb")
    if stat.S_ISDIR(mode):
        raise InputError(f"cannot write {target}: it is a folder. Name a file in it with {option}.")
    raise InputError(f"cannot write {target}: it is neither a file nor a pipe. Name a file with {option}.")


def is_standard_output(target: Path) -> bool:
    """Whether a path such as /dev/stdout means this process's standard output."""
    return _descriptor_of(target) == 1


def _descriptor_of(target: Path) -> int | None:
    """The file descriptor of this process that a path such as /dev/stdout or /dev/fd/3 refers to."""
    descriptor = re.compile(rf"(?:/proc/(?:self|thread-self|{os.getpid()})|/dev)/fd/(\d+)")
    path = target.absolute()
    for _ in range(40):
        if match := descriptor.fullmatch(str(path)):
            return int(match[1])
        if not path.is_symlink():
            break
        path = Path(os.path.normpath(path.parent / path.readlink()))
    return None


@contextmanager
def _part_beside(target: Path) -> Iterator[tuple[BinaryIO, Path]]:
    """A new file in the target's folder; removed at the end of the block unless it was renamed."""
    while True:
        part = target.with_name(f".{target.name[:100]}.{new_owner()}.part")
        if file := claim(part):
            break
    try:
        with file:
            yield file, part
    finally:
        part.unlink(missing_ok=True)


def _sweep(folder: Path) -> None:
    """Remove partial files that killed processes left in a folder."""
    with suppress(OSError):
        for part in [path for path in folder.iterdir() if _PART.fullmatch(path.name)]:
            with if_abandoned(part) as abandoned:
                if abandoned:
                    part.unlink(missing_ok=True)
