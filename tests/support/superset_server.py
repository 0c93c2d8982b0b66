"""Further web servers of the session's Superset, as in production: TLS on the loopback, secure cookies, one under a path."""

import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from tests.support.nginx_server import ROOT, Proxy, assert_runs, stop_group, wait_until


@contextmanager
def starting_superset(running: Any, tls: Path, proxy: Proxy, url: str, port: int) -> Iterator[Callable[[], None]]:
    """Start another web server with the state of `running`, for browsers at `url`; returns a function that waits for it."""
    environment = {name: value for name, value in running.environment.items() if name != "SUPERSET_PLAIN_HTTP"}
    environment |= {
        "SUPERSET_BIND": f"127.0.0.1:{port}",
        "SUPERSET_WORKERS": "1",
        "SUPERSET_CERT": str(tls / "applications.crt"),
        "SUPERSET_KEY": str(tls / "applications.key"),
    }
    if path := urlsplit(url).path:
        environment["SUPERSET_APP_ROOT"] = path
    command = [ROOT / "deploy" / "superset" / "start.sh", "web"]
    log = running.folder / f"web-{port}.log"
    with log.open("wb") as out:
        process = subprocess.Popen(command, env=environment, stdout=out, stderr=out, start_new_session=True)

    def answers() -> bool:
        assert_runs(process, log)
        return proxy.ask("GET", f"{url}/health").status == 200

    try:
        yield lambda: wait_until(answers, seconds=300)
    finally:
        stop_group(process)
