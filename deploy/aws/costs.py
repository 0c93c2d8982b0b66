"""The monthly costs of a template: one line per resource, at list prices. Usage (traffic, requests) is charged in addition."""

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from deploy.aws.reachability import Template, tag_of

HOURS = 730
BASIS = "on-demand list prices of us-east-1 in US dollars, without taxes, free tiers and discounts"
AS_OF = "written down from memory on 2026-11-22 without access to AWS: check them before you rely on them"

MACHINE = {"t2.micro": 0.0116, "t3.large": 0.0832, "t3.xlarge": 0.1664, "r5.large": 0.126}
"""Linux, per hour."""
DATABASE = {"db.t3.micro": 0.018, "db.t3.medium": 0.072}
"""Postgres in one zone, per hour; two zones cost twice as much, storage too."""
ADDRESS, NAT = 0.005, 0.045
"""Per hour."""
DISK, DATABASE_DISK = 0.08, 0.115
"""gp3, per GiB and month."""
SECRET, ALARM, ZONE, METRIC = 0.40, 0.10, 0.50, 0.30
"""Per month."""
DETAILED_METRICS = 7


class Cost(NamedTuple):
    """One line of the table; `dollars` is US dollars per month."""

    what: str
    dollars: float


def monthly_costs(template: Template) -> list[Cost]:
    """The costs, highest first.

    Raises:
        KeyError: the template has an instance type whose price is not listed here.
    """
    resources = template["Resources"].values()
    costs = [cost for resource in resources for cost in _of_one(resource)]
    for kind, what, price in (
        ("AWS::EC2::EIP", "public addresses", ADDRESS * HOURS),
        ("AWS::SecretsManager::Secret", "secrets", SECRET),
        ("AWS::CloudWatch::Alarm", "alarms", ALARM),
        ("AWS::Route53::HostedZone", "private hosted zone", ZONE),
    ):
        number = sum(resource["Type"] == kind for resource in resources)
        if number:
            costs.append(Cost(f"{number} {what}", number * price))
    machines = sum(resource["Type"] == "AWS::EC2::Instance" for resource in resources)
    costs.append(Cost(f"{machines + 1} custom metrics", (machines + 1) * METRIC))
    return sorted(costs, key=lambda cost: -cost.dollars)


def _of_one(resource: Mapping[str, Any]) -> Iterator[Cost]:
    properties = resource.get("Properties", {})
    match resource["Type"]:
        case "AWS::EC2::Instance":
            name, size = tag_of(resource, "Name"), properties["InstanceType"]
            yield Cost(f"{name}, {size}", MACHINE[size] * HOURS)
            disk = properties["BlockDeviceMappings"][0]["Ebs"]["VolumeSize"]
            yield Cost(f"{name}'s disk, {disk} GiB", disk * DISK)
            if properties["Monitoring"]:
                yield Cost(f"{name}'s detailed monitoring", DETAILED_METRICS * METRIC)
        case "AWS::RDS::DBInstance":
            zones = 2 if properties["MultiAZ"] else 1
            size, room = properties["DBInstanceClass"], int(properties["AllocatedStorage"])
            yield Cost(f"database, {size}, {zones} zone{'s' * (zones > 1)}", DATABASE[size] * HOURS * zones)
            yield Cost(f"database's disk, {room} GiB", room * DATABASE_DISK * zones)
            yield Cost("secret of the database's master user", SECRET)
        case "AWS::EC2::NatGateway":
            yield Cost(f"{tag_of(resource, 'Name')} gateway", NAT * HOURS)


def to_table(by_environment: Mapping[str, list[Cost]]) -> str:
    """Markdown: for each environment its lines and their total."""
    parts = []
    for environment, costs in by_environment.items():
        total = sum(cost.dollars for cost in costs)
        lines = [f"| `{environment}` | $ per month |", "| --- | ---: |"]
        lines += [f"| {cost.what} | {cost.dollars:.2f} |" for cost in costs]
        parts.append("\n".join([*lines, f"| **total** | **{total:.0f}** |"]))
    return "\n\n".join(parts)
