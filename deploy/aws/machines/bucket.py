#!/usr/bin/python3
"""bucket.py get KEY FILE | put FILE KEY: copy one object from or to this environment's bucket, with the machine's role."""

import os
import sys

import boto3


def main() -> None:
    """Download or upload the object."""
    verb, first, second = sys.argv[1:]
    s3 = boto3.client("s3", endpoint_url=os.environ.get("AWS_ENDPOINT_URL"))
    bucket = os.environ["TARMAC_BUCKET"]
    if verb == "get":
        s3.download_file(bucket, first, second)
    else:
        s3.upload_file(first, bucket, second)


if __name__ == "__main__":
    main()
