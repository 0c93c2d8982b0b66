"""A lake's files in a folder: published by a rename."""

import filecmp
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from tarmac.errors import InputError
from tarmac.storage.atomic import NO_LINKS, move


@dataclass(frozen=True)
class FolderStore:
    """See tarmac.storage.base.Store. Links in the folder are followed: a zone or a file may be elsewhere."""

    root: str

    def _path(self, key: str) -> Path:
        return Path(self.root, key)

    def exists(self) -> bool:
        """See Store."""
        if Path(self.root).is_dir():
            return True
        if Path(self.root).exists():
            raise InputError(f"{self.root} is a file, not a folder. Name another with --lake or TARMAC_LAKE.")
        return False

    def make(self) -> None:
        """See Store."""
        with suppress(FileExistsError):
            Path(self.root).mkdir(parents=True)

    def size(self, key: str) -> int | None:
        """See Store."""
        path = self._path(key)
        return path.stat().st_size if path.is_file() else None

    def list(self, folder: str) -> Iterator[tuple[str, int]]:
        """See Store. Hidden files are not listed."""
        path = self._path(folder)
        for file in sorted(path.iterdir()) if path.is_dir() else []:
            if file.is_file() and not file.name.startswith("."):
                yield f"{folder}/{file.name}", file.stat().st_size

    def remove(self, folder: str) -> None:
        """See Store."""
        with suppress(FileNotFoundError):
            shutil.rmtree(self._path(folder))

    def remove_file(self, key: str) -> None:
        """See Store."""
        self._path(key).unlink()

    def read(self, key: str) -> bytes:
        """See Store."""
        return self._path(key).read_bytes()

    def open(self, key: str, version: str | None) -> BinaryIO:
        """See Store. An open file does not change when another version is published."""
        del version
        return self._path(key).open("rb")

    def fetch(self, key: str, file: Path) -> None:
        """See Store."""
        # A hard link to a relative symbolic link would point elsewhere.
        original = os.path.realpath(self._path(key))
        try:
            os.link(original, file)
        except OSError as error:
            if error.errno not in NO_LINKS:
                raise
            shutil.copyfile(original, file)

    def version(self, key: str) -> None:
        """See Store. Files in a folder have no versions."""

    def checksum(self, key: str) -> tuple[int, str | None]:
        """See Store."""
        return self._path(key).stat().st_size, None

    def holds(self, key: str, file: Path) -> bool:
        """See Store."""
        return self.size(key) == file.stat().st_size and filecmp.cmp(self._path(key), file, shallow=False)

    def publish(self, file: Path, key: str, *, replace: bool) -> None:
        """See Store."""
        # Replaces the target of a link, so that the user's link is kept.
        folder = Path(os.path.realpath(self._path(key).parent))
        folder.mkdir(parents=True, exist_ok=True)
        target = folder / self._path(key).name
        move(file, Path(os.path.realpath(target)) if replace else target, replace=replace)

    def is_taken(self, error: Exception) -> bool:
        """See Store."""
        return isinstance(error, FileExistsError)

    def local_path(self, key: str) -> Path | None:
        """See Store."""
        return self._path(key)

    def scratch_parent(self, local: Path) -> Path:
        """See Store."""
        del local
        return self._path(".scratch")

    @contextmanager
    def shared_scratch(self, scratch: Path) -> Iterator[str]:
        """See Store. All machines of a cluster can reach the lake, and so the scratch folder in it."""
        yield str(scratch / "parts")
