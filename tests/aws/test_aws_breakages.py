"""The promises are worth something: a template broken in one place keeps not all of them."""

import copy
import json
from collections.abc import Callable
from typing import Any

import pytest

from deploy.aws.summary import summarize
from tests.support.aws_promises import PROMISES
from tests.support.aws_reachability import PROMISED, reached
from tests.support.aws_template import Template

pytestmark = pytest.mark.slow

Resources = dict[str, dict[str, Any]]


def broken_promises(template: Template) -> list[str]:
    """What a lab of this template breaks; a promise that cannot even be looked up is broken too."""
    found = []
    for what, environments, about, expected in PROMISES:
        if "lab" in environments.split():
            try:
                kept = about(template) == expected
            except (KeyError, ValueError, IndexError, TypeError):
                kept = False
            found += [] if kept else [what]
    if reached(template.whole) != PROMISED:
        found.append("reachability")
    return found


def of(kind: str, **wanted: str) -> Callable[[Resources], dict[str, Any]]:
    """The properties of the first resource of the kind, or of the one with this Name tag."""

    def find(resources: Resources) -> dict[str, Any]:
        ones = [one["Properties"] for one in resources.values() if one["Type"] == f"AWS::{kind}"]
        return next(one for one in ones if all(value in json.dumps(one.get(key)) for key, value in wanted.items()))

    return find


def put(where: Callable[[Resources], dict[str, Any]], **values: Any) -> Callable[[Resources], None]:
    return lambda resources: where(resources).update(values)


def drop(kind: str, **wanted: str) -> Callable[[Resources], None]:
    def remove(resources: Resources) -> None:
        gone = of(kind, **wanted)(resources)
        del resources[next(id for id, one in resources.items() if one.get("Properties") is gone)]

    return remove


def allow(machine: str, action: str, resource: Any) -> Callable[[Resources], None]:
    def add(resources: Resources) -> None:
        policy = of("IAM::Policy", PolicyName=machine)(resources)
        policy["PolicyDocument"]["Statement"].append(
            {"Effect": "Allow", "Action": action, "Resource": resource, "Sid": "x"}
        )

    return add


BREAKAGES = {
    "another VPC": put(of("EC2::VPC"), CidrBlock="10.1.0.0/16"),
    "a subnet elsewhere": put(of("EC2::Subnet", Tags="application-2"), CidrBlock="10.0.40.0/24"),
    "both subnets in one zone": put(
        of("EC2::Subnet", Tags="database-2"), AvailabilityZone={"Fn::Select": [0, {"Fn::GetAZs": ""}]}
    ),
    "no NAT gateway": drop("EC2::NatGateway"),
    "a way out of the database layer": lambda resources: resources.update(
        Way={
            "Type": "AWS::EC2::Route",
            "Properties": {
                "RouteTableId": {
                    "Ref": next(id for id in resources if id.startswith("NetworkDatabaseRt") and "Use" not in id)
                },
                "NatGatewayId": {"Ref": next(id for id in resources if id.startswith("NetworkNat1"))},
            },
        }
    ),
    "no S3 endpoint": drop("EC2::VPCEndpoint"),
    "flow logs of what is refused alone": put(of("EC2::FlowLog"), TrafficType="REJECT"),
    "IMDSv1": put(of("EC2::Instance", Tags="superset"), MetadataOptions={"HttpTokens": "optional"}),
    "a disk in the clear": put(
        of("EC2::Instance", Tags="airflow"), BlockDeviceMappings=[{"Ebs": {"Encrypted": False}}]
    ),
    "Superset in the public layer": lambda resources: of("EC2::Instance", Tags="superset")(resources).update(
        SubnetId=of("EC2::Instance", Tags="nginx")(resources)["SubnetId"]
    ),
    "Superset in nginx's group": lambda resources: of("EC2::Instance", Tags="superset")(resources).update(
        SecurityGroupIds=of("EC2::Instance", Tags="nginx")(resources)["SecurityGroupIds"]
    ),
    "no way from bastion to Superset": drop("EC2::SecurityGroupIngress", Description="administration"),
    "no way out to the database": drop("EC2::SecurityGroupEgress", Description="results"),
    "Superset's port open to the internet": put(
        of("EC2::SecurityGroup", GroupDescription="superset"),
        SecurityGroupIngress=[{"CidrIp": "0.0.0.0/0", "IpProtocol": "tcp", "FromPort": 8088, "ToPort": 8088}],
        SecurityGroupEgress=[],
    ),
    "Airflow may write bronze": allow("Airflow", "s3:PutObject", "lake/01_bronze/*"),
    "Airflow may delete": allow("Airflow", "s3:DeleteObject", "lake/*"),
    "Superset may read all secrets": allow("Superset", "secretsmanager:GetSecretValue", "*"),
    "nginx may change the release": allow("Proxy", "s3:PutObject", "lake/releases/tarmac.tar.gz"),
    "a public database": put(of("RDS::DBInstance"), PubliclyAccessible=True),
    "an unencrypted database": put(of("RDS::DBInstance"), StorageEncrypted=False),
    "no backups": put(of("RDS::DBInstance"), BackupRetentionPeriod=0),
    "a password in the template": put(of("RDS::DBInstance"), MasterUserPassword="tarmac"),
    "TLS left to choice": put(of("RDS::DBParameterGroup"), Parameters={"rds.force_ssl": "0"}),
    "a public bucket": put(
        of("S3::Bucket", BucketName="lake"), PublicAccessBlockConfiguration={"BlockPublicAcls": True}
    ),
    "no versions": put(of("S3::Bucket", BucketName="lake"), VersioningConfiguration={"Status": "Suspended"}),
    "plain HTTP to the lake": drop("S3::BucketPolicy"),
    "files that expire": lambda resources: of("S3::Bucket", BucketName="lake")(resources)["LifecycleConfiguration"][
        "Rules"
    ].append({"Id": "x", "ExpirationInDays": 1}),
    "an alarm that tells nobody": put(of("CloudWatch::Alarm", AlarmName="database-cpu"), AlarmActions=[]),
    "no alarm on failed runs": drop("CloudWatch::Alarm", AlarmName="failed-runs"),
    "alarms that may not publish": drop("SNS::TopicPolicy"),
    "no budget": drop("Budgets::Budget"),
    "a bucket without tags": put(of("S3::Bucket", BucketName="lake"), Tags=[]),
    "an image of somebody": lambda resources: None,
}


@pytest.mark.parametrize("name", BREAKAGES)
def test_a_breakage_breaks_a_promise(templates, name):
    whole = copy.deepcopy(templates["lab"].whole)
    BREAKAGES[name](whole["Resources"])
    if name == "an image of somebody":
        [parameter] = whole["Parameters"].values()
        parameter["Default"] = "/somebody/image"
    broken = Template(json.dumps(whole))
    assert broken_promises(templates["lab"]) == []
    assert broken_promises(broken)
    # The tags that all have are left out of the summary; the promise above guards them.
    if name != "a bucket without tags":
        assert summarize(broken.whole) != summarize(templates["lab"].whole), "a reviewer would see it too"
