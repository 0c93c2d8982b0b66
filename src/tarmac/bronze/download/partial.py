"""Partly downloaded files and their editions, kept in a folder until the whole file is in bronze."""

import errno
import fcntl
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from tarmac.errors import SystemFailure
from tarmac.storage.errors import explained


@dataclass(frozen=True, kw_only=True)
class Edition:
    """One edition of a file on a server, by what its answer says; empty, or None, where it says nothing."""

    url: str
    etag: str = ""
    last_modified: str = ""
    size: int | None = None

    def same_as(self, other: "Edition | None") -> bool:
        """Whether both are one edition: the ETag decides, else the time of the last change together with the size."""
        if other is None:
            return False
        if self.url != other.url:  # what another server says of a file can be compared by size alone
            return self.size is not None and self.size == other.size
        if self.etag and self.etag == other.etag:
            return self.size in {None, other.size} or other.size is None
        # Servers that share one address may each have an ETag of their own.
        if self.last_modified and other.last_modified:
            return (self.last_modified, self.size) == (other.last_modified, other.size)
        return not (self.etag or other.etag) and self.size is not None and self.size == other.size

    def continues(self, other: "Edition | None") -> bool:
        """Whether the rest of a file, which may come with fewer headers than the whole, can be the rest of that edition."""
        return (
            other is not None
            and self.etag in {"", other.etag}
            and (None in {self.size, other.size} or self.size == other.size)
        )

    def unless_changed(self) -> dict[str, str]:
        """Headers that ask for the file only if it is another edition."""
        if self.etag:
            return {"If-None-Match": self.etag}
        return {"If-Modified-Since": self.last_modified} if self.last_modified else {}

    def if_unchanged(self) -> str:
        """The value of If-Range: a strong ETag, else the time of the last change; empty where there is neither."""
        return self.etag if self.etag and not self.etag.startswith("W/") else self.last_modified


@dataclass(frozen=True, kw_only=True)
class Partial:
    """A file that is being received: `{name}.part`, beside it the edition in `{name}.json`, and `{name}` when it is whole."""

    folder: Path
    name: str

    @property
    def path(self) -> Path:
        """The bytes received so far."""
        return self.folder / f"{self.name}.part"

    @property
    def whole(self) -> Path:
        """The whole file; it is there only after its size and content were checked."""
        return self.folder / self.name

    @property
    def size(self) -> int:
        """How many bytes were received."""
        return self.path.stat().st_size if self.path.exists() else 0

    @property
    def edition(self) -> Edition | None:
        """The edition that these bytes are of; None where nothing was received."""
        try:
            return Edition(**json.loads(self._about.read_text(encoding="utf-8")))
        except (OSError, ValueError, TypeError):
            return None

    def finished(self, url: str) -> Edition | None:
        """The edition of the whole file, which a run that was killed has left; None where there is none of this address."""
        edition = self.edition
        return edition if edition and edition.url == url and self.whole.exists() else None

    def resume_headers(self, url: str) -> dict[str, str]:
        """Headers that ask for the rest of the same edition; none where there is nothing to continue."""
        edition = self.edition
        if not self.size or edition is None or edition.url != url or not edition.if_unchanged():
            self.drop()
            return {}
        return {"Range": f"bytes={self.size}-", "If-Range": edition.if_unchanged()}

    def begin(self, edition: Edition) -> None:
        """Start again, with this edition."""
        with explained(str(self.folder), option="TARMAC_HOME"):
            self.drop()
            # The edition is there before the first byte: bytes without one are not continued.
            self._about.write_text(json.dumps(asdict(edition)), encoding="utf-8")

    def finish(self) -> None:
        """All was received and checked."""
        self.path.replace(self.whole)

    def drop(self) -> None:
        """Remove what is there of it."""
        for file in (self.path, self.whole, self._about):
            file.unlink(missing_ok=True)

    @property
    def _about(self) -> Path:
        return self.folder / f"{self.name}.json"


@contextmanager
def downloads_folder(home: Path) -> Iterator[Path]:
    """The folder of files that are being received, held by this process alone.

    Raises:
        SystemFailure: another process holds it.
    """
    folder = home / "downloads"
    with explained(str(folder), option="TARMAC_HOME"):
        folder.mkdir(parents=True, exist_ok=True)
        lock = (folder / ".lock").open("ab")
    with lock:
        _hold(lock, folder)
        yield folder


def _hold(lock: Any, folder: Path) -> None:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        # Some file systems have no locks; only there may two downloads disturb each other.
        if error.errno in {errno.EWOULDBLOCK, errno.EACCES}:
            raise SystemFailure(
                f"another tarmac download is running in {folder}. Run the same command again when it has ended: what it "
                "fetched is not fetched twice."
            ) from None
