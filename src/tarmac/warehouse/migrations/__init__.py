"""The warehouse's schema: Alembic migrations, applied in process under a lock, each once.

Two lines of migrations live in `versions/`, each in the order of its numbers. `shared_…` are for the tables of a
fixed name; `published_…` are for the published table, whose name is the user's, and run once for each such name.
A migration never changes once released; a test holds their sum to the records in `tarmac.tables`.
"""

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psycopg
from psycopg import sql

from tarmac.errors import InputError
from tarmac.tables.published import PUBLISHED
from tarmac.warehouse.failures import explained
from tarmac.warehouse.session import fix_settings, transaction

if TYPE_CHECKING:
    import sqlalchemy as sa

_VERSIONS = Path(__file__).parent / "versions"
_SHARED_VERSION_TABLE = "tarmac_version"
_LOCK = 7_362_014_951  # an arbitrary number, unlikely to be used by others
_TAKEN = frozenset(
    {
        "airports",
        "anomaly_scores",
        "carrier_days",
        "disruption_events",
        "disruption_parts",
        "pipeline_runs",
        "load_fingerprints",
        _SHARED_VERSION_TABLE,
    }
)


_RESERVED = re.compile(r"tarmac|pg_.*|incoming_.*|.*_(version|version_pkc|fl_date|pkey|id_key)", re.IGNORECASE)
"""Names of what belongs to another table: `tarmac_version` would keep both `tarmac`'s version and the shared one."""


def to_table_name(name: str) -> str:
    """The published table's name where it is a plain one that no other table's version or index has; else InputError."""
    # 51: Postgres cuts names at 63 bytes, and the key of the table's version is <name>_version_pkc.
    if re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]{0,50}", name) is None:
        raise InputError(
            f"db_table {name!r} is not a valid table name. Use 1 to 51 letters, digits and underscores, "
            f"not starting with a digit, such as {PUBLISHED.name}."
        )
    if name in _TAKEN:
        raise InputError(f"db_table {name!r} is the name of another of Tarmac's tables. Use {PUBLISHED.name}.")
    if _RESERVED.fullmatch(name):
        raise InputError(
            f"db_table {name!r} is reserved: tarmac, and names that begin with pg_ or incoming_ or end with _version, "
            f"_version_pkc, _fl_date, _pkey or _id_key are used by Postgres or by Tarmac itself. "
            f"Choose another, such as {PUBLISHED.name}."
        )
    return name


def is_migrated(connection: psycopg.Connection, published_table: str | None) -> bool:
    """Whether the schema is the newest. Asked in SQL: importing Alembic takes a second, and rarely has work."""
    with transaction(connection):
        versions = _version_tables(published_table).items()
        return all(_version(connection, table) == _newest(line) for line, table in versions)


def migrate(connection: psycopg.Connection, published_table: str | None = PUBLISHED.name) -> None:
    """Bring the schema to the newest version, in a transaction of its own; two at once wait for each other.

    `published_table` None leaves the published table out.
    """
    table = None if published_table is None else to_table_name(published_table)
    with explained("Preparing the warehouse's tables", outcome="Nothing was changed."):
        if not is_migrated(connection, table):
            _upgrade(connection, table)


def _version_tables(published_table: str | None) -> dict[str, str]:
    """Where each line of migrations keeps its version."""
    shared = {"shared": _SHARED_VERSION_TABLE}
    return shared if published_table is None else shared | {"published": f"{published_table}_version"}


def _newest(line: str) -> str:
    return max(path.stem for path in _VERSIONS.glob(f"{line}_*.py"))


def _version(connection: psycopg.Connection, version_table: str) -> str | None:
    """The version that the schema is at; None before the first migration."""
    found = connection.execute("SELECT to_regclass(%s)", [f'"{version_table}"']).fetchone()
    if found is None or found[0] is None:
        return None
    row = connection.execute(sql.SQL("SELECT version_num FROM {}").format(sql.Identifier(version_table))).fetchone()
    return None if row is None else str(row[0])


def _upgrade(connection: psycopg.Connection, table: str | None) -> None:
    import sqlalchemy as sa
    from sqlalchemy.pool import StaticPool

    connection.autocommit = False  # SQLAlchemy begins and commits by itself
    engine = sa.create_engine("postgresql+psycopg://", creator=lambda: connection, poolclass=StaticPool)
    try:
        with engine.begin() as work:
            fix_settings(connection)
            work.execute(sa.select(sa.func.pg_advisory_xact_lock(_LOCK)))
            for line, version_table in _version_tables(table).items():
                _run(work, line, version_table, **({"table": table} if table and line == "published" else {}))
    except sa.exc.DBAPIError as error:
        raise error.orig or error from error
    finally:
        if not connection.closed:
            connection.rollback()
            connection.autocommit = True


def _run(work: "sa.Connection", line: str, version_table: str, **names: str) -> None:
    """Run the line's migrations that the database has not seen; each gets `names` as arguments."""
    from alembic.operations import Operations
    from alembic.runtime.migration import MigrationContext
    from alembic.script import ScriptDirectory

    scripts = ScriptDirectory(_VERSIONS.parent, version_locations=[_VERSIONS])

    def steps(heads: Any, _: MigrationContext) -> Any:
        return scripts._upgrade_revs(_newest(line), heads)

    options = {"version_table": version_table, "fn": steps}
    context = MigrationContext.configure(connection=work, opts=options)
    with Operations.context(context):
        context.run_migrations(**names)
