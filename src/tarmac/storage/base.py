"""The interface of a lake's store: a folder, or a prefix of an S3 bucket.

Stores raise the errors of the operating system or S3; `Lake` explains them to the user.
"""

from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import BinaryIO, Protocol


class Store(Protocol):
    """Files by key. A file is published in one visible change, and never modified afterwards."""

    @property
    def root(self) -> str:
        """The location of the files, as shown to the user: a path or an s3:// address."""

    def exists(self) -> bool:
        """Whether the store exists.

        Raises:
            InputError: its path is something else, such as a file.
        """

    def make(self) -> None:
        """Create the store if it is a folder that does not exist; buckets are never created."""

    def size(self, key: str) -> int | None:
        """The size of a file in bytes; None if there is no such file."""

    def list(self, folder: str) -> Iterator[tuple[str, int]]:
        """Key and size of each file directly in a folder, in order of key."""

    def remove(self, folder: str) -> None:
        """Remove a folder and its contents, if it exists."""

    def remove_file(self, key: str) -> None:
        """Remove one file."""

    def read(self, key: str) -> bytes:
        """The bytes of a file that fits into memory, all from one version."""

    def open(self, key: str, version: str | None) -> BinaryIO:
        """Open a file to read parts of it; reading fails unless all are from this version (by default the current one)."""

    def fetch(self, key: str, file: Path) -> None:
        """Create a local copy of one version of the file; it must not be written to."""

    def version(self, key: str) -> str | None:
        """An identifier of the version of a file, such as its ETag; None if the store has no versions."""

    def checksum(self, key: str) -> tuple[int, str | None]:
        """Size of a file in bytes, and its MD5 in hexadecimal if the store knows it without reading the file, else None."""

    def holds(self, key: str, file: Path) -> bool:
        """Whether the key has the same bytes as a local file; false where that is unknown."""

    def publish(self, file: Path, key: str, *, replace: bool) -> None:
        """Publish a finished local file under the key; the local file no longer exists afterwards. `replace`: see `is_taken`."""

    def is_taken(self, error: Exception) -> bool:
        """Whether `publish` without `replace` failed because the key has a file already."""

    def local_path(self, key: str) -> Path | None:
        """The file's path on this machine; None if it has none."""

    def scratch_parent(self, local: Path) -> Path:
        """The folder for files that are not published yet: in the lake, so that publishing is a rename, or else `local`."""

    def shared_scratch(self, scratch: Path) -> AbstractContextManager[str]:
        """A location that all machines of a cluster can reach, for the run with this scratch folder; emptied at the end."""
