"""A real S3 server for the tests: Ceph's RADOS gateway, with a monitor and one store of objects in memory behind it."""

import contextlib
import http.client
import subprocess
import time
import urllib.request
import uuid
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.support.ports import free_port

_SECONDS_TO_START = 300

_SETTINGS = """
[global]
fsid = {fsid}
mon host = [v2:127.0.0.1:{port}/0]
public addr = 127.0.0.1
cluster addr = 127.0.0.1
keyring = {folder}/keyring
run dir = {folder}
admin socket =
log file = {folder}/$name.log
mon data = {folder}/mon
osd data = {folder}/osd
osd objectstore = memstore
memstore device bytes = 8589934592
osd pool default size = 1
osd pool default min size = 1
osd pool default pg num = 8
osd pool default pg autoscale mode = off
osd crush chooseleaf type = 0
mon allow pool size one = true
# Each of the gateway's pools waits for a vote of the monitors, of which there is one.
paxos propose interval = 0.02
paxos min wait = 0.01
# What was deleted gives its memory back before the tests end.
rgw gc obj min wait = 1
rgw gc processor period = 1
"""


@dataclass(frozen=True, kw_only=True)
class _Cluster:
    """A cluster's folder, and the commands that run in it."""

    folder: Path

    def call(self, program: str, *arguments: str) -> str:
        """Run a program and wait for it; returns its output."""
        command = [program, "--conf", str(self.folder / "ceph.conf"), *arguments]
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=_SECONDS_TO_START)
        assert done.returncode == 0, f"{' '.join(command)}: {done.stderr}"
        return done.stdout

    @contextmanager
    def serving(self, program: str, *arguments: str) -> Iterator[subprocess.Popen[bytes]]:
        """A server that is killed at the end of the block, or by the kernel if this process dies before."""
        # None of them needs a graceful shutdown.
        command = [
            "setpriv", "--pdeathsig", "KILL", program, "--conf", str(self.folder / "ceph.conf"), *arguments, "-f"
        ]  # fmt: skip
        with (
            (self.folder / f"{program}.out").open("wb") as out,
            subprocess.Popen(command, stdout=out, stderr=out) as server,
        ):
            try:
                yield server
            finally:
                server.kill()


@contextmanager
def rados_gateway(folder: Path, *, access_key: str, secret_key: str) -> Iterator[str]:
    """The address of a gateway with one user; `folder` is new and is not removed."""
    cluster = _Cluster(folder=folder)
    _prepare(cluster)
    with ExitStack() as servers:
        servers.enter_context(cluster.serving("ceph-mon", "-i", "a"))
        osd = str(uuid.uuid4())
        cluster.call("ceph", "osd", "new", osd)
        with (folder / "keyring").open("a") as keyring:
            keyring.write(
                cluster.call("ceph", "auth", "get-or-create", "osd.0", "mon", "allow profile osd", "osd", "allow *")
            )
        cluster.call("ceph-osd", "--mkfs", "-i", "0", "--osd-uuid", osd)
        servers.enter_context(cluster.serving("ceph-osd", "-i", "0"))
        # Before the gateway starts, as both would otherwise create the same pools at the same time.
        user = ("--uid", "tests", "--display-name", "tests", "--access-key", access_key, "--secret-key", secret_key)
        cluster.call("radosgw-admin", "user", "create", *user)
        address = f"127.0.0.1:{free_port()}"
        front = ("-n", "client.admin", "--rgw-frontends", f"beast endpoint={address}")
        gateway = servers.enter_context(cluster.serving("radosgw", *front))
        _wait_for(f"http://{address}", gateway, folder)
        yield f"http://{address}"


def _prepare(cluster: _Cluster) -> None:
    fsid, port, folder = str(uuid.uuid4()), free_port(), cluster.folder
    (folder / "osd").mkdir(parents=True)
    (folder / "ceph.conf").write_text(_SETTINGS.format(fsid=fsid, port=port, folder=folder))
    keyring, monmap = str(folder / "keyring"), str(folder / "monmap")
    cluster.call("ceph-authtool", "--create-keyring", keyring, "--gen-key", "-n", "mon.", "--cap", "mon", "allow *")
    rights = [word for part in ("mon", "osd", "mgr") for word in ("--cap", part, "allow *")]
    cluster.call("ceph-authtool", keyring, "--gen-key", "-n", "client.admin", *rights)
    cluster.call("monmaptool", "--create", "--fsid", fsid, "--addv", "a", f"[v2:127.0.0.1:{port}/0]", monmap)
    cluster.call("ceph-mon", "--mkfs", "-i", "a", "--monmap", monmap, "--keyring", keyring)


def _wait_for(url: str, server: subprocess.Popen[bytes], folder: Path) -> None:
    limit = time.monotonic() + _SECONDS_TO_START
    while time.monotonic() < limit and server.poll() is None:
        # A connection that is accepted but not answered in time does not raise a URLError.
        with contextlib.suppress(OSError, http.client.HTTPException), urllib.request.urlopen(url, timeout=20):
            return
        time.sleep(0.05)
    log = folder / "client.admin.log"
    raise AssertionError(f"radosgw does not answer: {log.read_text()[-2000:] if log.exists() else server.poll()}")
