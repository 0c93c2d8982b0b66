#!/usr/bin/python3
"""environment.py airflow FOLDER | superset | database: secrets and addresses, for services and scripts.

Secrets come from Secrets Manager with the machine's role; further keys of an application are derived from its key.
Airflow gets one file per secret in the folder, Superset NAME="value" lines, database_users.py a JSON object.
"""

import base64
import hashlib
import hmac
import json
import os
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

USERS = ("tarmac", "tarmac_dashboards", "superset")
Read = Callable[[str], str]
"""The text of the secret whose name is in this environment variable."""


def superset(machine: Mapping[str, str], read: Read) -> dict[str, str]:
    """The variables that deploy/superset/ needs."""
    _, slash, path = machine["SUPERSET_ADDRESS"].partition("/")
    return {
        "SUPERSET_SECRET_KEY": read("SECRET_SUPERSET_KEYS"),
        "SUPERSET_ADMIN_PASSWORD": read("SECRET_SUPERSET_ADMIN"),
        "SUPERSET_METADATA_URL": _url(machine, read, "superset", "superset"),
        "SUPERSET_WAREHOUSE_URL": _url(machine, read, "tarmac_dashboards", "tarmac"),
        "SUPERSET_REDIS_URL": "redis://127.0.0.1:6379",
        "SUPERSET_BIND": "0.0.0.0:8088",
        "SUPERSET_CERT": "/var/lib/superset/superset.crt",
        "SUPERSET_KEY": "/var/lib/superset/superset.key",
        "SUPERSET_APP_ROOT": f"{slash}{path}" or "/",
    }


def airflow(machine: Mapping[str, str], read: Read) -> dict[str, str]:
    """The files that deploy/compose/ expects in secrets/. Airflow's own Postgres is another container."""
    key = read("SECRET_AIRFLOW_KEYS").encode()
    # The container's owner is `tarmac`: without RDS the results are there too, with the same password.
    own = _derive(key, "postgres").hex() if _on_rds(machine) else _password(read, "tarmac")
    within = machine if _on_rds(machine) else {**machine, "DATABASE_HOST": "postgres"}
    return {
        "postgres_password": own,
        "metadata_url": f"postgresql+psycopg2://tarmac:{own}@postgres:5432/airflow",
        "warehouse_url": _url(within, read, "tarmac", "tarmac"),
        "fernet_key": base64.urlsafe_b64encode(_derive(key, "fernet")).decode(),
        "api_secret_key": _derive(key, "secret key").hex(),
        "jwt_secret": _derive(key, "jwt").hex(),
        "admin_password": read("SECRET_AIRFLOW_ADMIN"),
    }


def database(machine: Mapping[str, str], read: Read) -> dict[str, Any]:
    """The input of database_users.py: Postgres's address and certificates, its master user, and every user's password."""
    return {
        "connection": {"host": machine["DATABASE_HOST"], **_known_by(machine)},
        "master": _master(machine, read),
        "users": {name: _password(read, name) for name in USERS},
    }


def _master(machine: Mapping[str, str], read: Read) -> dict[str, str]:
    """RDS's secret; without RDS, the owner of the container's database."""
    if _on_rds(machine):
        return dict(json.loads(read("SECRET_DATABASE_MASTER")))
    return {"username": "tarmac", "password": _password(read, "tarmac")}


def _on_rds(machine: Mapping[str, str]) -> bool:
    return "DATABASE_AUTHORITY" in machine


def _known_by(machine: Mapping[str, str]) -> dict[str, str]:
    """The TLS options with which clients verify the database, for libpq; not needed for the container on the same machine."""
    if _on_rds(machine):
        return {"sslmode": "verify-full", "sslrootcert": machine["DATABASE_AUTHORITY"]}
    return {"sslmode": "disable"}


def to_line(name: str, value: str) -> str:
    """A line that a shell, systemd and Docker Compose read in the same way; ValueError if the value makes that impossible."""
    if set(value) & set('"$`\\\n'):
        raise ValueError(f"{name} holds a character that an environment file cannot. Change it in Secrets Manager.")
    return f'{name}="{value}"\n'


def _url(machine: Mapping[str, str], read: Read, user: str, database: str) -> str:
    where = f"{user}:{_password(read, user)}@{machine['DATABASE_HOST']}:5432/{database}"
    return f"postgresql://{where}?{urlencode(_known_by(machine), safe='/')}"


def _password(read: Read, user: str) -> str:
    return str(json.loads(read(f"SECRET_DATABASE_{user.upper()}"))["password"])


def _derive(key: bytes, purpose: str) -> bytes:
    """A separate secret for each purpose, so that a leaked one does not reveal the others."""
    return hmac.digest(key, purpose.encode(), hashlib.sha256)


def main() -> None:
    """Print or write the requested secrets and addresses."""
    import boto3

    secrets = boto3.client("secretsmanager", endpoint_url=os.environ.get("AWS_ENDPOINT_URL"))

    def read(variable: str) -> str:
        return str(secrets.get_secret_value(SecretId=os.environ[variable])["SecretString"])

    match sys.argv[1:]:
        case ["database"]:
            sys.stdout.write(json.dumps(database(os.environ, read)))
        case ["superset"]:
            sys.stdout.writelines(to_line(name, value) for name, value in superset(os.environ, read).items())
        case ["airflow", folder]:
            for name, value in airflow(os.environ, read).items():
                file = Path(folder, name)
                file.touch(mode=0o400)
                file.write_text(value, encoding="utf-8")


if __name__ == "__main__":
    main()
