"""Emails: one for a failed run, one for a run with new disruptions."""

import html
import logging
from collections.abc import Mapping
from typing import Any

REASON = "reason"
"""The XCom key under which a task that failed finally stores its reason."""

SMTP_CONNECTION = "smtp_default"

log = logging.getLogger(__name__)


def keep_reason(context: Mapping[str, Any]) -> None:
    """A task's callback at its last failure: store the reason for the run's one email."""
    context["ti"].xcom_push(key=REASON, value=str(context.get("exception") or "")[:2000])


def mail_failure(context: Mapping[str, Any]) -> None:
    """A DAG's callback: Airflow calls it once for a run that failed, however many tasks did."""
    facts = _facts(context)
    lines = "".join(
        f"<tr><th align='left'>{name}</th><td>{html.escape(value)}</td></tr>" for name, value in facts.items()
    )
    send(
        subject=f"Tarmac: {facts['DAG']} failed" + (f" for {facts['year']}" if facts["year"] else ""),
        body=f"<table>{lines}</table><p>The DAG's page in Airflow says what to do when this task fails.</p>",
    )


def send(*, subject: str, body: str) -> bool:
    """Send an email to the address in the variable fail_email; if it is empty, log that and return False."""
    from airflow.providers.smtp.notifications.smtp import SmtpNotifier
    from airflow.sdk import Variable

    address = Variable.get("fail_email", default=None)
    if not address:
        log.warning("no mail was sent, as the variable fail_email is empty: %s", subject)
        return False
    # Not by calling the notifier, which treats the text as a template: it contains data.
    SmtpNotifier(to=address, smtp_conn_id=SMTP_CONNECTION, subject=subject, html_content=body).notify({})
    return True


def _facts(context: Mapping[str, Any]) -> dict[str, str]:
    ti, run = context.get("ti"), context.get("dag_run")
    return {
        "DAG": context["dag"].dag_id,
        "year": _year(context),
        "run": str(run.run_id if run else context.get("run_id", "")),
        "task": ti.task_id if ti else "none",
        "reason": _reason(ti) or str(context.get("reason", "unknown")),
        "log": ti.log_url if ti else "none",
    }


def _year(context: Mapping[str, Any]) -> str:
    if year := (context.get("params") or {}).get("year"):
        return str(year)
    start = context.get("data_interval_start")
    return str(start.year) if start else ""


def _reason(ti: Any) -> str:
    if ti is None:
        return ""
    try:
        return str(ti.xcom_pull(task_ids=ti.task_id, key=REASON, map_indexes=ti.map_index) or "")
    except Exception:
        log.exception("the reason could not be read")
        return ""
