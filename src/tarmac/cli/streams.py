"""Standard output and standard error that are closed, full, without a reader, or limited to ASCII."""

import io
import os
import sys
from typing import TYPE_CHECKING, TextIO, cast

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer


class ReaderGoneError(Exception):
    """The reader of standard output has exited, as `| head` does."""


class OutputError(Exception):
    """Standard output cannot be written to; the text is the system's reason."""


def open_streams() -> None:
    """Make both streams writable, whatever the shell has set up.

    A stream that the shell closed (`>&-`) becomes the null device. Characters that a stream's encoding lacks are escaped.
    """
    for number, stream in enumerate((sys.stdin, sys.stdout, sys.stderr)):
        if stream is None:
            _lead_nowhere(number)
    sys.stdout = _wrap(_Output(1, "w", closefd=False), sys.stdout)
    sys.stderr = _wrap(_Messages(2, "w", closefd=False), sys.stderr, line_buffering=True)


def _lead_nowhere(number: int) -> None:
    """Open the null device with this number, before the next opened file gets it."""
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
    """Distinguishes failures of standard output from those of other files; after one, discards further output."""

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
    """Discards messages that cannot be written: the command continues, and its exit code is unaffected."""

    def write(self, data: "ReadableBuffer", /) -> int:
        """Write some of the bytes, or none."""
        try:
            return cast("int", super().write(data))
        except OSError:
            return memoryview(data).nbytes
