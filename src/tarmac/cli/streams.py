"""Standard output and standard error that are closed, full, without a reader, or limited to ASCII."""

import io
import os
import sys
from typing import TYPE_CHECKING, TextIO, cast

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer


class ReaderGoneError(Exception):
    """Whoever read our output has ended, as `| head` does."""


class OutputError(Exception):
    """Standard output takes no more; the text is the system's reason."""


def open_streams() -> None:
    """Make both streams ones that can be written to, whatever the shell gave us.

    A stream that the shell closed (`>&-`) leads nowhere. Characters that a stream's encoding lacks are escaped.
    """
    for number, stream in enumerate((sys.stdin, sys.stdout, sys.stderr)):
        if stream is None:
            _lead_nowhere(number)
    sys.stdout = _wrap(_Output(1, "w", closefd=False), sys.stdout)
    sys.stderr = _wrap(_Messages(2, "w", closefd=False), sys.stderr, line_buffering=True)


def _lead_nowhere(number: int) -> None:
    """Give the number to the null device, before the next file that is opened gets it."""
    try:
        os.fstat(number)
    except OSError:
        null = os.open(os.devnull, os.O_RDWR)
        if null != number:
            os.dup2(null, number)
            os.close(null)
        os.set_inheritable(number, True)


def _wrap(raw: io.FileIO, replaced: TextIO | None, *, line_buffering: bool = False) -> TextIO:
    if replaced is not None:
        replaced.flush()
    return io.TextIOWrapper(
        io.BufferedWriter(raw),
        encoding=replaced.encoding if replaced is not None else "utf-8",
        errors="backslashreplace",
        line_buffering=line_buffering or raw.isatty(),
    )


class _Output(io.FileIO):
    """Tells a failure of standard output from one of any other file; after it, swallows what is left to write."""

    failed = False

    def write(self, data: "ReadableBuffer", /) -> int:
        """Write some of the bytes; ReaderGoneError or OutputError."""
        if self.failed:
            return memoryview(data).nbytes
        try:
            return cast("int", super().write(data))
        except BrokenPipeError:
            self.failed = True
            raise ReaderGoneError from None
        except OSError as error:
            self.failed = True
            raise OutputError(error.strerror or str(error)) from None


class _Messages(io.FileIO):
    """Drops messages that cannot be written: the work goes on, and the exit code is the work's."""

    def write(self, data: "ReadableBuffer", /) -> int:
        """Write some of the bytes, or none."""
        try:
            return cast("int", super().write(data))
        except OSError:
            return memoryview(data).nbytes
