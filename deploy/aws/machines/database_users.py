"""Make the database's users and databases as their secrets say. Again: nothing changes but passwords that were changed.

Runs where Tarmac is installed, as RDS's master user, who is no superuser, and reads what `environment.py database` prints.
"""

import json
import sys
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from pathlib import Path

import psycopg
from psycopg import sql

from tarmac.warehouse.migrations import migrate

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "superset"))
from reader import READER, ensure_reader

Connect = Callable[[str | None, str], AbstractContextManager[psycopg.Connection]]
"""Opens a connection that commits each statement: as a user (None is the master) to a database."""


def ensure_users(connect: Connect, passwords: Mapping[str, str]) -> None:
    """Every user but Superset's reader owns the database of its name; the reader reads Tarmac's tables."""
    owners = [name for name in passwords if name != READER]
    with connect(None, "postgres") as master:
        for owner in owners:
            _ensure_owner(master, owner, passwords[owner])
    # By their owner, who alone may change them later.
    with connect("tarmac", "tarmac") as tarmac:
        migrate(tarmac)
    with connect(None, "tarmac") as master:
        ensure_reader(master, passwords[READER])


def _ensure_owner(master: psycopg.Connection, name: str, password: str) -> None:
    user = sql.Identifier(name)
    hashed = master.pgconn.encrypt_password(password.encode(), name.encode(), b"scram-sha-256").decode()
    exists = master.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [name]).fetchone()
    verb = sql.SQL("ALTER" if exists else "CREATE")
    master.execute(sql.SQL("{} ROLE {} LOGIN PASSWORD {}").format(verb, user, hashed))
    if name != master.info.user:
        master.execute(sql.SQL("GRANT {} TO CURRENT_USER WITH INHERIT TRUE, SET TRUE").format(user))
    if not master.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name]).fetchone():
        master.execute(sql.SQL("CREATE DATABASE {} OWNER {}").format(user, user))
    # Nobody looks into another's database.
    master.execute(sql.SQL("REVOKE ALL ON DATABASE {} FROM PUBLIC").format(user))


def main() -> None:
    """Connect as standard input says, and make them."""
    given = json.load(sys.stdin)
    master, passwords = given["master"], given["users"]

    def connect(user: str | None, database: str) -> psycopg.Connection:
        name, password = (master["username"], master["password"]) if user is None else (user, passwords[user])
        return psycopg.connect(**given["connection"], user=name, password=password, dbname=database, autocommit=True)

    ensure_users(connect, passwords)


if __name__ == "__main__":
    main()
