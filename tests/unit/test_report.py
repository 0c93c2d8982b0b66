"""The report's page, sentences and data, without a browser."""

import base64
import errno
import gzip
import hashlib
import json
import re
import stat
from datetime import UTC, date, datetime
from html.parser import HTMLParser
from pathlib import Path

import polars as pl
import pytest

from tarmac.airports import find_airports, land_dots, position_on_map
from tarmac.errors import InputError, SystemFailure
from tarmac.report import Tables, render_report, write_report
from tarmac.report.columns import COLUMNS
from tarmac.report.summary import percent
from tarmac.tables.published import PUBLISHED
from tests.support.disruptions import one_event, one_part, to_events, to_parts
from tests.support.published_years import make_published, one_day, to_published

NONE_SCORED = "In February 2013, 1 airport had 1 airport-day with flights; no detector has scored any."
FLAGGED = {"anomaly": 1, "anomaly_score": 9.0, "mean_dep_delay": 80.0, "anomaly_direction": "high"}


def render(*rows: dict[str, object], years: tuple[int, ...] = (2013,), **more: str) -> str:
    return render_report(Tables(published=to_published(*rows)), years=years, generated_by="Tarmac test", **more)


def data_of(html: str) -> dict:
    packed = re.search(r'id="data-packed">([^<]*)<', html)
    assert packed is not None
    return json.loads(gzip.decompress(base64.b64decode(packed[1])))


def render_events(*events: dict[str, object], parts: tuple[dict[str, object], ...] = ()) -> str:
    rows = to_published(one_day(), one_day("LGA"), one_day("ORD"))
    tables = Tables(published=rows, events=to_events(*events), parts=to_parts(*parts))
    return render_report(tables, years=[2013], generated_by="Tarmac test")


class Reader(HTMLParser):
    """Collects tags, the text of one element by id, and addresses that a browser would fetch."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.fetched: list[str] = []
        self.texts: dict[str, str] = {}
        self._id = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        self.tags.append(tag)
        self._id = found.get("id") or self._id
        self.fetched += [found[name] or "" for name in ("src", "srcset") if name in found]
        self.fetched += [found.get("href") or ""] if tag in {"link", "base"} else []

    def handle_data(self, data: str) -> None:
        self.texts[self._id] = self.texts.get(self._id, "") + data


def text_of(html: str, element: str) -> str:
    return " ".join(Reader(html).texts[element].split())


def test_the_headline_counts_abnormal_among_scored_airport_days():
    """A day without a decision counts as a day but not as scored."""
    html = render(
        one_day(**FLAGGED),
        one_day(day=date(2013, 2, 9)),
        one_day("LGA"),
        one_day("EWR", anomaly=None, anomaly_score=None),
    )
    told = "In February 2013, 3 airports had 1 abnormal airport-day: 33% of the 3 that were scored."
    assert text_of(html, "headline") == told
    assert "1 could not be scored" in html


def test_a_null_score_means_not_scored_even_where_the_flag_is_0():
    """The contract: a score is null where a detector cannot score the day, and its flag is then false."""
    html = render(one_day(anomaly=0, anomaly_score=None), one_day("LGA"))
    assert "of the 1 that were scored" in text_of(html, "headline")


def test_without_any_score_the_headline_says_so():
    """Nulls everywhere are a state of the data, not an error."""
    nulls = dict.fromkeys(("detector", "measure", "expected", "lower", "upper", "anomaly_score", "anomaly"))
    html = render(one_day(mean_dep_delay=None, **nulls))
    assert text_of(html, "headline") == NONE_SCORED
    assert data_of(html)["flags"]["a"] == []


def test_the_worst_sentence_names_airport_day_and_how_badly():
    """Observed against expected, and the cancellations beside it."""
    html = render(one_day(**FLAGGED, cancelled=150), one_day("LGA", **(FLAGGED | {"anomaly_score": 3.0})))
    told = text_of(html, "worst-sentence")
    assert told.startswith("The worst day: New York (JFK) on February 8, 2013, with a mean departure delay of 80 min")
    assert "80 min against 10 min expected and 50% of 300 flights cancelled." in told
    assert told.endswith("Most airports at once: 2 on February 8, 2013.")


def test_the_worst_sentence_says_what_was_expected_of_the_measure_that_was_scored():
    """A detector of cancellations expected a share, not minutes."""
    html = render(one_day(**FLAGGED, measure="cancelled_share", expected=0.02, cancelled=150))
    assert "delay of 80 min and 50% of 300 flights cancelled against 2.0% expected." in text_of(html, "worst-sentence")


def test_a_day_with_every_flight_cancelled_is_told_without_a_mean():
    """The mean stays null; the day is flagged and high all the same."""
    html = render(one_day(**(FLAGGED | {"mean_dep_delay": None, "cancelled": 300})))
    data = data_of(html)
    assert "with 100% of 300 flights cancelled." in text_of(html, "worst-sentence")
    assert data["series"][0]["d"] == [None]
    assert data["flags"]["r"] == [1]
    assert data["flags"]["v"] == [None]


def test_a_hostile_name_stays_text():
    """An origin with markup adds no element to the page, ends no script, and arrives in the data as it was."""
    hostile = '</script><script>alert(1)</script><img src=x onerror="alert(2)">'
    html = render(one_day(hostile, **FLAGGED))
    plain = render(one_day("JFK", **FLAGGED))
    assert Reader(html).tags == Reader(plain).tags
    assert "<img" not in html
    assert "alert(1)</script>" not in html
    assert data_of(html)["airports"][0]["code"] == hostile


def test_texts_from_the_caller_are_escaped():
    """Program name and the detector's explanation come from outside the page."""
    html = render_report(
        Tables(published=to_published(one_day(detector="<b>x"))),
        years=[2013],
        generated_by="<i>y</i>",
        about_detector="<u>z</u>",
    )
    assert "&lt;b&gt;x" in html
    assert "&lt;i&gt;y&lt;/i&gt;" in html
    assert "&lt;u&gt;z&lt;/u&gt;" in html


def test_the_page_fetches_nothing_and_runs_only_its_own_scripts():
    """The policy allows two scripts by their hashes and no address at all."""
    html = render(one_day())
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', html)
    script = re.search(r"<script>(.*?)</script>", html, re.DOTALL)
    assert policy is not None
    assert script is not None
    assert "default-src 'none'" in policy[1]
    assert Reader(html).fetched == []
    own = base64.b64encode(hashlib.sha256(script[1].encode()).digest()).decode()
    assert f"'sha256-{own}'" in policy[1]


def test_an_unknown_airport_has_no_dot_and_the_page_says_so():
    """airportsdata does not know every code that ever flew."""
    html = render(one_day("QQ9"), one_day("JFK"))
    airports = data_of(html)["airports"]
    assert [airport["x"] is None for airport in airports] == [False, True]
    assert text_of(html, "unplaced").endswith("is not known: QQ9.")


def test_the_report_opens_with_the_disruptions_that_lost_most():
    """Lost flights are the cancelled ones above the usual, and one for every five hours of delay above it."""
    storm = one_event(excess_cancelled=100.0, excess_delay_minutes=0.0)
    late = one_event("LGA20130209", worst_origin="LGA", excess_cancelled=0.0, excess_delay_minutes=33000.0)
    old = one_event("ORD20130210", excess_cancelled=None, excess_delay_minutes=None, scope=None, severity=None)
    html = render_events(old, storm, late)
    stories = data_of(html)["stories"]
    assert [(story["id"], story["lost"]) for story in stories] == [
        ("LGA20130209", 110),
        ("JFK20130208", 100),
        ("ORD20130210", None),
    ]
    assert text_of(html, "headline") == (
        "In February 2013, 3 airports had 3 disruptions, which cancelled 100 flights and delayed others by 550 hours "
        "more than usual."
    )


@pytest.mark.parametrize(
    ("changes", "title"),
    [
        ({"scope": "airport", "airports": 1}, "New York (JFK)"),
        ({"scope": "region", "airports": 2}, "New York (JFK) and 1 more airport"),
        ({"scope": "nation", "airports": 280}, "The country: 280 airports"),
        ({"scope": "carrier", "airports": 68, "carriers": "AA"}, "American"),
        ({"scope": "carrier", "airports": 68, "carriers": "AA,MQ"}, "American and Envoy (American Eagle)"),
        ({"scope": "carrier_at_airport", "airports": 1, "carriers": "QQ"}, "QQ at New York (JFK)"),
        ({"scope": None, "airports": 3, "carriers": None}, "New York (JFK) and 2 more airports"),
    ],
)
def test_a_disruption_says_who_and_where(changes: dict[str, object], title: str):
    """A carrier without a known name has its code."""
    assert data_of(render_events(one_event(**changes)))["stories"][0]["title"] == title


def test_a_disruption_is_named_after_the_airport_that_lost_most():
    """Over all its days; the worst single day may be another airport's."""
    parts = (one_part("origin", "LGA", share_of_excess=0.6), one_part("origin", "JFK", share_of_excess=0.4))
    html = render_events(one_event(scope="region", airports=2), parts=parts)
    assert data_of(html)["stories"][0]["title"] == "New York (LGA) and 1 more airport"


def test_a_disruption_has_its_parts_with_the_largest_share_of_the_losses_first():
    """Of a dimension with many values eight are shown, and how many more there are; of the hours all, in order."""
    parts = [one_part("dest", f"D{i:02}", share_of_excess=i / 100) for i in range(1, 12)]
    hours = [one_part("hour", f"{i:02}", share_of_excess=0.05 * (i % 3)) for i in (7, 6, 5)]
    story = data_of(render_events(one_event(), parts=(*parts, *hours)))["stories"][0]
    dests, by_hour = story["parts"]
    assert [row[:3] for row in dests["rows"]][:2] == [["D11", 110, 100], ["D10", 100, 100]]
    assert (len(dests["rows"]), dests["more"]) == (8, 3)
    assert [row[0] for row in by_hour["rows"]] == ["05", "06", "07"]
    assert dests["rows"][0][3] == "5 of 10 cancelled, 2 h of delay"


def test_parts_are_called_what_people_call_them():
    """Names of carriers and cities, and the meaning of a code; an unknown one stays as it is."""
    given = [
        *(("op_carrier", "AA"), ("op_carrier", "??"), ("origin", "LGA"), ("origin", "QQ9")),
        *(("cancellation_code", "C"), ("cancellation_code", ""), ("delay_cause", "national air system")),
    ]
    story = data_of(render_events(one_event(), parts=tuple(one_part(*each) for each in given)))["stories"][0]
    assert [row[0] for panel in story["parts"] for row in panel["rows"]] == [
        *("??", "American (AA)", "New York (LGA)", "QQ9", "Not stated", "National air system", "National air system"),
    ]
    assert story["spots"] == [1]


def test_hostile_carriers_and_airports_of_a_disruption_stay_text():
    """Ids, titles, sentences and parts come from files that anybody may have written."""
    hostile = '</script><img src=x onerror="alert(2)">'
    event = one_event(f"{hostile}20130208", scope="carrier", carriers=hostile, worst_origin=hostile, summary=hostile)
    html = render_events(event, parts=(one_part("op_carrier", hostile, event_id=f"{hostile}20130208"),))
    assert Reader(html).tags == Reader(render_events(one_event())).tags
    assert "<img" not in html
    story = data_of(html)["stories"][0]
    assert story["title"] == hostile
    assert story["parts"][0]["rows"][0][0] == hostile


def carrier_days(*rows: dict[str, object]) -> pl.DataFrame:
    return to_published(*rows).drop("id").rename({"origin": "op_carrier"})


def test_carriers_have_their_days_as_airports_have():
    """A name where it is known; a hostile code arrives as it is, and adds nothing to the page."""
    hostile = "</script><b>"
    days = carrier_days(one_day("AA", **FLAGGED), one_day("AA", day=date(2013, 2, 9)), one_day(hostile))
    html = render_report(
        Tables(published=to_published(one_day()), carriers=days), years=[2013], generated_by="Tarmac test"
    )
    carriers = data_of(html)["carriers"]
    assert carriers["entries"] == [{"code": hostile, "city": ""}, {"code": "AA", "city": "American"}]
    assert [series["f"] for series in carriers["series"]] == [[300], [300, 300]]
    assert carriers["flags"]["a"] == [1]
    assert '<section class="card" id="carrier"' in html
    assert hostile not in html


@pytest.mark.parametrize("carriers", [None, carrier_days(one_day()).clear()])
def test_records_without_carriers_make_a_report_without_their_section(carriers: pl.DataFrame | None):
    """It says so where the table is there and empty."""
    html = render_report(
        Tables(published=to_published(one_day(weather_delay=3.0)), carriers=carriers), years=[2013], generated_by="x"
    )
    assert 'id="carrier"' not in html
    assert data_of(html)["carriers"] is None
    assert ("The records name no carriers or reasons for cancellations" in html) == (carriers is not None)


def test_the_list_of_columns_names_each_measure_once():
    """A column of the published table, and a key that no other value of a day has."""
    assert {column.name for column in COLUMNS} <= set(PUBLISHED.names)
    keys = [column.key for column in COLUMNS]
    assert len(set(keys)) == len(keys)
    assert not set(keys) & {"day", "a", "t", "e", "l", "u", "j", "m", "v", "r", "k", "p", "o"}


def test_a_listed_measure_arrives_in_the_page_in_its_own_unit():
    """Of every day or of flagged days alone, as the list says, in whole numbers."""
    flagged = one_day(**FLAGGED, lost_flights=12.34, severity=3, excess_cancelled=-0.5, excess_delay_minutes=900.0)
    data = data_of(render(flagged, one_day(day=date(2013, 2, 9), severity=0)))
    assert data["series"][0]["g"] == [3, 0]
    assert (data["flags"]["w"], data["flags"]["x"], data["flags"]["y"]) == ([123], [-5], [9000])
    assert [column["key"] for column in data["columns"]] == [column.key for column in COLUMNS]


def test_late_aircraft_are_no_main_cause():
    """They are the consequence of what made them late."""
    data = data_of(render(one_day(**FLAGGED, late_aircraft_delay=900.0, nas_delay=100.0, carrier_delay=50.0)))
    assert data["causes"][data["flags"]["k"][0]] == "National air system"
    assert data["flags"]["p"] == [67]


def test_the_worst_day_is_the_one_that_lost_most():
    """A higher score says how sure the detector is, not how much was lost."""
    sure = one_day(**(FLAGGED | {"anomaly_score": 50.0, "lost_flights": 20.0}))
    large = one_day("ORD", **FLAGGED, lost_flights=400.0)
    assert text_of(render(sure, large), "worst-sentence").startswith("The worst day: Chicago (ORD) on February 8, 2013")


def test_without_disruptions_the_report_says_so_and_without_their_table_it_has_no_such_part():
    """None found, and none looked for, are two things."""
    assert "No disruption was found." in render_events()
    assert data_of(render_events())["stories"] == []
    assert '<section class="card" id="disruptions" aria-labelledby="disruptions-title" hidden>' in render(one_day())


@pytest.mark.parametrize(
    ("first", "last", "when"),
    [
        (date(2013, 2, 8), date(2013, 2, 8), "Feb 8, 2013"),
        (date(2013, 2, 8), date(2013, 2, 9), "Feb 8–9, 2013"),
        (date(2013, 1, 31), date(2013, 2, 1), "Jan 31–Feb 1, 2013"),
        (date(2012, 12, 31), date(2013, 1, 1), "Dec 31, 2012 – Jan 1, 2013"),
    ],
)
def test_dates_are_as_short_as_they_can_be(first: date, last: date, when: str):
    """A day, days of a month, of two months, of two years."""
    event = one_event(start_date=first, end_date=last, year=2013)
    assert data_of(render_events(event))["stories"][0]["when"] == when


@pytest.mark.parametrize(
    ("months", "told"),
    [
        ((1,), "2013 has flights of January only."),
        ((1, 2), "2013 has flights of January and February only."),
        ((1, 2, 3), "2013 has flights of January to March only."),
        ((1, 3, 5), "2013 has flights of January, March and May only."),
        (tuple(range(1, 13)), ""),
    ],
)
def test_an_incomplete_year_says_which_months_it_has(months: tuple[int, ...], told: str):
    """A year of twelve months says nothing."""
    html = render(*(one_day(day=date(2013, month, 1)) for month in months))
    assert Reader(html).texts.get("incomplete", "").strip() == told


@pytest.mark.parametrize(
    ("lat", "lon", "region"),
    [
        (40.64, -73.78, ""),
        (61.17, -150.0, "Alaska (smaller scale)"),
        (52.71, 174.11, "Alaska (smaller scale)"),
        (21.32, -157.92, "Hawaii"),
        (18.44, -66.0, "Puerto Rico, Virgin Is."),
        (13.48, 144.8, "Guam, Marianas"),
        (-14.33, -170.71, "American Samoa"),
    ],
)
def test_every_part_of_the_country_has_its_place(lat: float, lon: float, region: str):
    """Far parts lie in insets below the mainland; Shemya is beyond the date line and still in Alaska."""
    spot = position_on_map(lat, lon)
    assert spot is not None
    assert spot[2] == region
    assert -2700 < spot[0] < 2400
    assert -1800 < spot[1] < 1600


def test_a_point_outside_the_country_has_no_place():
    """London is not on the map."""
    assert position_on_map(51.47, -0.45) is None


def test_the_projection_keeps_true_distances_in_the_middle():
    """Denver to Kansas City is 857 km on the sphere; the conic is true to a percent there."""
    denver, kansas = position_on_map(39.86, -104.67), position_on_map(39.30, -94.71)
    assert denver is not None
    assert kansas is not None
    distance = ((denver[0] - kansas[0]) ** 2 + (denver[1] - kansas[1]) ** 2) ** 0.5
    assert distance == pytest.approx(857, rel=0.02)


def test_land_is_drawn_for_the_mainland_and_every_inset():
    """Thousands of dots for the mainland, at least a few for the smallest islands."""
    dots = land_dots()
    assert len(dots[""]) > 3000
    assert all(len(inset) >= 3 for inset in dots.values())


def test_days_without_flights_stay_missing():
    """Between two days of flights the series holds nulls; before the first and after the last it holds nothing."""
    html = render(one_day(day=date(2013, 1, 2)), one_day(day=date(2013, 1, 5)))
    series = data_of(html)["series"][0]
    assert series["day"] == 1
    assert series["f"] == [300, None, None, 300]
    assert series["d"] == [125, None, None, 125]
    assert series["e"] == [100, None, None, 100]


def test_values_keep_a_tenth_of_a_minute_and_of_a_percent():
    """The rounding that the footer states."""
    share = {"measure": "cancelled_share", "expected": 0.0123, "lower": 0.0, "upper": 0.0617}
    html = render(one_day(mean_dep_delay=12.34, expected=-0.26, lower=-5.0, upper=5.0), one_day("LGA", **share))
    data = data_of(html)
    jfk, lga = data["series"]
    assert (jfk["d"], jfk["e"], jfk["l"], jfk["u"]) == ([123], [-3], [47], [53])
    assert (lga["e"], lga["l"], lga["u"]) == ([12], [12], [50])
    assert [data["measures"][each["m"]] for each in data["series"]] == ["mean_dep_delay", "cancelled_share"]


def test_infinite_values_become_null():
    """JSON has no infinity, and a browser would not read it."""
    data = data_of(render(one_day(**(FLAGGED | {"anomaly_score": float("inf"), "upper": float("nan")}))))
    assert data["flags"]["s"] == [None]
    assert data["series"][0]["u"] == [None]


def test_decimals_as_postgres_gives_them_are_read():
    """numeric(8,2) arrives as Decimal."""
    rows = to_published(one_day()).with_columns(pl.col("mean_dep_delay").cast(pl.Decimal(8, 2)))
    assert data_of(render_report(Tables(published=rows), years=[2013], generated_by="x"))["series"][0]["d"] == [125]


@pytest.mark.parametrize(("observed", "expected", "side"), [(80.0, 10.0, 1), (-9.0, 10.0, -1), (80.0, None, 0)])
def test_a_flag_without_direction_gets_it_from_observed_against_expected(observed, expected, side):
    """Where neither is known the flag stays, without a direction."""
    row = one_day(**(FLAGGED | {"anomaly_direction": None, "mean_dep_delay": observed, "expected": expected}))
    assert data_of(render(row))["flags"]["r"] == [side]


def test_a_flagged_day_without_any_departure_is_high_even_where_nothing_says_so():
    """Nothing is expected to be cancelled altogether."""
    nothing = {"anomaly_direction": None, "mean_dep_delay": None, "expected": None, "cancelled": 300}
    assert data_of(render(one_day(**(FLAGGED | nothing))))["flags"]["r"] == [1]


def test_one_detector_may_have_run_without_the_other():
    """A null says that it did not run; the other's flag still counts."""
    data = data_of(render(one_day(**FLAGGED, anomaly_if=1), one_day("LGA", **FLAGGED, anomaly_arima=1)))
    assert data["flags"]["o"] == [1, 2]


def test_the_main_cause_is_the_largest_and_absent_where_none_is_reported():
    """The share is of the minutes that carriers put down to any cause."""
    reported = one_day(**FLAGGED, weather_delay=300.0, carrier_delay=100.0)
    data = data_of(render(reported, one_day("LGA", **FLAGGED), one_day("EWR", **FLAGGED, nas_delay=0.0)))
    codes = [data["airports"][a]["code"] for a in data["flags"]["a"]]
    causes = dict(zip(codes, zip(data["flags"]["k"], data["flags"]["p"], strict=True), strict=True))
    assert data["causes"][causes["JFK"][0]] == "Weather"
    assert causes == {"JFK": (1, 75), "LGA": (None, None), "EWR": (None, None)}


def test_a_measure_without_a_column_still_makes_a_report():
    """A joined measure has scores and flags, and no value in the published table."""
    data = data_of(render(one_day(**FLAGGED, measure="disruption")))
    assert data["measures"] == ["disruption"]
    assert data["flags"]["v"] == [None]


def test_only_the_years_asked_for_are_shown_and_each_has_its_line():
    """A table by year appears where there are several."""
    rows = [one_day(day=date(year, 1, 1)) for year in (2012, 2013, 2014)]
    assert data_of(render(*rows, years=(2013,)))["years"] == [2013]
    several = render(*rows, years=(2012, 2013))
    assert data_of(several)["years"] == [2012, 2013]
    assert several.count('<th scope="row">') == 2
    assert text_of(several, "headline").startswith("In 2012–2013, 1 airport")


def test_a_year_without_rows_is_an_input_error_that_says_what_to_run():
    """The message names the year."""
    with pytest.raises(InputError, match=r"2011.*tarmac run"):
        render(one_day(), years=(2011,))


def test_a_table_that_lacks_columns_is_an_input_error_that_names_them():
    """An old warehouse is mended by loading again."""
    with pytest.raises(InputError, match="expected, lower"):
        render_report(
            Tables(published=to_published(one_day()).drop("expected", "lower")), years=[2013], generated_by="x"
        )


def test_equal_input_in_any_order_gives_an_equal_page():
    """The order of rows in the warehouse is nobody's promise."""
    rows = make_published(["JFK", "LGA", "ZZZ"], years=[2012])
    shuffled = rows.sample(fraction=1.0, shuffle=True, seed=3)
    moment = datetime(2026, 1, 1, 12, tzinfo=UTC)
    pages = [
        render_report(Tables(published=frame), years=[2012], generated_by="x", generated_at=moment)
        for frame in (rows, shuffled)
    ]
    assert pages[0] == pages[1]
    assert "x, 2026-01-01 12:00 UTC" in pages[0]


@pytest.mark.parametrize(
    ("part", "whole", "told"),
    [
        (0, 9, "0%"),
        (1, 9000, "under 0.1%"),
        (4, 1000, "0.4%"),
        (1, 3, "33%"),
        (299, 300, "over 99%"),
        (3, 3, "100%"),
        (0, 0, "–"),
    ],
)
def test_a_share_never_rounds_to_none_or_all(part: int, whole: int, told: str):
    """One cancelled flight is not 0%, and 299 of 300 are not 100%."""
    assert percent(part, whole) == told


def test_a_written_report_replaces_the_old_one_and_leaves_nothing_beside_it(tmp_path: Path):
    """Readable as the folder's other files are."""
    out = tmp_path / "report.html"
    out.write_text("old")
    assert write_report("<p>é</p>", out) == len("<p>é</p>".encode())
    assert out.read_text(encoding="utf-8") == "<p>é</p>"
    assert [path.name for path in tmp_path.iterdir()] == ["report.html"]
    assert stat.S_IMODE(out.stat().st_mode) & 0o400


def test_a_full_disk_keeps_the_old_report(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """The system failed, not the request; no half file stays."""

    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    out = tmp_path / "report.html"
    out.write_text("old")
    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(SystemFailure, match="No space left on device"):
        write_report("new", out)
    assert out.read_text() == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["report.html"]


@pytest.mark.parametrize(("name", "message"), [("none/report.html", "there is no folder"), (".", "it is a folder")])
def test_a_place_that_cannot_hold_a_file_is_an_input_error(tmp_path: Path, name: str, message: str):
    """The message names the path and says what to do."""
    with pytest.raises(InputError, match=message):
        write_report("x", tmp_path / name)


@pytest.mark.skipif(not Path("/sys/kernel").is_dir(), reason="needs Linux's /sys, where even root cannot make a file")
def test_a_folder_without_permission_is_an_input_error():
    """The message names the folder and the option."""
    with pytest.raises(InputError, match=r"no permission for /sys/kernel/.*--out"):
        write_report("x", Path("/sys/kernel/report.html"))


@pytest.mark.parametrize(
    ("code", "city"),
    [("PFN", "Panama City"), ("ISN", "Williston"), ("UCA", "Utica"), ("NYL", "Yuma"), ("TKI", "McKinney")],
)
def test_airports_that_were_closed_have_their_place(code: str, city: str) -> None:
    """The records of their years still hold them; each lies near the airport that followed it, where there is one."""
    found = find_airports([code])[0]
    assert (found.city, found.region) == (city, "")
    if code == "PFN":
        successor = find_airports(["ECP"])[0]
        assert found.x is not None
        assert successor.x is not None
        assert abs(found.x - successor.x) < 40
