"""Create the database's users and databases from their secrets. Running it again only applies changed passwords.

Runs where Tarmac is installed, as RDS's master user (not a superuser), and reads the output of `environment.py database`.
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
"""Opens an autocommit connection, as a user (None is the master) to a database."""


def ensure_users(connect: Connect, passwords: Mapping[str, str]) -> None:
    """Every user except Superset's reader owns the database with its name; the reader reads Tarmac's tables."""
    owners = [name for name in passwords if name != READER]
    with connect(None, "postgres") as master:
        for owner in owners:
            _ensure_owner(master, owner, passwords[owner])
    # Created by their owner, so that only the owner can change them later.
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
    # No user can connect to another's database.
    master.execute(sql.SQL("REVOKE ALL ON DATABASE {} FROM PUBLIC").format(user))


def main() -> None:
    """Connect with the values on standard input, and create them."""
    given = json.load(sys.stdin)
    master, passwords = given["master"], given["users"]

    def connect(user: str | None, database: str) -> psycopg.Connection:
        name, password = (master["username"], master["password"]) if user is None else (user, passwords[user])
        return psycopg.connect(**given["connection"], user=name, password=password, dbname=database, autocommit=True)

    ensure_users(connect, passwords)


if __name__ == "__main__":
    main()
