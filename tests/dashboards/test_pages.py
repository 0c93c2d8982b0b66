"""The dashboards as their readers have them: in a browser, every chart drawn, every number the warehouse's own."""

import json
import math
import re
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from functools import cache
from html import unescape
from pathlib import Path
from typing import Any

import psycopg
import pytest
from playwright.sync_api import Browser, expect

from tests.support.dashboard_page import Dashboard
from tests.support.disrupted_year import HOSTILE
from tests.support.superset_api import User

pytestmark = [pytest.mark.browser, pytest.mark.slow]

CHARTS = {"delays": 8, "retrasos": 8, "disruptions": 15, "carriers": 13, "airports": 14}
DAYS = "agg_dep_delay_by_date"
MAP = "Where: flights lost by airport"
RANKED = "Where: ten airports that lost most flights"
SHOWN = "The airport shown below: the chosen one, else the one that lost most flights"
CAUSES = "Why: hours of arrival delay by cause and month"
TOLD = "What happened: disruptions, those that lost most flights first"


Windows = Callable[[], AbstractContextManager[Callable[..., Dashboard]]]


@pytest.fixture(scope="module")
def titles(admin: User) -> dict[int, str]:
    return {chart["id"]: chart["slice_name"] for chart in admin.get("/api/v1/chart/?q=(page_size:100)")["result"]}


@pytest.fixture(scope="module")
def state(superset: Any, browser: Browser, titles: dict[int, str]) -> dict[str, Any]:
    """The cookies of the analyst, logged in by the form."""
    context = browser.new_context()
    Dashboard(context.new_page(), superset.address, titles).log_in("analyst", superset.passwords["analyst"])
    cookies = context.storage_state()
    context.close()
    return cookies


@pytest.fixture(scope="module")
def windows(superset: Any, browser: Browser, titles: dict[int, str], state: dict[str, Any]) -> Windows:
    """What opens dashboards, each in a window of its own, and waits until they are drawn; all are closed at its end."""

    @contextmanager
    def opening() -> Iterator[Callable[..., Dashboard]]:
        with ExitStack() as windows:

            def open_one(slug: str, query: str = "") -> Dashboard:
                context = browser.new_context(viewport={"width": 1440, "height": 1000}, storage_state=state)
                windows.callback(context.close)
                dashboard = Dashboard(context.new_page(), superset.address, titles)
                dashboard.open(f"/superset/dashboard/{slug}/{query}", CHARTS[slug])
                return dashboard

            yield open_one

    return opening


@pytest.fixture
def show(windows: Windows) -> Iterator[Callable[..., Dashboard]]:
    """Opens a dashboard for one test: a page that is left open goes on drawing beside all others."""
    with windows() as opener:
        yield opener


@pytest.fixture(scope="module")
def opened(
    windows: Windows,
) -> Iterator[Callable[[str], Dashboard]]:
    """Each dashboard as it opens, once, for tests that only look."""
    with windows() as opener:
        yield cache(opener)


@pytest.fixture
def delays(opened: Callable[[str], Dashboard]) -> Dashboard:
    return opened("delays")


@pytest.fixture
def disruptions(opened: Callable[[str], Dashboard]) -> Dashboard:
    return opened("disruptions")


@pytest.fixture
def carriers(opened: Callable[[str], Dashboard]) -> Dashboard:
    return opened("carriers")


@pytest.fixture
def airports(opened: Callable[[str], Dashboard]) -> Dashboard:
    return opened("airports")


def ask(owner: psycopg.Connection, sql: str) -> list[tuple[Any, ...]]:
    return owner.execute(sql).fetchall()


def values(rows: list[dict[str, Any]]) -> list[tuple[Any, ...]]:
    return [tuple(row.values()) for row in rows]


def close(found: list[tuple[Any, ...]], wanted: list[tuple[Any, ...]]) -> bool:
    """The same rows in any order, figures to a millionth."""

    def plain(rows: list[tuple[Any, ...]]) -> list[tuple[str, ...]]:
        return sorted(tuple(v if isinstance(v, str) else f"{float(v):.6f}" for v in row) for row in rows)

    return plain(found) == plain(wanted)


@pytest.mark.parametrize("slug", CHARTS)
def test_every_chart_draws_without_an_error(opened: Callable[[str], Dashboard], slug: str, tmp_path: Path) -> None:
    """Every chart has rows; nothing fails, asks a foreign host or stands out of the page, wide or narrow."""
    page = opened(slug)
    assert all(any(result["data"] for result in answer["result"]) for answer in page.answers.values())
    for width in (1024, 1440):
        page.resize(width)
        assert page.wrong == []
        assert page.page.locator("[data-test=error-alert], .ant-alert-error").count() == 0
        picture = page.page.screenshot(path=tmp_path / f"{slug}-{width}.png")
        assert len(picture) > 40_000  # an empty page of this size is a tenth of that


def test_the_big_numbers_are_the_warehouses(delays: Dashboard, owner: psycopg.Connection) -> None:
    """Airport-days and the two detectors' anomalies, as the page writes them."""
    shown = [text.replace(",", "") for text in delays.numbers(3)]
    wanted = ask(owner, f"SELECT count(*), sum(anomaly_if), sum(anomaly_arima) FROM {DAYS}")[0]
    assert shown == [str(number) for number in wanted]


def test_the_donut_counts_agreement(delays: Dashboard, owner: psycopg.Connection) -> None:
    """By both, by one, by the other."""
    wanted = ask(
        owner,
        f"""
        SELECT 'Both', count(*) FROM {DAYS} WHERE anomaly_if = 1 AND anomaly_arima = 1
        UNION ALL SELECT 'Isolation Forest alone', count(*) FROM {DAYS} WHERE anomaly_if = 1 AND anomaly_arima = 0
        UNION ALL SELECT 'ARIMA alone', count(*) FROM {DAYS} WHERE anomaly_if = 0 AND anomaly_arima = 1
        """,
    )
    rows = delays.rows("Do the two detectors agree?")
    assert close([(row["agreement"], row["Airport-days"]) for row in rows], wanted)


def test_the_means_by_year_and_origin_are_the_warehouses(delays: Dashboard, owner: psycopg.Connection) -> None:
    """Every origin in every year."""
    rows = delays.rows("Mean departure delay by year and origin (minutes)")
    query = f"SELECT origin, extract(year FROM fl_date)::int, avg(mean_dep_delay)::float8 FROM {DAYS} GROUP BY 1, 2"
    assert close([(row["Origin"], row["Year"], row["Mean delay"]) for row in rows], ask(owner, query))


@pytest.mark.parametrize(
    ("title", "value"),
    [
        ("Ten origins with the longest mean delay (minutes)", "avg(mean_dep_delay)::float8"),
        ("Ten origins with most anomalies by Isolation Forest", "sum(anomaly_if)"),
        ("Ten origins with most anomalies by ARIMA", "sum(anomaly_arima)"),
    ],
)
def test_the_rankings_are_the_warehouses(delays: Dashboard, owner: psycopg.Connection, title: str, value: str) -> None:
    """The ten largest values, each at its own origin; equal ones may stand for each other."""
    by_origin = dict(ask(owner, f"SELECT origin, {value} FROM {DAYS} GROUP BY 1"))
    found = dict(values(delays.rows(title)))
    assert sorted(found.values()) == pytest.approx(sorted(map(float, by_origin.values()))[-10:])
    assert found == pytest.approx({origin: float(by_origin[origin]) for origin in found})


def test_the_spanish_page_has_the_same_numbers(opened: Callable[[str], Dashboard]) -> None:
    """Chart by chart."""
    delays, spanish = opened("delays"), opened("retrasos")
    assert "Retrasos de salida en EE. UU." in spanish.page.title()

    def numbers(page: Dashboard) -> list[list[Any]]:
        rows = [result["data"] for answer in page.answers.values() for result in answer["result"]]
        return sorted([sorted(str(v) for row in each for v in row.values() if not isinstance(v, str)) for each in rows])

    assert numbers(spanish) == numbers(delays)


def test_the_disruptions_figures_are_the_warehouses(disruptions: Dashboard, owner: psycopg.Connection) -> None:
    """How many, what they lost, and how many are severe."""
    shown = [int(text.replace(",", "")) for text in disruptions.numbers(4)]
    sums = "count(*), sum(excess_cancelled), sum(excess_delay_minutes) / 60, count(*) FILTER (WHERE severity >= 4)"
    (wanted,) = ask(owner, f"SELECT {sums} FROM disruption_events")
    assert shown == [round(number) for number in wanted]


def test_each_disruption_is_told_with_who_why_and_how_badly(disruptions: Dashboard, owner: psycopg.Connection) -> None:
    """Every event of the warehouse, with its sentence and its figures; the first has lost most."""
    names = ("summary", "severity", "Cancelled", "Hours")
    found = [tuple(row[name] for name in names) for row in disruptions.rows(TOLD)]
    wanted = ask(owner, "SELECT summary, severity, excess_cancelled, excess_delay_minutes / 60 FROM disruption_events")
    assert close(found, wanted)
    lost = [cancelled + max(hours, 0) / 5 for _, _, cancelled, hours in found]
    assert lost[0] == pytest.approx(max(lost))
    causes = {row["cause_shown"] for row in disruptions.rows(TOLD)}
    assert causes <= {"Carrier", "Weather", "National air system", "Security", "Not stated"}
    assert len(causes) > 1


@pytest.mark.parametrize(
    ("title", "dimension"),
    [
        ("Who: carriers", "op_carrier"),
        ("Where: airports of departure", "origin"),
        ("Where to: destinations", "dest"),
        ("At what time: hour of the scheduled departure", "hour"),
    ],
)
def test_the_parts_are_shares_of_what_was_lost(
    disruptions: Dashboard, owner: psycopg.Connection, title: str, dimension: str
) -> None:
    """The largest value's share of the flights lost, beside its share of all flights."""
    lost = "sum(excess_cancelled + excess_delay_minutes / 300)"
    query = f"""
        SELECT {lost} / sum({lost}) OVER (), (sum(flights) / sum(sum(flights)) OVER ())::float8
        FROM disruption_parts WHERE dimension = '{dimension}' GROUP BY value ORDER BY 1 DESC LIMIT 1
    """
    first = max(disruptions.rows(title), key=lambda row: row["Share of flights lost"])
    assert close([(first["Share of flights lost"], first["Share of all flights"])], ask(owner, query))


def test_a_click_on_a_disruption_leaves_its_parts(show: Callable[..., Dashboard], owner: psycopg.Connection) -> None:
    """A cell of the first row: the charts below are of that disruption alone; the table keeps all."""
    page = show("disruptions")
    first = page.rows(TOLD)[0]
    page.answers.clear()
    page.chart(TOLD).locator("td").filter(has_text=first["summary"][:40]).first.click()
    page.wait(CHARTS["disruptions"] - 1)
    parts = "disruption_events JOIN disruption_parts USING (event_id)"
    query = f"SELECT count(*) FROM {parts} WHERE dimension = 'hour' AND summary = %s"
    hours = owner.execute(query, [first["summary"]]).fetchone()[0]
    assert len(page.rows("At what time: hour of the scheduled departure")) == hours
    assert page.rows("Disruptions")[0]["Disruptions"] == 1
    assert page.wrong == []


def test_the_carriers_are_the_warehouses(carriers: Dashboard, owner: psycopg.Connection) -> None:
    """Each with its flights, flagged days, worst severity and flights lost."""
    rows = carriers.rows("All carriers, and the causes that they gave for what they cancelled")
    found = [tuple(row[name] for name in ("Flights", "Flagged days", "Worst severity", "Flights lost")) for row in rows]
    sums = "sum(flights), sum(anomaly), max(severity), sum(lost_flights)"
    assert close(found, ask(owner, f"SELECT {sums} FROM carrier_days GROUP BY op_carrier"))


def test_a_carriers_hostile_code_is_no_markup_on_any_page(
    disruptions: Dashboard, carriers: Dashboard, owner: psycopg.Connection
) -> None:
    """It is a carrier with flights and with a disruption of its own; pages show its letters, and question marks."""
    query = "SELECT count(*) > 0 FROM disruption_events WHERE position(%s IN carriers) > 0"
    assert owner.execute(query, [HOSTILE]).fetchone() == (True,)
    for page in (disruptions, carriers):
        assert page.page.locator("img[src=x]").count() == 0
        shown = json.dumps(page.answers)
        assert "onerror" not in shown
        assert "?img src?x" in shown


def test_the_map_has_every_airport_at_its_place(airports: Dashboard, owner: psycopg.Connection) -> None:
    """With the flights that it lost as its size."""
    query = (
        f"SELECT longitude, latitude, round(sum(lost_flights)) FROM {DAYS} JOIN airports USING (origin) GROUP BY 1, 2"
    )
    rows = airports.rows(MAP)
    found = [(row["longitude"], row["latitude"], row["Flights lost"]) for row in rows]
    assert close(found, ask(owner, query))


def test_the_land_under_the_map_is_superset_own(superset: Any, admin: User) -> None:
    """A tile over Kansas is land, one over the Atlantic is not, and none is asked for beyond the grid."""
    land, sea, beyond = (
        admin.session.get(f"{superset.address}/tarmac/land/{tile}.png", timeout=60)
        for tile in ("5/7/12", "5/12/12", "5/7/99")
    )
    assert land.headers["Content-Type"] == sea.headers["Content-Type"] == "image/png"
    assert len(land.content) > len(sea.content)
    assert beyond.status_code == 404


def test_the_calendar_counts_airports_by_day(airports: Dashboard, owner: psycopg.Connection) -> None:
    """One cell a day."""
    found = sorted(row["Airports flagged"] for row in airports.rows("When: airports flagged on each day"))
    assert found == sorted(row[0] for row in ask(owner, f"SELECT sum(anomaly) FROM {DAYS} GROUP BY fl_date"))


@pytest.mark.parametrize(
    ("slug", "table", "column", "shown"),
    [
        ("airports", DAYS, "origin", "origin"),
        ("carriers", "carrier_days", "op_carrier", "carrier"),
    ],
)
def test_without_a_choice_the_one_that_lost_most_is_shown(
    opened: Callable[[str], Dashboard], owner: psycopg.Connection, slug: str, table: str, column: str, shown: str
) -> None:
    """Its own days, not a mean over all."""
    page = opened(slug)
    order = "ORDER BY sum(lost_flights) DESC, 1 LIMIT 1"
    worst = ask(owner, f"SELECT {column} FROM {table} GROUP BY 1 {order}")[0][0]
    title = SHOWN if slug == "airports" else SHOWN.replace("airport", "carrier")
    assert [row[shown] for row in page.rows(title)] == [worst]
    rows = page.rows("Mean departure delay, what was expected, and the flagged days")
    found = [(row["Delay"], row["Expected__yhat_lower"], row["Expected__yhat_upper"]) for row in rows]
    days = owner.execute(f"SELECT mean_dep_delay, lower, upper FROM {table} WHERE {column} = %s", [worst]).fetchall()
    assert close([row for row in found if None not in row], [row for row in days if None not in row])


def test_causes_are_hours_by_month(airports: Dashboard, owner: psycopg.Connection) -> None:
    """Five causes, one sum a month."""
    rows = airports.rows(CAUSES)
    sums = "sum(carrier_delay)/60, sum(weather_delay)/60, sum(nas_delay)/60, sum(security_delay)/60, sum(late_aircraft_delay)/60"
    wanted = ask(owner, f"SELECT {sums} FROM {DAYS} GROUP BY date_trunc('month', fl_date)")
    names = ("Carrier", "Weather", "National air system", "Security", "Late aircraft")
    assert close([tuple(row[name] for name in names) for row in rows], wanted)


def test_detectors_stand_side_by_side(airports: Dashboard, owner: psycopg.Connection) -> None:
    """Each with what it scored and flagged."""
    rows = airports.rows("Detectors side by side: how much each flags")
    found = {row["detector_name"]: (row["Scored"], row["Flagged"]) for row in rows}
    names = {"arima": "ARIMA", "isolation_forest": "Isolation Forest", "disruption": "Disruption"}
    wanted = ask(owner, "SELECT detector, count(score), count(*) FILTER (WHERE flag) FROM anomaly_scores GROUP BY 1")
    assert found == {names[detector]: (scored, flagged) for detector, scored, flagged in wanted}


def test_a_link_opens_the_page_of_what_it_names(show: Callable[..., Dashboard], owner: psycopg.Connection) -> None:
    """The filter is set and every chart that knows airports obeys it."""
    link = show("airports").rows("The worst days, by flights lost")[0]["airport_link"]
    worst = link.partition(">")[2].removesuffix("</a>")
    # Opened by its address: a click in headless Chromium was not followed each time.
    page = show("airports", query="?" + unescape(link.partition("?")[2].partition('"')[0]))
    assert page.wrong == []
    assert [row["origin"] for row in page.rows(SHOWN)] == [worst]
    assert len(page.rows(MAP)) == 1
    flagged = ask(owner, f"SELECT sum(anomaly) FROM {DAYS} WHERE origin = '{worst}'")[0][0]
    assert page.rows("Flagged days")[0]["Flagged days"] == flagged


def test_a_click_on_a_bar_filters_the_other_charts(show: Callable[..., Dashboard], owner: psycopg.Connection) -> None:
    """An airport's bar leaves that airport, on the map and below, until the next click; a month's bar that month.

    A cell of the table of detectors leaves that detector.
    """
    page = show("airports")
    others = CHARTS["airports"] - 1
    origin = values(page.rows(RANKED))[3][0]
    page.click_bar(RANKED, origin)
    page.wait(others)
    assert [row["origin"] for row in page.rows(MAP)] == [row["origin"] for row in page.rows(SHOWN)] == [origin]
    flagged = ask(owner, f"SELECT sum(anomaly) FROM {DAYS} WHERE origin = '{origin}'")[0][0]
    assert page.rows("Flagged days")[0]["Flagged days"] == flagged
    page.click_bar(RANKED, origin)
    page.wait(others)
    page.click_bar(CAUSES, "2008-06")
    page.wait(others)
    in_june = ask(owner, f"SELECT sum(anomaly) FROM {DAYS} WHERE fl_date BETWEEN '2008-06-01' AND '2008-06-30'")[0][0]
    assert page.rows("Flagged days")[0]["Flagged days"] == in_june
    page.click_bar(CAUSES, "2008-06")
    page.wait(others)
    months = "Detectors side by side: airport-days flagged in each month"
    del page.answers[months]
    page.page.locator("td").filter(has_text=re.compile("^ARIMA$")).click()
    assert set(page.rows(months)[0]) == {"fl_date", "ARIMA"}
    assert page.wrong == []


def test_bars_and_slices_of_the_delays_filter_too(show: Callable[..., Dashboard], owner: psycopg.Connection) -> None:
    """An origin's bar, and with it the days on which both detectors agree."""
    page = show("delays")
    longest, agreement = "Ten origins with the longest mean delay (minutes)", "Do the two detectors agree?"
    origin = page.rows(longest)[4]["origin"]
    page.click_bar(longest, origin)
    page.wait(CHARTS["delays"] - 1)
    days = f"SELECT count(*) FROM {DAYS} WHERE origin = '{origin}'"
    assert page.rows("Airport-days")[0]["Airport-days"] == ask(owner, days)[0][0]
    page.click_slice(agreement, "Both")
    page.wait(CHARTS["delays"] - 1)
    both = ask(owner, f"{days} AND anomaly_if = 1 AND anomaly_arima = 1")[0][0]
    assert page.rows("Airport-days")[0]["Airport-days"] == both
    assert page.wrong == []


def test_the_map_names_the_airport_under_the_mouse(airports: Dashboard) -> None:
    """Its code, name and flights lost rather than coordinates."""
    canvas = airports.chart(MAP).locator("canvas").bounding_box()
    at = {row["origin"]: airports.on_map(MAP, (row["longitude"], row["latitude"])) for row in airports.rows(MAP)}

    def alone(row: dict[str, Any]) -> float:
        x, y = at[row["origin"]]
        seen = canvas["x"] < x < canvas["x"] + canvas["width"] and canvas["y"] < y < canvas["y"] + canvas["height"]
        return seen * row["Flights lost"] and min(
            math.dist((x, y), at[other]) for other in at if other != row["origin"]
        )

    lonely = max(airports.rows(MAP), key=alone)
    x, y = at[lonely["origin"]]
    airports.page.mouse.move(x - 60, y - 60)
    airports.page.mouse.move(x, y, steps=6)
    told = airports.page.locator(".deckgl-tooltip")
    expect(told).to_contain_text(f"Airport: {lonely['origin']}")
    expect(told).to_contain_text(f"Name: {lonely['name']}")
    expect(told).to_contain_text(f"Flights lost: {lonely['Flights lost']:.0f}")
    expect(told).not_to_contain_text("Longitude")


def test_a_click_on_the_map_leaves_the_page_as_it_is(airports: Dashboard) -> None:
    """Superset would ask for the airports within a pixel of the click, and mostly find none."""
    answers = dict(airports.answers)
    row = airports.rows(MAP)[0]
    airports.click_point(MAP, (row["longitude"], row["latitude"]))
    airports.page.wait_for_timeout(2000)
    assert airports.answers == {}
    airports.answers |= answers


def test_sql_lab_is_told_of_no_checker(superset: Any, browser: Browser, state: dict[str, Any]) -> None:
    """Superset's own needs a program that is not here; the page asks it, at each pause in typing, where one is named."""
    page = browser.new_context(storage_state=state).new_page()
    page.set_default_timeout(300_000)
    page.goto(f"{superset.address}/sqllab/")
    told = json.loads(page.locator("#app").get_attribute("data-bootstrap"))
    assert told["common"]["conf"]["SQL_VALIDATORS_BY_ENGINE"] == {}
    page.context.close()


def test_a_filter_by_year_leaves_that_year(show: Callable[..., Dashboard], owner: psycopg.Connection) -> None:
    """By the address, as a link that people send each other."""
    mask = "(NATIVE_FILTER-year:(id:NATIVE_FILTER-year,ownState:(),filterState:(value:!(2008)),"
    mask += "extraFormData:(filters:!((col:year,op:IN,val:!(2008))))))"
    page = show("delays", query=f"?native_filters={mask}")
    days = ask(owner, f"SELECT count(*) FROM {DAYS} WHERE extract(year FROM fl_date) = 2008")[0][0]
    assert page.rows("Airport-days")[0]["Airport-days"] == days
    assert json.dumps(page.rows("Mean departure delay by year and origin (minutes)")).count("2009") == 0
