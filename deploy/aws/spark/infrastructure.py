"""Spark on EMR Serverless: silver and gold of many years at once."""

from collections.abc import Mapping

from aws_cdk import Aws, CfnOutput
from aws_cdk import aws_emrserverless as emr
from aws_cdk import aws_iam as iam
from constructs import Construct

from deploy.aws.lake.infrastructure import BRONZE, GOLD, RUNS, SCRATCH, SILVER, Lake

RELEASE = "emr-spark-8.0.0"
"""Spark 4.0 and Python 3.11: https://docs.aws.amazon.com/emr/latest/EMR-Serverless-UserGuide/release-versions.html"""

ARCHIVES = "releases/spark"
"""The prefix of the jobs' program and its packed environment."""

SERVICE = "emr-serverless.amazonaws.com"


class Spark(Construct):
    """An application that starts with a job and stops 15 minutes after the last one, and the jobs' role."""

    def __init__(self, scope: Construct, id: str, *, lake: Lake, environment: str) -> None:
        super().__init__(scope, id)
        self.application = emr.CfnApplication(
            self,
            "Application",
            name=f"tarmac-{environment}",
            type="SPARK",
            release_label=RELEASE,
            auto_start_configuration=emr.CfnApplication.AutoStartConfigurationProperty(enabled=True),
            auto_stop_configuration=emr.CfnApplication.AutoStopConfigurationProperty(
                enabled=True, idle_timeout_minutes=15
            ),
            # Limits the cost of a mistake.
            maximum_capacity=emr.CfnApplication.MaximumAllowedResourcesProperty(
                cpu="32 vCPU", memory="256 GB", disk="400 GB"
            ),
        )
        self.job_role = self._make_role(lake)
        CfnOutput(self, "ApplicationId", value=self.application.attr_application_id)
        CfnOutput(self, "JobRoleArn", value=self.job_role.role_arn)
        self._archives = lake.bucket.s3_url_for_object(ARCHIVES)
        CfnOutput(self, "Archives", value=f"{self._archives}/")

    @property
    def values(self) -> Mapping[str, str]:
        """The values for the scripts of a machine that starts jobs."""
        return {
            "EMR_APPLICATION": self.application.attr_application_id,
            "EMR_ROLE": self.job_role.role_arn,
            "EMR_ARTIFACTS": self._archives,
        }

    def let_ask(self, role: iam.Role) -> None:
        """The role may start jobs of this application, only with its jobs' role, and read and cancel them."""
        application = self.application.attr_arn
        for actions, resource in (
            (("GetApplication", "StartApplication", "StartJobRun", "ListJobRuns"), application),
            (("GetJobRun", "CancelJobRun"), f"{application}/jobruns/*"),
        ):
            asking = iam.PolicyStatement(
                actions=[f"emr-serverless:{action}" for action in actions], resources=[resource]
            )
            role.add_to_policy(asking)
        passing = iam.PolicyStatement(
            actions=["iam:PassRole"],
            resources=[self.job_role.role_arn],
            conditions={"StringEquals": {"iam:PassedToService": SERVICE}},
        )
        role.add_to_policy(passing)

    def _make_role(self, lake: Lake) -> iam.Role:
        caller = iam.ServicePrincipal(
            SERVICE,
            conditions={"StringEquals": {"aws:SourceAccount": Aws.ACCOUNT_ID}},
        )
        role = iam.Role(self, "JobRole", assumed_by=caller, description="Tarmac: silver and gold on Spark")
        lake.let_read(role, BRONZE, ARCHIVES)
        lake.let_write(role, SILVER, GOLD, RUNS)
        lake.let_work(role, SCRATCH)
        return role
