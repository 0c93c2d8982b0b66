"""Alarms and the budget, which notify one SNS topic."""

from collections.abc import Iterable, Mapping
from typing import Any

from aws_cdk import Aws, Duration
from aws_cdk import aws_budgets as budgets
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_cloudwatch_actions as actions
from aws_cdk import aws_iam as iam
from aws_cdk import aws_rds as rds
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sns_subscriptions as subscriptions
from constructs import Construct

from deploy.aws.machine import METRICS, Machine
from deploy.aws.settings import Settings

GIGABYTE = 1_000_000_000


class Monitoring(Construct):
    """One topic, with the email address in the settings."""

    def __init__(self, scope: Construct, id: str, *, settings: Settings) -> None:
        super().__init__(scope, id)
        self._settings = settings
        self.topic = sns.Topic(self, "Topic", display_name=f"Tarmac {settings.environment}", enforce_ssl=True)
        if settings.fail_email:
            self.topic.add_subscription(subscriptions.EmailSubscription(settings.fail_email))
        for service in ("cloudwatch", "budgets"):
            self._let_publish(service)
        self._add_budget()

    def watch_machines(self, machines: Iterable[Machine]) -> None:
        """Alarms when a machine fails its checks, its disk is nearly full, or its metrics are missing."""
        for machine in machines:
            name, instance = machine.name, machine.instance.instance_id
            status = _metric("AWS/EC2", "StatusCheckFailed", {"InstanceId": instance}, "Maximum")
            self._alarm(f"{name}-status", status, above=0, periods=2, what=f"{name} fails its status checks")
            disk = _metric(METRICS, "DiskUsed", {"Machine": name, "Environment": self._settings.environment}, "Maximum")
            self._alarm(f"{name}-disk", disk, above=85, periods=3, what=f"{name}'s disk is over 85 % full, or unknown")

    def watch_runs(self) -> None:
        """An alarm when a run of the pipeline failed, or when the metric is missing for half an hour."""
        runs = _metric(METRICS, "FailedRuns", {"Environment": self._settings.environment}, "Maximum")
        self._alarm("failed-runs", runs, above=0, periods=1, what="a run of the pipeline failed", silence_is_good=True)
        # Never exceeded: the alarm is for a missing metric.
        self._alarm("silent-runs", runs, above=10**9, periods=6, what="Airflow's machine tells nothing of its runs")

    def watch_database(self, database: rds.DatabaseInstance) -> None:
        """Alarms when the database runs out of space or processor time."""
        of = {"DBInstanceIdentifier": database.instance_identifier}
        room = _metric("AWS/RDS", "FreeStorageSpace", of, "Minimum")
        left = self._settings.database_storage * GIGABYTE * 15 // 100
        self._alarm(
            "database-storage", room, below=left, periods=3, what="the database has under 15 % of its disk left"
        )
        busy = _metric("AWS/RDS", "CPUUtilization", of, "Average")
        self._alarm("database-cpu", busy, above=90, periods=6, what="the database's processor is busy for half an hour")

    def _alarm(
        self,
        id: str,
        metric: cloudwatch.Metric,
        *,
        periods: int,
        what: str,
        above: float | None = None,
        below: float | None = None,
        silence_is_good: bool = False,
    ) -> None:
        operators = cloudwatch.ComparisonOperator
        treatment = cloudwatch.TreatMissingData
        alarm = cloudwatch.Alarm(
            self,
            id,
            alarm_name=f"tarmac-{self._settings.environment}-{id}",
            alarm_description=what,
            metric=metric,
            threshold=above if below is None else below,
            comparison_operator=operators.GREATER_THAN_THRESHOLD if below is None else operators.LESS_THAN_THRESHOLD,
            evaluation_periods=periods,
            treat_missing_data=treatment.NOT_BREACHING if silence_is_good else treatment.BREACHING,
        )
        alarm.add_alarm_action(actions.SnsAction(self.topic))

    def _let_publish(self, service: str) -> None:
        self.topic.add_to_resource_policy(
            iam.PolicyStatement(
                sid=service.title(),
                principals=[iam.ServicePrincipal(f"{service}.amazonaws.com")],
                actions=["sns:Publish"],
                resources=[self.topic.topic_arn],
                conditions={"StringEquals": {"aws:SourceAccount": Aws.ACCOUNT_ID}},
            )
        )

    def _add_budget(self) -> None:
        """A budget for actual and forecast monthly costs, by this environment's tag."""
        name = f"tarmac-{self._settings.environment}"
        budgets.CfnBudget(
            self,
            "Budget",
            budget={
                "budgetName": name,
                "budgetType": "COST",
                "timeUnit": "MONTHLY",
                "budgetLimit": {"amount": self._settings.budget, "unit": "USD"},
                "costFilters": {"TagKeyValue": [f"user:environment${name}"]},
            },
            notifications_with_subscribers=[
                self._notification("ACTUAL", 80),
                self._notification("FORECASTED", 100),
            ],
        )

    def _notification(self, kind: str, share: int) -> Mapping[str, Any]:
        return {
            "notification": {
                "comparisonOperator": "GREATER_THAN",
                "notificationType": kind,
                "threshold": share,
                "thresholdType": "PERCENTAGE",
            },
            "subscribers": [{"subscriptionType": "SNS", "address": self.topic.topic_arn}],
        }


def _metric(namespace: str, name: str, of: Mapping[str, str], statistic: str) -> cloudwatch.Metric:
    return cloudwatch.Metric(
        namespace=namespace,
        metric_name=name,
        dimensions_map=dict(of),
        statistic=statistic,
        period=Duration.minutes(5),
    )
