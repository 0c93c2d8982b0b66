"""The alert after a successful run: the disruptions that are new in the warehouse, one line each."""

import html
import logging
from collections.abc import Mapping
from typing import Any

from tarmac.runs.alerts import read_news
from tarmac_dags.mail import send
from tarmac_dags.plan import Plan

WEBHOOK_CONNECTION = "alert_webhook"
"""A connection of type http; the new disruptions are posted as JSON to its host and the path in its extra."""

log = logging.getLogger(__name__)


def send_alert(plan: Plan, key: str, failed: Mapping[str, str]) -> int:
    """Send the new disruptions that a run has stored under this key; returns their number.

    `failed`: detectors that failed, with their reasons. They are reported even if there are no new disruptions.
    """
    news = read_news(plan.storage.open_lake(), key)
    if not news["disruptions"] and not failed:
        log.info("no disruption of %s that the warehouse did not have", plan.year)
        return 0
    _post(to_posted(news))
    send(subject=_subject(news), body=to_body(news, failed))
    return int(news["disruptions"])


def to_body(news: Mapping[str, Any], failed: Mapping[str, str]) -> str:
    """The email, as HTML. Text from data is escaped."""
    disruptions = f"<p>{_heading(news)}:</p>{_listed(_lines(news))}" if news["disruptions"] else ""
    detectors = [f"{name}: {reason}" for name, reason in failed.items()]
    return disruptions + (f"<p>These detectors failed:</p>{_listed(detectors)}" if failed else "")


def to_posted(news: Mapping[str, Any]) -> dict[str, Any]:
    """The JSON for the webhook: `text` for people, and the fields of the news for programs.

    In `text` the characters that chat services read as links and mentions (&, <, >) are escaped, as these services require.
    """
    text = "\n".join([_subject(news), *_lines(news)])
    return {"text": html.escape(text, quote=False), **news}


def _subject(news: Mapping[str, Any]) -> str:
    if not news["disruptions"]:
        return f"Tarmac: {news['year']} was scored without some detectors"
    many = f"{news['disruptions']:,} new disruptions" if news["disruptions"] > 1 else "1 new disruption"
    return f"Tarmac: {many} in {news['year']}, severity up to {max(each['severity'] for each in news['worst'])} of 5"


def _heading(news: Mapping[str, Any]) -> str:
    listed, all_of_them = len(news["worst"]), news["disruptions"]
    if listed < all_of_them:
        return f"The {listed} of {all_of_them:,} new disruptions of {news['year']} that lost most flights"
    return f"New disruptions of {news['year']}, those that lost most flights first"


def _lines(news: Mapping[str, Any]) -> list[str]:
    """One line per disruption, without the line breaks that its sentence may contain."""
    return [f"Severity {each['severity']}: {' '.join(each['summary'].split())}" for each in news["worst"]]


def _listed(lines: list[str]) -> str:
    return "<ul>" + "".join(f"<li>{html.escape(line)}</li>" for line in lines) + "</ul>"


def _post(posted: Mapping[str, Any]) -> None:
    from airflow.providers.http.hooks.http import HttpHook
    from airflow.sdk import Connection
    from airflow.sdk.exceptions import AirflowNotFoundException

    try:
        path = Connection.get(WEBHOOK_CONNECTION).extra_dejson.get("path", "")
    except AirflowNotFoundException:
        return
    hook = HttpHook(method="POST", http_conn_id=WEBHOOK_CONNECTION)
    hook.run(path, json=dict(posted), extra_options={"timeout": 30})
