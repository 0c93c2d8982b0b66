"""A client of Airflow's public API, as in an operator's script."""

import json
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

DAG = "etl_ml_pipeline"
PATIENCE = 900
"""Timeout in seconds; generous, because CI's two cores are slow."""


@dataclass(frozen=True, kw_only=True)
class AirflowApi:
    """A session with the api-server, as the administrator."""

    url: str
    token: str

    @classmethod
    def sign_in(cls, url: str, user: str, password: str) -> "AirflowApi":
        """Exchange the password for a token."""
        answer = _call(f"{url}/auth/token", "POST", {"username": user, "password": password})
        return cls(url=url, token=answer["access_token"])

    def call(self, path: str, method: str = "GET", body: Any = None) -> Any:
        """One request below /api/v2."""
        return _call(f"{self.url}/api/v2/{path}", method, body, token=self.token)

    def set_variable(self, name: str, value: str) -> None:
        """Change a variable."""
        self.call(f"variables/{name}", "PATCH", {"key": name, "value": value})

    def pause(self, paused: bool, dag: str = DAG) -> None:
        """Pause or unpause a DAG."""
        self.call(f"dags/{dag}", "PATCH", {"is_paused": paused})

    def has_dag(self) -> bool:
        """Whether the DAG has been parsed; fails at once with the error if it cannot be."""
        assert (errors := self.call("importErrors")["import_errors"]) == [], errors
        return any(dag["dag_id"] == DAG for dag in self.call("dags")["dags"])

    def trigger(self, **params: Any) -> str:
        """Start a run by hand; returns its id."""
        return str(self.call(f"dags/{DAG}/dagRuns", "POST", {"logical_date": None, "conf": params})["dag_run_id"])

    def runs(self, dag: str = DAG) -> list[dict[str, Any]]:
        """All runs of a DAG, oldest first."""
        return list(self.call(f"dags/{dag}/dagRuns?limit=100&order_by=run_after")["dag_runs"])

    def count_ended(self) -> int:
        """The number of runs that have ended, successful or not."""
        return sum(run["state"] in {"success", "failed"} for run in self.runs())

    def run(self, run: str) -> dict[str, Any]:
        """One run."""
        return dict(self.call(f"dags/{DAG}/dagRuns/{run}"))

    def tasks(self, run: str) -> list[dict[str, Any]]:
        """The task instances of a run."""
        return list(self.call(f"dags/{DAG}/dagRuns/{run}/taskInstances?limit=100")["task_instances"])

    def states(self, run: str) -> dict[str, set[str | None]]:
        """The states of a run's tasks; a mapped task has several."""
        states: dict[str, set[str | None]] = {}
        for task in self.tasks(run):
            states.setdefault(task["task_id"], set()).add(task["state"])
        return states

    def log(self, run: str, task: str, attempt: int = 1) -> str:
        """A task's log."""
        return json.dumps(self.call(f"dags/{DAG}/dagRuns/{run}/taskInstances/{task}/logs/{attempt}")["content"])

    def wait_for_end(self, run: str) -> str:
        """Wait until a run has ended; returns its state."""
        wait_until(lambda: self.run(run)["state"] in {"success", "failed"}, f"the end of {run}")
        return str(self.run(run)["state"])

    def failures(self, runs: Sequence[str]) -> str:
        """The failed tasks of these runs and the ends of their logs, for the message of a failed test."""
        failed = [
            (run, task) for run in runs for task in self.tasks(run) if task["state"] in {"failed", "upstream_failed"}
        ]
        return "\n".join(f"{run} {task['task_id']}: {self._end(run, task)}" for run, task in failed)

    def _end(self, run: str, task: dict[str, Any]) -> str:
        return (
            self.log(run, task["task_id"], task["try_number"])[-2000:] if task["state"] == "failed" else task["state"]
        )


def wait_until(reached: Callable[[], bool], what: str, *, every: float = 0.5) -> None:
    """Wait until this holds; fail after the timeout."""
    limit = time.monotonic() + PATIENCE
    while not reached():
        assert time.monotonic() < limit, f"waited {PATIENCE} s for {what}"
        time.sleep(every)


def _call(url: str, method: str, body: Any = None, token: str = "") -> Any:
    headers = {"Content-Type": "application/json", "Accept": "application/json"}
    if token:
        headers["Authorization"] = f"Bearer {token}"
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data=data, headers=headers, method=method)
    try:
        with urllib.request.urlopen(request, timeout=300) as answer:
            return json.loads(answer.read() or b"null")
    except urllib.error.HTTPError as error:
        raise AssertionError(f"{method} {url}: {error.code} {error.read().decode()[:1000]}") from None
