"""The rule of CI: a test that is skipped there fails the run, unless its reason is on the list."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support import skips_in_ci

TESTS = """
import pytest

def test_runs():
    pass

@pytest.mark.skip(reason="x")
def test_listed():
    pass

@pytest.mark.xfail
def test_known_to_fail():
    assert False
"""
SKIPPED = '\n@pytest.mark.skip(reason="x")\ndef test_unlisted():\n    pass\n'
ABSENT = """
import pytest

@pytest.fixture
def data():
    pytest.skip("no data in /data")

def test_of_data(data):
    pass
"""
MODULE = 'import pytest\npytest.skip("x", allow_module_level=True)\n'


def _run(folder: Path, *, ci: str, reason: str = "shown elsewhere", **files: str) -> subprocess.CompletedProcess[str]:
    (folder / "may.toml").write_text(
        f'[may_skip]\n"test_one.py::test_listed" = "{reason}"\n[may_skip_with_message]\n"no data in *" = "{reason}"\n'
    )
    (folder / "pytest.ini").write_text("[pytest]\n")
    (folder / "conftest.py").write_text(
        "from pathlib import Path\nfrom tests.support.skips_in_ci import SkipsInCI\n\n"
        "def pytest_configure(config):\n"
        '    config.pluginmanager.register(SkipsInCI(Path(__file__).with_name("may.toml")), "skips")\n'
    )
    for name, text in files.items():
        (folder / f"{name}.py").write_text(text)
    environment = {
        **os.environ,
        "CI": ci,
        "PYTHONPATH": str(Path(skips_in_ci.__file__).parents[2]),
        "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
    }
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )


def test_skips_with_a_reason_pass(tmp_path: Path) -> None:
    """So do tests that are expected to fail."""
    assert _run(tmp_path, ci="true", test_one=TESTS).returncode == 0


def test_skips_with_a_message_of_the_list_pass(tmp_path: Path) -> None:
    """Whichever test they are in."""
    assert _run(tmp_path, ci="true", test_one=ABSENT, test_two=MODULE.replace("x", "no data in /data")).returncode == 0


@pytest.mark.parametrize(
    ("files", "name"),
    [
        ({"test_one": TESTS + SKIPPED}, "test_one.py::test_unlisted"),
        ({"test_one": TESTS, "test_two": MODULE}, "test_two.py"),
        ({"test_one": ABSENT + SKIPPED}, "test_one.py::test_unlisted"),
    ],
)
def test_other_skips_fail_the_run_in_ci_alone(files: dict[str, str], name: str, tmp_path: Path) -> None:
    """The test, or the whole module, is named."""
    in_ci = _run(tmp_path, ci="true", **files)
    assert in_ci.returncode == 1
    assert f"SKIPPED IN CI: {name}." in in_ci.stdout
    assert _run(tmp_path, ci="", **files).returncode == 0


def test_a_reason_must_be_given(tmp_path: Path) -> None:
    """An empty one stops the run before any test."""
    done = _run(tmp_path, ci="", reason=" ", test_one=TESTS)
    assert done.returncode == 4
    assert "gives no reason for test_one.py::test_listed" in done.stderr
