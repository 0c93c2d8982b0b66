"""Airflow's own commands, with the state of `make airflow`: .venv/bin/python -m deploy.airflow.cli dags list."""

import subprocess
import sys

from deploy.airflow.local import workspace_from_settings
from deploy.airflow.state import State
from deploy.airflow.workspace import airflow_program, to_environment
from tarmac.errors import TarmacError
from tarmac.warehouse.embedded import embedded_server


def main() -> int:
    """Run one command with the variables of `make airflow`; returns its exit code. Starts Postgres if it is not running."""
    try:
        workspace = workspace_from_settings()
        with embedded_server(workspace.home) as postgres:
            environment = to_environment(workspace, State.of(workspace.home), postgres)
            return subprocess.run([str(airflow_program()), *sys.argv[1:]], env=environment, check=False).returncode
    except TarmacError as error:
        sys.stderr.write(f"Error: {error}\n")
        return error.exit_code


if __name__ == "__main__":
    sys.exit(main())
