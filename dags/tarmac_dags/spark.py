"""Silver and gold by a job on EMR Serverless, instead of the tasks that clean and aggregate on Airflow's own machine."""

from typing import Any

from airflow.providers.amazon.aws.operators.emr import EmrServerlessStartJobOperator
from airflow.providers.amazon.aws.triggers.emr import EmrServerlessStartJobTrigger
from airflow.sdk.definitions.context import Context

from tarmac_dags import emr
from tarmac_dags.assets import GOLD, SILVER, announce
from tarmac_dags.connections import S3_CONNECTION
from tarmac_dags.plan import current_plan

JOB = "job"
"""The XCom key of the job's id, which the trigger forgets when the job fails."""


class CleanOnSpark(EmrServerlessStartJobOperator):
    """Starts the year's job, or finds the one that an earlier attempt has started; then waits without occupying a worker."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(
            # What to start, and where, is in the run's plan.
            application_id="",
            execution_role_arn="",
            job_driver={},
            aws_conn_id=S3_CONNECTION,
            deferrable=True,
            wait_for_completion=False,  # the provider's own waiting forgets the job's id when the job fails
            waiter_delay=30,
            **kwargs,
        )

    def execute(self, context: Context, event: dict[str, Any] | None = None) -> None:
        """Called again once the application has started, if it was stopped."""
        from tarmac_dags import steps

        job = steps.spark_job(current_plan())
        self.job_id, stopped = emr.find(self.hook.conn, job)
        if self.job_id is None:
            asked = job.request(attempt=stopped)
            self.application_id = asked["applicationId"]
            self.execution_role_arn = asked["executionRoleArn"]
            self.client_request_token = asked["clientToken"]
            self.job_driver = asked["jobDriver"]
            self.name = job.name
            self.config = {"executionTimeoutMinutes": job.minutes}
            super().execute(context, event)
        else:
            self.log.info("%s, with this very input, was started before: job %s", job.name, self.job_id)
        context["ti"].xcom_push(key=JOB, value=self.job_id)
        self.defer(
            trigger=EmrServerlessStartJobTrigger(
                application_id=job.cluster.application,
                job_id=self.job_id,
                waiter_delay=self.waiter_delay,
                # The job's own time limit ends it first.
                waiter_max_attempts=2 + job.minutes * 60 // self.waiter_delay,
                aws_conn_id=self.aws_conn_id,
            ),
            method_name="finish",
        )

    def finish(self, context: Context, event: dict[str, Any]) -> dict[str, Any]:
        """The job's row counts from its record in the lake, also put into the assets' events.

        Raises:
            SystemFailure, InputError: the job failed or was cancelled; the message has the service's details.
        """
        from tarmac_dags import steps

        plan = current_plan()
        if event.get("status") != "success":
            job_id = context["ti"].xcom_pull(task_ids=self.task_id, key=JOB)
            asked = {"applicationId": steps.cluster_of(plan).application, "jobRunId": job_id}
            raise steps.spark_failure(plan, self.hook.conn.get_job_run(**asked))
        written = steps.written_by(plan)
        announce(SILVER, written)
        return announce(GOLD, written)
