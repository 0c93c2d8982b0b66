"""The lake's bucket, and the bucket of its access logs."""

from collections.abc import Iterable
from typing import Any

from aws_cdk import Duration
from aws_cdk import aws_iam as iam
from aws_cdk import aws_s3 as s3
from constructs import Construct

from deploy.aws.ending import ending_of
from deploy.aws.settings import Settings

BRONZE, SILVER, GOLD, RUNS, REPORTS = "01_bronze", "02_silver", "03_gold", "runs", "reports"
PARTS = f"{RUNS}/year/*/parts"
"""The detectors' partial results, which a run's last task removes: tarmac.runs.scores."""
SCRATCH = ".scratch"
"""Where a Spark job's executors write parts before they are joined: tarmac.storage.s3."""
RELEASE_KEY = "releases/tarmac.tar.gz"
"""Where machines look for the archive made by `make release`."""


def certificate_key(application: str) -> str:
    """Where an application's machine puts its authority's certificate, with which nginx verifies it."""
    return f"certificates/{application}.crt"


class Lake(Construct):
    """Zones are prefixes. Old versions are kept for 30 days, so that an overwritten file can be restored."""

    def __init__(self, scope: Construct, id: str, *, settings: Settings) -> None:
        super().__init__(scope, id)
        self._logs = s3.Bucket(
            self,
            "AccessLogs",
            lifecycle_rules=[s3.LifecycleRule(id="forget", expiration=Duration.days(90))],
            **_closed(settings),
        )
        self.bucket = s3.Bucket(
            self,
            "Bucket",
            bucket_name=settings.bucket,
            versioned=True,
            server_access_logs_bucket=self._logs,
            server_access_logs_prefix="lake/",
            lifecycle_rules=_lifecycle(spark=settings.spark),
            **_closed(settings),
        )

    def let_read(self, role: iam.IRole, *prefixes: str) -> None:
        """The role may list the bucket, and read objects with these prefixes."""
        self._let_list(role)
        self._let(role, ["s3:GetObject"], [f"{prefix}/*" for prefix in prefixes])

    def let_write(self, role: iam.IRole, *prefixes: str) -> None:
        """The role may list the bucket, and read and write, but not delete, objects with these prefixes."""
        self._let_list(role)
        actions = ["s3:GetObject", "s3:PutObject", "s3:AbortMultipartUpload"]
        self._let(role, actions, [f"{prefix}/*" for prefix in prefixes])

    def let_work(self, role: iam.IRole, *prefixes: str) -> None:
        """The role may list the bucket and its unfinished uploads, and read, write and delete objects with these prefixes."""
        self.let_write(role, *prefixes)
        self.let_delete(role, *prefixes)
        # S3A lists and aborts unfinished uploads of dead tasks.
        listing = iam.PolicyStatement(actions=["s3:ListBucketMultipartUploads"], resources=[self.bucket.bucket_arn])
        role.add_to_principal_policy(listing)

    def let_delete(self, role: iam.IRole, *prefixes: str) -> None:
        """The role may delete objects with these prefixes; old versions are kept for their time."""
        self._let(role, ["s3:DeleteObject"], [f"{prefix}/*" for prefix in prefixes])

    def let_fetch(self, role: iam.IRole, *keys: str) -> None:
        """The role may read these objects."""
        self._let(role, ["s3:GetObject"], keys)

    def let_put(self, role: iam.IRole, key: str) -> None:
        """The role may write this object."""
        self._let(role, ["s3:PutObject"], [key])

    def _let(self, role: iam.IRole, actions: list[str], keys: Iterable[str]) -> None:
        resources = [self.bucket.arn_for_objects(key) for key in keys]
        role.add_to_principal_policy(iam.PolicyStatement(actions=actions, resources=resources))

    def _let_list(self, role: iam.IRole) -> None:
        # The whole bucket: if listing is limited to a prefix, S3 reports a missing file as forbidden, and the pipeline
        # often checks whether a file exists.
        listing = iam.PolicyStatement(actions=["s3:ListBucket"], resources=[self.bucket.bucket_arn])
        role.add_to_principal_policy(listing)


def _closed(settings: Settings) -> dict[str, Any]:
    return {
        "block_public_access": s3.BlockPublicAccess.BLOCK_ALL,
        "encryption": s3.BucketEncryption.S3_MANAGED,
        "enforce_ssl": True,
        "minimum_tls_version": 1.2,
        "object_ownership": s3.ObjectOwnership.BUCKET_OWNER_ENFORCED,
        "removal_policy": ending_of(settings),
    }


def _lifecycle(*, spark: bool) -> list[s3.LifecycleRule]:
    colder = [
        s3.Transition(storage_class=s3.StorageClass.INTELLIGENT_TIERING, transition_after=Duration.days(30)),
    ]
    return [
        s3.LifecycleRule(id="unfinished-uploads", abort_incomplete_multipart_upload_after=Duration.days(7)),
        s3.LifecycleRule(id="old-versions", noncurrent_version_expiration=Duration.days(30)),
        *(
            s3.LifecycleRule(id=f"colder-{prefix}", prefix=f"{prefix}/", transitions=colder)
            for prefix in (BRONZE, SILVER, GOLD)
        ),
        *([s3.LifecycleRule(id="killed-jobs", prefix=f"{SCRATCH}/", expiration=Duration.days(7))] if spark else []),
    ]
