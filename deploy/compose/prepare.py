"""What must be there before Airflow's services start: databases, user, variables, connections. Safe to run again.

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

HERE = Path(__file__).resolve()
VARIABLES = HERE.parents[2] / "airflow" / "variables.json"
COMMANDS = HERE.parents[1] / "airflow" / "commands.py"
ADMIN = "admin"


def prepare(secrets: Path, environment: Mapping[str, str]) -> int:
    """Make what is missing; what an operator changed stays. Returns the exit code of Airflow's commands."""
    metadata = (secrets / "metadata_url").read_text().replace("+psycopg2", "", 1)
    warehouse = (secrets / "warehouse_url").read_text()
    _make_database(metadata, str(conninfo_to_dict(warehouse)["dbname"]))
    lake = environment["TARMAC_LAKE"]
    given = {name: value for name, value in environment.items() if value}
    with TemporaryDirectory() as folder:
        ours, connections = Path(folder, "variables.json"), Path(folder, "connections.json")
        scratch = Path(environment["TARMAC_HOME"], "scratch")
        ours.write_text(json.dumps({"data_lake_bucket": lake, "local_path": str(scratch)}))
        connections.write_text(json.dumps(to_connections(lake, warehouse, given)))
        commands = [
            ["db", "migrate"],
            *([] if _has_admin(metadata) else [_make_admin((secrets / "admin_password").read_text())]),
            ["variables", "import", "--action-on-existing-key", "skip", str(VARIABLES)],
            ["variables", "import", str(ours)],
            ["connections", "import", "--overwrite", str(connections)],
        ]
        done = subprocess.run([sys.executable, str(COMMANDS)], input=json.dumps(commands).encode(), check=False)
    return done.returncode


def _make_database(server: str, name: str) -> None:
    with psycopg.connect(server, autocommit=True) as connection:
        if not connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name]).fetchone():
            connection.execute(psycopg.sql.SQL("CREATE DATABASE {}").format(psycopg.sql.Identifier(name)))


def _has_admin(metadata: str) -> bool:
    with psycopg.connect(metadata) as connection:
        made = connection.execute("SELECT to_regclass('ab_user') IS NOT NULL").fetchone() == (True,)
        query = "SELECT 1 FROM ab_user WHERE username = %s"
        return made and connection.execute(query, [ADMIN]).fetchone() is not None


def _make_admin(password: str) -> list[str]:
    names = ["--firstname", "Tarmac", "--lastname", "Operator", "--email", f"{ADMIN}@localhost"]
    return ["users", "create", "--username", ADMIN, "--role", "Admin", *names, f"--password={password}"]


if __name__ == "__main__":
    sys.exit(prepare(Path("/run/secrets"), os.environ))
