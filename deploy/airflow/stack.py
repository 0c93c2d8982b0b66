"""The processes of a local Airflow, started in the order of their dependencies."""

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
"""How long a service, and its running tasks, may take to stop."""


class AirflowStack:
    """A context manager: inside it Airflow runs and is healthy; after it no process is left. Services are not restarted."""

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
        """The administrator's password as generated at the first start."""
        return self.state.secrets()["password"]

    def __enter__(self) -> Self:
        """Start all services.

        Raises:
            InputError: the state is in use or cannot be written, or the port is taken.
            SystemFailure: a service did not start; the message names its log.
        """
        with ExitStack() as opening:
            opening.enter_context(self.state.locked())
            if left := self._processes.kill():
                self._tell(f"An earlier Airflow with this state was killed; {left} remaining processes were stopped.")
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
        """Stop all services: running tasks get a few seconds, are then killed, and are retried after the next start."""
        self._open.close()

    def processes(self) -> list[psutil.Process]:
        """Every running process of this Airflow, including those of its tasks."""
        return self._processes.alive()

    def start(self, name: str) -> None:
        """Start one service."""
        port = ("--port", str(self.workspace.port)) if name == "api-server" else ()
        self.services[name] = self._processes.start(
            name,
            [str(airflow_program()), name, *SERVICES[name], *port],
            environment=self.environment,
            log=self._log(name),
        )

    def stop(self, name: str) -> None:
        """Stop one service and its child processes."""
        # The api-server would wait for open browsers.
        seconds = 5 if name == "api-server" else SECONDS_TO_STOP
        self._processes.stop(name, self.services.pop(name), seconds=seconds)

    def kill(self, name: str) -> None:
        """Kill one service and its child processes, as when its container or its machine dies."""
        self._processes.kill(name)
        self.services.pop(name).wait()

    def wait_until_healthy(self, *names: str, since: datetime) -> None:
        """Return once each of these services has sent a heartbeat after `since`; raises SystemFailure on timeout."""
        self._wait(lambda: self._healthy(names, since), f"{', '.join(names)} to be healthy")

    def check(self) -> None:
        """Raise SystemFailure if a service has exited unexpectedly."""
        for name, process in self.services.items():
            if process.poll() is not None:
                raise SystemFailure(
                    f"Airflow's {name} exited with code {process.returncode}. {self._end_of_log(name)} "
                    "Fix the cause and start again; tasks that were running will be retried."
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
        """Create or migrate the database; set the variables that the workspace determines, and keep other changed ones."""
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
        """Whether an earlier start created the user; creates the database if it is missing."""
        with explained("Creating Airflow's database"), psycopg.connect(self.postgres, autocommit=True) as connection:
            if not connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [METADATA]).fetchone():
                connection.execute(f"CREATE DATABASE {METADATA}")
        with explained("Reading Airflow's users"), psycopg.connect(self.postgres, dbname=METADATA) as connection:
            return has_admin(connection)

    def _run_commands(self, *commands: list[str]) -> None:
        """Run Airflow's commands one after the other, and wait for them."""
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
            raise SystemFailure(f"Airflow could not be set up. {self._end_of_log(name)}")

    def _stop_all(self) -> None:
        """The api-server last, because tasks report their end to it."""
        for process in self.services.values():
            if process is not self.services.get("api-server"):
                process.terminate()
        for name in reversed(list(self.services)):
            self.stop(name)

    def _log(self, name: str) -> Path:
        return self.state.logs / f"{name}.log"

    def _end_of_log(self, name: str) -> str:
        lines = self._log(name).read_text(encoding="utf-8", errors="replace").splitlines()
        return f"Last lines of its log: {' / '.join(lines[-3:]) or 'none'}. Its log: {self._log(name)}."

    def _wait(self, reached: Callable[[], bool], what: str) -> None:
        limit = time.monotonic() + _SECONDS_TO_START
        while not reached():
            self.check()
            if time.monotonic() > limit:
                raise SystemFailure(
                    f"Waited {_SECONDS_TO_START:.0f} s for {what}, without success. Airflow's last status: {self._health()}. "
                    f"Read the logs in {self.state.logs}."
                )
            time.sleep(0.2)

    def _healthy(self, names: tuple[str, ...], since: datetime) -> bool:
        health = self._health() or {}
        parts = {name: health.get(_HEALTH[name], {}) for name in names}
        beats = {name: part.get(f"latest_{_HEALTH[name]}_heartbeat") for name, part in parts.items()}
        return all(beat and datetime.fromisoformat(beat) > since for beat in beats.values())

    def _health(self) -> dict[str, Any] | None:
        """The health of all services as the api-server reports it; None while it does not answer."""
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
