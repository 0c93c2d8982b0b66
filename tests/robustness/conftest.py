"""Two versions of one small year, what undisturbed runs make of them, and sites to disturb others at."""

import gzip
import tempfile
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tarmac.pipeline import Workspace
from tarmac.simulate import SimulationParameters, write_simulation
from tarmac.storage.lake import open_lake
from tarmac.warehouse.embedded import embedded_server
from tests.support.disturbed_sites import WRITES, Site
from tests.support.s3_server import S3Server
from tests.support.step_processes import ALL_STEPS, YEAR, done
from tests.support.year_versions import Server, Version


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    """Not under pytest's folder, which the server's own user may not pass through."""
    with tempfile.TemporaryDirectory(prefix="tarmac-test-") as home, embedded_server(Path(home)) as url:
        yield Server(home=Path(home), url=url)


@pytest.fixture(scope="session")
def versions(server: Server, tmp_path_factory: pytest.TempPathFactory) -> tuple[Version, Version]:
    """Two versions of one year; their files and rows differ in every step."""
    one, other = (_undisturbed(seed, server, tmp_path_factory.mktemp(f"seed {seed}")) for seed in (1, 2))
    assert one.files.keys() == other.files.keys() == {key for keys in WRITES.values() for key in keys}
    assert all(one.files[key] != other.files[key] for key in one.files)
    assert one.rows != other.rows
    return one, other


def _undisturbed(seed: int, server: Server, folder: Path) -> Version:
    """With one impossible row, so that there is a quarantine; packed, so that cleaning has something to unpack.

    On one day nothing flies, so that there is a disruption.
    """
    parameters = SimulationParameters(year=YEAR, flights=20_000, airports=8, seed=seed)
    text = write_simulation(parameters, folder / "made").csv.read_bytes().splitlines(keepends=True)
    day = f"{YEAR}-03-1{seed}".encode()
    text = [_cancelled(line) if line.startswith(day) else line for line in text]
    text[seed + 5] = text[seed + 5].replace(b",", b",?", 3)
    source = folder / f"{YEAR}.csv.gz"
    source.write_bytes(gzip.compress(b"".join(text), compresslevel=1, mtime=0))
    site = Site(workspace=_workspace(str(folder / "lake"), folder, server.new_database()))
    for step in ALL_STEPS:
        attempt = done(site.task(step, source))
        assert attempt.exit_code == 0, attempt.error
    return Version(source=source, files=site.files(), rows=site.rows())


def _cancelled(line: bytes) -> bytes:
    """The flight in the schema of the Kaggle yearly files, cancelled for the weather before it left."""
    fields = line.split(b",")
    return b",".join([*fields[:6], *[b""] * 9, b"1.0", b"B", *fields[17:]])


@pytest.fixture(params=["folder", "s3"])
def new_site(request: pytest.FixtureRequest, server: Server, tmp_path: Path) -> Callable[[], Site]:
    """Makes empty sites: once with lakes in folders, once on S3."""
    if request.param == "folder":
        return lambda: Site(workspace=_workspace(str(tmp_path / uuid.uuid4().hex), tmp_path, server.new_database()))
    s3, s3_server = request.getfixturevalue("s3"), request.getfixturevalue("s3_server")
    assert isinstance(s3_server, S3Server)
    return lambda: Site(
        workspace=_workspace(f"s3://lake/{uuid.uuid4().hex}", tmp_path, server.new_database()),
        environment=s3_server.environment(tmp_path),
        client=s3,
    )


@pytest.fixture
def site(new_site: Callable[[], Site]) -> Site:
    """One empty site."""
    return new_site()


def _workspace(lake: str, folder: Path, warehouse: str) -> Workspace:
    return Workspace(lake=open_lake(lake), scratch=folder / "scratch", home=folder / "home", warehouse=warehouse)
