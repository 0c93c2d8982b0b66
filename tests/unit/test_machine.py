"""A machine that lacks an optional program skips the tests that need it, and no test fails for it."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support import machine
from tests.support.machine import ROOT, TOOLS

# For each tool a test that needs it, and that ends before it starts any server.
NEEDED_BY = {
    "Ceph": "tests/integration/test_lake_on_s3.py::test_keys_that_s3_does_not_know",
    "cc": "tests/robustness/test_poor_file_systems.py",
    "chromium": "tests/stack/test_in_a_browser.py",
    "docker-compose": "tests/compose/test_compose_file.py",
    "envsubst": "tests/proxy/test_proxy_configuration.py::test_only_our_variables_are_filled_in",
    "nginx": "tests/proxy/test_proxy.py",
    "openssl": "tests/proxy/test_proxy_configuration.py",
    "poppler": "tests/e2e/test_report_in_a_browser.py::test_print_shows_the_whole_year_within_the_page",
    "Postgres": "tests/proxy/test_postgres_over_tls.py",
    "redis-server": "tests/dashboards/test_superset.py",
    "setpriv": "tests/integration/test_bad_requests.py::test_no_permission",
    "shellcheck": "tests/aws/test_aws_scripts.py::test_a_script_is_sound_for_shellcheck",
    "unshare": "tests/aws/test_aws_plain_root.py",
}


def path_without(folder: Path, programs: set[str]) -> str:
    """A folder with a link to each program of this machine but these, for PATH."""
    folder.mkdir()
    for place in [*os.environ["PATH"].split(os.pathsep), *machine.FURTHER_FOLDERS]:
        for program in Path(place).glob("*"):
            if program.name not in programs and not (folder / program.name).is_symlink():
                (folder / program.name).symlink_to(program)
    return str(folder)


@pytest.mark.parametrize("name", TOOLS)
def test_without_one_tool_its_tests_alone_are_skipped(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The reason names the missing program and its Debian package; other tools are found as before."""
    others = {other for other in TOOLS if not set(TOOLS[other].programs) & set(TOOLS[name].programs)}
    before = {other: machine.has(other) for other in others}
    monkeypatch.setenv("PATH", path_without(tmp_path / "bin", set(TOOLS[name].programs)))
    monkeypatch.setattr(machine, "FURTHER_FOLDERS", ())
    with pytest.raises(pytest.skip.Exception, match=re.escape(f"apt-get install {TOOLS[name].packages}")):
        machine.need(name)
    assert {other: machine.has(other) for other in others} == before


@pytest.mark.slow
def test_on_a_machine_without_any_of_them_tests_are_skipped_and_none_fails(tmp_path: Path) -> None:
    """A run of the tests that need them, in a process whose PATH has none of these programs, and without Superset."""
    (tmp_path / "bare_machine.py").write_text(
        "from tests.support import machine\n\nmachine.FURTHER_FOLDERS, machine.ENVIRONMENTS = (), machine.ROOT / 'none'\n"
    )
    programs = {program for tool in TOOLS.values() for program in tool.programs} | {"docker"}
    environment = {name: value for name, value in os.environ.items() if name not in {"CI", "PYTEST_ADDOPTS"}}
    environment |= {"PATH": path_without(tmp_path / "bin", programs), "PYTHONPATH": f"{tmp_path}:{ROOT}"}
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "pytest",
            "-p",
            "bare_machine",
            "-p",
            "no:cacheprovider",
            "-m",
            "",
            "-q",
            *NEEDED_BY.values(),
        ],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode in {pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED}, done.stdout
    missing = {name for name, tool in TOOLS.items() if f"apt-get install {tool.packages}" in done.stdout}
    unprivileged = {"setpriv"} if os.geteuid() != 0 else set()
    assert "make .venv-superset/.ready" in done.stdout
    assert missing == set(TOOLS) - unprivileged, done.stdout


def test_every_tool_has_a_test_that_needs_it() -> None:
    """So none can be added without the check above."""
    assert NEEDED_BY.keys() == TOOLS.keys()


def test_tests_look_for_programs_in_one_place() -> None:
    """A lookup elsewhere would not be covered by the checks above."""
    files = [
        file for file in (ROOT / "tests").rglob("*.py") if "shutil" + ".which(" in file.read_text(encoding="utf-8")
    ]
    assert files == [ROOT / "tests/support/machine.py"]


def test_programs_outside_the_path_of_a_user_are_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Debian keeps nginx in /usr/sbin."""
    shutil.copy(sys.executable, tmp_path / "nginx-of-debian")
    monkeypatch.setattr(machine, "FURTHER_FOLDERS", (str(tmp_path),))
    assert machine.find("nginx-of-debian") == str(tmp_path / "nginx-of-debian")
