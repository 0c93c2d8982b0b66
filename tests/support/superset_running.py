"""One real Superset for all tests that need one: its metadata, Redis, worker, and a warehouse with two simulated years."""

import csv
import importlib.util
import io
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

from tarmac.bronze.ingest import ingest_files
from tarmac.pipeline import Parameters, Workspace, run_year
from tarmac.simulate import SimulationParameters, write_simulation
from tarmac.storage.lake import open_lake
from tarmac.warehouse.embedded import embedded_server
from tests.support.disrupted_year import HOSTILE, cancelled
from tests.support.machine import ROOT, need, need_environment
from tests.support.ports import free_port

YEARS = range(2008, 2010)
GROUNDED = "2009-06-10"
"""The day on which the carrier with the hostile code cancels all its flights."""


def local_module() -> ModuleType:
    """deploy/superset/local.py, which is not part of the package."""
    file = ROOT / "deploy" / "superset" / "local.py"
    if "superset_local" not in sys.modules:
        spec = importlib.util.spec_from_file_location("superset_local", file)
        assert spec is not None
        assert spec.loader is not None
        sys.path.append(str(file.parent))  # it imports modules next to it, as a script does
        sys.modules["superset_local"] = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(sys.modules["superset_local"])
    return sys.modules["superset_local"]


@pytest.fixture(scope="session")
def superset_folder() -> Iterator[Path]:
    """Not in pytest's folder, to which other users, such as the embedded server's, have no access."""
    with tempfile.TemporaryDirectory(prefix="tarmac-superset-") as folder:
        yield Path(folder)


@pytest.fixture(scope="session")
def dashboards_warehouse(superset_folder: Path) -> Iterator[str]:
    """The URL of the owner of a warehouse with two simulated years, scored by the default detectors."""
    place = Workspace(
        lake=open_lake(str(superset_folder / "lake")), scratch=superset_folder / "scratch", home=superset_folder
    )
    with embedded_server(superset_folder) as url:
        for year in YEARS:
            simulation = SimulationParameters(year=year, flights=150_000, airports=30, seed=year)
            made = write_simulation(simulation, superset_folder / "source")
            made.csv.write_text(with_a_hostile_carrier(made.csv.read_text()))
            ingest_files([made.csv], place.lake, year=year, scratch=place.scratch)
            run_year(place, year, Parameters())
        yield url


def with_a_hostile_carrier(text: str) -> str:
    """The flights with United's code replaced by `HOSTILE`, and all its flights of one day cancelled."""
    rows = csv.DictReader(io.StringIO(text))
    out = io.StringIO()
    writer = csv.DictWriter(out, rows.fieldnames, lineterminator="\n")
    writer.writeheader()
    for row in rows:
        renamed = {"OP_CARRIER": HOSTILE} if row["OP_CARRIER"] == "UA" else {}
        lost = cancelled("A") if renamed and row["FL_DATE"] == GROUNDED else {}
        writer.writerow(row | renamed | lost)
    return out.getvalue()


@pytest.fixture(scope="session")
def superset_programs() -> None:
    """Requested first, so that a machine without Superset or Redis does not simulate flights for it."""
    need("redis-server")
    need_environment(".venv-superset", "gunicorn")


@pytest.fixture(scope="session")
def superset(superset_programs: None, superset_folder: Path, dashboards_warehouse: str) -> Iterator[object]:
    """A running Superset (`deploy/superset/local.py`) with the assets of deploy/superset/assets."""
    folder = superset_folder / "superset"
    with local_module().running_superset(folder, dashboards_warehouse, port=free_port()) as running:
        yield running
