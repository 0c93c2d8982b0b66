"""`make synth`: the same templates everywhere, clean for cfn-lint and cdk-nag, and what is written about them is current."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from deploy.aws.pages import PAGE, SNAPSHOTS, fill_page
from deploy.aws.summary import summarize
from tests.support.aws_template import tags

ENVIRONMENTS = ("lab", "prod", "min")
pytestmark = pytest.mark.slow


def findings(folder: Path) -> set[tuple[str, str]]:
    """What cdk-nag reported: rule, and the path of the resource's construct."""
    report = json.loads((folder / "validation-report.json").read_text(encoding="utf-8"))
    return {
        (violation["ruleName"].removeprefix("AwsSolutions::"), where["constructPath"].removesuffix("/Resource"))
        for plugin in report["pluginReports"]
        for violation in plugin["violations"]
        for where in violation["violatingConstructs"]
    }


def test_cdk_nag_finds_nothing_that_is_not_acknowledged(synthesis, asked_for, without_bastion):
    """An unacknowledged finding fails the synthesis."""
    for run in (synthesis, asked_for, without_bastion):
        assert run.code == 0, run.said


@pytest.mark.parametrize("run", ["unacknowledged", "spark"])
def test_what_is_acknowledged_is_exactly_what_cdk_nag_finds(runs, run):
    """A reason for a finding that is gone would hide the next one."""
    synthesis = runs[run].result()
    acknowledged = {tuple(line.rsplit(" ", 1)) for line in synthesis.printed.splitlines()}
    assert findings(synthesis.folder) == acknowledged


def test_a_finding_ends_the_synthesis_with_its_rule_and_the_way_out(unacknowledged):
    assert "AwsSolutions-EC23" in unacknowledged.said
    assert "Mend what is found, or give a reason in deploy/aws/acknowledged.py." in unacknowledged.said
    assert "Traceback" not in unacknowledged.said


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_templates_are_the_same_in_every_run(synthesis, unacknowledged, environment):
    """Another process, another order of hashing, the same bytes."""
    name = f"tarmac-{environment}.template.json"
    assert (synthesis.folder / name).read_bytes() == (unacknowledged.folder / name).read_bytes()


def test_cfn_lint_is_clean(synthesis, asked_for, with_spark):
    """Also of warnings."""
    files = [*synthesis.folder.glob("*.template.json"), *asked_for.folder.glob("*.template.json")]
    assert len(files) == 4
    files.append(with_spark.folder / "tarmac-min.template.json")
    lint = [Path(sys.executable).with_name("cfn-lint"), "--non-zero-exit-code", "informational", *files]
    done = subprocess.run(lint, capture_output=True, text=True, check=False, timeout=300)
    assert (done.returncode, done.stdout) == (0, "")


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_the_snapshot_is_current(templates, environment):
    """`make synth` writes it; its diff is what a reviewer reads."""
    snapshot = (SNAPSHOTS / f"{environment}.yaml").read_text(encoding="utf-8")
    assert summarize(templates[environment].whole) == snapshot, "run: make synth"


def test_the_page_is_current(templates, aws_page):
    """Diagrams, tables and costs in docs/aws.md are those of the templates."""
    whole = {environment: template.whole for environment, template in templates.items()}
    assert fill_page(aws_page, whole) == aws_page, "run: make synth"
    for block in (
        "costs",
        "basis",
        *(f"{what}-{name}" for what in ("reachability", "diagram") for name in ENVIRONMENTS),
    ):
        assert f"<!-- begin {block} -->\n<!-- end" not in aws_page
        assert f"<!-- begin {block} -->" in aws_page


def test_no_secret_and_no_account_is_in_a_template(templates):
    for template in templates.values():
        assert not [one for one in template.all("SecretsManager::Secret").values() if "SecretString" in one]
        assert "123456789012" not in template.text
        assert "AKIA" not in template.text


def test_user_data_holds_names_of_secrets_and_no_secret(templates):
    """Values that are references to secrets are their ARNs; nothing is resolved into the text."""
    for template in templates.values():
        assert "{{resolve:" not in template.text


def test_what_can_be_asked_for_is_built(asked_for):
    template = asked_for.template("lab")
    assert template.only("EMRServerless::Application")["ReleaseLabel"].startswith("emr-spark-")
    assert {one["KeyName"] for one in template.all("EC2::Instance").values()} == {"ops"}
    [subscription] = template.all("SNS::Subscription").values()
    assert (subscription["Protocol"], subscription["Endpoint"]) == ("email", "ops@example.com")
    assert "AIRFLOW_ADDRESS=airflow.tarmac.example.com\n" in template.user_data("nginx")
    assert {"SparkApplicationId", "SparkJobRoleArn", "SparkArchives"} <= {
        name[:-8] for name in template.whole["Outputs"]
    }


def test_without_a_bastion_there_is_none(without_bastion):
    template = without_bastion.template("prod")
    assert template.names("EC2::Instance") == ["airflow", "nginx", "superset"]
    assert sorted(tags(one)["Name"] for one in template.all("EC2::EIP").values()) == ["nat-1", "nat-2", "nginx"]


def test_the_page_is_linked():
    """Somebody who reads the architecture finds the page."""
    assert "aws.md" in PAGE.with_name("architecture.md").read_text(encoding="utf-8")
