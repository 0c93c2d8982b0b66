"""The state that a local Airflow keeps between starts: its folder, its secrets, and the lock of the process that uses them."""

import base64
import fcntl
import json
import os
import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tarmac.errors import InputError, SystemFailure


@dataclass(frozen=True, kw_only=True)
class State:
    """The folder of a local Airflow's state, readable only by its owner."""

    folder: Path

    @classmethod
    def of(cls, home: Path) -> "State":
        """The state below Tarmac's own."""
        return cls(folder=home / "airflow")

    @property
    def logs(self) -> Path:
        """Folder of the logs of Airflow's services; those of tasks are beside it."""
        return self.folder / "logs" / "services"

    @property
    def secrets_file(self) -> Path:
        """The file of generated keys and the administrator's password."""
        return self.folder / "secrets.json"

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Lock the state for the block; the kernel releases the lock when the process ends, for whatever reason.

        Raises:
            InputError: when another process has locked it, or the folder cannot be written.
        """
        try:
            self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            self.logs.mkdir(parents=True, exist_ok=True)
            lock = (self.folder / "lock").open("a+b")
        except OSError as error:
            raise InputError(
                f"Airflow's state cannot be stored in {self.folder}: {error.strerror}. "
                "Set TARMAC_HOME to a writable folder."
            ) from error
        with lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                lock.seek(0)
                raise InputError(
                    f"Airflow is already running with the state in {self.folder}, started by process {lock.read().decode()}. "
                    "Stop that process first (Ctrl-C), or set TARMAC_HOME to another folder."
                ) from None
            lock.truncate(0)
            lock.write(str(os.getpid()).encode())
            lock.flush()
            yield

    def secrets(self) -> Mapping[str, str]:
        """The keys and the password; generated at the first start and then kept."""
        if not self.secrets_file.exists():
            made = {
                "AIRFLOW__CORE__FERNET_KEY": base64.urlsafe_b64encode(secrets.token_bytes(32)).decode(),
                "AIRFLOW__API__SECRET_KEY": secrets.token_urlsafe(32),
                "AIRFLOW__API_AUTH__JWT_SECRET": secrets.token_urlsafe(64),
                "password": secrets.token_urlsafe(12),
            }
            write_private(self.secrets_file, made)
        try:
            return dict(json.loads(self.secrets_file.read_text(encoding="utf-8")))
        except ValueError as error:
            raise SystemFailure(
                f"{self.secrets_file} cannot be read: {error}. Restore it from a copy, or remove it: new keys are then "
                "generated, and you must add your connections and set the password again."
            ) from error


def write_private(file: Path, content: Mapping[str, Any]) -> None:
    """Write JSON, atomically, to a file that only its owner may read."""
    aside = file.with_suffix(".new")
    aside.unlink(missing_ok=True)
    with open(os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as out:  # noqa: PTH123
        json.dump(content, out, indent=2)
    aside.rename(file)
