"""Real nginx before real applications, with certificates from our own script; each runs once a session."""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, sync_playwright

from tests.support.airflow_server import prepare, starting_api_server, to_environment
from tests.support.machine import need
from tests.support.nginx_server import HOSTS, PATHS, Site, certify, running_nginx
from tests.support.ports import free_port
from tests.support.postgres_server import Postgres, running_postgres
from tests.support.superset_server import starting_superset


@pytest.fixture(scope="session")
def nginx() -> None:
    """Skips where nginx is not installed."""
    need("nginx")
    need("envsubst")
    need("openssl")


@pytest.fixture(scope="session")
def tls(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An authority, the proxy's certificate, and one for both applications."""
    folder = tmp_path_factory.mktemp("tls")
    certify(folder, "proxy", "airflow.example", "superset.example", "tarmac.example")
    certify(folder, "applications", "airflow", "superset", "localhost", "127.0.0.1")
    return folder


@pytest.fixture(scope="session")
def debians_postgres() -> None:
    """Skips where it is not installed."""
    need("Postgres")


@pytest.fixture(scope="session")
def postgres(debians_postgres: None, tls: Path) -> Iterator[Postgres]:
    """A Postgres whose certificate is for localhost alone."""
    certify(tls, "postgres", "localhost")
    with running_postgres(tls) as running:
        yield running


@pytest.fixture(scope="session")
def sites(nginx: None, tls: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Site]]:
    """By host name and by path."""
    with ExitStack() as stack:
        made = {}
        for name, addresses in {"hosts": HOSTS, "paths": PATHS}.items():
            ports = [free_port() for _ in range(2)]
            upstreams = {"AIRFLOW_UPSTREAM": f"127.0.0.1:{ports[0]}", "SUPERSET_UPSTREAM": f"127.0.0.1:{ports[1]}"}
            proxy = stack.enter_context(running_nginx(tmp_path_factory.mktemp(name), tls, addresses | upstreams))
            urls = [_with_port(address, proxy.https_port) for address in addresses.values()]
            made[name] = Site(
                proxy=proxy, airflow_port=ports[0], superset_port=ports[1], airflow=urls[0], superset=urls[1]
            )
        yield made


@pytest.fixture(params=["hosts", "paths"])
def site(request: pytest.FixtureRequest, sites: dict[str, Site]) -> Site:
    """Each in turn."""
    return sites[request.param]


@pytest.fixture(scope="session")
def airflow(
    sites: dict[str, Site], postgres: Postgres, tls: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[None]:
    """Airflow's tables and user in Postgres, and an api-server behind each site."""
    home = tmp_path_factory.mktemp("airflow")
    environment = to_environment(home, postgres, tls)
    prepare(environment)
    with ExitStack() as stack:
        starting = [
            stack.enter_context(starting_api_server(environment, site.airflow_port, site.airflow, home / f"{name}.log"))
            for name, site in sites.items()
        ]
        for wait in starting:
            wait()
        yield


@pytest.fixture(scope="session")
def superset_sites(sites: dict[str, Site], superset: Any, tls: Path) -> Iterator[dict[str, Site]]:
    """The sites with a Superset behind each, all on the state of the session's."""
    with ExitStack() as stack:
        starting = [
            stack.enter_context(starting_superset(superset, tls, site.proxy, site.superset, site.superset_port))
            for site in sites.values()
        ]
        for wait in starting:
            wait()
        yield sites


# Not for the session: while Playwright runs, nothing else may start an event loop in this thread.
@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Debian's chromium, to which every .example host is this machine."""
    chromium = need("chromium")
    flags = ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"]
    with sync_playwright() as driver:
        names = "--host-resolver-rules=MAP *.example 127.0.0.1"
        running = driver.chromium.launch(executable_path=chromium, args=[*flags, names], timeout=120_000)
        yield running
        running.close()


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Superset's tests go first and start the slow queries; whoever waits for them goes last."""
    items.sort(key=lambda item: 2 if item.get_closest_marker("awaits") else "superset_sites" not in _fixtures(item))


def _fixtures(item: pytest.Item) -> list[str]:
    names: list[str] = getattr(item, "fixturenames", [])
    return names


def _with_port(address: str, port: int) -> str:
    """https://host:port/path."""
    host, slash, path = address.partition("/")
    return f"https://{host}:{port}{slash}{path}"
