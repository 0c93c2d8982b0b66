"""The report as its reader has it: a file, a browser, no network.

Waiting is by `expect`: playwright's wait_for_function needs eval, which the page's own policy forbids.
"""

import itertools
import re
import subprocess
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import Browser, Page, expect, sync_playwright

from tarmac.report import Tables, render_report, write_report
from tests.support.disruptions import one_event, one_part, to_events, to_parts
from tests.support.machine import find, need
from tests.support.published_years import make_published, real_codes

pytestmark = [pytest.mark.browser, pytest.mark.slow]

PATIENCE = 90_000
"""Milliseconds: a busy machine may take long to start a browser, or to draw."""
expect.set_options(timeout=PATIENCE)

FLAGS = ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking", "--disable-sync"]


@pytest.fixture(scope="module")
def national(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A year of 340 airports, one of them unknown."""
    codes = [*real_codes(339), "QQ9"]
    out = tmp_path_factory.mktemp("report") / "report.html"
    write_report(render_report(Tables(published=make_published(codes)), years=[2009], generated_by="Tarmac test"), out)
    return out


@pytest.fixture(scope="module")
def regional(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A year of fourteen airports, one with a hostile name and one unknown: quick to open."""
    codes = [*real_codes(12), HOSTILE, "QQ9"]
    out = tmp_path_factory.mktemp("report") / "report.html"
    write_report(render_report(regional_tables(codes), years=[2009], generated_by="Tarmac test"), out)
    return out


HOSTILE = "<script>document.title='broken'</script>"


def regional_tables(codes: list[str]) -> Tables:
    """A storm of two days, and a disruption of a carrier with a hostile code; twelve more of one day each."""
    days = {"year": 2009, "start_date": date(2009, 2, 8), "end_date": date(2009, 2, 9), "worst_date": date(2009, 2, 8)}
    storm = one_event("ORD20090208", **days, worst_origin="ORD", scope="region", airports=2, excess_cancelled=900.0)
    carrier = one_event(f"{HOSTILE}20090303", year=2009, scope="carrier", carriers=HOSTILE, summary=HOSTILE)
    small = [
        one_event(f"SEA200904{day}", **(days | dict.fromkeys(("start_date", "end_date"), date(2009, 4, day))))
        for day in range(10, 22)
    ]
    parts = [
        one_part("origin", "ORD", event_id="ORD20090208", year=2009, share_of_excess=0.6),
        one_part("origin", "DEN", event_id="ORD20090208", year=2009, share_of_excess=0.4),
        *(one_part("op_carrier", code, event_id="ORD20090208", year=2009) for code in ("UA", HOSTILE)),
        *(one_part("hour", f"{hour:02}", event_id="ORD20090208", year=2009) for hour in range(5, 23)),
    ]
    carrier |= {"start_date": date(2009, 3, 3), "end_date": date(2009, 3, 3), "worst_date": date(2009, 3, 3)}
    days = make_published(["AA", "UA", HOSTILE]).drop("id").rename({"origin": "op_carrier"})
    return Tables(
        published=make_published(codes), events=to_events(storm, carrier, *small), parts=to_parts(*parts), carriers=days
    )


@pytest.fixture(scope="module")
def decade(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three years of one airport."""
    out = tmp_path_factory.mktemp("report") / "years.html"
    rows = make_published(["ABQ"], years=[2008, 2009, 2010])
    write_report(render_report(Tables(published=rows), years=[2008, 2009, 2010], generated_by="Tarmac test"), out)
    return out


@pytest.fixture(scope="session")
def poppler() -> tuple[str, str]:
    """Programs that read a PDF's words and draw its pages."""
    return need("poppler"), str(find("pdftoppm"))


@pytest.fixture(scope="module")
def browser(chromium: str) -> Iterator[Browser]:
    """One browser for the module; every test opens its own window."""
    with sync_playwright() as driver:
        running = driver.chromium.launch(
            executable_path=chromium, args=[*FLAGS, "--disable-component-update"], timeout=PATIENCE
        )
        yield running
        running.close()


class Window:
    """A page without a network, which scrolls at once and not smoothly, and what went wrong in it."""

    def __init__(self, browser: Browser, width: int, **options: object) -> None:
        # A place on the screen that was asked for in the middle of a smooth scroll is another when the mouse comes there.
        self.context = browser.new_context(
            viewport={"width": width, "height": 900}, offline=True, reduced_motion="reduce", **options
        )
        self.context.set_default_timeout(PATIENCE)
        self.page: Page = self.context.new_page()
        self.errors: list[str] = []
        self.fetched: list[str] = []
        self.page.on(
            "console", lambda said: self.errors.append(said.text) if said.type in {"error", "warning"} else None
        )
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))
        self.page.on("request", lambda asked: self.fetched.append(asked.url))

    def show(self, file: Path, anchor: str = "") -> Page:
        self.page.goto(f"{file.as_uri()}{anchor}")
        self.page.wait_for_selector("html[data-ready]")
        return self.page


@pytest.fixture
def window(browser: Browser) -> Iterator[Window]:
    """A wide window."""
    opened = Window(browser, 1440)
    yield opened
    opened.context.close()


@pytest.fixture(scope="module")
def opened(browser: Browser, regional: Path) -> Iterator[Window]:
    """The fourteen airports in a window that several tests use, each its own part of the page."""
    shared = Window(browser, 1440)
    shared.show(regional)
    yield shared
    shared.context.close()


@pytest.fixture
def phone(browser: Browser) -> Iterator[Window]:
    """A window 390 pixels wide, with touch."""
    opened = Window(browser, 390, is_mobile=True, has_touch=True)
    yield opened
    opened.context.close()


def test_a_national_year_is_one_file_under_ten_megabytes(national: Path):
    """The contract's bound; what we aim at is five."""
    assert national.stat().st_size < 5_000_000


def test_the_report_draws_without_errors_and_without_a_network(window: Window, national: Path):
    """Calendar, map and series are there; nothing but the file itself was asked for."""
    page = window.show(national)
    assert page.locator("#months button").count() == 365
    assert page.locator("#map-chart .points path").count() > 330
    assert page.locator("#airport-series .scatterlayer path.js-line").count() >= 2
    assert page.locator("#airport-series .barlayer path").count() > 100
    assert page.locator("#worst-table tbody tr").count() == 20
    assert page.title() == "US flight disruptions 2009"
    assert window.errors == []
    assert [url for url in window.fetched if not url.startswith(("file:", "data:", "blob:"))] == []


def test_a_disruption_opens_its_parts_and_its_days_on_the_map(opened: Window):
    """By the keyboard, as by a click; every day of it has its picture."""
    page = opened.page
    row = page.locator(".story").first
    row.locator("summary").focus()
    page.keyboard.press("Enter")
    expect(row.locator(".panel h4")).to_have_text(
        ["On the map: Sunday, February 8, 2009", "Hours of scheduled departure", "Carriers", "Airports"]
    )
    assert row.locator(".story-map circle.own").count() == 2
    assert row.locator(".hour").count() == 18
    before = row.locator(".story-map svg").get_attribute("aria-label")
    row.locator(".choice button", has_text="Feb 9").click()
    expect(row.locator(".choice button", has_text="Feb 9")).to_have_attribute("aria-pressed", "true")
    assert row.locator(".story-map svg").get_attribute("aria-label") != before
    page.keyboard.press("Escape")
    row.locator("summary").click()
    assert opened.errors == []


def test_disruptions_are_ordered_and_the_rest_is_shown_on_request(opened: Window):
    """Ten at first; what was lost orders them, or the date."""
    page = opened.page
    rows = page.locator(".story")
    assert rows.count() == 10
    page.locator("#stories-more").click()
    expect(rows).to_have_count(14)
    page.locator("#stories-order button", has_text="Date").click()
    expect(rows.first.locator(".who b")).to_have_text("Chicago (ORD) and 1 more airport")
    expect(rows.nth(1).locator(".who b")).to_have_text(HOSTILE)
    page.locator("#stories-order button", has_text="Most lost").click()
    assert page.title() == "US flight disruptions 2009"


def test_an_address_with_a_disruption_opens_it(window: Window, regional: Path):
    """Also one that the first ten do not show."""
    page = window.show(regional, "#SEA20090421")
    expect(page.locator(".story[open]")).to_have_id("story-SEA20090421")
    assert window.errors == []


def test_a_carrier_opens_from_its_table_and_by_its_name(opened: Window):
    """As airports do: address, title, series, disruptions."""
    page = opened.page
    assert page.locator("#carrier-list tbody tr").count() == 3
    page.locator("#carrier-list a", has_text="UA").click()
    expect(page.locator("#carrier-title")).to_have_text("United (UA)")
    expect(page).to_have_url(re.compile("#carrier-UA$"))
    expect(page.locator("#carrier-title")).to_be_focused()
    assert page.locator("#carrier-series .scatterlayer path.js-line").count() >= 2
    page.locator("#carrier-search").fill("<script")
    page.keyboard.press("Enter")
    expect(page.locator("#carrier-title")).to_have_text(HOSTILE)
    expect(page.locator("#carrier-stories")).to_have_text(f"1 disruption: {HOSTILE} (Mar 3, 2009).")
    expect(page.locator("#carrier-title")).to_be_focused()
    assert page.title() == "US flight disruptions 2009"
    assert opened.errors == []


def test_the_worst_days_are_those_that_lost_most(browser: Browser, regional: Path):
    """With what is usual beside what was, and the score."""
    opened = Window(browser, 1440)
    page = opened.show(regional)
    cells = page.locator("#worst-table [data-label='Lost flights']").all_inner_texts()
    lost = [int(text.split("\n")[0].replace(",", "")) for text in cells]
    assert lost == sorted(lost, reverse=True)
    assert "usually" in page.locator("#worst-table [data-label='Cancelled']").first.inner_text()
    assert page.locator("#worst-table [data-label='Severity']").first.inner_text() in "12345"
    assert page.locator("#worst-table [data-label='Expected']").count() == 0
    opened.context.close()


def test_typing_a_code_shows_the_airport(opened: Window):
    """Type, Enter: the section, the address and the focus follow."""
    page = opened.page
    page.locator("#airport-search").fill("")
    page.locator("#airport-search").press_sequentially("jfk")
    page.keyboard.press("Enter")
    expect(page.locator("#airport-title")).to_be_focused()
    assert page.locator("#airport-title").inner_text() == "New York (JFK)"
    assert page.evaluate("location.hash") == "#JFK"


def test_typing_a_city_finds_its_airports(opened: Window):
    """Arrow keys move in the list; Escape closes it."""
    page = opened.page
    page.locator("#airport-search").fill("new")
    assert page.locator("#airport-found [role=option]").first.inner_text().startswith("JFK")
    page.keyboard.press("ArrowDown")
    assert page.locator("#airport-found [aria-selected=true]").get_attribute("id") == "airport-found-1"
    page.keyboard.press("Escape")
    assert page.locator("#airport-found").is_hidden()


def test_an_address_with_a_code_opens_that_airport(window: Window, regional: Path):
    """Links to airports can be shared; going back returns to the one before."""
    page = window.show(regional, "#LAX")
    assert page.locator("#airport-title").inner_text() == "Los Angeles (LAX)"
    page.evaluate("location.hash = '#SEA'")
    expect(page.locator("#airport-title")).to_have_text("Seattle (SEA)")
    page.go_back()
    expect(page.locator("#airport-title")).to_have_text("Los Angeles (LAX)")


def test_a_hostile_name_is_shown_as_text(opened: Window):
    """In the title, in the list and in the chart's labels."""
    page = opened.page
    page.locator("#airport-search").fill("<script>")
    page.keyboard.press("Enter")
    expect(page.locator("#airport-title")).to_have_text(HOSTILE)
    assert page.title() == "US flight disruptions 2009"
    assert opened.errors == []


def test_a_day_of_the_calendar_lists_its_airports_by_click_and_by_keys(opened: Window):
    """Arrow right is the next day; one tab stop holds the whole calendar."""
    page = opened.page
    page.locator("[data-day='40']").click()
    assert page.locator("#day h3").inner_text() == "Tuesday, February 10, 2009"
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowDown")
    assert page.locator("#day h3").inner_text() == "Wednesday, February 18, 2009"
    assert page.locator("#months [tabindex='0']").count() == 1


def test_the_worst_days_sort_and_filter(opened: Window):
    """A second click on a column turns the order; the direction filter keeps one side."""
    page = opened.page
    flights = page.locator("#worst-table [data-label='Flights']")
    page.locator("#worst-table [data-sort=flights]").click()
    shown = [int(text.replace(",", "")) for text in flights.all_inner_texts()]
    assert shown == sorted(shown, reverse=True)
    page.locator("#worst-table [data-sort=flights]").click()
    assert int(flights.first.inner_text()) <= min(shown)
    page.locator("#worst-filter button", has_text="Low").click()
    assert {text.strip() for text in page.locator("#worst-table [data-label='Direction']").all_inner_texts()} == {
        "▼ Low"
    }


def test_a_click_on_the_map_opens_the_airport(opened: Window):
    """The map is a way into the airport's section."""
    page = opened.page
    page.evaluate("history.replaceState(null, '', location.pathname); document.activeElement.blur()")
    page.locator("#map-chart").scroll_into_view_if_needed()
    dot = page.locator("#map-chart .points path").first.bounding_box()
    assert dot is not None
    page.mouse.move(dot["x"] + dot["width"] / 2, dot["y"] + dot["height"] / 2)
    page.wait_for_selector("#map-chart .hovertext")
    page.mouse.down()
    page.mouse.up()
    expect(page).to_have_url(re.compile("#[A-Z]{3}$"))
    # The page follows its address a little later, and would take the focus from the next test's typing.
    expect(page.locator("#airport-title")).to_be_focused()


def test_the_charts_offer_no_button_that_sends_data_away(opened: Window):
    """plotly's own set of buttons holds one for its maker's cloud."""
    page = opened.page
    names = page.locator(".modebar-btn").evaluate_all("all => all.map(one => one.dataset.title)")
    assert set(names) == {"Zoom", "Pan", "Zoom in", "Zoom out", "Reset axes"}


def test_nothing_is_wider_than_a_phone(phone: Window, national: Path):
    """At 390 pixels the page does not scroll sideways."""
    page = phone.show(national, "#JFK")
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    page.locator("#airport-search").fill("a")
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    assert phone.errors == []


def test_several_years_are_chosen_in_a_list(window: Window, decade: Path):
    """All years first, as strips; a chosen year has its calendar and its own figures."""
    page = window.show(decade)
    assert page.locator(".strip").count() == 3
    page.locator("#years").select_option("2009")
    assert page.locator("#months button").count() == 365
    assert "365 airport-days scored" in page.locator("[data-tile=share]").inner_text()
    assert window.errors == []


def test_without_scripts_the_headline_and_figures_still_show(browser: Browser, national: Path):
    """The note says why there are no charts."""
    context = browser.new_context(java_script_enabled=False, offline=True)
    context.set_default_timeout(PATIENCE)
    page = context.new_page()
    page.goto(national.as_uri())
    assert page.locator("#headline").inner_text().startswith("In 2009, 340 airports had")
    assert (
        page.locator("main noscript").inner_text().startswith("The calendar, the map and the charts need JavaScript.")
    )
    context.close()


def test_a_page_that_the_browser_saved_is_the_report_again(window: Window, regional: Path, tmp_path: Path):
    """Saved as a complete page: what the browser writes is the page as it stands, with all that was drawn."""
    page = window.show(regional, "#LAX")
    saved = tmp_path / "saved.html"
    saved.write_text(page.content(), encoding="utf-8")
    assert saved.stat().st_size < 1.5 * regional.stat().st_size
    page.goto(saved.as_uri())
    expect(page.locator("#map-chart .svg-container")).to_have_count(1)
    expect(page.locator("#airport-series .scatterlayer path.js-line").first).to_be_visible()
    page.locator("[data-day='40']").click()
    assert page.locator("#day h3").inner_text() == "Tuesday, February 10, 2009"
    expect(page.locator("#airport-series .svg-container")).to_have_count(1)
    page.locator("#airport-search").fill("sea")
    page.keyboard.press("Enter")
    expect(page.locator("#airport-title")).to_have_text("Seattle (SEA)")
    again = tmp_path / "again.html"
    again.write_text(page.content(), encoding="utf-8")
    page.goto(again.as_uri())
    expect(page.locator("#airport-series .scatterlayer path.js-line").first).to_be_visible()
    assert page.locator("#months button").count() == 365
    assert window.errors == []


MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]


def words_of(pdf: Path, program: str) -> list[tuple[int, str, float, float, float]]:
    """Page, text, left and right end, and the page's width, of every word in the file."""
    listed = subprocess.run([program, "-bbox", str(pdf), "-"], capture_output=True, text=True, check=True).stdout
    words, number, width = [], 0, 0.0
    for line in listed.splitlines():
        if page := re.search(r'<page width="([\d.]+)"', line):
            number, width = number + 1, float(page[1])
        elif word := re.search(r'xMin="([\d.-]+)".* xMax="([\d.-]+)".*>(.*)</word>', line):
            words.append((number, word[3], float(word[1]), float(word[2]), width))
    return words


@pytest.mark.parametrize(
    ("paper", "landscape", "dark"),
    [
        ("A4", False, False),
        ("Letter", True, True),
        *(
            pytest.param(*each, marks=pytest.mark.nightly)
            for each in itertools.product(["A4", "Letter"], [False, True], [False, True])
            if each not in {("A4", False, False), ("Letter", True, True)}
        ),
    ],
)
def test_print_shows_the_whole_year_within_the_page(
    poppler: tuple[str, str],
    browser: Browser,
    regional: Path,
    tmp_path: Path,
    paper: str,
    landscape: bool,
    dark: bool,
):
    """From a window of 1,440 pixels: December is there, nothing reaches into the margin, and the screen is as before."""
    program, painter = poppler
    opened = Window(browser, 1440, color_scheme="dark" if dark else "light")
    page = opened.show(regional)
    before = page.locator("#airport-series .main-svg").first.get_attribute("width") or ""
    pdf = tmp_path / "report.pdf"
    page.pdf(
        path=pdf, format=paper, landscape=landscape, margin=dict.fromkeys(("top", "right", "bottom", "left"), "12mm")
    )
    expect(page.locator("#airport-series .main-svg").first).to_have_attribute("width", before)
    opened.context.close()
    words = words_of(pdf, program)
    assert all(left > 25 and right < width - 25 for _, _, left, right, width in words)
    chart = max(number for number, text, *_ in words if text == "Dec")
    axis = [text for number, text, *_ in words if number == chart and text in MONTHS]
    assert [month for month in MONTHS if month in axis] == MONTHS
    subprocess.run([painter, "-r", "40", "-png", str(pdf), str(tmp_path / "page")], check=True)
    for picture in sorted(tmp_path.glob("page-*.png")):
        with Image.open(picture) as sheet:
            grey = sheet.convert("L")
        edge = round(9 / 25.4 * 40)
        right = grey.crop((grey.width - edge, 0, grey.width, grey.height))
        assert right.getextrema()[0] > 250, f"{picture.name}: something is cut at the right"
        assert sum(grey.histogram()[:128]) < 0.5 * grey.width * grey.height, f"{picture.name} is dark"


@pytest.mark.parametrize("width", [1440, 390])
def test_no_code_is_broken_and_no_region_is_cut(browser: Browser, tmp_path: Path, width: int):
    """MDW is three wide letters, and Puerto Rico lies at the map's edge."""
    file = tmp_path / "report.html"
    codes = ["MDW", "MMH", "SJU", "STT", "HNL", "ANC", "ATL", "SEA", "BOS", "MIA", "GUM", "PPG"]
    write_report(render_report(Tables(published=make_published(codes)), years=[2009], generated_by="Tarmac test"), file)
    opened = Window(browser, width)
    page = opened.show(file)
    heights = page.locator("#ranking .list a, #day .list a").evaluate_all(
        "all => all.map(one => one.getClientRects().length)"
    )
    assert set(heights) == {1}
    cut = page.locator("#map-chart").evaluate(
        "chart => { const box = chart.getBoundingClientRect(); return [...chart.querySelectorAll('.annotation text')]"
        ".map(text => [text.textContent, text.getBoundingClientRect()])"
        ".filter(([, own]) => own.left < box.left - 1 || own.right > box.right + 1).map(([name]) => name); }"
    )
    assert cut == []
    opened.context.close()
