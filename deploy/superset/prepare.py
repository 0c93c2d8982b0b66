"""Create or update Superset's metadata schema, roles, users and assets. Running it again changes nothing.

Runs in Superset's own environment (`start.sh prepare`); one process, since each start of Superset takes ten seconds.

SUPERSET_WAREHOUSE_URL     the warehouse as its read-only user: postgresql://user:password@host/database
SUPERSET_ADMIN_PASSWORD    for the user `admin`, needed only while there is none
SUPERSET_ANALYST_PASSWORD  for the user `analyst`, who sees the dashboards and has SQL Lab; without one, none is made
"""

import logging
import os
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

import yaml
from sqlalchemy import text
from sqlalchemy.engine import make_url

ASSETS = Path(__file__).with_name("assets")
DATABASE_FILE = "databases/warehouse.yaml"
ANALYST = "Tarmac analyst"
HIDDEN = "X" * 10  # what Superset shows instead of a password


def main() -> int:
    """Prepare Superset; exit code 2 with a message if a variable is missing or invalid."""
    warehouse = os.environ.get("SUPERSET_WAREHOUSE_URL", "")
    if not warehouse.startswith("postgresql://"):
        return _refuse("SUPERSET_WAREHOUSE_URL names no warehouse: postgresql://user:password@host/database")
    from superset.app import create_app

    app = create_app()
    with app.app_context():
        _migrate()
        security = app.appbuilder.sm
        if security.find_user("admin") is None and not os.environ.get("SUPERSET_ADMIN_PASSWORD"):
            return _refuse("there is no user 'admin' yet and SUPERSET_ADMIN_PASSWORD is not set")
        app.appbuilder.add_permissions(update_perms=True)
        security.sync_role_definitions()
        _ensure_user(security, "admin", "Admin", "SUPERSET_ADMIN_PASSWORD")
        _import_assets(security, warehouse)
        _ensure_analyst(security)
    return 0


def _refuse(fact: str) -> int:
    sys.stderr.write(f"Superset is not prepared: {fact}. See deploy/superset/prepare.py.\n")
    return 2


def _migrate() -> None:
    import superset
    from flask_migrate import upgrade

    # Alembic logs a hundred lines; errors are raised anyway.
    logging.getLogger("alembic").setLevel(logging.WARNING)
    upgrade(directory=str(Path(superset.__file__).with_name("migrations")))


def _ensure_user(security: Any, name: str, role: str, variable: str) -> None:
    """Create the user if there is none; a password that the user has changed is kept."""
    password = os.environ.get(variable)
    if security.find_user(name) is None and password:
        security.add_user(name, name.title(), "Tarmac", f"{name}@localhost", security.find_role(role), password)


def _import_assets(security: Any, warehouse: str) -> None:
    from superset.commands.importers.v1.assets import ImportAssetsCommand
    from superset.utils.core import override_user

    url = make_url(warehouse)
    contents = {
        str(file.relative_to(ASSETS)): file.read_text(encoding="utf-8") for file in sorted(ASSETS.rglob("*.yaml"))
    }
    database = yaml.safe_load(contents[DATABASE_FILE])
    shown = url.set(drivername="postgresql+psycopg2", password=HIDDEN)
    database["sqlalchemy_uri"] = shown.render_as_string(hide_password=False)
    contents[DATABASE_FILE] = yaml.safe_dump(database)
    command = ImportAssetsCommand(contents, passwords={DATABASE_FILE: url.password or ""})
    with override_user(security.find_user("admin")), suppress(_UnchangedError):
        _run_if_it_changes(command)


class _UnchangedError(Exception):
    """The import would change nothing."""


def _run_if_it_changes(command: Any) -> None:
    """Import, and roll back if nothing differs; otherwise Superset would mark every asset as changed now."""
    from superset import db
    from superset.utils.decorators import transaction

    @transaction(on_error=None)
    def run() -> None:
        before = _assets()
        command.run()
        db.session.flush()
        if _assets() == before:
            raise _UnchangedError

    run()


def _assets() -> list[str]:
    """Every row that an import writes, without modification dates and regenerated ids."""
    from superset import db

    found = []
    for table in ("dbs", "tables", "table_columns", "sql_metrics", "slices", "dashboards", "dashboard_slices"):
        named = "dashboard_id, slice_id" if table == "dashboard_slices" else "*"
        query = f"SELECT (to_jsonb(row) - 'changed_on')::text FROM (SELECT {named} FROM {table}) AS row ORDER BY 1"  # noqa: S608
        found += [row[0] for row in db.session.execute(text(query))]
    return found


def _ensure_analyst(security: Any) -> None:
    """A role that may read the warehouse's data and use SQL Lab, but not change connections, datasets or users."""
    from superset import db
    from superset.models.core import Database

    warehouse = (
        db.session.query(Database).filter_by(uuid=yaml.safe_load((ASSETS / DATABASE_FILE).read_text())["uuid"]).one()
    )
    role = security.add_role(ANALYST)
    wanted = {*security.find_role("Gamma").permissions, *security.find_role("sql_lab").permissions}
    wanted.add(security.add_permission_view_menu("database_access", warehouse.perm))
    if wanted != set(role.permissions):
        role.permissions = sorted(wanted, key=lambda permission: permission.id)
        db.session.commit()
    _ensure_user(security, "analyst", ANALYST, "SUPERSET_ANALYST_PASSWORD")


if __name__ == "__main__":
    sys.exit(main())
