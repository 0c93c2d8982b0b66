"""The scripts an operator runs: what they refuse, and what they never do."""

import ssl
import stat
import subprocess
from pathlib import Path

import pytest

from tests.support.machine import need
from tests.support.nginx_server import DEPLOY, HOSTS, certify, render

NAMED = {"NGINX_CERTIFICATE": "p.crt", "NGINX_CERTIFICATE_KEY": "p.key", "NGINX_UPSTREAM_CA": "ca.crt"}


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({}, "AIRFLOW_ADDRESS is not set"),
        (HOSTS | {"NGINX_UPSTREAM_CA": ""}, "NGINX_UPSTREAM_CA is not set"),
        (HOSTS | {"AIRFLOW_ADDRESS": "https://a.example"}, "AIRFLOW_ADDRESS is 'https://a.example'. Write a host"),
        (HOSTS | {"AIRFLOW_ADDRESS": "a.example/"}, "AIRFLOW_ADDRESS is 'a.example/'"),
        (HOSTS | {"SUPERSET_ADDRESS": 'a.example"; evil'}, "SUPERSET_ADDRESS is"),
        (HOSTS | {"SUPERSET_ADDRESS": "a.example/superset"}, "in the form a.example/dashboards"),
        ({"AIRFLOW_ADDRESS": "a.example", "SUPERSET_ADDRESS": "a.example"}, "overlap"),
        ({"AIRFLOW_ADDRESS": "a.example/x", "SUPERSET_ADDRESS": "a.example"}, "overlap"),
        ({"AIRFLOW_ADDRESS": "a.example", "SUPERSET_ADDRESS": "a.example/x"}, "overlap"),
    ],
)
def test_a_configuration_that_cannot_work_is_not_written(settings: dict[str, str], said: str, tmp_path: Path):
    """The fact, the value, and what to write instead; exit 2."""
    with pytest.raises(subprocess.CalledProcessError) as failed:
        render(({**NAMED} if settings else {}) | settings, into=tmp_path)
    assert failed.value.returncode == 2
    assert failed.value.stdout == ""
    assert failed.value.stderr.startswith("render: ")
    assert said in failed.value.stderr


def test_only_our_variables_are_filled_in(tmp_path: Path):
    """nginx's own look the same and stay."""
    written = render(NAMED | HOSTS, into=tmp_path)
    assert "${" not in written
    assert "X-Real-IP $remote_addr;" in written
    assert r"~^\Qairflow.example\E(/|$)" in written


def test_two_hosts_that_begin_alike_do_not_overlap(tmp_path: Path):
    """A host is not a folder of another."""
    assert render(NAMED | {"AIRFLOW_ADDRESS": "a.example", "SUPERSET_ADDRESS": "a.example.org"}, into=tmp_path)


def test_a_pair_is_good_for_its_hosts_and_its_key_is_private(tmp_path: Path):
    """Names and addresses; the authority is made once."""
    certify(tmp_path, "one", "one.example", "127.0.0.1")
    authority = (tmp_path / "ca.crt").read_bytes()
    certify(tmp_path, "two", "two.example")
    assert (tmp_path / "ca.crt").read_bytes() == authority
    for name, option, host in (("one", "-verify_hostname", "one.example"), ("one", "-verify_ip", "127.0.0.1")):
        assert _verified(tmp_path, name, option, host)
    assert not _verified(tmp_path, "one", "-verify_hostname", "two.example")
    assert {stat.S_IMODE((tmp_path / f"{name}.key").stat().st_mode) for name in ("ca", "one", "two")} == {0o600}
    ssl.create_default_context().load_cert_chain(tmp_path / "one.crt", tmp_path / "one.key")


@pytest.mark.parametrize("kept", ["pair.crt", "pair.key"])
def test_nothing_is_overwritten(tmp_path: Path, kept: str):
    """A key that services use must not be lost."""
    (tmp_path / kept).write_text("precious")
    done = _script(str(tmp_path), "pair", "host.example")
    assert done.returncode == 2
    assert f"{kept} is there already" in done.stderr
    assert [path.name for path in tmp_path.iterdir()] == [kept]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("tls",), "usage: self-signed.sh FOLDER NAME HOST..."),
        (("tls", "ca", "host.example"), "'ca' is the authority's own name"),
        (("tls", "pair", "a b"), "'a b' is neither a host name nor an IPv4 address"),
        (("tls", "pair", "https://a.example"), "'https://a.example' is neither"),
    ],
)
def test_a_wrong_request_for_a_certificate_is_told(tmp_path: Path, arguments: tuple[str, ...], said: str):
    """Exit 2, and nothing is made."""
    done = _script(*arguments, cwd=tmp_path)
    assert done.returncode == 2
    assert said in done.stderr
    assert not list(tmp_path.iterdir())


def test_the_scripts_are_sound():
    """As shellcheck sees them."""
    need("shellcheck")
    scripts = [str(DEPLOY / "render"), str(DEPLOY / "self-signed.sh")]
    root = DEPLOY.parents[1]
    found = subprocess.run(["shellcheck", "-x", "-P", str(root), *scripts], capture_output=True, text=True, check=False)
    assert found.stdout == ""


def _script(*arguments: str, cwd: Path | None = None) -> "subprocess.CompletedProcess[str]":
    need("openssl")
    script = [str(DEPLOY / "self-signed.sh"), *arguments]
    return subprocess.run(script, cwd=cwd, capture_output=True, text=True, check=False)


def _verified(folder: Path, name: str, option: str, host: str) -> bool:
    command = ["openssl", "verify", "-CAfile", str(folder / "ca.crt"), option, host, str(folder / f"{name}.crt")]
    return subprocess.run(command, capture_output=True, check=False).returncode == 0
