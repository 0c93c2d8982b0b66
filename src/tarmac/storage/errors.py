"""Explains errors of the operating system, of Polars and of S3: what happened, and what to do.

A wrong path or a missing permission is an error of the request (exit code 2). A full or failing disk, and an S3 that does
not answer, are failures of the system (exit code 1): the same command may work later.
"""

import errno
import os
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from tarmac.errors import InputError, SystemFailure, TarmacError
from tarmac.storage.aws import explain_aws

_MEANINGS: Sequence[tuple[frozenset[int], type[TarmacError], str]] = (
    (frozenset({errno.ENOENT}), InputError, "{place} does not exist: {why}. Check the path, and {option}."),
    (
        frozenset({errno.EACCES, errno.EPERM, errno.EROFS}),
        InputError,
        "no permission for {place}: {why}. Ask for the right to it, or name another place with {option}.",
    ),
    (
        frozenset(
            {
                errno.ENOTDIR,
                errno.EISDIR,
                errno.EEXIST,
                errno.ENAMETOOLONG,
                errno.ELOOP,
                errno.EBUSY,
                errno.EBADF,
                errno.ENXIO,
            }
        ),
        InputError,
        "{place} cannot be used: {why}. Name another place with {option}.",
    ),
    (
        frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG}),
        SystemFailure,
        "the disk is full at {place}: {why}. The file was not written; free some space or name another place with {option}.",
    ),
    (
        frozenset({errno.EOPNOTSUPP, errno.ENOTSUP, errno.ENOSYS, errno.ENOLCK, errno.EMLINK}),
        InputError,
        "the file system of {place} lacks what Tarmac needs: {why}. Name a place on another file system with {option}.",
    ),
    (frozenset({errno.EPIPE}), SystemFailure, "the reader of {place} stopped before all was written: {why}."),
)
"""Explanations of errors of the operating system, by number. A full disk is a failure of the system."""


@contextmanager
def explained(place: str, *, option: str = "--lake") -> Iterator[None]:
    """Raise errors in the block as errors that say what to do; `option` is the option that names `place`, a path or address.

    Raises:
        InputError: a path, a permission or the configuration of AWS is wrong.
        SystemFailure: a disk is full or fails, S3 does not answer, a Parquet file is damaged.
    """
    try:
        yield
    except TarmacError:
        raise
    except Exception as error:
        failure = explain(error, place, option=option)
        if failure is None:
            raise
        raise failure from error


def explain(error: Exception, place: str, *, option: str = "--lake") -> TarmacError | None:
    """The error with a message for the user; None if it is a defect of Tarmac."""
    library = type(error).__module__.partition(".")[0]
    # S3's first: some of botocore's errors are OSErrors as well.
    if library in {"botocore", "boto3", "s3transfer"}:
        return explain_aws(error, place)
    if library == "polars" or isinstance(error, MemoryError) or (isinstance(error, OSError) and error.errno is None):
        return _explain_polars(error, place, option)
    return explain_os_error(error, place, option=option) if isinstance(error, OSError) else None


def explain_os_error(error: OSError, place: str, *, option: str = "--lake") -> TarmacError:
    """An error of the operating system, for the file that it names, or else for `place`."""
    # A lake on S3 fills the disk of its scratch folder: the error names the file that failed.
    named = error.filename2 or error.filename
    place = os.fsdecode(named) if isinstance(named, str | bytes) else place
    why = error.strerror or str(error)
    for numbers, kind, message in _MEANINGS:
        if error.errno in numbers:
            return kind(message.format(place=place, why=why, option=option))
    return SystemFailure(f"{place} failed: {why}. The file was not written; run the same command again.")


def _explain_polars(error: BaseException, place: str, option: str) -> TarmacError:
    text = " ".join(str(error).split())[:300]
    # Polars gives the number of the system's error only in its text.
    if of_system := re.search(r"\(os error (\d+)\)", text):
        number = int(of_system[1])
        return explain_os_error(OSError(number, os.strerror(number)), place, option=option)
    return SystemFailure(
        f"reading or writing {place} failed: {text}. Nothing was published by this step; run it again."
    )
