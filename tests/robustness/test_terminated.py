"""A signal to end: the command cleans up behind itself and says so."""

import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import psutil
import psycopg
import pytest

from tarmac.warehouse.postgres import open_warehouse
from tests.support.step_processes import PATIENCE


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_command_that_is_asked_to_end_stops_its_warehouse(number: signal.Signals) -> None:
    """By an init system, by Ctrl-C, by a terminal that was closed: 128 and the number, a sentence, no Postgres left."""
    with tempfile.TemporaryDirectory(prefix="tarmac-test-") as folder:
        home = Path(folder)
        command = [str(Path(sys.executable).with_name("tarmac")), "query", "SELECT pg_sleep(600)"]
        with open_warehouse("embedded", home):
            pass
        # nohup, or a shell's &, has signals ignored by all that is started under it.
        with subprocess.Popen(
            command,
            env=os.environ | {"TARMAC_HOME": folder},
            stderr=subprocess.PIPE,
            text=True,
            preexec_fn=lambda: signal.signal(number, signal.SIG_DFL),  # noqa: PLW1509 - no threads here
        ) as run:
            try:
                server = _server_at_work(home)
                run.send_signal(number)
                _, said = run.communicate(timeout=PATIENCE)
            finally:
                run.kill()
        assert run.returncode == 128 + number
        assert said == "Error: stopped. Nothing half-written was published; run the same command again.\n"
        assert not server.is_running()


def _server_at_work(home: Path) -> psutil.Process:
    """The embedded server, once it sleeps for us."""
    data = home.resolve() / "warehouse/data"
    limit = time.monotonic() + PATIENCE
    while time.monotonic() < limit:
        try:
            with psycopg.connect(f"host={data} user=postgres dbname=postgres") as watcher:
                query = "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep'"
                if watcher.execute(query).fetchone() == (1,):
                    return psutil.Process(int((data / "postmaster.pid").read_text().split()[0]))
        except psycopg.OperationalError:
            pass
        time.sleep(0.1)
    raise AssertionError("the query never began")
