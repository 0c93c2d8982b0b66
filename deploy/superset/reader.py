"""Create the warehouse user for Superset, which may only read Tarmac's tables. Running it again changes nothing.

    TARMAC_WAREHOUSE=postgresql://owner:…@host/database SUPERSET_READER_PASSWORD=… python deploy/superset/reader.py

Not `tarmac_reader`, whose `pg_read_all_data` opens every schema and the catalogue of passwords: see docs/decisions/0031.
"""

import os
import sys
from pathlib import Path

import psycopg
from psycopg import sql

from tarmac.errors import InputError, TarmacError
from tarmac.tables.airports import AIRPORTS
from tarmac.tables.anomalies import ANOMALIES
from tarmac.tables.disruption_parts import DISRUPTION_PARTS
from tarmac.tables.events import EVENTS
from tarmac.tables.published import CARRIER_DAYS, PUBLISHED
from tarmac.tables.runs import RUNS
from tarmac.warehouse.failures import explained
from tarmac.warehouse.migrations import migrate
from tarmac.warehouse.postgres import open_warehouse

READER = "tarmac_dashboards"
TABLES = tuple(table.name for table in (PUBLISHED, ANOMALIES, CARRIER_DAYS, EVENTS, DISRUPTION_PARTS, AIRPORTS, RUNS))


def ensure_reader(owner: psycopg.Connection, password: str) -> None:
    """Create the user or change its password, and grant it only SELECT on `TABLES`; creates missing tables."""
    migrate(owner)
    reader = sql.Identifier(READER)
    with explained("Making the dashboards' user"), owner.transaction():
        exists = owner.execute("SELECT FROM pg_roles WHERE rolname = %s", [READER]).fetchone() is not None
        verb = sql.SQL("ALTER" if exists else "CREATE")
        # Only a superuser may name these two attributes; RDS's master user is not one.
        powers = "NOSUPERUSER NOREPLICATION " if owner.info.parameter_status("is_superuser") == "on" else ""
        rights = powers + "LOGIN NOCREATEDB NOCREATEROLE CONNECTION LIMIT 40 PASSWORD"
        owner.execute(sql.SQL("{} ROLE {} {} {}").format(verb, reader, sql.SQL(rights), password))
        # Protects against mistakes only: a session can change it, but not the privileges below.
        owner.execute(sql.SQL("ALTER ROLE {} SET default_transaction_read_only = on").format(reader))
        database = sql.Identifier(owner.info.dbname)
        owner.execute(sql.SQL("REVOKE TEMPORARY, CREATE ON DATABASE {} FROM PUBLIC").format(database))
        owner.execute(sql.SQL("REVOKE CREATE ON SCHEMA public FROM PUBLIC"))
        owner.execute(sql.SQL("GRANT CONNECT ON DATABASE {} TO {}").format(database, reader))
        owner.execute(sql.SQL("GRANT USAGE ON SCHEMA public TO {}").format(reader))
        names = sql.SQL(", ").join(map(sql.Identifier, TABLES))
        owner.execute(sql.SQL("GRANT SELECT ON {} TO {}").format(names, reader))


def main() -> int:
    """Exit code 2 if a variable is missing, 1 if Postgres reports an error."""
    try:
        password, warehouse = os.environ.get("SUPERSET_READER_PASSWORD"), os.environ.get("TARMAC_WAREHOUSE")
        if not password or not warehouse:
            raise InputError(
                "SUPERSET_READER_PASSWORD and TARMAC_WAREHOUSE must both be set: see this file's first lines"
            )
        with open_warehouse(warehouse, Path(os.environ.get("TARMAC_HOME", ".tarmac"))) as owner:
            ensure_reader(owner, password)
    except TarmacError as error:
        sys.stderr.write(f"{error}\n")
        return error.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main())
