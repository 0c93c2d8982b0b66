"""What spark=true adds: an application and its jobs' role: a row a promise, on the templates."""

import copy
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from aws_template import Promise, Template, as_list, promises
from deploy.aws.lake.infrastructure import SCRATCH
from tarmac.on_spark import engine

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
SPARK: list[Promise] = [
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
            (one["Principal"], one["Condition"]) for one in job_role(t)["AssumeRolePolicyDocument"]["Statement"]
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
    "a role for any account's jobs": lambda t: job_role(t)["AssumeRolePolicyDocument"]["Statement"][0].pop("Condition"),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", BREAKAGES)
def test_a_breakage_breaks_a_promise_of_spark(templates, name):
    """The promises are worth something."""
    broken = Template(json.dumps(copy.deepcopy(templates["lab"].whole)))
    BREAKAGES[name](broken)
    assert [what for what, _, about, expected in SPARK if not _kept(broken, about, expected)]
    assert not [what for what, _, about, expected in SPARK if not _kept(templates["lab"], about, expected)]


def _kept(template: Template, about: Callable[[Template], Any], expected: Any) -> bool:
    try:
        return bool(about(template) == expected)
    except KeyError:
        return False


def test_a_job_puts_its_parts_where_its_role_may_delete_them():
    """The prefix in the role is the one in the engine."""
    removed: list[str] = []

    class Lake:
        on_s3 = True

        def place(self, key: str) -> str:
            return f"s3://lake/{key}"

        def remove(self, key: str) -> None:
            removed.append(key)

    with engine._parts(Lake(), Path("/tmp/a-run")) as parts:
        assert parts == f"s3://lake/{SCRATCH}/a-run"
    assert removed == [f"{SCRATCH}/a-run"]
