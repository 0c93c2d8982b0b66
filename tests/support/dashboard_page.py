"""A dashboard in a browser: its charts' requests and answers, errors, and whether everything is drawn."""

import json
import re
import time
from contextlib import suppress
from typing import Any
from urllib.parse import parse_qs, urlsplit

from playwright.sync_api import Error, FloatRect, Locator, Page, Request, Response, expect

_SECONDS_TO_DRAW = 300
_HEIGHT = 3600  # of the window, in pixels: more than any page has
expect.set_options(timeout=_SECONDS_TO_DRAW * 1000)  # the default of five seconds is too short for a busy machine
# Superset's page requests a tracking picture; the content security policy blocks it before it leaves the machine.
_STOPPED = "scarf.sh"

# Superset does not expose its charts' objects: they are found through React's internal tree.
_DRAWN = """
const drawn = (holder, selector, found) => {
  let at = holder.querySelector(selector), key;
  while (!(key = Object.keys(at).find(name => name.startsWith("__reactFiber$")))) at = at.parentElement;
  for (let fiber = at[key]; fiber; fiber = fiber.return) { const it = found(fiber); if (it) return it; }
};
const chart = holder => drawn(holder, "[_echarts_instance_]", fiber => {
  for (let hook = fiber.memoizedState; hook && typeof hook === "object"; hook = hook.next)
    if (hook.memoizedState?.current?.convertToPixel) return hook.memoizedState.current;
});
// A bar that still grows is not yet where it will be.
const still = holder => {
  if (!chart(holder).getZr().animation.isFinished()) throw new Error("the chart moves");
  return chart(holder);
};
const layer = holder => drawn(holder, "canvas", fiber =>
  fiber.memoizedProps?.layers?.find?.(each => each.id?.startsWith("scatter-layer")));
"""
_BAR = """(holder, name) => { ${_DRAWN}
  const bars = still(holder).getOption().series[0].data, index = bars.findIndex(bar => bar[0] === name);
  const [x, y] = chart(holder).convertToPixel({seriesIndex: 0}, [index, bars[index][1] / 2]);
  const box = holder.querySelector("[_echarts_instance_]").getBoundingClientRect();
  return [box.x + x, box.y + y];
}"""
_SLICE = """(holder, name) => { ${_DRAWN}
  const data = still(holder).getModel().getSeriesByIndex(0).getData();
  const {cx, cy, r0, r, startAngle, endAngle} = data.getItemLayout(data.indexOfName(name));
  const box = holder.querySelector("[_echarts_instance_]").getBoundingClientRect();
  const middle = (startAngle + endAngle) / 2, far = (r0 + r) / 2;
  return [box.x + cx + far * Math.cos(middle), box.y + cy + far * Math.sin(middle)];
}"""
_POINT = """(holder, place) => { ${_DRAWN}
  const [x, y] = layer(holder).context.viewport.project(place);
  const box = holder.querySelector("canvas").getBoundingClientRect();
  return [box.x + x, box.y + y];
}"""
_CLICK_ON_POINT = """(holder, place) => { ${_DRAWN}
  const {props, context} = layer(holder);
  const object = props.data.find(each => each.position[0] === place[0] && each.position[1] === place[1]);
  props.onClick({object, coordinate: place, viewport: context.viewport}, {leftButton: true});
}"""


class Dashboard:
    """One open page. `answers` has the last answer to each chart, by the chart's title."""

    def __init__(self, page: Page, address: str, titles: dict[int, str]) -> None:
        self.page, self.address, self.titles = page, address, titles
        self.answers: dict[str, Any] = {}
        self.wrong: list[str] = []
        self.unanswered: set[Request] = set()
        page.set_default_timeout(_SECONDS_TO_DRAW * 1000)
        page.on("response", self._keep)
        page.on("pageerror", lambda error: self.wrong.append(f"script: {error}"))
        page.on("request", self._note)
        page.on("requestfinished", self._forget)
        page.on("requestfailed", self._forget)

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
        # Charts outside the window are not loaded: a window as high as the page shows all.
        width = self.page.viewport_size["width"]
        self.page.set_viewport_size({"width": width, "height": _HEIGHT})
        expect(self.page.locator("[data-test=slice-header]")).to_have_count(charts)
        self.wait(charts)

    def wait(self, charts: int) -> None:
        """Until at least so many charts have an answer, none is loading, and half a second brings no further question."""
        limit = time.monotonic() + _SECONDS_TO_DRAW
        loading = self.page.locator(".dashboard-component-chart-holder .loading, [data-test=loading-indicator]")
        quiet = 0
        while time.monotonic() < limit:
            done = len(self.answers) >= charts and not self.unanswered and loading.count() == 0
            quiet = quiet + 1 if done else 0
            if quiet == 3:
                return
            self.page.wait_for_timeout(250)
        raise AssertionError(f"{len(self.answers)} of {charts} charts have data: {sorted(self.answers)}; {self.wrong}")

    def rows(self, title: str, query: int = 0) -> list[dict[str, Any]]:
        """The rows that a chart got, once it has them: how many charts a click asks again differs from click to click."""
        limit = time.monotonic() + _SECONDS_TO_DRAW
        while title not in self.answers:
            assert time.monotonic() < limit, f"no data for {title!r}, only for {sorted(self.answers)}; {self.wrong}"
            self.page.wait_for_timeout(100)
        return self.answers[title]["result"][query]["data"]

    def numbers(self, count: int) -> list[str]:
        """The big numbers as displayed, once there are this many: a number is drawn a moment after its data arrive."""
        expect(self.page.locator(".header-line")).to_have_count(count)
        return self.page.locator(".header-line").all_inner_texts()

    def chart(self, title: str) -> Locator:
        """The element of the chart with this title."""
        header = self.page.locator("[data-test=slice-header]").filter(has_text=title)
        return self.page.locator(".dashboard-component-chart-holder").filter(has=header)

    def click_bar(self, title: str, name: str) -> None:
        """The first series' bar above this name of the axis."""
        self._forget_and_click(*self._ask(_BAR, title, name))

    def click_slice(self, title: str, name: str) -> None:
        """A donut's slice."""
        self._forget_and_click(*self._ask(_SLICE, title, name))

    def on_map(self, title: str, place: tuple[float, float]) -> tuple[float, float]:
        """The pixel in the window at a longitude and latitude."""
        x, y = self._ask(_POINT, title, place)
        return x, y

    def click_point(self, title: str, place: tuple[float, float]) -> None:
        """Run the map's handler of a click on this airport, because headless deck.gl does not receive mouse clicks."""
        self.answers.clear()
        self._ask(_CLICK_ON_POINT, title, place)

    def resize(self, width: int) -> None:
        """Set the window to this width and to the height of its content, once every chart is inside it.

        Raises an AssertionError if one remains outside.
        """
        self.page.set_viewport_size({"width": width, "height": _HEIGHT})
        self.page.wait_for_timeout(1000)
        limit = time.monotonic() + _SECONDS_TO_DRAW
        while out := [box for box in self._boxes() if box["x"] < 0 or box["x"] + box["width"] > width]:
            assert time.monotonic() < limit, f"charts stand out of a page of {width} pixels: {out}"
            self.page.wait_for_timeout(250)
        bottom = max(box["y"] + box["height"] for box in self._boxes())
        self.page.set_viewport_size({"width": width, "height": int(bottom) + 24})
        self.page.wait_for_timeout(1500)

    def _boxes(self) -> list[FloatRect]:
        holders = self.page.locator(".dashboard-component-chart-holder").all()
        return [box for holder in holders if (box := holder.bounding_box())]

    def _ask(self, script: str, title: str, given: object) -> Any:
        """Repeat until there is a result: a chart is drawn, and stops moving, a moment after its data arrive."""
        limit = time.monotonic() + _SECONDS_TO_DRAW
        while True:
            try:
                return self.chart(title).evaluate(script.replace("${_DRAWN}", _DRAWN), given)
            except Error:
                if time.monotonic() > limit:
                    raise
            self.page.wait_for_timeout(100)

    def _forget_and_click(self, x: float, y: float) -> None:
        self.answers.clear()
        self.page.mouse.move(x, y)
        self.page.mouse.click(x, y)

    def _keep(self, response: Response) -> None:
        if response.status >= 400:
            said = f"{response.status} {response.url}"
            with suppress(Error):  # the page went on to another before it was read
                said += f": {response.text()[:300]}"
            self.wrong.append(said)
        asked = parse_qs(urlsplit(response.url).query).get("form_data")
        if "/api/v1/chart/data" in response.url and asked and response.status == 200:
            try:
                found = response.json()
            except Error:  # the page went on to another before it was read
                return
            errors = [result["error"] for result in found["result"] if result.get("error")]
            self.wrong += errors
            self.answers[self.titles[json.loads(asked[0])["slice_id"]]] = found

    def _forget(self, request: Request) -> None:
        self.unanswered.discard(request)

    def _note(self, request: Request) -> None:
        url = request.url
        if "/api/v1/chart/data" in url:
            self.unanswered.add(request)
        if not re.match(r"data:|blob:", url) and not url.startswith(self.address) and _STOPPED not in url:
            self.wrong.append(f"a foreign host: {url}")
