"""Alarms, budget and tags: one row per promise, checked on the templates."""

import json
from collections.abc import Mapping
from typing import Any

from tests.support.aws_template import STACK_TAGS, Promise, Template, tags


def alarms(template: Template) -> dict[str, tuple[str, str, float]]:
    return {
        one["AlarmName"].split("-", 2)[2]: (one["MetricName"], one["ComparisonOperator"], one["Threshold"])
        for one in template.all("CloudWatch::Alarm").values()
    }


def of_machine(name: str) -> dict[str, tuple[str, str, float]]:
    return {
        f"{name}-status": ("StatusCheckFailed", "GreaterThanThreshold", 0),
        f"{name}-disk": ("DiskUsed", "GreaterThanThreshold", 85),
    }


LAB = ("airflow", "bastion-host", "nginx", "superset")
RUNS = {
    "failed-runs": ("FailedRuns", "GreaterThanThreshold", 0),
    "silent-runs": ("FailedRuns", "GreaterThanThreshold", 10**9),
}
MONITORING: list[Promise] = [
    (
        "alarms of lab",
        "lab",
        alarms,
        {key: value for name in LAB for key, value in of_machine(name).items()}
        | RUNS
        | {
            "database-storage": ("FreeStorageSpace", "LessThanThreshold", 3_000_000_000),
            "database-cpu": ("CPUUtilization", "GreaterThanThreshold", 90),
        },
    ),
    ("alarms of the one machine", "min", alarms, of_machine("tarmac") | RUNS),
    (
        "every alarm goes to the one topic",
        "lab prod min",
        lambda t: (
            {json.dumps(one["AlarmActions"]) for one in t.all("CloudWatch::Alarm").values()}
            == {json.dumps([{"Ref": id} for id in t.all("SNS::Topic")])}
        ),
        True,
    ),
    (
        "silence is an alarm, but for the count of failed runs, whose silence has an alarm of its own",
        "lab prod min",
        lambda t: [
            one["AlarmName"].split("-", 2)[2]
            for one in t.all("CloudWatch::Alarm").values()
            if one["TreatMissingData"] != "breaching"
        ],
        ["failed-runs"],
    ),
    (
        "alarms and budget may publish to the topic, for this account alone",
        "lab prod min",
        lambda t: sorted(
            (one["Principal"]["Service"], one["Condition"]["StringEquals"]["aws:SourceAccount"]["Ref"])
            for one in t.only("SNS::TopicPolicy")["PolicyDocument"]["Statement"]
            if one["Effect"] == "Allow"
        ),
        [("budgets.amazonaws.com", "AWS::AccountId"), ("cloudwatch.amazonaws.com", "AWS::AccountId")],
    ),
    (
        "a monthly budget of this environment, told at 80 % and when more than all of it is foreseen",
        "lab",
        lambda t: (
            t.only("Budgets::Budget")["Budget"]["BudgetLimit"],
            t.only("Budgets::Budget")["Budget"]["TimeUnit"],
            t.only("Budgets::Budget")["Budget"]["CostFilters"],
            [
                (
                    one["Notification"]["NotificationType"],
                    one["Notification"]["Threshold"],
                    one["Subscribers"][0]["SubscriptionType"],
                )
                for one in t.only("Budgets::Budget")["NotificationsWithSubscribers"]
            ],
        ),
        (
            {"Amount": 300, "Unit": "USD"},
            "MONTHLY",
            {"TagKeyValue": ["user:environment$tarmac-lab"]},
            [("ACTUAL", 80, "SNS"), ("FORECASTED", 100, "SNS")],
        ),
    ),
    (
        "all that can be tagged is tagged",
        "lab prod min",
        lambda t: sorted(
            {
                one["Type"]
                for one in t.resources.values()
                if one["Type"] not in UNTAGGED and not set(STACK_TAGS) <= set(_tags(one))
            }
        ),
        [],
    ),
    ("Spark is off by default", "lab prod min", lambda t: t.all("EMRServerless::Application"), {}),
]

UNTAGGED = {
    "AWS::Budgets::Budget",
    "AWS::EC2::EIPAssociation",
    "AWS::EC2::Route",
    "AWS::EC2::SecurityGroupEgress",
    "AWS::EC2::SecurityGroupIngress",
    "AWS::EC2::SubnetRouteTableAssociation",
    "AWS::EC2::VPCEndpoint",
    "AWS::EC2::VPCGatewayAttachment",
    "AWS::IAM::InstanceProfile",
    "AWS::IAM::Policy",
    "AWS::Route53::HostedZone",
    "AWS::Route53::RecordSet",
    "AWS::S3::BucketPolicy",
    "AWS::SNS::TopicPolicy",
}
"""Resources that CloudFormation cannot tag, or whose tags it names differently."""


def _tags(resource: Mapping[str, Any]) -> dict[str, str]:
    given = resource.get("Properties", {}).get("Tags", [])
    return given if isinstance(given, dict) else tags({"Tags": given})
