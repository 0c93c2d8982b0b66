"""A client of Superset's API, with token, CSRF token and JSON."""

import time
from typing import Any

import requests

_SECONDS_FOR_A_QUERY = 300


class User:
    """Logged in once; an unexpected answer is shown in the assertion's message."""

    def __init__(self, address: str, name: str, password: str) -> None:
        self.address = address
        self.session = requests.Session()
        given = {"username": name, "password": password, "provider": "db"}
        answer = self.session.post(f"{address}/api/v1/security/login", json=given, timeout=120)
        assert answer.status_code == 200, answer.text
        self.session.headers["Authorization"] = f"Bearer {answer.json()['access_token']}"
        self.session.headers["X-CSRFToken"] = self.get("/api/v1/security/csrf_token/")["result"]
        self.session.headers["Referer"] = address

    def get(self, path: str, status: int = 200) -> Any:
        answer = self.session.get(f"{self.address}{path}", timeout=120)
        assert answer.status_code == status, answer.text
        return answer.json()

    def send(self, path: str, given: Any, *, status: int | None = 200, method: str = "POST") -> Any:
        answer = self.session.request(method, f"{self.address}{path}", json=given, timeout=120)
        assert status in {None, answer.status_code}, answer.text
        return answer.json() if answer.content else None

    def sql_lab(self, sql: str) -> Any:
        """A synchronous query in SQL Lab: rows in `data`, or `errors`."""
        return self.send("/api/v1/sqllab/execute/", self._question(sql, wait=True), status=None)

    def sql_lab_later(self, sql: str) -> Any:
        """The same through the queue: submit the query, poll its state until it is done, then get the rows."""
        asked = self.send("/api/v1/sqllab/execute/", self._question(sql, wait=False), status=202)["query"]
        limit = time.monotonic() + _SECONDS_FOR_A_QUERY
        while time.monotonic() < limit:
            query = self.get(f"/api/v1/query/{asked['queryId']}")["result"]
            if query["status"] not in {"pending", "running"}:
                break
            time.sleep(0.2)
        assert query["status"] == "success", query
        return self.get(f"/api/v1/sqllab/results/?q=(key:'{query['results_key']}')")

    def _question(self, sql: str, *, wait: bool) -> dict[str, Any]:
        database = self.get("/api/v1/database/")["result"][0]["id"]
        return {"database_id": database, "sql": sql, "runAsync": not wait, "schema": "public", "expand_data": True}
