"""Postgres dies in the middle of a load, or the load does: all or nothing of it is there, and the retry heals it."""

import os
import signal
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import psutil
import psycopg
import pytest

from tarmac.warehouse.embedded import embedded_server
from tests.support.disturbed_sites import Site
from tests.support.step_processes import PATIENCE, Attempt, done, started
from tests.support.year_versions import Server, Version

pytestmark = pytest.mark.slow


@pytest.fixture
def loaded(site: Site, versions: tuple[Version, Version]) -> Site:
    """A warehouse with the first version, and in the lake the second."""
    versions[0].give(site, "load")
    assert done(site.task("load")).exit_code == 0
    assert site.rows() == versions[0].rows
    versions[1].give(site, "load")
    return site


@pytest.mark.parametrize("new_site", ["folder"], indirect=True)
def test_postgres_restarted_in_the_middle_of_a_load(
    loaded: Site, versions: tuple[Version, Version], server: Server
) -> None:
    """The load says so and ends with 1; nothing of it is there after the recovery, and the retry does it."""
    with _half_way(loaded) as attempt:
        _restart_at_once(server)
        attempt.finish()
    assert attempt.exit_code == 1, attempt.error
    assert "It was rolled back: nothing was changed." in attempt.error
    assert "run the same command again" in attempt.error
    assert loaded.rows() == versions[0].rows
    assert done(loaded.task("load")).exit_code == 0
    assert loaded.rows() == versions[1].rows


@pytest.mark.parametrize("new_site", ["folder"], indirect=True)
def test_a_load_killed_half_way(loaded: Site, versions: tuple[Version, Version]) -> None:
    """The server rolls its transaction back; the retry does not wait for the dead."""
    with _half_way(loaded) as attempt:
        assert attempt.kill()
    assert loaded.rows() == versions[0].rows
    retry = done(loaded.task("load"))
    assert retry.exit_code == 0, retry.error
    assert loaded.rows() == versions[1].rows
    again = done(loaded.task("load"))
    assert again.exit_code == 0
    assert loaded.rows() == versions[1].rows


@contextmanager
def _half_way(site: Site) -> Iterator[Attempt]:
    """A load that has written its first tables and waits for the last one, which another session holds."""
    # Closed, not left as a block: that would commit, which a connection to a dead server cannot.
    with closing(psycopg.connect(site.workspace.warehouse)) as holder:
        holder.execute("LOCK TABLE disruption_events IN ACCESS EXCLUSIVE MODE")
        with started(site.task("load")) as attempt:
            _wait_until_it_waits(site)
            yield attempt


def _wait_until_it_waits(site: Site) -> None:
    query = "SELECT count(*) FROM pg_locks WHERE NOT granted AND relation = 'disruption_events'::regclass"
    with psycopg.connect(site.workspace.warehouse, autocommit=True) as watcher:
        limit = time.monotonic() + PATIENCE
        while watcher.execute(query).fetchone() == (0,):
            assert time.monotonic() < limit
            time.sleep(0.05)


def _restart_at_once(server: Server) -> None:
    """What `pg_ctl restart -m immediate` does: the server drops everything, and recovers when it starts."""
    postmaster = psutil.Process(int((server.home / "warehouse/data/postmaster.pid").read_text().split()[0]))
    os.kill(postmaster.pid, signal.SIGQUIT)
    with embedded_server(Path(server.home)) as url:
        assert url == server.url
        with psycopg.connect(url) as connection:
            assert connection.execute("SELECT 1").fetchone() == (1,)
