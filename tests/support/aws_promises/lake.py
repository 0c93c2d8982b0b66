"""The buckets: one row per promise, checked on the templates."""

import json
from collections.abc import Callable
from typing import Any

from tests.support.aws_template import Promise, Template


def bucket(template: Template) -> dict[str, Any]:
    [found] = [one for one in template.all("S3::Bucket").values() if "BucketName" in one]
    return found


def of_every_bucket(about: Callable[[dict[str, Any]], Any]) -> Callable[[Template], set[str]]:
    return lambda t: {json.dumps(about(one), sort_keys=True) for one in t.all("S3::Bucket").values()}


def denials(template: Template) -> dict[str, list[Any]]:
    """The conditions under which each bucket's policy denies everything to everybody."""
    found = {}
    for policy in template.all("S3::BucketPolicy").values():
        statements = policy["PolicyDocument"]["Statement"]
        whole = [
            one
            for one in statements
            if one["Effect"] == "Deny" and one["Action"] == "s3:*" and one["Principal"] == {"AWS": "*"}
        ]
        found[policy["Bucket"]["Ref"]] = [one["Condition"] for one in whole]
    return found


def rules(template: Template) -> dict[str, Any]:
    return {one["Id"]: one for one in bucket(template)["LifecycleConfiguration"]["Rules"]}


LAKE: list[Promise] = [
    ("its name", "lab", lambda t: bucket(t)["BucketName"], "airflow-ml-datalake"),
    (
        "no bucket is public",
        "lab prod min",
        of_every_bucket(lambda one: one["PublicAccessBlockConfiguration"]),
        {
            json.dumps(
                dict.fromkeys(
                    ("BlockPublicAcls", "BlockPublicPolicy", "IgnorePublicAcls", "RestrictPublicBuckets"), True
                )
            )
        },
    ),
    (
        "every bucket is encrypted",
        "lab prod min",
        of_every_bucket(
            lambda one: [
                rule["ServerSideEncryptionByDefault"]
                for rule in one["BucketEncryption"]["ServerSideEncryptionConfiguration"]
            ]
        ),
        {'[{"SSEAlgorithm": "AES256"}]'},
    ),
    (
        "no access control lists",
        "lab prod min",
        of_every_bucket(lambda one: one["OwnershipControls"]["Rules"]),
        {'[{"ObjectOwnership": "BucketOwnerEnforced"}]'},
    ),
    ("versioned", "lab prod min", lambda t: bucket(t)["VersioningConfiguration"], {"Status": "Enabled"}),
    (
        "TLS 1.2 or newer alone, for every bucket",
        "lab prod min",
        lambda t: (
            set(denials(t)) == set(t.all("S3::Bucket")),
            {json.dumps(conditions) for conditions in denials(t).values()},
        ),
        (
            True,
            {json.dumps([{"Bool": {"aws:SecureTransport": "false"}}, {"NumericLessThan": {"s3:TlsVersion": 1.2}}])},
        ),
    ),
    (
        "unfinished uploads go after a week",
        "lab prod min",
        lambda t: rules(t)["unfinished-uploads"]["AbortIncompleteMultipartUpload"],
        {"DaysAfterInitiation": 7},
    ),
    (
        "old versions go after a month",
        "lab prod min",
        lambda t: rules(t)["old-versions"]["NoncurrentVersionExpiration"],
        {"NoncurrentDays": 30},
    ),
    (
        "the three zones get colder after a month",
        "lab prod min",
        lambda t: {one["Prefix"]: one["Transitions"] for one in rules(t).values() if "Transitions" in one},
        {
            f"{zone}/": [{"StorageClass": "INTELLIGENT_TIERING", "TransitionInDays": 30}]
            for zone in ("01_bronze", "02_silver", "03_gold")
        },
    ),
    (
        "nothing of the lake expires by itself",
        "lab prod min",
        lambda t: [one["Id"] for one in rules(t).values() if "ExpirationInDays" in one],
        [],
    ),
    ("who reads is logged", "lab prod min", lambda t: bucket(t)["LoggingConfiguration"]["LogFilePrefix"], "lake/"),
    (
        "prod's buckets outlive the stack",
        "prod",
        lambda t: {one["DeletionPolicy"] for one in t.resources.values() if one["Type"] == "AWS::S3::Bucket"},
        {"Retain"},
    ),
]
