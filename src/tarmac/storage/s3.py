"""Objects on S3, and how they are reached: by the process's usual AWS settings, or by keys that a caller hands over.

Every act on S3 goes through here, so that all have the same time limits and retries: see docs/decisions/0020.
"""

import errno
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from io import SEEK_CUR, SEEK_END, SEEK_SET, BufferedReader, BytesIO, RawIOBase
from pathlib import Path
from typing import IO, Any

CONNECT_SECONDS = 10
READ_SECONDS = 20
"""How long a server may say nothing, and take nothing in."""
PART_BYTES = 8 << 20
ATTEMPTS = 4
"""How often a request is made before it is given up, with pauses between."""
_DOWNLOAD_ATTEMPTS = 2
"""How often a range is asked for: it multiplies with the attempts of each request, so a silent server costs three minutes."""

_NOT_THERE = frozenset({"404", "NoSuchKey", "NoSuchBucket", "NotFound"})


@dataclass(frozen=True, kw_only=True)
class S3Access:
    """Keys, region and endpoint for one lake; what is None comes from the usual AWS settings.

    Kept apart from the environment, which every task of the process shares. Never shown: neither in logs nor in tracebacks.
    """

    key: str | None = None
    secret: str | None = field(default=None, repr=False)
    token: str | None = field(default=None, repr=False)
    region: str | None = None
    endpoint: str | None = None

    def client(self) -> Any:
        """A boto3 client with time limits and retries; one for the whole process, while its AWS settings stay the same."""
        environment = frozenset((name, value) for name, value in os.environ.items() if name.startswith("AWS_"))
        return _client(self, environment, (CONNECT_SECONDS, READ_SECONDS, ATTEMPTS))


@dataclass(frozen=True, kw_only=True)
class S3Folder:
    """Objects of one bucket whose keys begin with a prefix; a key here is without it."""

    bucket: str
    prefix: str
    access: S3Access = field(default_factory=S3Access)

    def is_there(self) -> bool:
        """Whether the bucket is; asked for with the prefix, as rights may be for that alone."""
        try:
            self.access.client().list_objects_v2(Bucket=self.bucket, Prefix=self._key(""), MaxKeys=1)
        except Exception as error:
            if _is_not_there(error):
                return False
            raise
        return True

    def size(self, key: str) -> int | None:
        """An object's size in bytes; None where there is none."""
        try:
            return int(self.access.client().head_object(Bucket=self.bucket, Key=self._key(key))["ContentLength"])
        except Exception as error:
            if _is_not_there(error):
                return None
            raise

    def list(self, folder: str, *, deep: bool = False) -> Iterator[tuple[str, int]]:
        """Key and size of each object right below a folder, or with `deep` anywhere below it, in order of key."""
        pages = self.access.client().get_paginator("list_objects_v2")
        within = {} if deep else {"Delimiter": "/"}
        for page in pages.paginate(Bucket=self.bucket, Prefix=self._key(f"{folder}/"), **within):
            for entry in page.get("Contents", []):
                yield entry["Key"].removeprefix(self._key("")), int(entry["Size"])

    def fetch(self, key: str, to: Path) -> None:
        """Copy an object into a local file: every byte is of one version of it, or this fails."""
        with to.open("wb") as file:
            self._download(key, file)

    def read(self, key: str) -> bytes:
        """The bytes of an object that fits into memory."""
        into = BytesIO()
        self._download(key, into)
        return into.getvalue()

    def open(self, key: str, version: str | None) -> BufferedReader:
        """An object to be read in parts, all of them of that version, by default the present one."""
        size = self.size(key)
        if size is None:
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), key)
        return BufferedReader(_Parts(self, key, size, version or self.version_of(key)), PART_BYTES)

    def version_of(self, key: str) -> str:
        """An object's ETag."""
        return str(self.access.client().head_object(Bucket=self.bucket, Key=self._key(key))["ETag"])

    def read_part(self, key: str, start: int, stop: int, version: str) -> bytes:
        """The bytes from `start` up to `stop`."""
        part = self.access.client().get_object(
            Bucket=self.bucket, Key=self._key(key), Range=f"bytes={start}-{stop - 1}", IfMatch=version
        )
        return bytes(part["Body"].read())

    def facts_of(self, key: str) -> tuple[int, str | None]:
        """An object's size in bytes, and its MD5 in hex where its ETag is that."""
        head = self.access.client().head_object(Bucket=self.bucket, Key=self._key(key))
        etag = str(head["ETag"]).strip('"')
        # Of an object that came in parts it is another sum, as of one encrypted under a key of KMS or the client's.
        encrypted = head.get("ServerSideEncryption", "AES256") != "AES256" or "SSECustomerAlgorithm" in head
        return int(head["ContentLength"]), etag if re.fullmatch("[0-9a-f]{32}", etag) and not encrypted else None

    def put(self, file: IO[bytes], key: str, *, replace: bool) -> None:
        """Make a local file the object of that key; without `replace`, only where there is none yet."""
        # One request, whatever the size: that either happens or not, leaves no parts behind when this process is killed,
        # and every server that knows conditions knows them here, but not all do for an upload in parts.
        condition = {} if replace else {"IfNoneMatch": "*"}
        self.access.client().put_object(Bucket=self.bucket, Key=self._key(key), Body=file, **condition)

    def remove(self, key: str) -> None:
        """Remove an object; one that is not there is no error."""
        self.access.client().delete_object(Bucket=self.bucket, Key=self._key(key))

    def _download(self, key: str, into: IO[bytes]) -> None:
        from boto3.s3.transfer import TransferConfig

        # Asked for by ranges whatever its size: only such requests carry the ETag that was seen first.
        how = TransferConfig(
            multipart_threshold=1, num_download_attempts=_DOWNLOAD_ATTEMPTS, preferred_transfer_client="classic"
        )
        self.access.client().download_fileobj(self.bucket, self._key(key), into, Config=how)

    def _key(self, key: str) -> str:
        return f"{self.prefix}/{key}" if self.prefix else key


class _Parts(RawIOBase):
    """An object's bytes, asked for as they are read."""

    def __init__(self, folder: S3Folder, key: str, size: int, version: str) -> None:
        self._folder, self._key, self._size, self._version, self._at = folder, key, size, version, 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = SEEK_SET) -> int:
        self._at = offset + {SEEK_SET: 0, SEEK_CUR: self._at, SEEK_END: self._size}[whence]
        return self._at

    def readinto(self, buffer: Any) -> int:
        stop = min(self._at + len(buffer), self._size)
        if stop <= self._at:
            return 0
        part = self._folder.read_part(self._key, self._at, stop, self._version)
        buffer[: len(part)] = part
        self._at += len(part)
        return len(part)


@lru_cache(maxsize=8)
def _client(access: S3Access, environment: frozenset[tuple[str, str]], patience: tuple[int, int, int]) -> Any:
    import boto3
    from botocore.config import Config

    named = dict(environment)
    connect, read, attempts = patience
    return boto3.Session(
        aws_access_key_id=access.key, aws_secret_access_key=access.secret, aws_session_token=access.token
    ).client(
        "s3",
        # boto3 itself knows AWS_DEFAULT_REGION alone.
        region_name=access.region or named.get("AWS_REGION"),
        endpoint_url=access.endpoint,
        config=Config(
            connect_timeout=connect,
            read_timeout=read,
            retries={"mode": "standard", "total_max_attempts": attempts},
            tcp_keepalive=True,
        ),
    )


def code_of(error: BaseException) -> str:
    """S3's own word for an error; empty for one that S3 did not answer with."""
    response = getattr(error, "response", None) or {}
    return str(response.get("Error", {}).get("Code", ""))


def _is_not_there(error: Exception) -> bool:
    return code_of(error) in _NOT_THERE
