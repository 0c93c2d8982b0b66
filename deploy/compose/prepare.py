"""Create databases, user, variables and connections before Airflow's services start. Can be run repeatedly.

Runs in the image, in the service `prepare` of compose.yaml.
"""

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

import psycopg
from psycopg.conninfo import conninfo_to_dict

from deploy.airflow.connections import to_connections
from deploy.airflow.preparing import has_admin, to_commands, to_variables

HERE = Path(__file__).resolve()
VARIABLES = HERE.parents[2] / "airflow" / "variables.json"
COMMANDS = HERE.parents[1] / "airflow" / "commands.py"


def prepare(secrets: Path, environment: Mapping[str, str]) -> int:
    """Create what is missing and keep what an operator has changed. Returns the exit code of Airflow's commands."""
    metadata = (secrets / "metadata_url").read_text().replace("+psycopg2", "", 1)
    warehouse = (secrets / "warehouse_url").read_text()
    _make_database(metadata, str(conninfo_to_dict(warehouse)["dbname"]))
    with psycopg.connect(metadata) as connection:
        new_password = None if has_admin(connection) else (secrets / "admin_password").read_text()
    lake, scratch = environment["TARMAC_LAKE"], Path(environment["TARMAC_HOME"], "scratch")
    given = {name: value for name, value in environment.items() if value}
    with TemporaryDirectory() as folder:
        commands = to_commands(
            Path(folder),
            defaults=VARIABLES,
            variables=to_variables(lake, scratch, given),
            connections=to_connections(lake, warehouse, given),
            new_password=new_password,
        )
        done = subprocess.run([sys.executable, str(COMMANDS)], input=json.dumps(commands).encode(), check=False)
    return done.returncode


def _make_database(server: str, name: str) -> None:
    with psycopg.connect(server, autocommit=True) as connection:
        if not connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name]).fetchone():
            connection.execute(psycopg.sql.SQL("CREATE DATABASE {}").format(psycopg.sql.Identifier(name)))


if __name__ == "__main__":
    sys.exit(prepare(Path("/run/secrets"), os.environ))
