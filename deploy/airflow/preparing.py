"""Prepare Airflow's database before its services start: the schema, a user, variables and connections.

On a laptop and in the image alike; the Dockerfile copies this file and what it imports.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import psycopg

ADMIN = "admin"
_SPARK = ("emr_application", "emr_role", "emr_artifacts")


def to_variables(lake: str, scratch: Path, environment: Mapping[str, str]) -> dict[str, str]:
    """The variables that follow from the workspace; those of Spark only if TARMAC_EMR_… variables are set."""
    given = {name: environment.get(f"TARMAC_{name.upper()}", "") for name in _SPARK}
    return {
        "data_lake_bucket": lake,
        "local_path": str(scratch),
        **{name: given[name] for name in _SPARK if given[name]},
    }


def has_admin(metadata: psycopg.Connection[Any]) -> bool:
    """Whether an earlier start created the user."""
    made = metadata.execute("SELECT to_regclass('ab_user') IS NOT NULL").fetchone() == (True,)
    query = "SELECT 1 FROM ab_user WHERE username = %s"
    return made and metadata.execute(query, [ADMIN]).fetchone() is not None


def to_commands(
    folder: Path,
    *,
    defaults: Path | None,
    variables: Mapping[str, str],
    connections: Mapping[str, Any],
    new_password: str | None,
) -> list[list[str]]:
    """Airflow's commands, in order; they can be run repeatedly.

    Args:
        folder: private to this user; the commands read files there.
        defaults: variables that are made where they are missing; what an operator changed stays.
        variables: those that are written over.
        connections: written over too.
        new_password: of the user, where there is none yet.
    """
    ours, theirs = folder / "variables.json", folder / "connections.json"
    ours.write_text(json.dumps(variables), encoding="utf-8")
    theirs.write_text(json.dumps(connections), encoding="utf-8")
    return [
        ["db", "migrate"],
        *([] if new_password is None else [_make_admin(new_password)]),
        *([["variables", "import", "--action-on-existing-key", "skip", str(defaults)]] if defaults else []),
        ["variables", "import", str(ours)],
        ["connections", "import", "--overwrite", str(theirs)],
    ]


def _make_admin(password: str) -> list[str]:
    names = ["--firstname", "Tarmac", "--lastname", "Operator", "--email", f"{ADMIN}@localhost"]
    # One argument, because a generated password may begin with a dash.
    return ["users", "create", "--username", ADMIN, "--role", "Admin", *names, f"--password={password}"]
