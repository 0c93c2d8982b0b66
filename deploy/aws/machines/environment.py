#!/usr/bin/python3
"""environment.py airflow | superset | database: secrets and addresses, for services and scripts.

Secrets come from Secrets Manager by the machine's role; what an application needs beyond them is derived from its key.
The applications get NAME="value" lines, database_users.py a JSON object.
"""

import base64
import hashlib
import hmac
import json
import os
import sys
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlencode

USERS = ("tarmac", "tarmac_dashboards", "superset", "airflow")
Read = Callable[[str], str]
"""The text of the secret whose name the environment's variable holds."""


def superset(machine: Mapping[str, str], read: Read) -> dict[str, str]:
    """What deploy/superset/ says that Superset needs."""
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
    """What deploy/compose/ and deploy/airflow/settings.env say that Airflow needs."""
    key = read("SECRET_AIRFLOW_KEYS").encode()
    return {
        "AIRFLOW__CORE__FERNET_KEY": base64.urlsafe_b64encode(_derive(key, "fernet")).decode(),
        "AIRFLOW__API__SECRET_KEY": _derive(key, "secret key").hex(),
        "AIRFLOW__API_AUTH__JWT_SECRET": _derive(key, "jwt").hex(),
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": _url(machine, read, "airflow", "airflow"),
        "AIRFLOW__API__BASE_URL": f"https://{machine['AIRFLOW_ADDRESS']}",
        "AIRFLOW__FAB__COOKIE_SECURE": "True",
        "AIRFLOW_ADMIN_PASSWORD": read("SECRET_AIRFLOW_ADMIN"),
        "TARMAC_WAREHOUSE": _url(machine, read, "tarmac", "tarmac"),
        "TARMAC_LAKE": f"s3://{machine['TARMAC_BUCKET']}",
        "AWS_DEFAULT_REGION": machine["AWS_DEFAULT_REGION"],
    }


def database(machine: Mapping[str, str], read: Read) -> dict[str, Any]:
    """What database_users.py needs: where Postgres is, how it is known, its master, and every user's password."""
    return {
        "connection": {"host": machine["DATABASE_HOST"], **_known_by(machine)},
        "master": _master(machine, read),
        "users": {name: _password(read, name) for name in USERS},
    }


def _master(machine: Mapping[str, str], read: Read) -> dict[str, str]:
    """RDS's secret; where there is no RDS, a password derived from Airflow's key."""
    if "SECRET_DATABASE_MASTER" in machine:
        return dict(json.loads(read("SECRET_DATABASE_MASTER")))
    return {"username": "master", "password": _derive(read("SECRET_AIRFLOW_KEYS").encode(), "database master").hex()}


def _known_by(machine: Mapping[str, str]) -> dict[str, str]:
    """How a client makes sure of the database, in libpq's words."""
    if authority := machine.get("DATABASE_AUTHORITY"):
        return {"sslmode": "verify-full", "sslrootcert": authority}
    return {"sslmode": "require"}


def to_line(name: str, value: str) -> str:
    """A line that a shell, systemd and Docker Compose read alike; ValueError for a value that they would not."""
    if set(value) & set('"$`\\\n'):
        raise ValueError(f"{name} holds a character that an environment file cannot. Change it in Secrets Manager.")
    return f'{name}="{value}"\n'


def _url(machine: Mapping[str, str], read: Read, user: str, database: str) -> str:
    where = f"{user}:{_password(read, user)}@{machine['DATABASE_HOST']}:5432/{database}"
    return f"postgresql://{where}?{urlencode(_known_by(machine), safe='/')}"


def _password(read: Read, user: str) -> str:
    return str(json.loads(read(f"SECRET_DATABASE_{user.upper()}"))["password"])


def _derive(key: bytes, purpose: str) -> bytes:
    """A secret of its own for each purpose: who learns one learns no other."""
    return hmac.digest(key, purpose.encode(), hashlib.sha256)


def main() -> None:
    """Print what is asked for."""
    import boto3

    secrets = boto3.client("secretsmanager", endpoint_url=os.environ.get("AWS_ENDPOINT_URL"))

    def read(variable: str) -> str:
        return str(secrets.get_secret_value(SecretId=os.environ[variable])["SecretString"])

    match sys.argv[1]:
        case "database":
            sys.stdout.write(json.dumps(database(os.environ, read)))
        case application:
            values = {"airflow": airflow, "superset": superset}[application](os.environ, read)
            sys.stdout.writelines(to_line(name, value) for name, value in values.items())


if __name__ == "__main__":
    main()
