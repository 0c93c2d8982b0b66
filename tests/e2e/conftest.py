"""A browser for the tests that need one: Debian's chromium, driven by playwright."""

import shutil

import pytest


@pytest.fixture(scope="session")
def chromium() -> str:
    """Path of chromium; the test is skipped where there is none."""
    path = shutil.which("chromium")
    if path is None:
        pytest.skip("needs Debian's chromium on PATH: apt-get install chromium")
    return path
