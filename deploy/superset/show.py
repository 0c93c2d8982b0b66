"""`make superset`: Superset on this machine, with the warehouse that TARMAC_HOME and TARMAC_WAREHOUSE name.

An empty warehouse is left empty: dashboards of two simulated years are shown instead, from a folder of their own.
"""

import os
import signal
import sys
import threading
from pathlib import Path
from urllib.parse import quote

from local import running_superset
from tarmac.bronze.ingest import ingest_files
from tarmac.cli.configuration import read_settings
from tarmac.errors import InputError, TarmacError
from tarmac.pipeline import Parameters, Workspace, run_year
from tarmac.simulate import SimulationParameters, write_simulation
from tarmac.storage.lake import open_lake
from tarmac.tables.published import PUBLISHED
from tarmac.warehouse.postgres import open_warehouse, warehouse_url
from tarmac.warehouse.urls import EMBEDDED, to_label

_DEMO_YEARS = range(2008, 2010)


def main() -> int:
    """Serve until Ctrl-C; exit code 2 for a wrong request, 1 for a failure of the system."""
    signal.signal(signal.SIGTERM, _stop)
    signal.signal(signal.SIGINT, _stop)
    try:
        settings = read_settings()
        port = _port(os.environ.get("SUPERSET_PORT", "8088"))
        home, warehouse = settings.home, settings.warehouse
        if settings.table != PUBLISHED.name:
            raise InputError(
                f"the dashboards read the table {PUBLISHED.name}, but db_table is {settings.table!r}. Set it to {PUBLISHED.name}."
            )
        if not _years(warehouse, home):
            home, warehouse = home / "superset-demo", EMBEDDED
            _say(f"{to_label(settings.warehouse)} is empty, so two simulated years are shown, from {home}.")
            _fill(home)
        _say("Starting Superset; the first time takes a minute…")
        with warehouse_url(warehouse, home) as url, running_superset(home / "superset", url, port=port) as superset:
            _say(_greeting(superset.address, superset.passwords))
            threading.Event().wait()
    except KeyboardInterrupt:
        _say("Stopped.")
    except TarmacError as error:
        sys.stderr.write(f"{error}\n")
        return error.exit_code
    return 0


def _stop(*_: object) -> None:
    """Stop at any time, also during simulation; only the first Ctrl-C counts, as a second would leave processes running."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _say("\nStopping…")
    raise KeyboardInterrupt


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def _port(given: str) -> int:
    if not given.isdecimal() or not 0 < int(given) < 65536:
        raise InputError(f"SUPERSET_PORT is {given!r}. It must be a port number, such as 8088.")
    return int(given)


def _years(warehouse: str, home: Path) -> set[int]:
    """The years in the warehouse; a warehouse that does not exist has none and is not created."""
    if warehouse == EMBEDDED and not (home / "warehouse").exists():
        return set()
    with open_warehouse(warehouse, home) as connection:
        if connection.execute("SELECT to_regclass(%s)", [PUBLISHED.name]).fetchone() == (None,):
            return set()
        rows = connection.execute(f"SELECT DISTINCT extract(year FROM fl_date)::int FROM {PUBLISHED.name}")  # noqa: S608 - our own name
        return {year for (year,) in rows}


def _fill(home: Path) -> None:
    """Simulate the missing years, and run all steps on them."""
    workspace = Workspace(lake=open_lake(str(home / "lake")), scratch=home / "scratch", home=home)
    for year in sorted({*_DEMO_YEARS} - _years(EMBEDDED, home)):
        _say(f"Simulating and scoring {year}: takes a minute, only at the first start…")
        simulation = SimulationParameters(year=year, flights=700_000, airports=60, seed=year)
        made = write_simulation(simulation, home / "source")
        ingest_files([made.csv], workspace.lake, year=year, scratch=workspace.scratch)
        run_year(workspace, year, Parameters())


def _greeting(address: str, passwords: dict[str, str]) -> str:
    pages = "\n".join(
        f"  {address}/superset/dashboard/{quote(slug)}/"
        for slug in ("disruptions", "carriers", "airports", "delays", "retrasos")
    )
    users = "\n".join(f"  {user:8} {password}" for user, password in passwords.items())
    return f"Superset: {address}\n{pages}\nUsers and passwords:\n{users}\nCtrl-C stops it."


if __name__ == "__main__":
    sys.exit(main())
