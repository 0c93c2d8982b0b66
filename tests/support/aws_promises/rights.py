"""The permissions of each machine's role: one row per promise, checked on the templates."""

import json
from typing import Any

from tests.support.aws_template import Promise, Template, as_list


def rights(template: Template, machine: str, action: str) -> list[str]:
    """The resources on which the machine may do this: keys in the lake, or secrets by name."""
    found = []
    for statement in template.statements(machine):
        if action in as_list(statement["Action"]):
            found += [_said(template, resource) for resource in as_list(statement["Resource"])]
    return sorted(found)


def _said(template: Template, resource: Any) -> str:
    if isinstance(resource, str):
        return resource
    if "Fn::Join" in resource:
        bucket, rest = resource["Fn::Join"][1]
        return f"{template.behind(bucket)['BucketName']}{rest}"
    if resource.get("Fn::GetAtt", ["", ""])[1] == "MasterUserSecret.SecretArn":
        return "master"
    properties = template.behind(resource)
    return str(properties.get("Name") or properties["BucketName"])


def lake(*keys: str, bucket: str = "airflow-ml-datalake") -> list[str]:
    return [f"{bucket}/{key}" for key in keys]


def of_parts(template: Template, machine: str, action: str) -> bool:
    """Whether the machine may do this to the detectors' partial results, and to nothing else."""
    return all(key.endswith("/runs/year/*/parts/*") for key in rights(template, machine, action))


RELEASE = "releases/tarmac.tar.gz"
READ = "secretsmanager:GetSecretValue"
ZONES = ("02_silver/*", "03_gold/*", "runs/*")
RIGHTS: list[Promise] = [
    (
        "Airflow reads bronze, the release and what it writes",
        "lab",
        lambda t: rights(t, "airflow", "s3:GetObject"),
        lake("01_bronze/*", "02_silver/*", "03_gold/*", RELEASE, "reports/*", "runs/*"),
    ),
    (
        "Airflow writes silver, gold, reports, the records of runs, and its certificate",
        "lab",
        lambda t: rights(t, "airflow", "s3:PutObject"),
        lake("02_silver/*", "03_gold/*", "certificates/airflow.crt", "reports/*", "runs/*"),
    ),
    (
        "Airflow removes what detectors left for each other",
        "lab",
        lambda t: rights(t, "airflow", "s3:DeleteObject"),
        lake("runs/year/*/parts/*"),
    ),
    ("Airflow lists its bucket", "lab", lambda t: rights(t, "airflow", "s3:ListBucket"), ["airflow-ml-datalake"]),
    (
        "Airflow reads its secrets, and those of the users that it makes",
        "lab",
        lambda t: rights(t, "airflow", READ),
        [
            "master",
            *(
                f"tarmac/lab/{name}"
                for name in (
                    "airflow/admin",
                    "airflow/keys",
                    "database/superset",
                    "database/tarmac",
                    "database/tarmac_dashboards",
                )
            ),
        ],
    ),
    ("Superset fetches the release alone", "lab", lambda t: rights(t, "superset", "s3:GetObject"), lake(RELEASE)),
    (
        "Superset puts its certificate alone",
        "lab",
        lambda t: rights(t, "superset", "s3:PutObject"),
        lake("certificates/superset.crt"),
    ),
    (
        "Superset reads its own secrets and no other",
        "lab",
        lambda t: rights(t, "superset", READ),
        [
            f"tarmac/lab/{name}"
            for name in (
                "database/superset",
                "database/tarmac_dashboards",
                "superset/admin",
                "superset/keys",
            )
        ],
    ),
    (
        "Superset never writes results",
        "lab prod",
        lambda t: "tarmac/lab/database/tarmac" in rights(t, "superset", READ),
        False,
    ),
    (
        "nginx fetches the release and two certificates",
        "lab",
        lambda t: rights(t, "nginx", "s3:GetObject"),
        lake("certificates/airflow.crt", "certificates/superset.crt", RELEASE),
    ),
    ("nginx puts nothing", "lab prod", lambda t: rights(t, "nginx", "s3:PutObject"), []),
    (
        "nginx and bastion read no secret",
        "lab prod",
        lambda t: [rights(t, name, READ) for name in ("nginx", "bastion-host")],
        [[], []],
    ),
    (
        "the bastion fetches the release alone",
        "lab",
        lambda t: rights(t, "bastion-host", "s3:GetObject"),
        lake(RELEASE),
    ),
    (
        "no machine may change what machines run, or delete anything but a run's own parts",
        "lab prod min",
        lambda t: [
            (name, action)
            for name in t.names("EC2::Instance")
            for action in t.actions(name)
            if ("Delete" in action and action != "ec2messages:DeleteMessage" and not of_parts(t, name, action))
            or "*" in action
            or (action == "s3:PutObject" and RELEASE in str(rights(t, name, action)))
        ],
        [],
    ),
    (
        "a wildcard for a resource stands only in the two statements with a recorded reason",
        "lab prod min",
        lambda t: sorted(
            {one["Sid"] for name in t.names("EC2::Instance") for one in t.statements(name) if one["Resource"] == "*"}
        ),
        ["Metrics", "SessionManager"],
    ),
    (
        "metrics go to our namespace alone",
        "lab prod min",
        lambda t: {
            json.dumps(one["Condition"])
            for name in t.names("EC2::Instance")
            for one in t.statements(name)
            if one.get("Sid") == "Metrics"
        },
        {'{"StringEquals": {"cloudwatch:namespace": "Tarmac"}}'},
    ),
]
