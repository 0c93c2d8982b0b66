"""The connections that the DAGs know by name, as `airflow connections import` takes them."""

import json
from collections.abc import Mapping
from typing import Any

from psycopg.conninfo import conninfo_to_dict

from tarmac.warehouse.urls import to_connection_url

_KEYS = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN")


def to_connections(lake: str, warehouse: str, environment: Mapping[str, str]) -> dict[str, Any]:
    """`postgres_conn` for the warehouse's URL and, for a lake on S3, `s3_conn` with the usual AWS variables."""
    connections = {"postgres_conn": _postgres(warehouse)}
    if lake.startswith("s3://"):
        connections["s3_conn"] = _s3(environment)
    return connections


def without_keys(environment: Mapping[str, str]) -> dict[str, str]:
    """The variables without AWS's keys: they are in `s3_conn`, encrypted, and no process needs them beside it."""
    return {name: value for name, value in environment.items() if name not in _KEYS}


def _postgres(url: str) -> dict[str, Any]:
    given = {name: value for name, value in conninfo_to_dict(to_connection_url(url)).items() if value is not None}
    fields = {"host": "host", "login": "user", "password": "password", "schema": "dbname"}
    connection = {ours: str(given.pop(theirs)) for ours, theirs in fields.items() if theirs in given}
    port = {"port": int(given.pop("port"))} if "port" in given else {}
    return {"conn_type": "postgres", **connection, **port, "extra": json.dumps(given)}


def _s3(environment: Mapping[str, str]) -> dict[str, Any]:
    """Without keys, boto3's own chain finds them: a profile, or the machine's role."""
    names = {
        "aws_session_token": "AWS_SESSION_TOKEN",
        "endpoint_url": "AWS_ENDPOINT_URL",
        "region_name": "AWS_DEFAULT_REGION",
    }
    extra = {ours: environment[theirs] for ours, theirs in names.items() if environment.get(theirs)}
    return {
        "conn_type": "aws",
        "login": environment.get("AWS_ACCESS_KEY_ID"),
        "password": environment.get("AWS_SECRET_ACCESS_KEY"),
        "extra": json.dumps(extra),
    }
