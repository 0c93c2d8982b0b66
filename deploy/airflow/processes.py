"""The processes of a local Airflow: start them, find them by an environment variable, stop them with their children."""

import subprocess
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import psutil  # type: ignore[import-untyped]

_MARK = "TARMAC_AIRFLOW_PROCESS_OF"

Process = subprocess.Popen[bytes]


@dataclass(frozen=True, kw_only=True)
class StackProcesses:
    """All processes of the Airflow whose state is in this folder: those that we start, and their descendants.

    They are found by an environment variable that each inherits: a task has its own process group, and when the
    scheduler is killed, its workers live on as orphans.
    """

    folder: Path

    def start(
        self,
        name: str,
        command: Sequence[str],
        *,
        environment: Mapping[str, str],
        log: Path,
        stdin: int = subprocess.DEVNULL,
    ) -> Process:
        """Start a process in its own session, so that the terminal's Ctrl-C reaches only us; its output goes to the log."""
        # SPT_NOENV: otherwise setproctitle overwrites the variables that we read.
        marked = {**environment, _MARK: f"{self.folder}:{name}", "SPT_NOENV": "1"}
        with log.open("ab") as output:
            return subprocess.Popen(
                command,
                env=marked,
                stdin=stdin,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def alive(self, name: str = "") -> list[psutil.Process]:
        """The running processes; with a name, only the one started under it and its descendants."""
        found = []
        for process in psutil.process_iter():
            # It may be another user's process, or have just ended.
            with suppress(psutil.Error):
                of, _, part = process.environ().get(_MARK, "").rpartition(":")
                if of == str(self.folder) and name in {"", part} and process.status() != psutil.STATUS_ZOMBIE:
                    found.append(process)
        return found

    def stop(self, name: str, process: Process, *, seconds: float) -> None:
        """Terminate the process; after this many seconds kill it and all its descendants."""
        process.terminate()
        with suppress(subprocess.TimeoutExpired):
            process.wait(seconds)
        self.kill(name)
        process.wait()

    def kill(self, name: str = "") -> int:
        """Kill all, or with a name only that process and its descendants; returns their number."""
        killed = 0
        # Repeated: a process may have started another one in the meantime.
        while left := self.alive(name):
            for process in left:
                with suppress(psutil.NoSuchProcess):
                    process.kill()
            psutil.wait_procs(left, timeout=1)
            killed += len(left)
            time.sleep(0.05)
        return killed
