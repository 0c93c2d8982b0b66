"""Defaults of all tasks of all DAGs: owner, retries, time limits."""

from datetime import timedelta
from typing import Any

from airflow.sdk import ExceptionRetryPolicy, RetryAction, RetryRule

from tarmac_dags.mail import keep_reason

# Errors that only a person can fix fail at once, with their message, instead of an hour later.
_RETRIES = ExceptionRetryPolicy(
    rules=[
        RetryRule(
            exception="tarmac.errors.InputError",
            action=RetryAction.FAIL,
            reason="the request or the input is wrong; a retry would fail again",
        )
    ]
)

DEFAULTS: dict[str, Any] = {
    "owner": "tarmac",
    "retries": 3,
    "retry_delay": timedelta(minutes=1),
    "retry_exponential_backoff": 4,
    "max_retry_delay": timedelta(minutes=30),
    "retry_policy": _RETRIES,
    "execution_timeout": timedelta(minutes=10),
    "on_failure_callback": [keep_reason],
}
