"""Programs and environments that some tests need; tests are skipped, with the reason, if they are missing."""

import os
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

ENVIRONMENTS = ROOT
"""The folder of .venv-airflow and .venv-superset."""

# Debian installs some programs outside a user's PATH.
FURTHER_FOLDERS = ("/usr/sbin", *sorted(map(str, Path("/usr/lib/postgresql").glob("*/bin")), reverse=True))


@dataclass(frozen=True, kw_only=True)
class Tool:
    """Programs that are used together, and the Debian packages that have them."""

    programs: Sequence[str]
    packages: str


TOOLS = {
    "Ceph": Tool(
        programs=("ceph", "ceph-authtool", "ceph-mon", "ceph-osd", "monmaptool", "radosgw", "radosgw-admin", "setpriv"),
        packages="ceph-mon ceph-osd ceph-common radosgw",
    ),
    "cc": Tool(programs=("cc",), packages="gcc libc6-dev"),
    "chromium": Tool(programs=("chromium",), packages="chromium"),
    "docker-compose": Tool(programs=("docker-compose",), packages="docker-compose"),
    "envsubst": Tool(programs=("envsubst",), packages="gettext-base"),
    "nginx": Tool(programs=("nginx",), packages="nginx"),
    "openssl": Tool(programs=("openssl",), packages="openssl"),
    "poppler": Tool(programs=("pdftotext", "pdftoppm"), packages="poppler-utils"),
    "Postgres": Tool(programs=("initdb", "postgres"), packages="postgresql"),
    "redis-server": Tool(programs=("redis-server",), packages="redis-server"),
    "setpriv": Tool(programs=("setpriv",), packages="util-linux"),
    "shellcheck": Tool(programs=("shellcheck",), packages="shellcheck"),
    "unshare": Tool(programs=("unshare",), packages="util-linux"),
}


def find(program: str) -> str | None:
    """The program's path, or None."""
    return shutil.which(program, path=os.pathsep.join((os.environ.get("PATH", ""), *FURTHER_FOLDERS)))


def has(name: str) -> bool:
    """Whether all programs of the tool are installed."""
    return all(find(program) for program in TOOLS[name].programs)


def need(name: str) -> str:
    """The path of the tool's first program; the test is skipped if one of them is missing."""
    missing = [program for program in TOOLS[name].programs if find(program) is None]
    if missing:
        pytest.skip(f"{name}: {', '.join(missing)} not on PATH; Debian: apt-get install {TOOLS[name].packages}")
    return str(find(TOOLS[name].programs[0]))


def need_environment(name: str, program: str) -> Path:
    """The path of a program in `.venv-airflow` or `.venv-superset`; the test is skipped if that does not exist."""
    path = ENVIRONMENTS / name / "bin" / program
    if not path.exists():
        pytest.skip(f"{name} is not set up: make {name}/.ready")
    return path
