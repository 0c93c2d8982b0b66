"""A real nginx for a test: rendered, checked, started at free ports, stopped with its workers."""

import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import urllib3

from tests.support.machine import ROOT, need
from tests.support.ports import free_port

DEPLOY = ROOT / "deploy" / "nginx"

HOSTS = {"AIRFLOW_ADDRESS": "airflow.example", "SUPERSET_ADDRESS": "superset.example"}
PATHS = {"AIRFLOW_ADDRESS": "tarmac.example/airflow", "SUPERSET_ADDRESS": "tarmac.example/dashboards"}


def certify(folder: Path, name: str, *hosts: str) -> None:
    """A certificate `name`.crt and key `name`.key from the folder's own authority."""
    need("openssl")
    subprocess.run([str(DEPLOY / "self-signed.sh"), str(folder), name, *hosts], check=True)


def render(settings: Mapping[str, str], *, timeouts: Mapping[str, int] | None = None, into: Path) -> str:
    """The output of `render`; `timeouts` replace those of deploy/timeouts.env, in a copy of the folder."""
    need("envsubst")
    folder = DEPLOY
    if timeouts is not None:
        folder = into / "deploy" / "nginx"
        shutil.copytree(DEPLOY, folder)
        lines = (DEPLOY.parent / "timeouts.env").read_text() + "\n".join(f"{key}={n}" for key, n in timeouts.items())
        folder.with_name("timeouts.env").write_text(lines + "\n")
    done = subprocess.run(
        [str(folder / "render")],
        env={"PATH": os.environ["PATH"], **settings},
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout


@dataclass(frozen=True, kw_only=True)
class Proxy:
    """A running nginx; `tls` has the authority of its certificate and its upstreams'."""

    folder: Path
    tls: Path
    http_port: int
    https_port: int

    def ask(self, method: str, url: str, *, source: str = "127.0.0.1", **options: Any) -> urllib3.BaseHTTPResponse:
        """Request https://host/path through this proxy, from the address `source`; redirects are not followed."""
        asked = urllib3.util.parse_url(url)
        host = asked.host
        with urllib3.HTTPSConnectionPool(
            "127.0.0.1",
            self.https_port,
            source_address=(source, 0),
            server_hostname=host,
            assert_hostname=host,
            ca_certs=str(self.tls / "ca.crt"),
            cert_reqs="CERT_REQUIRED",
        ) as pool:
            options["headers"] = {"Host": f"{host}:{self.https_port}"} | options.get("headers", {})
            return pool.urlopen(method, asked.request_uri, redirect=False, retries=False, **options)

    @property
    def error_log(self) -> str:
        """nginx's error log."""
        return (self.folder / "error.log").read_text()

    @property
    def access_log(self) -> str:
        """nginx's access log."""
        return (self.folder / "access.log").read_text()


@contextmanager
def running_nginx(
    folder: Path,
    tls: Path,
    settings: Mapping[str, str],
    *,
    timeouts: Mapping[str, int] | None = None,
    https_port: int | None = None,
) -> Iterator[Proxy]:
    """Start nginx with this configuration; stop it and its workers at the end."""
    proxy = Proxy(folder=folder, tls=tls, http_port=free_port(), https_port=https_port or free_port())
    ours = {
        "NGINX_HTTP_PORT": f"127.0.0.1:{proxy.http_port}",
        "NGINX_HTTPS_PORT": f"127.0.0.1:{proxy.https_port}",
        "NGINX_PUBLIC_PORT": f":{proxy.https_port}",
        "NGINX_ACCESS_LOG": str(folder / "access.log"),
        "NGINX_ACME_FOLDER": str(folder / "acme"),
        "NGINX_CERTIFICATE": str(tls / "proxy.crt"),
        "NGINX_CERTIFICATE_KEY": str(tls / "proxy.key"),
        "NGINX_UPSTREAM_CA": str(tls / "ca.crt"),
    }
    (folder / "tarmac.conf").write_text(render({**ours, **settings}, timeouts=timeouts, into=folder))
    command = write_main(folder)
    subprocess.run([*command, "-t", "-q"], check=True)
    process = subprocess.Popen([*command, "-g", "daemon off;"], start_new_session=True)
    try:
        wait_for_port(proxy.https_port, process, log=folder / "error.log")
        yield proxy
    finally:
        stop_group(process)


def stop_group(process: "subprocess.Popen[Any]", *, how: int = signal.SIGTERM) -> None:
    """Stop a process that leads its own group, and the rest of the group."""
    process.send_signal(how)
    with suppress(subprocess.TimeoutExpired):
        process.wait(30)
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def write_main(folder: Path) -> list[str]:
    """Write a minimal version of a distribution's nginx.conf, and return the command that uses it."""
    kinds = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    temporary = "\n".join(f"    {kind}_temp_path {folder}/{kind};" for kind in kinds)
    user = "user root;" if os.geteuid() == 0 else ""  # pytest's folders cannot be read by other users
    (folder / "nginx.conf").write_text(
        f"{user} worker_processes 1; pid {folder}/pid; error_log {folder}/error.log; events {{}}\n"
        f"http {{\n{temporary}\n    include {folder}/tarmac.conf;\n}}\n"
    )
    return [need("nginx"), "-c", str(folder / "nginx.conf")]


def assert_runs(process: "subprocess.Popen[Any]", log: Path | None = None) -> None:
    """Raise an AssertionError with the end of its log if the process has ended."""
    if process.poll() is not None:
        words = log.read_text(errors="replace")[-2000:] if log and log.exists() else ""
        raise AssertionError(f"{process.args} ended with {process.returncode}: {words}")


def wait_for_port(
    port: int, process: "subprocess.Popen[Any]", *, log: Path | None = None, seconds: float = 180
) -> None:
    """Wait until a server listens there; AssertionError if the process ends or after the timeout."""

    def listens() -> bool:
        assert_runs(process, log)
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", port)) == 0

    wait_until(listens, seconds=seconds)


def who_answers(port: int) -> set[str]:
    """The addresses of this machine on which the port is open; the loopback's second one stands for every other."""
    named = (address for addresses in psutil.net_if_addrs().values() for address in addresses)
    own = {"127.0.0.1", "127.0.0.2"} | {one.address for one in named if one.family == socket.AF_INET}
    answering = set()
    for address in own:
        with suppress(ConnectionRefusedError):
            socket.create_connection((address, port), timeout=20).close()
            answering.add(address)
    return answering


def wait_until(reached: Callable[[], bool], *, seconds: float = 180) -> None:
    """Wait until this holds; AssertionError after the timeout."""
    limit = time.monotonic() + seconds
    while not reached():
        assert time.monotonic() < limit, f"waited {seconds} s in vain"
        time.sleep(0.05)


def most_log_ins_since(began: float) -> int:
    """The number of log-ins that the proxy allows an address since this monotonic time: five, and one every ten seconds."""
    return 5 + int((time.monotonic() - began) // 10)


@dataclass(frozen=True, kw_only=True)
class Site:
    """One address for each application, and the proxy in front of both; their fixtures start them."""

    proxy: Proxy
    airflow_port: int
    superset_port: int
    airflow: str
    superset: str
