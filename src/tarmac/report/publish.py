"""Writes the report: aside first, then one rename, so that a reader never opens half a file."""

import os
import tempfile
from pathlib import Path

from tarmac.errors import InputError, SystemFailure


def write_report(html: str | bytes, out: Path) -> int:
    """Publish the file at `out`, replacing one that is there; returns its size in bytes."""
    content = html.encode() if isinstance(html, str) else html
    if out.is_dir():
        raise InputError(f"cannot write the report to {out}: it is a folder. Name a file: --out {out / 'report.html'}")
    if not out.parent.is_dir():
        raise InputError(f"cannot write the report to {out}: there is no folder {out.parent}. Make it, or mend --out")
    try:
        _replace(content, out)
    except PermissionError as error:
        raise InputError(f"cannot write the report to {out}: no permission ({error.strerror}). Mend --out") from error
    except OSError as error:
        raise SystemFailure(
            f"cannot write the report to {out}: {error.strerror}. The old file, if any, is kept"
        ) from error
    return len(content)


def _replace(content: bytes, out: Path) -> None:
    handle, aside = tempfile.mkstemp(prefix=f".{out.name[:100]}.", suffix=".part", dir=out.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        # mkstemp gives 0600; a report is to be read by whom the folder lets in.
        mask = os.umask(0)
        os.umask(mask)
        Path(aside).chmod(0o666 & ~mask)
        Path(aside).replace(out)
    except BaseException:
        Path(aside).unlink(missing_ok=True)
        raise
