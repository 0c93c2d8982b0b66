"""Every timeout between the database and the browser is in one file, and whoever knows the reason gives up first."""

import itertools
import re
import subprocess

import pytest

from tests.support.nginx_server import ROOT

FILE = ROOT / "deploy" / "timeouts.env"
STEPS = (
    "WAREHOUSE_CONNECT_TIMEOUT",
    "WAREHOUSE_STATEMENT_TIMEOUT",
    "GUNICORN_TIMEOUT",
    "SUPERSET_WEBSERVER_TIMEOUT",
    "NGINX_PROXY_TIMEOUT",
)

# As each program spells its own limit, with a number behind it.
SPELLINGS = r"""(?ix)
    (proxy_(connect|read|send)_timeout | statement_timeout | \bconnect_timeout | --timeout | SQLLAB_\w*TIMEOUT
    | SUPERSET_WEBSERVER_TIMEOUT | GUNICORN_TIMEOUT | NGINX_\w+_TIMEOUT | WAREHOUSE_\w+_TIMEOUT)
    ["']? [\s=:]+ ["']? \d
"""


def limits() -> dict[str, int]:
    lines = [line for line in FILE.read_text().splitlines() if line and not line.startswith("#")]
    return {name: int(seconds) for name, _, seconds in (line.partition("=") for line in lines)}


def deployed() -> dict[str, str]:
    """The text of everything that is deployed, by its path; the one file and the locks left out."""
    listed = subprocess.run(["git", "ls-files", "deploy"], cwd=ROOT, capture_output=True, text=True, check=True)
    names = [name for name in listed.stdout.split() if not name.endswith((".lock", "timeouts.env", ".zip", ".png"))]
    return {name: (ROOT / name).read_text(encoding="utf-8") for name in names if (ROOT / name).is_file()}


def test_who_is_nearer_to_the_database_gives_up_first():
    """With room for the answer to travel: two limits at the same second are a race."""
    seconds = [limits()[name] for name in STEPS]
    assert all(later - earlier >= 5 for earlier, later in itertools.pairwise(seconds))


def test_a_query_of_ninety_seconds_fits():
    """What the dashboards must be able to ask."""
    assert limits()["WAREHOUSE_STATEMENT_TIMEOUT"] > 90


def test_nobody_else_names_a_number():
    """A second place would be forgotten when the first is changed."""
    found = {name: re.findall(SPELLINGS, text) for name, text in deployed().items()}
    assert {name: spelled for name, spelled in found.items() if spelled} == {}


@pytest.mark.parametrize("name", limits())
def test_every_limit_is_used_and_explained(name: str):
    """A limit that nothing reads limits nothing."""
    assert any(name in text for text in deployed().values())
    assert name in (ROOT / "docs" / "timeouts.md").read_text()


@pytest.mark.parametrize(
    "line", ["proxy_read_timeout 60s;", "SUPERSET_WEBSERVER_TIMEOUT = 60", "--timeout 60", '"connect_timeout": 3']
)
def test_a_second_place_would_be_found(line: str):
    """As nginx, Superset, gunicorn and libpq write it."""
    assert re.search(SPELLINGS, line)
