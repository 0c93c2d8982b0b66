"""The interface of a lake's store: a folder, or a prefix of an S3 bucket.

Stores raise what the operating system or S3 raises; `Lake` explains it to the user.
"""

from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import BinaryIO, Protocol


class Store(Protocol):
    """Files by key. A file is published in one visible change, and never modified after."""

    @property
    def root(self) -> str:
        """Where the files are, as shown to the user: a path or an s3:// address."""

    def exists(self) -> bool:
        """Whether the store is there.

        Raises:
            InputError: something else has its name.
        """

    def make(self) -> None:
        """Make the store if it is a folder that is not there; a bucket is never made."""

    def size(self, key: str) -> int | None:
        """The size of a file in bytes; None where there is none."""

    def list(self, folder: str) -> Iterator[tuple[str, int]]:
        """Key and size of each file right below a folder, in order of key."""

    def remove(self, folder: str) -> None:
        """Remove a folder with all that is below it; one that is not there is no error."""

    def remove_file(self, key: str) -> None:
        """Remove one file."""

    def read(self, key: str) -> bytes:
        """The bytes of a file that fits into memory: all of one version of it."""

    def open(self, key: str, version: str | None) -> BinaryIO:
        """Open a file to read parts of it, all of that version (by default the present one), else reading fails."""

    def fetch(self, key: str, file: Path) -> None:
        """Make a new local file with the bytes that the key had at one moment; it must not be written to."""

    def version(self, key: str) -> str | None:
        """An identifier of the version of a file, such as its ETag; None where the store has none."""

    def checksum(self, key: str) -> tuple[int, str | None]:
        """Size of a file in bytes, and its MD5 in hexadecimal where the store knows it without reading the file."""

    def holds(self, key: str, file: Path) -> bool:
        """Whether the key has the same bytes as a local file; false where that is unknown."""

    def publish(self, file: Path, key: str, *, replace: bool) -> None:
        """Make a finished local file the file of that key; the local one is gone after. See `is_taken` for `replace`."""

    def is_taken(self, error: Exception) -> bool:
        """Whether `publish` without `replace` failed because the key has a file already."""

    def local_path(self, key: str) -> Path | None:
        """The file's own path on this machine; None where it has none."""

    def scratch_parent(self, local: Path) -> Path:
        """Where runs put what is not published yet: near the zones, so that publishing is a rename, else `local`."""

    def shared_scratch(self, scratch: Path) -> AbstractContextManager[str]:
        """A place that other machines of a cluster reach, for a run with this scratch folder; emptied at the end."""
