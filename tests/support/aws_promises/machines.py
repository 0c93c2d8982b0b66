"""Machines: sizes, subnets, disks, groups: one row per promise, checked on the templates."""

import json
from collections.abc import Callable
from typing import Any

from tests.support.aws_template import Promise, Template, tags


def sizes(template: Template) -> dict[str, str]:
    return {tags(one)["Name"]: one["InstanceType"] for one in template.all("EC2::Instance").values()}


def places(template: Template) -> dict[str, str]:
    machines = template.all("EC2::Instance").values()
    return {tags(one)["Name"]: tags(template.behind(one["SubnetId"]))["Name"] for one in machines}


def of_every_machine(about: Callable[[dict[str, Any]], Any]) -> Callable[[Template], list[Any]]:
    """The different answers of all machines, as text."""
    return lambda t: sorted({json.dumps(about(one), sort_keys=True) for one in t.all("EC2::Instance").values()})


def groups_of_machines(template: Template) -> dict[str, list[str]]:
    return {
        tags(one)["Name"]: [template.behind(group)["GroupDescription"] for group in one["SecurityGroupIds"]]
        for one in template.all("EC2::Instance").values()
    }


LAB_SIZES = {"bastion-host": "t2.micro", "nginx": "t2.micro", "airflow": "r5.large", "superset": "t3.large"}
MACHINES: list[Promise] = [
    ("machines and sizes", "lab prod", sizes, LAB_SIZES),
    ("one machine", "min", sizes, {"tarmac": "t3.xlarge"}),
    (
        "who is where",
        "lab prod",
        places,
        {"bastion-host": "public-1", "nginx": "public-1", "airflow": "application-1", "superset": "application-1"},
    ),
    ("the one machine is public", "min", places, {"tarmac": "public-1"}),
    (
        "each machine has its own group alone",
        "lab prod",
        groups_of_machines,
        {name: [f"Tarmac: {name.removesuffix('-host')}"] for name in LAB_SIZES},
    ),
    ("IMDSv2 only", "lab prod min", of_every_machine(lambda one: one["MetadataOptions"]["HttpTokens"]), ['"required"']),
    (
        "encrypted disks",
        "lab prod min",
        of_every_machine(lambda one: [disk["Ebs"]["Encrypted"] for disk in one["BlockDeviceMappings"]]),
        ["[true]"],
    ),
    ("no SSH key unless asked for", "lab prod min", of_every_machine(lambda one: one.get("KeyName")), ["null"]),
    (
        "machines of prod cannot be terminated by mistake",
        "prod",
        of_every_machine(lambda one: one["DisableApiTermination"]),
        ["true"],
    ),
    ("those of the others can", "lab min", of_every_machine(lambda one: one["DisableApiTermination"]), ["false"]),
    (
        "Ubuntu LTS by SSM parameter",
        "lab prod min",
        lambda t: [(one["Type"], one["Default"]) for one in t.whole["Parameters"].values()],
        [
            (
                "AWS::SSM::Parameter::Value<AWS::EC2::Image::Id>",
                "/aws/service/canonical/ubuntu/server/24.04/stable/current/amd64/hvm/ebs-gp3/ami-id",
            )
        ],
    ),
    (
        "every machine's role takes Session Manager's rights",
        "lab prod min",
        lambda t: {
            name
            for name in sizes(t)
            if not {"ssmmessages:OpenDataChannel", "ssm:UpdateInstanceInformation"} <= t.actions(name)
        },
        set(),
    ),
    (
        "a machine is made when its way to the internet is there",
        "lab",
        lambda t: {
            tags(one["Properties"])["Name"]: sorted(
                name[:-8] for name in one["DependsOn"] if "Default1" in name or "PublicDefault" in name
            )
            for one in t.resources.values()
            if one["Type"] == "AWS::EC2::Instance"
        },
        {
            "airflow": ["NetworkPrivateDefault1"],
            "superset": ["NetworkPrivateDefault1"],
            "nginx": ["NetworkPublicDefault"],
            "bastion-host": ["NetworkPublicDefault"],
        },
    ),
]
