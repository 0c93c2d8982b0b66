"""A client of Superset's API through the proxy."""

import json
import secrets
from typing import Any

from tests.support.nginx_server import Proxy


class SupersetClient:
    """One user, logged in by token, with what Superset requires for changes: cookie, CSRF token, referrer."""

    def __init__(self, proxy: Proxy, url: str, user: str, password: str) -> None:
        self._proxy = proxy
        self._url = url
        self._headers = {"Referer": f"{url}/"}
        given = {"username": user, "password": password, "provider": "db", "refresh": False}
        self._headers["Authorization"] = f"Bearer {self.told('POST', '/api/v1/security/login', given)['access_token']}"
        answer = self.ask("GET", "/api/v1/security/csrf_token/")
        self._headers["X-CSRFToken"] = json.loads(answer.data)["result"]
        self._headers["Cookie"] = answer.headers["Set-Cookie"].partition(";")[0]

    def ask(self, method: str, path: str, content: object = None, **options: Any) -> Any:
        """The answer, whatever its status."""
        # A GET with a JSON content type is rejected.
        headers = self._headers | ({"Content-Type": "application/json"} if content is not None else {})
        body = None if content is None else json.dumps(content)
        return self._proxy.ask(method, f"{self._url}{path}", headers=headers, body=body, **options)

    def told(self, method: str, path: str, content: object = None) -> dict[str, Any]:
        """The content of an answer that must be successful."""
        answer = self.ask(method, path, content)
        assert answer.status in {200, 201}, f"{method} {path}: {answer.status} {answer.data[:2000]!r}"
        told: dict[str, Any] = json.loads(answer.data)
        return told

    def add_database(self, name: str, uri: str) -> int:
        """The id of a database that SQL Lab queries synchronously."""
        made = {"database_name": name, "sqlalchemy_uri": uri, "expose_in_sqllab": True, "allow_run_async": False}
        number: int = self.told("POST", "/api/v1/database/", made)["id"]
        return number

    def run(self, database: int, sql: str) -> Any:
        """SQL Lab's answer to a query."""
        asked = {
            "database_id": database,
            "sql": sql,
            "runAsync": False,
            "client_id": secrets.token_hex(5),
            "select_as_cta": False,
        }
        return self.ask("POST", "/api/v1/sqllab/execute/", asked, timeout=300)
