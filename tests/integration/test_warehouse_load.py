"""Loading a year: exactly the rows given, in one step, and nothing written that is there already."""

import datetime as dt
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import polars as pl
import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from tarmac.airports import describe_airports
from tarmac.errors import InputError
from tarmac.warehouse.load import LoadCounts, load_year
from tarmac.warehouse.postgres import open_warehouse, read_published, record_run
from tests.support.warehouse_rows import DAY, events, published, run, scores

TABLE = "agg_dep_delay_by_date"


def load(warehouse: psycopg.Connection, *rows: dict[str, Any], year: int = 2009) -> LoadCounts:
    return load_year(warehouse, year, published=published(*rows), scores=scores())[TABLE]


def versions(warehouse: psycopg.Connection) -> list[Any]:
    return warehouse.execute(f"SELECT id, xmin, xmax, ctid, last_update FROM {TABLE} ORDER BY id").fetchall()


@pytest.fixture(scope="module")
def untouched(postgres_url: str) -> Iterator[psycopg.Connection]:
    """An empty database for what is refused before anything is sent; it must stay empty."""
    with open_warehouse(postgres_url, Path()) as connection:
        yield connection
        assert connection.execute("SELECT to_regclass('tarmac_version')").fetchone() == (None,)


def test_a_first_load_inserts_every_row_under_the_reference_pipelines_id(warehouse: psycopg.Connection) -> None:
    """The id is the airport and the day: JFK20090102."""
    counts = load(warehouse, {"origin": "JFK", "mean_dep_delay": 12.345}, {"origin": "LGA"})
    assert counts == LoadCounts(inserted=2)
    stored = read_published(warehouse, range(2009, 2010))
    assert stored["id"].to_list() == ["JFK20090102", "LGA20090102"]
    assert stored["mean_dep_delay"].to_list() == [pytest.approx(12.35, abs=0.006), None]
    assert stored["last_update"].null_count() == 0


def test_a_second_load_changes_nothing_and_writes_no_row_again(warehouse: psycopg.Connection) -> None:
    """A mean that the column rounds is no change, and every row stays where it was, unlocked."""
    rows = [{"origin": "JFK", "mean_dep_delay": 12.3456789}, {"origin": "LGA", "expected": float("nan")}]
    load(warehouse, *rows)
    before = versions(warehouse)
    assert load(warehouse, *rows) == LoadCounts(unchanged=2)
    assert load(warehouse, *reversed(rows)) == LoadCounts(unchanged=2)
    assert versions(warehouse) == before


def test_only_the_changed_row_is_written_and_its_last_update_moves(warehouse: psycopg.Connection) -> None:
    """The row beside it keeps its version."""
    load(warehouse, {"origin": "JFK", "flights": 10}, {"origin": "LGA"})
    before = versions(warehouse)
    counts = load(warehouse, {"origin": "JFK", "flights": 11}, {"origin": "LGA"}, {"origin": "EWR"})
    assert counts == LoadCounts(inserted=1, updated=1, unchanged=1)
    after = {row[0]: row for row in versions(warehouse)}
    assert after["LGA20090102"] == before[1]
    assert after["JFK20090102"][-1] > before[0][-1]


def test_a_row_that_was_edited_by_hand_is_put_right(warehouse: psycopg.Connection) -> None:
    """The last load's fingerprint does not hide what happened since."""
    load(warehouse, {"origin": "JFK", "flights": 10}, {"origin": "LGA"})
    warehouse.execute(f"UPDATE {TABLE} SET flights = 99 WHERE origin = 'JFK'")
    assert load(warehouse, {"origin": "JFK", "flights": 10}, {"origin": "LGA"}) == LoadCounts(updated=1, unchanged=1)
    warehouse.execute(f"DELETE FROM {TABLE} WHERE origin = 'LGA'")
    assert load(warehouse, {"origin": "JFK", "flights": 10}, {"origin": "LGA"}) == LoadCounts(inserted=1, unchanged=1)


def test_a_row_that_the_year_no_longer_has_is_removed_and_counted(warehouse: psycopg.Connection) -> None:
    """The years beside it, to the day, are left alone."""
    for year, day in ((2008, dt.date(2008, 12, 31)), (2010, dt.date(2010, 1, 1))):
        load(warehouse, {"origin": "JFK", "fl_date": day}, year=year)
    ends = [{"origin": "JFK", "fl_date": dt.date(2009, 1, 1)}, {"origin": "JFK", "fl_date": dt.date(2009, 12, 31)}]
    load(warehouse, *ends, {"origin": "JFK"})
    assert load(warehouse, *ends) == LoadCounts(unchanged=2, removed=1)
    assert load(warehouse) == LoadCounts(removed=2)
    assert read_published(warehouse, range(2008, 2011))["fl_date"].dt.year().to_list() == [2008, 2010]


def test_scores_and_events_are_replaced_with_their_year(warehouse: psycopg.Connection) -> None:
    """Events are kept where a load has none to say, and removed by an empty frame."""
    nothing = published()
    some = scores({"origin": "JFK", "score": 0.5}, {"origin": "JFK", "detector": "stl"})
    first = load_year(warehouse, 2009, published=nothing, scores=some, events=events({"event_id": "a"}))
    assert first["anomaly_scores"] == LoadCounts(inserted=2)
    assert first["disruption_events"] == LoadCounts(inserted=1)
    second = load_year(warehouse, 2009, published=nothing, scores=some.head(1))
    assert second["anomaly_scores"] == LoadCounts(unchanged=1, removed=1)
    assert "disruption_events" not in second
    third = load_year(warehouse, 2009, published=nothing, scores=some, events=events())
    assert third["disruption_events"] == LoadCounts(removed=1)


def test_airports_are_kept_from_load_to_load(warehouse: psycopg.Connection) -> None:
    """They belong to no year; one that airportsdata does not know has its code alone."""

    def counts(*codes: str, year: int = 2009) -> LoadCounts:
        airports = describe_airports(codes)
        return load_year(warehouse, year, published=published(), scores=scores(), airports=airports)["airports"]

    assert counts("JFK", "QQ9") == LoadCounts(inserted=2)
    assert counts("LGA", "JFK", year=2010) == LoadCounts(inserted=1, unchanged=1)
    warehouse.execute("UPDATE airports SET city = 'Gotham' WHERE origin = 'JFK'")
    assert counts("JFK") == LoadCounts(updated=1)
    found = warehouse.execute("SELECT origin, city, round(latitude) FROM airports ORDER BY origin").fetchall()
    assert found == [("JFK", "New York", 41), ("LGA", "New York", 41), ("QQ9", None, None)]


def test_the_runs_record_is_part_of_the_load(warehouse: psycopg.Connection) -> None:
    """A run recorded again is upserted; its JSON comes back as it was."""
    load_year(warehouse, 2009, published=published(), scores=scores(), run=run())
    record_run(warehouse, run(status="failed"))
    found = warehouse.execute("SELECT run_id, status, seconds, repairs FROM pipeline_runs").fetchall()
    assert found == [("r1", "failed", {"silver": 1.5}, None)]


def test_text_with_quotes_commas_and_line_ends_arrives_as_it_is(warehouse: psycopg.Connection) -> None:
    """Empty text stays apart from null."""
    causes = ['a "b", c\nd\\.', "", None, "é"]
    some = events(*({"event_id": str(number), "cause": cause} for number, cause in enumerate(causes)))
    load_year(warehouse, 2009, published=published(), scores=scores(), events=some)
    found = warehouse.execute("SELECT cause FROM disruption_events ORDER BY event_id").fetchall()
    assert [row[0] for row in found] == causes


def test_another_name_for_the_published_table_has_its_own_rows(warehouse: psycopg.Connection) -> None:
    """The reference pipeline's variable db_table."""
    rows = published({"origin": "JFK"})
    for _ in range(2):
        counts = load_year(warehouse, 2009, published=rows, scores=scores(), published_table="Delays_2")
    assert counts["Delays_2"] == LoadCounts(unchanged=1)
    assert read_published(warehouse, range(2009, 2010), published_table="Delays_2").height == 1
    assert read_published(warehouse, range(2009, 2010)).height == 0


@pytest.mark.parametrize("name", ['x"; drop table y; --', "", "1st", "a" * 56, "public.x", "anomaly_scores", "a\0b"])
def test_a_hostile_table_name_is_refused(untouched: psycopg.Connection, name: str) -> None:
    """Before anything is sent."""
    with pytest.raises(InputError, match="db_table"):
        load_year(untouched, 2009, published=published(), scores=scores(), published_table=name)


@pytest.mark.parametrize(
    ("frame", "message"),
    [
        (published({"origin": "JFK", "fl_date": dt.date(2010, 1, 1)}), "1 of the rows .* not of 2009"),
        (published({"origin": "JFK", "fl_date": None}), "1 of the rows .* not of 2009"),
        (published({"origin": "JFK"}, {"origin": "JFK"}), "key twice: .*JFK20090102"),
        (published({"origin": "JFK"}).drop("flights", "fl_date"), "lack fl_date, flights"),
    ],
)
def test_rows_that_cannot_be_the_years_are_refused(
    untouched: psycopg.Connection, frame: pl.DataFrame, message: str
) -> None:
    """The message says which rows and what to do."""
    with pytest.raises(InputError, match=message):
        load_year(untouched, 2009, published=frame, scores=scores())


def test_two_first_loads_of_a_year_at_once_leave_the_rows_of_one(empty_url: str) -> None:
    """Both make the tables, both load; all tables hold the rows of the same one."""

    def one(detector: str) -> dict[str, LoadCounts]:
        with open_warehouse(empty_url, Path()) as connection:
            rows = published(*({"origin": f"A{n:02}", "detector": detector} for n in range(50)))
            scored = scores(*({"origin": f"A{n:02}", "detector": detector} for n in range(50)))
            return load_year(connection, 2009, published=rows, scores=scored)

    with ThreadPoolExecutor() as threads:
        first, second = threads.map(one, ["arima", "stl"])
    assert {first[TABLE].inserted, second[TABLE].inserted} == {50, 0}
    assert {first[TABLE].updated, second[TABLE].updated} == {50, 0}
    with open_warehouse(empty_url, Path()) as connection:
        query = f"SELECT detector, count(*) FROM {TABLE} GROUP BY 1"
        kept = connection.execute(query).fetchall()
        assert len(kept) == 1
        assert connection.execute(query.replace(TABLE, "anomaly_scores")).fetchall() == kept


VALUES = st.sampled_from([None, 0.0, -0.0, 1.004, 1.005, 1.0051, -17.25, float("nan"), float("inf"), 1e-300])
ROWS = st.dictionaries(
    st.tuples(st.sampled_from(["JFK", "LGA", "0A1"]), st.sampled_from([DAY, DAY + dt.timedelta(days=1)])),
    st.fixed_dictionaries(
        {
            "mean_dep_delay": VALUES.filter(lambda value: value != float("inf")),  # numeric(8,2) holds none
            "expected": VALUES,
            "flights": st.integers(0, 2),
            "detector": st.sampled_from([None, "", "arima"]),
        }
    ),
)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(loads=st.lists(ROWS, min_size=1, max_size=4))
def test_any_sequence_of_loads_leaves_the_last_ones_rows(warehouse: psycopg.Connection, loads: list[Any]) -> None:
    """Counts add up, and the other year keeps its row."""
    warehouse.execute(f"TRUNCATE {TABLE}, load_fingerprints")
    load(warehouse, {"origin": "JFK", "fl_date": dt.date(2008, 12, 31)}, year=2008)
    before = 0
    for rows in loads:
        given_rows = [{"origin": origin, "fl_date": day, **values} for (origin, day), values in rows.items()]
        counts = load(warehouse, *given_rows)
        assert counts.inserted + counts.updated + counts.unchanged == len(rows)
        assert counts.updated + counts.unchanged + counts.removed == before
        before = len(rows)
    stored = read_published(warehouse, range(2009, 2010)).drop("id", "last_update")
    # numeric(8,2) rounds the written decimal: compare within half a cent, all else exactly.
    expected = published(*given_rows).sort("fl_date", "origin")
    assert_frame_equal(stored.drop("mean_dep_delay"), expected.drop("mean_dep_delay"), check_exact=True)
    assert_frame_equal(stored.select("mean_dep_delay"), expected.select("mean_dep_delay"), abs_tol=0.0051, rel_tol=0)
    assert load(warehouse, *given_rows).changed == 0
    assert read_published(warehouse, range(2008, 2009)).height == 1
