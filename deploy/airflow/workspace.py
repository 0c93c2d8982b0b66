"""The paths and addresses of a local Airflow, and the environment variables of its processes."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from deploy.airflow.connections import without_keys
from deploy.airflow.state import State
from tarmac.errors import InputError

ROOT = Path(__file__).resolve().parents[2]
METADATA = "airflow"
"""Airflow's own database, in the same embedded Postgres as the warehouse."""


@dataclass(frozen=True, kw_only=True)
class Workspace:
    """Port, lake, warehouse and home of a local Airflow, and the inherited variables; AIRFLOW__… among them override ours."""

    home: Path
    lake: str
    warehouse: str = "embedded"
    port: int = 8080
    dags: Path = ROOT / "dags"
    variables: Path = ROOT / "airflow" / "variables.json"
    environment: Mapping[str, str] = field(default_factory=lambda: dict(os.environ))

    @property
    def url(self) -> str:
        """The address for browsers."""
        return f"http://127.0.0.1:{self.port}"


def to_environment(workspace: Workspace, state: State, postgres: str) -> dict[str, str]:
    """All environment variables of Airflow's processes; `postgres` is the embedded server's URL."""
    keys = {name: value for name, value in state.secrets().items() if name.startswith("AIRFLOW__")}
    metadata = postgres.replace("postgresql://postgres@/postgres", f"postgresql+psycopg2://postgres@/{METADATA}")
    return {
        **read_shared_settings(),
        **without_keys(workspace.environment),
        "AIRFLOW_HOME": str(state.folder),
        "AIRFLOW__API__BASE_URL": workspace.url,
        "AIRFLOW__CORE__EXECUTION_API_SERVER_URL": f"{workspace.url}/execution/",
        "AIRFLOW__CORE__DAGS_FOLDER": str(workspace.dags),
        "AIRFLOW__FAB__COOKIE_SECURE": "False",
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": metadata,
        # Any free port: we use the api-server's health check, which covers all services.
        "AIRFLOW__SCHEDULER__SCHEDULER_HEALTH_CHECK_SERVER_PORT": "0",
        "TARMAC_HOME": str(workspace.home),
        **keys,
    }


def read_shared_settings() -> dict[str, str]:
    """The settings in deploy/airflow/settings.env, which all deployments of Airflow share."""
    lines = (ROOT / "deploy" / "airflow" / "settings.env").read_text(encoding="utf-8").splitlines()
    pairs = [line.partition("=") for line in lines if line and not line.startswith("#")]
    return {name: value for name, _, value in pairs}


def airflow_program() -> Path:
    """The path of Airflow's command; raises InputError if its environment is not installed."""
    program = ROOT / ".venv-airflow" / "bin" / "airflow"
    if not program.exists():
        raise InputError(f"Airflow is not installed in {program.parents[1]}. Install it: make .venv-airflow/.ready")
    return program
