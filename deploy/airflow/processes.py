"""Processes of one Airflow stack: started apart from the terminal, found again by a mark, ended with all they started."""

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
class Kin:
    """All processes of the stack whose state is in this folder: those that we start, and those that they start.

    They are known by a variable that each inherits: a task has a process group of its own, and when the scheduler is
    killed, its workers live on as nobody's children.
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
        """Start a process in a session of its own, so that the terminal's Ctrl-C reaches us alone; its words go to the log."""
        # SPT_NOENV: else setproctitle writes its titles over the variables that we read.
        marked = {**environment, _MARK: f"{self.folder}:{name}", "SPT_NOENV": "1"}
        with log.open("ab") as output:
            return subprocess.Popen(  # noqa: S603 - the program is Airflow's, no shell
                command,
                env=marked,
                stdin=stdin,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def alive(self, name: str = "") -> list[psutil.Process]:
        """The living processes, or those alone that descend from the one started under this name."""
        found = []
        for process in psutil.process_iter():
            # Another user's process, or one that ended in this moment.
            with suppress(psutil.Error):
                of, _, part = process.environ().get(_MARK, "").rpartition(":")
                if of == str(self.folder) and name in {"", part} and process.status() != psutil.STATUS_ZOMBIE:
                    found.append(process)
        return found

    def stop(self, name: str, process: Process, *, seconds: float) -> None:
        """Ask the process to end, give it so many seconds, then kill it and all that descend from it."""
        process.terminate()
        with suppress(subprocess.TimeoutExpired):
            process.wait(seconds)
        self.kill(name)
        process.wait()

    def kill(self, name: str = "") -> int:
        """Kill all, or those alone that descend from the one started under this name; returns how many there were."""
        killed = 0
        # Again, for what one of them started while we looked.
        while left := self.alive(name):
            for process in left:
                with suppress(psutil.NoSuchProcess):
                    process.kill()
            psutil.wait_procs(left, timeout=1)
            killed += len(left)
            time.sleep(0.05)
        return killed
