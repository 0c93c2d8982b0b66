"""Writes the report: aside first, then one rename, so that a reader never opens half a file."""

import os
import secrets
from pathlib import Path

from tarmac.errors import InputError, SystemFailure


def write_report(html: str | bytes, out: Path) -> int:
    """Publish the file at `out`, replacing one that is there; returns its size in bytes."""
    content = html.encode() if isinstance(html, str) else html
    try:
        _refuse_bad_place(out)
        _replace(content, out)
    except PermissionError as error:
        raise InputError(
            f"cannot write the report to {out}: {error.strerror}. Choose another place with --out"
        ) from error
    except OSError as error:
        raise SystemFailure(
            f"cannot write the report to {out}: {error.strerror}. A report that was there is kept; mend this, run again"
        ) from error
    return len(content)


def _refuse_bad_place(out: Path) -> None:
    if out.is_dir():
        raise InputError(f"cannot write the report to {out}: it is a folder. Name a file: --out {out / 'report.html'}")
    if not out.parent.is_dir():
        raise InputError(f"cannot write the report to {out}: there is no folder {out.parent}. Make it, or mend --out")


def _replace(content: bytes, out: Path) -> None:
    aside = out.with_name(f".{out.name[:100]}.{secrets.token_hex(4)}.part")
    try:
        with aside.open("xb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        aside.replace(out)
    except BaseException:
        aside.unlink(missing_ok=True)
        raise
