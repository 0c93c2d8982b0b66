"""The processes that make up one Airflow on this machine, in the order in which they need each other."""

import json
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Self

import psutil  # type: ignore[import-untyped]
import psycopg

from deploy.airflow.connections import to_connections
from deploy.airflow.preparing import has_admin, to_commands, to_variables
from deploy.airflow.processes import Process, StackProcesses
from deploy.airflow.state import State
from deploy.airflow.workspace import METADATA, ROOT, Workspace, airflow_program, to_environment
from tarmac.errors import InputError, SystemFailure
from tarmac.warehouse.embedded import embedded_server
from tarmac.warehouse.failures import explained

SERVICES: Mapping[str, tuple[str, ...]] = {
    "api-server": ("--host", "127.0.0.1"),
    # Logs are read from the same disk, so no service has to serve its own.
    "scheduler": ("--skip-serve-logs",),
    "dag-processor": (),
    "triggerer": ("--skip-serve-logs",),
}
"""Airflow's services in the order of their start, with their arguments: tasks cannot run without the api-server."""

_HEALTH = {"scheduler": "scheduler", "dag-processor": "dag_processor", "triggerer": "triggerer"}
_SECONDS_TO_START = 300.0
SECONDS_TO_STOP = 20.0
"""How long a service, and with it a task that runs, is given to end."""


class AirflowStack:
    """A running Airflow: entered, it is healthy; left, none of its processes is alive. Nothing is restarted by itself."""

    def __init__(self, workspace: Workspace, tell: Callable[[str], None] = lambda _: None) -> None:
        self.workspace = workspace
        self.state = State.of(workspace.home)
        self.url = workspace.url
        self.services: dict[str, Process] = {}
        self.environment: dict[str, str] = {}
        self.postgres = ""
        self._tell = tell
        self._processes = StackProcesses(folder=self.state.folder)
        self._open = ExitStack()

    @property
    def password(self) -> str:
        """The administrator's password, as it was generated."""
        return self.state.secrets()["password"]

    def __enter__(self) -> Self:
        """Start all of it.

        Raises:
            InputError: the state is in use or cannot be written, or the port is taken.
            SystemFailure: a service did not start; the message names its log.
        """
        with ExitStack() as opening:
            opening.enter_context(self.state.locked())
            if left := self._processes.kill():
                self._tell(f"An earlier stack here was killed; {left} processes that it left behind were ended.")
            _check_port(self.workspace.port)
            self._tell("Postgres …")
            self.postgres = opening.enter_context(embedded_server(self.workspace.home))
            self.environment = to_environment(self.workspace, self.state, self.postgres)
            # Apart from the orderly stop, so that it also happens when a second Ctrl-C cuts that one short.
            opening.callback(self._processes.kill)
            opening.callback(self._stop_all)
            self._start_airflow()
            self._open = opening.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        """Stop all of it: tasks that run are given a few seconds, then killed; the next start tries them again."""
        self._open.close()

    def processes(self) -> list[psutil.Process]:
        """Every living process of Airflow here, those of its tasks included."""
        return self._processes.alive()

    def start(self, name: str) -> None:
        """Start one service, apart from the rest."""
        port = ("--port", str(self.workspace.port)) if name == "api-server" else ()
        self.services[name] = self._processes.start(
            name,
            [str(airflow_program()), name, *SERVICES[name], *port],
            environment=self.environment,
            log=self._log(name),
        )

    def stop(self, name: str) -> None:
        """Stop one service with all that it started."""
        # The api-server would wait for open browsers.
        seconds = 5 if name == "api-server" else SECONDS_TO_STOP
        self._processes.stop(name, self.services.pop(name), seconds=seconds)

    def kill(self, name: str) -> None:
        """Kill one service with all that it started, as when its container or its machine dies."""
        self._processes.kill(name)
        self.services.pop(name).wait()

    def wait_until_healthy(self, *names: str, since: datetime) -> None:
        """Return once these services have reported themselves after this moment; SystemFailure when they do not."""
        self._wait(lambda: self._healthy(names, since), f"{', '.join(names)} to be healthy")

    def check(self) -> None:
        """SystemFailure when a service has ended that nobody asked to end."""
        for name, process in self.services.items():
            if process.poll() is not None:
                raise SystemFailure(
                    f"Airflow's {name} ended with {process.returncode}. {self._last_words(name)} "
                    "Start again once the cause is fixed; tasks that were running will be tried again."
                )

    def _start_airflow(self) -> None:
        self._tell("Airflow's database, user, variables and connections …")
        self._prepare()
        self._tell("api-server …")
        self.start("api-server")
        self._wait(lambda: self._health() is not None, "the api-server to answer")
        self._tell("scheduler, dag-processor, triggerer …")
        began = datetime.now(UTC)
        for name in _HEALTH:
            self.start(name)
        self.wait_until_healthy(*_HEALTH, since=began)

    def _prepare(self) -> None:
        """Make or migrate the database; then variables that an operator changed stay, what this workspace decides is new."""
        if "://" not in self.workspace.lake:
            Path(self.workspace.lake).mkdir(parents=True, exist_ok=True)
        warehouse = self.postgres if self.workspace.warehouse == "embedded" else self.workspace.warehouse
        new_password = None if self._has_admin() else self.password
        with TemporaryDirectory(dir=self.state.folder) as folder:
            commands = to_commands(
                Path(folder),
                defaults=self.workspace.variables if self.workspace.variables.exists() else None,
                variables=to_variables(
                    self.workspace.lake, self.workspace.home / "scratch", self.workspace.environment
                ),
                connections=to_connections(self.workspace.lake, warehouse, self.workspace.environment),
                new_password=new_password,
            )
            self._run_commands(*commands)

    def _has_admin(self) -> bool:
        """Whether an earlier start made the user; makes the database where it is missing."""
        with explained("Making Airflow's database"), psycopg.connect(self.postgres, autocommit=True) as connection:
            if not connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [METADATA]).fetchone():
                connection.execute(f"CREATE DATABASE {METADATA}")
        with explained("Reading Airflow's users"), psycopg.connect(self.postgres, dbname=METADATA) as connection:
            return has_admin(connection)

    def _run_commands(self, *commands: list[str]) -> None:
        """Run Airflow's commands one after the other, to their end."""
        name, script = "commands", ROOT / "deploy" / "airflow" / "commands.py"
        process = self._processes.start(
            name,
            [str(airflow_program().with_name("python")), str(script)],
            environment=self.environment,
            log=self._log(name),
            stdin=subprocess.PIPE,
        )
        process.communicate(json.dumps(commands).encode())
        if process.returncode:
            raise SystemFailure(f"Airflow could not be set up. {self._last_words(name)}")

    def _stop_all(self) -> None:
        """The api-server last: a task that ends in time has to tell it so."""
        for process in self.services.values():
            if process is not self.services.get("api-server"):
                process.terminate()
        for name in reversed(list(self.services)):
            self.stop(name)

    def _log(self, name: str) -> Path:
        return self.state.logs / f"{name}.log"

    def _last_words(self, name: str) -> str:
        lines = self._log(name).read_text(encoding="utf-8", errors="replace").splitlines()
        return f"Last lines of its log: {' / '.join(lines[-3:]) or 'none'}. Its log: {self._log(name)}."

    def _wait(self, reached: Callable[[], bool], what: str) -> None:
        limit = time.monotonic() + _SECONDS_TO_START
        while not reached():
            self.check()
            if time.monotonic() > limit:
                raise SystemFailure(
                    f"Waited {_SECONDS_TO_START:.0f} s for {what}, in vain. Airflow last said {self._health()}. "
                    f"Read the logs in {self.state.logs}."
                )
            time.sleep(0.2)

    def _healthy(self, names: tuple[str, ...], since: datetime) -> bool:
        health = self._health() or {}
        parts = {name: health.get(_HEALTH[name], {}) for name in names}
        beats = {name: part.get(f"latest_{_HEALTH[name]}_heartbeat") for name, part in parts.items()}
        return all(beat and datetime.fromisoformat(beat) > since for beat in beats.values())

    def _health(self) -> dict[str, Any] | None:
        """What the api-server says of all services; None while it does not answer."""
        try:
            with urllib.request.urlopen(f"{self.url}/api/v2/monitor/health", timeout=10) as answer:  # noqa: S310
                return dict(json.load(answer))
        except (urllib.error.URLError, OSError, ValueError):
            return None


def _check_port(port: int) -> None:
    with socket.socket() as trial:
        trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            trial.bind(("127.0.0.1", port))
        except OSError as error:
            raise InputError(
                f"Port {port} on 127.0.0.1 cannot be used: {error.strerror}. Choose another: make airflow PORT={port + 1}"
            ) from None
