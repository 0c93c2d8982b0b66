"""A dashboard in a browser: what its charts asked for and got, what went wrong, and when all is drawn."""

import json
import re
import time
from typing import Any
from urllib.parse import parse_qs, urlsplit

from playwright.sync_api import Error, Page, Response, expect

_SECONDS_TO_DRAW = 180
# Superset's page asks for a picture that counts its users; the content policy stops it before it leaves the machine.
_STOPPED = "scarf.sh"


class Dashboard:
    """One open page. `answers` has the last answer to each chart, by the chart's title."""

    def __init__(self, page: Page, address: str, titles: dict[int, str]) -> None:
        self.page, self.address, self.titles = page, address, titles
        self.answers: dict[str, Any] = {}
        self.wrong: list[str] = []
        page.set_default_timeout(_SECONDS_TO_DRAW * 1000)
        page.on("response", self._keep)
        page.on("pageerror", lambda error: self.wrong.append(f"script: {error}"))
        page.on("request", lambda request: self._check_host(request.url))

    def log_in(self, name: str, password: str) -> None:
        self.page.goto(f"{self.address}/login/")
        self.page.locator("input[type=text]").first.fill(name)
        self.page.locator("input[type=password]").fill(password)
        self.page.keyboard.press("Enter")
        self.page.wait_for_url("**/superset/welcome/**")

    def open(self, path: str, charts: int) -> None:
        """Open the dashboard and wait until all its charts are drawn."""
        self.answers.clear()
        self.page.goto(f"{self.address}{path}")
        # Charts outside the window are not asked for: a window as high as the page shows all.
        width = self.page.viewport_size["width"]
        self.page.set_viewport_size({"width": width, "height": 2700})
        expect(self.page.locator(".dashboard-component-chart-holder")).to_have_count(
            charts, timeout=_SECONDS_TO_DRAW * 1000
        )
        self.wait(charts)

    def wait(self, charts: int) -> None:
        """Until every chart has an answer and none is loading any more."""
        limit = time.monotonic() + _SECONDS_TO_DRAW
        while time.monotonic() < limit:
            loading = self.page.locator(".dashboard-component-chart-holder .loading, [data-test=loading-indicator]")
            if len(self.answers) >= charts and loading.count() == 0:
                return
            self.page.wait_for_timeout(250)
        raise AssertionError(f"{len(self.answers)} of {charts} charts have data: {sorted(self.answers)}; {self.wrong}")

    def rows(self, title: str, query: int = 0) -> list[dict[str, Any]]:
        return self.answers[title]["result"][query]["data"]

    def resize(self, width: int) -> None:
        """Give the window this width, and the height of what it shows."""
        self.page.set_viewport_size({"width": width, "height": 2700})
        self.page.wait_for_timeout(1000)
        boxes = [holder.bounding_box() for holder in self.page.locator(".dashboard-component-chart-holder").all()]
        bottom = max(box["y"] + box["height"] for box in boxes)
        self.page.set_viewport_size({"width": width, "height": int(bottom) + 24})
        self.page.wait_for_timeout(1500)

    def _keep(self, response: Response) -> None:
        if response.status >= 400:
            self.wrong.append(f"{response.status} {response.url}: {response.text()[:300]}")
        asked = parse_qs(urlsplit(response.url).query).get("form_data")
        if "/api/v1/chart/data" in response.url and asked and response.status == 200:
            try:
                found = response.json()
            except Error:  # the page went on to another before it was read
                return
            errors = [result["error"] for result in found["result"] if result.get("error")]
            self.wrong += errors
            self.answers[self.titles[json.loads(asked[0])["slice_id"]]] = found

    def _check_host(self, url: str) -> None:
        if not re.match(r"data:|blob:", url) and not url.startswith(self.address) and _STOPPED not in url:
            self.wrong.append(f"a foreign host: {url}")
