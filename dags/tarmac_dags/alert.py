"""The alert after a good run: the worst anomalies that the warehouse did not know before."""

import html
import logging
from collections.abc import Callable, Mapping
from typing import Any

from tarmac.runs.alerts import read_news
from tarmac_dags.mail import send
from tarmac_dags.plan import Plan

WEBHOOK_CONNECTION = "alert_webhook"
"""A connection of type http; its host, and the path in its extra, receive the news as JSON."""

log = logging.getLogger(__name__)


def send_alert(plan: Plan, key: str, failed: Mapping[str, str]) -> int:
    """Send the news that a run has kept under this key; returns the number of new anomalies.

    `failed`: detectors that failed, with their reasons. They are reported even if there is no news.
    """
    news = read_news(plan.storage.open_lake(), key)
    if not news["days"] and not failed:
        log.info("no anomaly of %s that the warehouse did not know", plan.year)
        return 0
    _post(news)
    send(subject=_subject(news), body=_body(news) + _missing(failed))
    return int(news["days"])


def _subject(news: Mapping[str, Any]) -> str:
    if not news["days"]:
        return f"Tarmac: {news['year']} was scored without some detectors"
    worst = news["worst"][0]
    many = f"{news['days']:,} new anomalies" if news["days"] > 1 else "1 new anomaly"
    return f"Tarmac: {many} in {news['year']}, worst {worst['origin']} on {worst['fl_date']}"


_COLUMNS: Mapping[str, Callable[[Mapping[str, Any]], str]] = {
    "airport": lambda day: day["origin"],
    "date": lambda day: day["fl_date"],
    "score": lambda day: _number(day["anomaly_score"]),
    "direction": lambda day: day["anomaly_direction"] or "",
    "mean delay (min)": lambda day: _number(day["mean_dep_delay"]),
    "expected (min)": lambda day: _number(day["expected"]),
    "flights": lambda day: str(day["flights"]),
    "cancelled": lambda day: "" if day["cancelled_share"] is None else f"{day['cancelled_share']:.0%}",
}


def _missing(failed: Mapping[str, str]) -> str:
    rows = "".join(f"<li>{html.escape(name)}: {html.escape(reason)}</li>" for name, reason in failed.items())
    return f"<p>These detectors failed:</p><ul>{rows}</ul>" if rows else ""


def _body(news: Mapping[str, Any]) -> str:
    if not news["days"]:
        return ""
    head = "".join(f"<th align='left'>{name}</th>" for name in _COLUMNS)
    rows = "".join(
        "<tr>" + "".join(f"<td>{html.escape(show(day))}</td>" for show in _COLUMNS.values()) + "</tr>"
        for day in news["worst"]
    )
    listed = (
        f"The worst {len(news['worst'])} of {news['days']:,}" if news["days"] > len(news["worst"]) else "All of them"
    )
    return f"<p>{listed}:</p><table><tr>{head}</tr>{rows}</table>"


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.1f}"


def _post(news: Mapping[str, Any]) -> None:
    from airflow.providers.http.hooks.http import HttpHook
    from airflow.sdk import Connection
    from airflow.sdk.exceptions import AirflowNotFoundException

    try:
        path = Connection.get(WEBHOOK_CONNECTION).extra_dejson.get("path", "")
    except AirflowNotFoundException:
        return
    hook = HttpHook(method="POST", http_conn_id=WEBHOOK_CONNECTION)
    hook.run(path, json={"text": _subject(news), **news}, extra_options={"timeout": 30})
