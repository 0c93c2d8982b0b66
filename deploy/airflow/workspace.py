"""Where one Airflow runs and with what data, and the variables that say so to its processes."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from deploy.airflow.connections import without_keys
from deploy.airflow.state import State
from tarmac.errors import InputError

ROOT = Path(__file__).resolve().parents[2]
METADATA = "airflow"
"""The database of Airflow's own records, beside the warehouse in the same embedded Postgres."""


@dataclass(frozen=True, kw_only=True)
class Workspace:
    """Where a stack runs, with what data, and the variables it inherits: those of Airflow's settings win over our own."""

    home: Path
    lake: str
    warehouse: str = "embedded"
    port: int = 8080
    dags: Path = ROOT / "dags"
    variables: Path = ROOT / "airflow" / "variables.json"
    environment: Mapping[str, str] = field(default_factory=lambda: dict(os.environ))

    @property
    def url(self) -> str:
        """Where a browser finds it."""
        return f"http://127.0.0.1:{self.port}"


def to_environment(workspace: Workspace, state: State, postgres: str) -> dict[str, str]:
    """All variables of the stack's processes; `postgres` is the embedded server's URL."""
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
        # Any free port: we ask the api-server, which knows of all.
        "AIRFLOW__SCHEDULER__SCHEDULER_HEALTH_CHECK_SERVER_PORT": "0",
        "TARMAC_HOME": str(workspace.home),
        **keys,
    }


def read_shared_settings() -> dict[str, str]:
    """What deploy/airflow/settings.env says: the settings that every Airflow of ours has, wherever it runs."""
    lines = (ROOT / "deploy" / "airflow" / "settings.env").read_text(encoding="utf-8").splitlines()
    pairs = [line.partition("=") for line in lines if line and not line.startswith("#")]
    return {name: value for name, _, value in pairs}


def airflow_program() -> Path:
    """Airflow's command, in its environment; InputError where that is not made yet."""
    program = ROOT / ".venv-airflow" / "bin" / "airflow"
    if not program.exists():
        raise InputError(f"Airflow is not installed in {program.parents[1]}. Install it: make .venv-airflow/.ready")
    return program
