"""What errors of the file system and of S3 mean to the user, and whether the user can mend them."""

import errno
import os

from tarmac.errors import InputError, SystemFailure, TarmacError
from tarmac.storage.s3 import code_of

_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
_FORBIDDEN = frozenset({errno.EACCES, errno.EPERM, errno.EROFS})
_UNWELCOME = frozenset(
    {
        "403",
        "AccessDenied",
        "AllAccessDisabled",
        "ExpiredToken",
        "InvalidAccessKeyId",
        "InvalidToken",
        "SignatureDoesNotMatch",
    }
)
_UNUSABLE = frozenset({errno.ENOTDIR, errno.EISDIR, errno.EEXIST, errno.ENAMETOOLONG, errno.ELOOP})


def translate(error: Exception, place: str) -> TarmacError | None:
    """What an error of the file system or of S3 means to the user; None for one that is a defect of ours."""
    # S3's first: some of botocore's errors are OSErrors as well.
    if type(error).__module__.partition(".")[0] in {"botocore", "boto3", "s3transfer"}:
        return _translate_s3(error, place)
    return disk_error(error, place) if isinstance(error, OSError) else None


def _translate_s3(error: Exception, place: str) -> TarmacError:
    # What a download gave up after its last try says why.
    why = str(getattr(error, "last_exception", None) or error).rstrip(".")
    name, code = type(error).__name__, code_of(error)
    if name in {"NoCredentialsError", "PartialCredentialsError", "ProfileNotFound", "ParamValidationError"}:
        return InputError(
            f"cannot open {place}: {why}. Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE."
        )
    if code in _UNWELCOME:
        return InputError(f"no permission for {place}: {why}. Check the AWS keys, or ask for the right to it.")
    if code in {"404", "NoSuchKey", "NoSuchBucket"}:
        return InputError(f"{place} is not there: {why}. Check --lake.")
    if name == "S3DownloadFailedError":
        return SystemFailure(
            f"{place} was replaced while it was read. Nothing was published; run the same command again."
        )
    return SystemFailure(f"S3 failed at {place}: {why}. Nothing was published; run the same command again.")


def disk_error(error: OSError, place: str) -> TarmacError:
    """What the user can mend (a path, a right, a full disk) is an InputError; another failure of a device is not."""
    # The file that failed, where the error names it: a lake on S3 fills the disk of its scratch folder.
    named = error.filename2 or error.filename
    place = os.fsdecode(named) if isinstance(named, str | bytes) else place
    why = error.strerror or str(error)
    if isinstance(error, FileNotFoundError):
        return InputError(f"{place} is not there: {why}. Check the path, and --lake.")
    if isinstance(error, PermissionError) or error.errno in _FORBIDDEN:
        return InputError(f"no permission for {place}: {why}. Ask for the right to it, or name another place.")
    if isinstance(error, FileExistsError) or error.errno in _UNUSABLE:
        return InputError(f"{place} cannot be used: {why}. Name another place.")
    if error.errno in _FULL:
        return InputError(
            f"the disk is full at {place}: {why}. Nothing was published; free some space or name another --lake."
        )
    return SystemFailure(f"{place} failed: {why}. Nothing was published; run the same command again.")


def is_taken(error: Exception) -> bool:
    """Whether a file was refused because its key holds one already; S3 servers answer with either code."""
    return isinstance(error, FileExistsError) or code_of(error) in {"PreconditionFailed", "ConditionalRequestConflict"}
