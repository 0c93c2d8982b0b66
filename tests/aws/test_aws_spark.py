"""What spark=true adds: an application, its jobs' role, and Airflow's way to both: a row a promise, on the templates."""

import copy
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from deploy.aws.lake.infrastructure import SCRATCH
from tarmac.storage.lake import open_lake
from tarmac.storage.s3 import S3Store
from tests.support.aws_reachability import PROMISED, WEB, reached
from tests.support.aws_template import Promise, Template, as_list, promises

Rights = dict[str, set[str]]


def named(template: Template, value: Any) -> str:
    """A resource by what it is."""
    if isinstance(value, str):
        return value
    if "Fn::Join" in value:
        return "".join(named(template, part) for part in value["Fn::Join"][1])
    id = value["Ref"] if "Ref" in value else value["Fn::GetAtt"][0]
    known = {"LakeBucket": "lake", "SparkApplication": "application", "SparkJobRole": "job role"}
    return known.get(id[:-8], id)


def rights(template: Template, statements: Iterable[dict[str, Any]], *services: str) -> Rights:
    """Action → what it may be done to, of these services."""
    found: Rights = {}
    for one in statements:
        for action in as_list(one["Action"]):
            if action.partition(":")[0] in services:
                found.setdefault(action, set()).update(named(template, each) for each in as_list(one["Resource"]))
    return found


def job_statements(template: Template) -> Iterator[dict[str, Any]]:
    for policy in template.all("IAM::Policy").values():
        if [named(template, role) for role in policy["Roles"]] == ["job role"]:
            yield from policy["PolicyDocument"]["Statement"]


def job_role(template: Template) -> dict[str, Any]:
    [role] = [one for id, one in template.all("IAM::Role").items() if id.startswith("SparkJobRole")]
    return role


def asking(template: Template) -> dict[str, Rights]:
    """Each machine's rights about jobs and roles, where it has any."""
    found = {
        name: rights(template, template.statements(name), "emr-serverless", "iam")
        for name in template.names("EC2::Instance")
    }
    return {name: given for name, given in found.items() if given}


def passing(template: Template, machine: str) -> list[Any]:
    return [one.get("Condition") for one in template.statements(machine) if "iam:PassRole" in as_list(one["Action"])]


def told(template: Template) -> dict[str, dict[str, str]]:
    """What each machine knows of Spark, where it knows anything."""
    known = {}
    for name in template.names("EC2::Instance"):
        script = re.sub(r"<(\w+)", lambda found: f"<{named(template, {'Ref': found[1]})}", template.user_data(name))
        known[name] = dict(re.findall(r"^(EMR_\w+)=(.*)$", script, re.MULTILINE))
    return {name: values for name, values in known.items() if values}


def below(*prefixes: str) -> set[str]:
    return {f"lake/{prefix}/*" for prefix in prefixes}


WRITTEN = ("02_silver", "03_gold", "runs")
JOB: Rights = {
    "s3:ListBucket": {"lake"},
    "s3:ListBucketMultipartUploads": {"lake"},
    "s3:GetObject": below("01_bronze", "releases/spark", *WRITTEN, ".scratch"),
    "s3:PutObject": below(*WRITTEN, ".scratch"),
    "s3:AbortMultipartUpload": below(*WRITTEN, ".scratch"),
    "s3:DeleteObject": below(".scratch"),
}
ASKING: Rights = {
    "emr-serverless:GetApplication": {"application"},
    "emr-serverless:StartApplication": {"application"},
    "emr-serverless:StartJobRun": {"application"},
    "emr-serverless:ListJobRuns": {"application"},
    "emr-serverless:GetJobRun": {"application/jobruns/*"},
    "emr-serverless:CancelJobRun": {"application/jobruns/*"},
    "iam:PassRole": {"job role"},
}
TOLD = {
    "EMR_APPLICATION": "<application.ApplicationId>",
    "EMR_ROLE": "<job role.Arn>",
    "EMR_ARTIFACTS": "s3://<lake>/releases/spark",
}
SPARK: list[Promise] = [
    (
        "Airflow's machine alone asks for jobs of this application, looks at them and cancels them",
        "lab prod",
        asking,
        {"airflow": ASKING},
    ),
    ("so does the one machine of a trial", "min", asking, {"tarmac": ASKING}),
    (
        "it passes the jobs' role to EMR Serverless alone",
        "lab prod",
        lambda t: passing(t, "airflow"),
        [{"StringEquals": {"iam:PassedToService": "emr-serverless.amazonaws.com"}}],
    ),
    (
        "the one machine passes it to nobody else either",
        "min",
        lambda t: passing(t, "tarmac"),
        [{"StringEquals": {"iam:PassedToService": "emr-serverless.amazonaws.com"}}],
    ),
    (
        "Airflow reads what a job has written",
        "lab prod",
        lambda t: below(*WRITTEN) - rights(t, t.statements("airflow"), "s3")["s3:GetObject"],
        set(),
    ),
    (
        "no machine uses a job's scratch",
        "lab prod min",
        lambda t: [name for name in t.names("EC2::Instance") if ".scratch" in json.dumps(t.statements(name))],
        [],
    ),
    (
        "what a killed job left in its scratch is forgotten after a week, and nothing else",
        "lab prod min",
        lambda t: [
            (one.get("Prefix"), one["ExpirationInDays"])
            for found in t.all("S3::Bucket").values()
            if "BucketName" in found
            for one in found["LifecycleConfiguration"]["Rules"]
            if "ExpirationInDays" in one
        ],
        [(".scratch/", 7)],
    ),
    ("Airflow's machine alone knows where jobs run", "lab prod", told, {"airflow": TOLD}),
    ("the one machine of a trial knows it", "min", told, {"tarmac": TOLD}),
    (
        "Airflow reaches the service as all of AWS, by the ways that there are",
        "lab",
        lambda t: reached(t.whole),
        PROMISED,
    ),
    (
        "so does the one machine, and nobody else",
        "min",
        lambda t: reached(t.whole),
        {("internet", "tarmac"): WEB, ("tarmac", "internet"): WEB},
    ),
    (
        "a job reads bronze and its program, writes silver, gold, runs and scratch, and deletes scratch alone",
        "lab prod min",
        lambda t: rights(t, job_statements(t), "s3"),
        JOB,
    ),
    (
        "a job has no other right",
        "lab prod min",
        lambda t: {action for one in job_statements(t) for action in as_list(one["Action"])},
        set(JOB),
    ),
    (
        "EMR Serverless alone gives the role, to jobs of this account",
        "lab prod min",
        lambda t: [
            (one["Principal"], one.get("Condition")) for one in job_role(t)["AssumeRolePolicyDocument"]["Statement"]
        ],
        [
            (
                {"Service": "emr-serverless.amazonaws.com"},
                {"StringEquals": {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}},
            )
        ],
    ),
]


@pytest.fixture(scope="module")
def templates(with_spark) -> Mapping[str, Template]:
    """Those with spark=true, in place of the others."""
    return {environment: with_spark.template(environment) for environment in ("lab", "prod", "min")}


@pytest.mark.slow
@promises(SPARK)
def test_spark_is_as_promised(templates, environment, about, expected):
    """With spark=true there is what was promised and no other right."""
    assert about(templates[environment]) == expected


def change(right: str, by: Callable[[dict[str, Any]], None]) -> Callable[[Template], None]:
    """Change the first statement that gives this right."""

    def apply(template: Template) -> None:
        policies = template.all("IAM::Policy").values()
        statements = [one for policy in policies for one in policy["PolicyDocument"]["Statement"]]
        by(next(one for one in statements if right in as_list(one["Action"])))

    return apply


def put(**values: Any) -> Callable[[dict[str, Any]], None]:
    return lambda statement: statement.update(values)


BREAKAGES: Mapping[str, Callable[[Template], None]] = {
    "a job may delete the lake": change("s3:DeleteObject", put(Resource="lake/*")),
    "a job may not delete": change("s3:DeleteObject", put(Action="s3:GetObject")),
    "a job may not find dead uploads": change("s3:ListBucketMultipartUploads", put(Action="s3:ListBucket")),
    "Airflow may start jobs anywhere": change("emr-serverless:StartJobRun", put(Resource="*")),
    "Airflow may see jobs of other applications": change("emr-serverless:GetJobRun", put(Resource="application/*")),
    "Airflow may not cancel": change("emr-serverless:CancelJobRun", put(Action="emr-serverless:GetJobRun")),
    "Airflow may change the application": change(
        "emr-serverless:CancelJobRun", put(Action=["emr-serverless:CancelJobRun", "emr-serverless:UpdateApplication"])
    ),
    "Airflow may pass any role": change("iam:PassRole", put(Resource="*")),
    "Airflow may pass the role to any service": change("iam:PassRole", lambda one: one.pop("Condition")),
    "Airflow's machine does not know the role": lambda t: t.machine("airflow").update(
        UserData=json.loads(json.dumps(t.machine("airflow")["UserData"]).replace("EMR_ROLE=", "ROLE="))
    ),
    "no way to AWS": lambda t: t.behind(t.machine("airflow")["SecurityGroupIds"][0]).update(SecurityGroupEgress=[]),
    "a role for any account's jobs": lambda t: job_role(t)["AssumeRolePolicyDocument"]["Statement"][0].pop("Condition"),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", BREAKAGES)
def test_a_breakage_breaks_a_promise_of_spark(templates, name):
    """The promises are worth something."""
    broken = Template(json.dumps(copy.deepcopy(templates["lab"].whole)))
    BREAKAGES[name](broken)
    assert not _broken(templates["lab"])
    assert _broken(broken)


def _broken(template: Template) -> list[str]:
    of_the_lab = [(what, about, expected) for what, names, about, expected in SPARK if "lab" in names.split()]
    return [what for what, about, expected in of_the_lab if about(template) != expected]


@pytest.mark.slow
def test_without_spark_nothing_is_there_of_it(synthesis):
    """Neither a right, nor a value, nor an application."""
    for environment in ("lab", "prod", "min"):
        text = synthesis.template(environment).text
        assert [word for word in ("EMR", "emr-serverless", "Spark", "iam:PassRole", SCRATCH) if word in text] == []


def test_a_job_puts_its_parts_where_its_role_may_delete_them(monkeypatch):
    """The prefix in the role is the one in the store."""
    removed: list[str] = []
    monkeypatch.setattr(S3Store, "remove", lambda _, folder: removed.append(folder))
    with open_lake("s3://lake").shared_scratch(Path("/tmp/a-run")) as parts:
        assert parts == f"s3://lake/{SCRATCH}/a-run"
    assert removed == [f"{SCRATCH}/a-run"]
