"""The templates, deployed into moto's CloudFormation and read back by boto3.

What moto's CloudFormation passes over (`PASSED_OVER`), and the versioning, policies, disks, uses of route tables and groups of
machines that it forgets, the other modules assert on the template.
"""

import json
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from moto import mock_aws

from tests.support.aws_template import Template

PASSED_OVER = {
    "AWS::Budgets::Budget",
    "AWS::CloudWatch::Alarm",
    "AWS::EC2::EIPAssociation",
    "AWS::EC2::SecurityGroupEgress",
    "AWS::S3::BucketPolicy",
    "AWS::SNS::TopicPolicy",
    "AWS::SecretsManager::Secret",
}
REGION = "us-east-1"
IMAGE = "/test/ubuntu"

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore:Tried to parse")]


def for_moto(template: Template, image: str) -> str:
    """Without what stops moto: Canonical's parameter, RDS's own secret, a reference to a parameter group."""
    text = template.text
    for parameter in template.whole["Parameters"].values():
        text = text.replace(parameter["Default"], image)
    whole = json.loads(text, object_hook=_without_master_secret)
    for resource in whole["Resources"].values():
        resource["Properties"].pop("DBParameterGroupName", None)
    return json.dumps(whole)


def _without_master_secret(value: dict[str, Any]) -> Any:
    if value.get("Fn::GetAtt", ["", ""])[1] == "MasterUserSecret.SecretArn":
        return "arn:aws:secretsmanager:us-east-1:123456789012:secret:made-by-rds"
    return value


class Cloud:
    """One environment's stack, and questions to it."""

    def __init__(self, template: Template) -> None:
        self.ec2 = boto3.client("ec2", REGION)
        image = self.ec2.describe_images()["Images"][0]["ImageId"]
        boto3.client("ssm", REGION).put_parameter(Name=IMAGE, Type="String", Value=image)
        formation = boto3.client("cloudformation", REGION)
        capabilities = ["CAPABILITY_IAM"]
        formation.create_stack(StackName="t", TemplateBody=for_moto(template, IMAGE), Capabilities=capabilities)
        self.status = formation.describe_stacks(StackName="t")["Stacks"][0]["StackStatus"]
        pages = formation.get_paginator("list_stack_resources").paginate(StackName="t")
        self.kinds = {id: one["Type"] for id, one in template.resources.items()}
        self.made = {
            one["LogicalResourceId"]: one["PhysicalResourceId"]
            for page in pages
            for one in page["StackResourceSummaries"]
            if one["LogicalResourceId"] in self.kinds
        }

    def ids(self, kind: str) -> list[str]:
        return [physical for id, physical in self.made.items() if self.kinds[id] == f"AWS::{kind}"]

    def names(self) -> dict[str, str]:
        """Physical id → a name that a person knows."""
        named = {}
        for kind in ("SecurityGroups", "Subnets"):
            answer = self.ec2.describe_security_groups() if kind == "SecurityGroups" else self.ec2.describe_subnets()
            for one in answer[kind]:
                id = one.get("GroupId") or one["SubnetId"]
                named[id] = one["Description"].removeprefix("Tarmac: ") if "Description" in one else one["CidrBlock"]
        return named


@pytest.fixture(scope="module", params=["lab", "prod", "min"])
def environment(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def cloud(environment: str, templates: dict[str, Template]) -> Iterator[Cloud]:
    with pytest.MonkeyPatch.context() as patch, mock_aws():
        patch.setenv("AWS_DEFAULT_REGION", REGION)
        yield Cloud(templates[environment])


def test_the_stack_is_made_whole(cloud, templates, environment):
    """Everything in the template but what moto is known to pass over."""
    missing = {one["Type"] for id, one in templates[environment].resources.items() if id not in cloud.made}
    assert cloud.status == "CREATE_COMPLETE"
    assert missing <= PASSED_OVER


def test_the_subnets_are_in_two_zones_and_not_public_by_themselves(cloud, environment):
    subnets = cloud.ec2.describe_subnets(SubnetIds=cloud.ids("EC2::Subnet"))["Subnets"]
    numbers = (1, 2) if environment == "min" else range(1, 7)
    zones = {1: f"{REGION}a", 0: f"{REGION}b"}
    assert {one["CidrBlock"]: one["AvailabilityZone"] for one in subnets} == {
        f"10.0.{number}.0/24": zones[number % 2] for number in numbers
    }
    assert not any(one["MapPublicIpOnLaunch"] for one in subnets)


def test_routes_lead_where_they_should(cloud, environment):
    """The way to 0.0.0.0/0 in each table; moto forgets which subnets use it."""
    tables = cloud.ec2.describe_route_tables(RouteTableIds=cloud.ids("EC2::RouteTable"))["RouteTables"]
    ways = []
    for table in tables:
        way = next((route for route in table["Routes"] if route.get("DestinationCidrBlock") == "0.0.0.0/0"), {})
        ways.append((way.get("NatGatewayId") or way.get("GatewayId") or "none").split("-")[0])
    expected = {"lab": ["igw", "nat", "none"], "prod": ["igw", "nat", "nat", "none"], "min": ["igw"]}
    assert sorted(ways) == expected[environment]


def test_s3_is_reached_by_the_gateway_endpoint_from_all_but_the_database_layer(cloud, environment):
    [endpoint] = cloud.ec2.describe_vpc_endpoints(VpcEndpointIds=cloud.ids("EC2::VPCEndpoint"))["VpcEndpoints"]
    assert (endpoint["VpcEndpointType"], endpoint["ServiceName"]) == ("Gateway", f"com.amazonaws.{REGION}.s3")
    assert len(endpoint["RouteTableIds"]) == {"lab": 2, "prod": 3, "min": 1}[environment]


def test_security_groups_let_in_by_reference_what_was_promised(cloud, environment):
    names, found = cloud.names(), set()
    for group in cloud.ec2.describe_security_groups(GroupIds=cloud.ids("EC2::SecurityGroup"))["SecurityGroups"]:
        for rule in group["IpPermissions"]:
            sources = [one["CidrIp"] for one in rule["IpRanges"]]
            sources += [names[one["GroupId"]] for one in rule["UserIdGroupPairs"]]
            found |= {(source, names[group["GroupId"]], rule["FromPort"], rule["ToPort"]) for source in sources}
    proxy = "tarmac" if environment == "min" else "nginx"
    expected = {("0.0.0.0/0", proxy, 80, 80), ("0.0.0.0/0", proxy, 443, 443)}
    if environment != "min":
        expected |= {("bastion", name, 22, 22) for name in ("nginx", "airflow", "superset")}
        expected |= {("nginx", "airflow", 8080, 8080), ("nginx", "superset", 8088, 8088)}
        expected |= {(name, "database", 5432, 5432) for name in ("bastion", "airflow", "superset")}
    assert found == expected


def test_machines_stand_in_their_subnets_with_their_sizes(cloud, environment):
    names = cloud.names()
    instances = cloud.ec2.describe_instances(InstanceIds=cloud.ids("EC2::Instance"))["Reservations"]
    found = {
        next(tag["Value"] for tag in one["Tags"] if tag["Key"] == "Name"): (one["InstanceType"], names[one["SubnetId"]])
        for reservation in instances
        for one in reservation["Instances"]
    }
    several = {
        "bastion-host": ("t2.micro", "10.0.1.0/24"),
        "nginx": ("t2.micro", "10.0.1.0/24"),
        "airflow": ("r5.large", "10.0.3.0/24"),
        "superset": ("t3.large", "10.0.3.0/24"),
    }
    assert found == ({"tarmac": ("t3.xlarge", "10.0.1.0/24")} if environment == "min" else several)


def test_the_database_is_encrypted_private_and_in_its_two_subnets(cloud, environment):
    databases = boto3.client("rds", REGION).describe_db_instances()["DBInstances"]
    if environment == "min":
        assert databases == []
        return
    [database] = databases
    names = cloud.names()
    assert sorted(names[one["SubnetIdentifier"]] for one in database["DBSubnetGroup"]["Subnets"]) == [
        "10.0.5.0/24",
        "10.0.6.0/24",
    ]
    assert (database["StorageEncrypted"], database["PubliclyAccessible"]) == (True, False)
    protected = environment == "prod"
    assert database["MultiAZ"] == protected
    assert database["BackupRetentionPeriod"] == (30 if protected else 7)


def test_buckets_are_encrypted(cloud):
    s3 = boto3.client("s3", REGION)
    for bucket in cloud.ids("S3::Bucket"):
        answer = s3.get_bucket_encryption(Bucket=bucket)["ServerSideEncryptionConfiguration"]["Rules"]
        assert [rule["ApplyServerSideEncryptionByDefault"]["SSEAlgorithm"] for rule in answer] == ["AES256"]


def test_each_machine_takes_a_role_that_ec2_alone_may_give(cloud):
    iam = boto3.client("iam", REGION)
    for profile in cloud.ids("IAM::InstanceProfile"):
        [role] = iam.get_instance_profile(InstanceProfileName=profile)["InstanceProfile"]["Roles"]
        [statement] = role["AssumeRolePolicyDocument"]["Statement"]
        assert statement["Principal"] == {"Service": "ec2.amazonaws.com"}
        assert iam.list_attached_role_policies(RoleName=role["RoleName"])["AttachedPolicies"] == []


def test_flow_logs_are_on(cloud):
    [log] = cloud.ec2.describe_flow_logs(FlowLogIds=cloud.ids("EC2::FlowLog"))["FlowLogs"]
    assert (log["TrafficType"], log["FlowLogStatus"]) == ("ALL", "ACTIVE")
