"""How an S3 lake is reached: by the process's usual AWS settings, or by keys that a caller hands over and nobody else sees."""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

_CONFIG: Mapping[str, Any] = {
    "connect_timeout": 10,
    "read_timeout": 60,
    "retries": {"max_attempts": 4, "mode": "standard"},
}


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

    def filesystem(self) -> Any:
        """An s3fs file system with time limits and retries."""
        import s3fs

        return s3fs.S3FileSystem(
            default_cache_type="readahead",
            use_listings_cache=False,
            config_kwargs=_CONFIG,
            key=self.key,
            secret=self.secret,
            token=self.token,
            endpoint_url=self.endpoint,
            client_kwargs={"region_name": self.region} if self.region else {},
        )

    def has_bucket(self, root: str) -> bool:
        """Whether the bucket of a lake's root is there."""
        # Not s3fs' `exists`, which calls a bucket absent whatever went wrong; and with the prefix, as rights may ask for it.
        bucket, _, prefix = root.removeprefix("s3://").partition("/")
        where = {"Bucket": bucket, "Prefix": f"{prefix}/" if prefix else ""}
        try:
            self.filesystem().call_s3("list_objects_v2", **where, MaxKeys=1)
        except FileNotFoundError:
            return False
        return True

    def head(self, place: str) -> dict[str, Any]:
        """What S3 says of an object without sending it."""
        bucket, _, key = place.removeprefix("s3://").partition("/")
        head: dict[str, Any] = self.filesystem().call_s3("head_object", Bucket=bucket, Key=key)
        return head

    def storage_options(self) -> dict[str, str]:
        """The same for Polars, whose reader of S3 knows other names."""
        endpoint = self.endpoint or os.environ.get("AWS_ENDPOINT_URL_S3") or os.environ.get("AWS_ENDPOINT_URL") or ""
        options = {
            "aws_access_key_id": self.key,
            "aws_secret_access_key": self.secret,
            "aws_session_token": self.token,
            "aws_region": self.region,
            "aws_endpoint_url": endpoint,
            "aws_allow_http": str(endpoint.startswith("http:")) if endpoint else None,
        }
        return {name: value for name, value in options.items() if value}


def md5_of(head: Mapping[str, Any]) -> str | None:
    """An object's MD5 in hex, where its ETag is that: not if it came in parts, nor if it is encrypted under a key of KMS."""
    etag = str(head["ETag"]).strip('"')
    encrypted = head.get("ServerSideEncryption", "AES256") != "AES256" or "SSECustomerAlgorithm" in head
    return etag if re.fullmatch("[0-9a-f]{32}", etag) and not encrypted else None
