"""Acknowledged cdk-nag findings, each with its reason. Any other finding fails the synthesis."""

from collections.abc import Iterator
from dataclasses import dataclass

from aws_cdk import Acknowledgment, Stack, Validations
from constructs import Construct, IConstruct

from deploy.aws.lake.infrastructure import BRONZE, GOLD, PARTS, REPORTS, RUNS, SCRATCH, SILVER
from deploy.aws.settings import Settings
from deploy.aws.warehouse.users import USERS

MACHINES = ("Airflow", "Superset", "Proxy", "Bastion", "Trial")


@dataclass(frozen=True, kw_only=True)
class Finding:
    """A rule's finding on the constructs at these paths in the stack."""

    rule: str
    paths: tuple[str, ...]
    reason: str


def findings(settings: Settings) -> Iterator[Finding]:
    """The acknowledged findings of an environment; paths that the environment lacks are skipped."""
    yield Finding(
        rule="AwsSolutions-EC23",
        paths=("Groups/nginx", "Groups/tarmac"),
        reason="The proxy is what the internet is meant to reach, on 80 and 443 and nothing else.",
    )
    if "0.0.0.0/0" in settings.ssh_from:
        yield Finding(
            rule="AwsSolutions-EC23",
            paths=("Groups/bastion", "Groups/tarmac"),
            reason="The setting ssh_from asks for it in so many words.",
        )
    yield Finding(
        rule="AwsSolutions-RDS11",
        paths=("Warehouse/Database",),
        reason="Another port than 5432 hides nothing from those whom the groups let through, and nobody else gets there.",
    )
    yield Finding(
        rule="AwsSolutions-SMG4",
        paths=tuple(_secrets()),
        reason="Rotating them needs a function inside the VPC with a way of its own to the database. RDS rotates the "
        "master's; these are made by Secrets Manager, seen by nobody, and changed by one command: docs/aws.md, Passwords.",
    )
    yield from _rights()
    if settings.spark:
        yield Finding(
            rule="AwsSolutions-IAM5[Resource::<SparkApplicationB8D0239C.Arn>/jobruns/*]",
            paths=("Airflow/Machine/Role/DefaultPolicy", "Trial/Machine/Role/DefaultPolicy"),
            reason="Airflow looks at the jobs that it has started, and cancels them; the service names them.",
        )
    if not settings.protected:
        yield from _unprotected()


def _secrets() -> Iterator[str]:
    for name in USERS:
        yield from (f"Warehouse/{name}", f"Trial/{name}")
    for about in ("admin", "keys"):
        yield from (f"Airflow/airflow-{about}", f"Superset/superset-{about}")
        yield from (f"Trial/airflow-{about}", f"Trial/superset-{about}")


def _rights() -> Iterator[Finding]:
    roles = tuple(f"{part}/Machine/Role/DefaultPolicy" for part in MACHINES)
    yield Finding(
        rule="AwsSolutions-IAM5[Resource::*]",
        paths=roles,
        reason="Session Manager's channels and PutMetricData know no resources; the latter is bound to our namespace.",
    )
    airflow = ("Airflow/Machine/Role/DefaultPolicy", "Trial/Machine/Role/DefaultPolicy")
    for prefix in (BRONZE, SILVER, GOLD, RUNS, REPORTS, PARTS):
        yield Finding(
            rule=f"AwsSolutions-IAM5[Resource::<LakeBucketB1D32E10.Arn>/{prefix}/*]",
            paths=airflow if prefix in {REPORTS, PARTS} else (*airflow, "Spark/JobRole/DefaultPolicy"),
            reason="A zone is a prefix: its files are named by years that nobody knows yet.",
        )
    yield Finding(
        rule="AwsSolutions-IAM5[Resource::<LakeBucketB1D32E10.Arn>/releases/spark/*]",
        paths=("Spark/JobRole/DefaultPolicy",),
        reason="A job reads its program and its packed environment, whose names carry their versions.",
    )
    yield Finding(
        rule=f"AwsSolutions-IAM5[Resource::<LakeBucketB1D32E10.Arn>/{SCRATCH}/*]",
        paths=("Spark/JobRole/DefaultPolicy",),
        reason="A job's folder for what is not joined yet has a random name, and S3A names the files in it.",
    )


def _unprotected() -> Iterator[Finding]:
    machines = tuple(f"{part}/Machine/Instance" for part in MACHINES)
    yield Finding(
        rule="AwsSolutions-EC28",
        paths=machines,
        reason="Detailed monitoring is paid by the metric; five minutes are soon enough here. prod has it.",
    )
    yield Finding(
        rule="AwsSolutions-EC29", paths=machines, reason="This environment is meant to be torn down. prod is protected."
    )
    yield Finding(
        rule="AwsSolutions-RDS3",
        paths=("Warehouse/Database",),
        reason="The reference has one zone, a second doubles the price, and the lake can fill the database anew. prod has two.",
    )
    yield Finding(
        rule="AwsSolutions-RDS10",
        paths=("Warehouse/Database",),
        reason="This environment is meant to be torn down. prod is protected.",
    )


def acknowledge(stack: Stack, settings: Settings) -> None:
    """Register the acknowledged findings, with their reasons, with cdk-nag."""
    for finding in findings(settings):
        for path in finding.paths:
            construct = _find(stack, path)
            if construct is not None:
                said = Acknowledgment(id=f"AwsSolutions::{finding.rule}", reason=finding.reason)
                Validations.of(construct).acknowledge(said)


def _find(stack: Construct, path: str) -> IConstruct | None:
    here: IConstruct | None = stack
    for name in path.split("/"):
        here = here.node.try_find_child(name) if here is not None else None
    return here
