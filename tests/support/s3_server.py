"""Fixtures of S3: Ceph's RADOS gateway if it is installed, else moto's server. Both have one pair of keys."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.support.machine import has
from tests.support.rados import rados_gateway


@dataclass(frozen=True, kw_only=True)
class S3Server:
    """A server's address and the keys of its only user; `real` if it checks signatures and permissions."""

    url: str
    real: bool
    access_key: str = "testing-access"
    secret_key: str = "testing-secret"

    def environment(self, home: Path) -> dict[str, str]:
        """The AWS variables that point programs to this server only; `home` remains empty."""
        return {
            "AWS_ENDPOINT_URL": self.url,
            "AWS_ACCESS_KEY_ID": self.access_key,
            "AWS_SECRET_ACCESS_KEY": self.secret_key,
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_REGION": "us-east-1",
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_CONFIG_FILE": str(home / "none"),
            "AWS_SHARED_CREDENTIALS_FILE": str(home / "none"),
        }


@pytest.fixture(scope="session")
def s3_server() -> Iterator[S3Server]:
    """One server for all tests of a session; each test creates its own buckets."""
    with _rados() if has("Ceph") else _moto() as server:
        yield server


@pytest.fixture
def s3(s3_server: S3Server, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Any]:
    """A client of the server, with an empty bucket `lake`; the environment points to this server only."""
    import boto3

    for name, value in (s3_server.environment(tmp_path) | {"TARMAC_HOME": str(tmp_path / "home")}).items():
        monkeypatch.setenv(name, value)
    client = boto3.client("s3")
    client.create_bucket(Bucket="lake")
    yield client
    empty_bucket(client, "lake")
    client.delete_bucket(Bucket="lake")
    client.close()


def empty_bucket(client: Any, bucket: str) -> None:
    """Delete every object and every unfinished upload."""
    for entry in client.list_objects_v2(Bucket=bucket).get("Contents", []):
        client.delete_object(Bucket=bucket, Key=entry["Key"])
    for upload in client.list_multipart_uploads(Bucket=bucket).get("Uploads", []):
        client.abort_multipart_upload(Bucket=bucket, Key=upload["Key"], UploadId=upload["UploadId"])


@contextmanager
def _rados() -> Iterator[S3Server]:
    keys = {"access_key": S3Server.access_key, "secret_key": S3Server.secret_key}
    with tempfile.TemporaryDirectory(prefix="tarmac-rados-") as folder, rados_gateway(Path(folder), **keys) as url:
        yield S3Server(url=url, real=True)


@contextmanager
def _moto() -> Iterator[S3Server]:
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0)
    server.start()
    try:
        host, port = server.get_host_and_port()
        yield S3Server(url=f"http://{host}:{port}", real=False)
    finally:
        server.stop()
