"""Writes the report to where the user named."""

from pathlib import Path

from tarmac.storage.atomic import whole_files


def write_report(html: str | bytes, out: Path) -> int:
    """Write the report in place of the file `out`, or into the pipe or device; returns its size in bytes.

    Raises:
        InputError, SystemFailure: see tarmac.storage.atomic.whole_files; a report that was there is kept.
    """
    content = html.encode() if isinstance(html, str) else html
    with whole_files(out) as (file,):
        file.write(content)
    return len(content)
