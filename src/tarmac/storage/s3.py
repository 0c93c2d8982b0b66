"""A store of objects on S3, with the usual AWS settings of the process, or with keys given by a caller.

All access to S3 goes through this module, with the same timeouts and retries: see docs/decisions/0020.
"""

import errno
import hashlib
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import lru_cache
from io import SEEK_CUR, SEEK_END, SEEK_SET, BufferedReader, BytesIO, RawIOBase
from pathlib import Path
from typing import IO, Any, BinaryIO, cast

from tarmac.storage.aws import check_bundle, code_of, explain_client

CONNECT_SECONDS = 10
READ_SECONDS = 20
"""Seconds for which a server may neither send nor accept data."""
PART_BYTES = 8 << 20
ATTEMPTS = 4
"""Attempts for each request, with pauses between them."""
_DOWNLOAD_ATTEMPTS = 2
"""Attempts for a range; each has the attempts of a request, so a server that does not answer costs three minutes."""

_NOT_THERE = frozenset({"404", "NoSuchKey", "NoSuchBucket", "NotFound"})


@dataclass(frozen=True, kw_only=True)
class S3Access:
    """Keys, region and endpoint for one lake; what is None comes from the usual AWS settings.

    Separate from the environment, which all tasks of the process share. Keys are never shown in
    logs or tracebacks. With `requester_pays` requests are charged to the requester, as some buckets demand.
    """

    key: str | None = None
    secret: str | None = field(default=None, repr=False)
    token: str | None = field(default=None, repr=False)
    region: str | None = None
    endpoint: str | None = None
    requester_pays: bool = False

    def client(self) -> Any:
        """A boto3 client with timeouts and retries; one for the whole process, as long as its AWS settings do not change.

        Raises:
            InputError: the configuration of AWS cannot be used.
        """
        environment = frozenset((name, value) for name, value in os.environ.items() if name.startswith("AWS_"))
        return _client(self, environment, (CONNECT_SECONDS, READ_SECONDS, ATTEMPTS))


@dataclass(frozen=True, kw_only=True)
class S3Store:
    """See tarmac.storage.base.Store. Objects of one bucket, or access point, whose keys begin with a prefix."""

    bucket: str
    prefix: str
    access: S3Access = field(default_factory=S3Access)

    @property
    def root(self) -> str:
        """See Store."""
        return f"s3://{self.bucket}" + (f"/{self.prefix}" if self.prefix else "")

    def exists(self) -> bool:
        """See Store. Requests the prefix, because permissions may be limited to it."""
        try:
            self.access.client().list_objects_v2(Bucket=self.bucket, Prefix=self._key(""), MaxKeys=1)
        except Exception as error:
            if _is_not_there(error):
                return False
            raise
        return True

    def make(self) -> None:
        """See Store."""

    def size(self, key: str) -> int | None:
        """See Store."""
        try:
            return int(self.access.client().head_object(Bucket=self.bucket, Key=self._key(key))["ContentLength"])
        except Exception as error:
            if _is_not_there(error):
                return None
            raise

    def list(self, folder: str) -> Iterator[tuple[str, int]]:
        """See Store."""
        return ((key, size) for key, size in self._list(folder, Delimiter="/") if not key.endswith("/"))

    def _list(self, folder: str, **within: str) -> Iterator[tuple[str, int]]:
        pages = self.access.client().get_paginator("list_objects_v2")
        for page in pages.paginate(Bucket=self.bucket, Prefix=self._key(f"{folder}/"), **within):
            for entry in page.get("Contents", []):
                yield entry["Key"].removeprefix(self._key("")), int(entry["Size"])

    def remove(self, folder: str) -> None:
        """See Store."""
        for key, _ in self._list(folder):
            self.access.client().delete_object(Bucket=self.bucket, Key=self._key(key))

    def remove_file(self, key: str) -> None:
        """See Store."""
        self.access.client().delete_object(Bucket=self.bucket, Key=self._key(key))

    def fetch(self, key: str, file: Path) -> None:
        """See Store. All bytes are from one version of the object, or this fails."""
        with file.open("wb") as into:
            self._download(key, into)

    def read(self, key: str) -> bytes:
        """See Store."""
        into = BytesIO()
        self._download(key, into)
        return into.getvalue()

    def open(self, key: str, version: str | None) -> BinaryIO:
        """See Store."""
        size = self.size(key)
        if size is None:
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), key)
        return cast("BinaryIO", BufferedReader(_Parts(self, key, size, version or self.version(key)), PART_BYTES))

    def version(self, key: str) -> str:
        """See Store. An object's ETag."""
        return str(self.access.client().head_object(Bucket=self.bucket, Key=self._key(key))["ETag"])

    def read_part(self, key: str, start: int, stop: int, version: str) -> bytes:
        """The bytes from `start` up to `stop`."""
        part = self.access.client().get_object(
            Bucket=self.bucket, Key=self._key(key), Range=f"bytes={start}-{stop - 1}", IfMatch=version
        )
        return bytes(part["Body"].read())

    def checksum(self, key: str) -> tuple[int, str | None]:
        """See Store. The MD5 is known if the ETag is one."""
        head = self.access.client().head_object(Bucket=self.bucket, Key=self._key(key))
        etag = str(head["ETag"]).strip('"')
        # Objects uploaded in parts, or encrypted with a KMS or client key, have an ETag that is not their MD5.
        encrypted = head.get("ServerSideEncryption", "AES256") != "AES256" or "SSECustomerAlgorithm" in head
        return int(head["ContentLength"]), etag if re.fullmatch("[0-9a-f]{32}", etag) and not encrypted else None

    def holds(self, key: str, file: Path) -> bool:
        """See Store."""
        if self.size(key) != file.stat().st_size:
            return False
        _, md5 = self.checksum(key)
        with file.open("rb") as new:
            # The MD5 of objects uploaded in parts or encrypted with KMS is unknown: they are written again.
            return md5 == hashlib.file_digest(new, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()

    def publish(self, file: Path, key: str, *, replace: bool) -> None:
        """See Store."""
        # One request, whatever the size: it is atomic, leaves no parts behind when this process is killed, and all servers
        # with conditional writes support them here, but not all do for multipart uploads.
        condition = {} if replace else {"IfNoneMatch": "*"}
        with file.open("rb") as body:
            self.access.client().put_object(Bucket=self.bucket, Key=self._key(key), Body=body, **condition)
        file.unlink()

    def is_taken(self, error: Exception) -> bool:
        """See Store. S3 servers return either code."""
        return code_of(error) in {"PreconditionFailed", "ConditionalRequestConflict"}

    def local_path(self, key: str) -> None:
        """See Store. An object has none."""

    def scratch_parent(self, local: Path) -> Path:
        """See Store."""
        return local

    @contextmanager
    def shared_scratch(self, scratch: Path) -> Iterator[str]:
        """See Store. A prefix with the name of the scratch folder."""
        prefix = f".scratch/{scratch.name}"
        try:
            yield f"{self.root}/{prefix}"
        finally:
            self.remove(prefix)

    def _download(self, key: str, into: IO[bytes]) -> None:
        from boto3.s3.transfer import TransferConfig

        # Requested in ranges whatever its size: only such requests have the ETag that was seen first as a condition.
        how = TransferConfig(
            multipart_threshold=1, num_download_attempts=_DOWNLOAD_ATTEMPTS, preferred_transfer_client="classic"
        )
        self.access.client().download_fileobj(self.bucket, self._key(key), into, Config=how)

    def _key(self, key: str) -> str:
        return f"{self.prefix}/{key}" if self.prefix else key


class _Parts(RawIOBase):
    """A readable stream of an S3 object that downloads its bytes only when they are read."""

    def __init__(self, store: S3Store, key: str, size: int, version: str) -> None:
        self._store, self._key, self._size, self._version, self._position = store, key, size, version, 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = SEEK_SET) -> int:
        self._position = offset + {SEEK_SET: 0, SEEK_CUR: self._position, SEEK_END: self._size}[whence]
        return self._position

    def readinto(self, buffer: Any) -> int:
        stop = min(self._position + len(buffer), self._size)
        if stop <= self._position:
            return 0
        part = self._store.read_part(self._key, self._position, stop, self._version)
        buffer[: len(part)] = part
        self._position += len(part)
        return len(part)


@lru_cache(maxsize=8)
def _client(access: S3Access, environment: frozenset[tuple[str, str]], patience: tuple[int, int, int]) -> Any:
    import boto3
    from botocore.config import Config

    named = dict(environment)
    connect, read, attempts = patience
    try:
        session = boto3.Session(
            aws_access_key_id=access.key, aws_secret_access_key=access.secret, aws_session_token=access.token
        )
        if bundle := session._session.get_config_variable("ca_bundle") or os.environ.get("REQUESTS_CA_BUNDLE"):
            check_bundle(bundle)
        client = session.client(
            "s3",
            # boto3 itself only reads AWS_DEFAULT_REGION.
            region_name=access.region or named.get("AWS_REGION"),
            endpoint_url=access.endpoint,
            config=Config(
                connect_timeout=connect,
                read_timeout=read,
                retries={"mode": "standard", "total_max_attempts": attempts},
                tcp_keepalive=True,
            ),
        )
        if credentials := session.get_credentials():
            credentials.get_frozen_credentials()
    except Exception as error:
        # Whatever the error, no request has been made yet.
        raise explain_client(error) from error
    if access.requester_pays:
        client.meta.events.register("before-call.s3", _pay)
    return client


def _pay(params: dict[str, Any], **_: Any) -> None:
    params["headers"]["x-amz-request-payer"] = "requester"


def _is_not_there(error: Exception) -> bool:
    return code_of(error) in _NOT_THERE
