"""Silver's contract: every row is kept, repaired and counted, or set aside with its reason."""

import datetime as dt
import itertools
import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from tarmac.tables.flights import CLOCKS, DELAYS, FLIGHTS, QUANTITIES
from tarmac.tables.frames import schema_of
from tarmac.transform import silver
from tests.support.engine_frames import DAY, ENGINES, Engine, bronze_frame

NAN, INF = math.nan, math.inf

WRONG = [
    ({"FL_DATE": None}, "bad_fl_date"),
    ({"FL_DATE": dt.date(2008, 12, 31)}, "wrong_year"),
    ({"FL_DATE": dt.date(2010, 1, 1)}, "wrong_year"),
    *(
        ({name.upper(): code}, f"bad_{name}")
        for name in ("origin", "dest")
        for code in (None, "", "JF", "JFKX", "jfk", "J K", " JFK", "JFK\n", "JÜK", "../../x", '"; drop table x; --')
    ),
    *(({"CANCELLED": value}, "bad_cancelled") for value in (2.0, 0.5, -1.0, NAN, INF)),
    ({"CANCELLED": None, "DEP_TIME": None, "DEP_DELAY": None}, "bad_cancelled"),
    *(({"DIVERTED": value}, "bad_diverted") for value in (2.0, 0.5, -1.0, NAN, INF)),
    *(
        ({name.upper(): value}, f"bad_{name}")
        for name in DELAYS
        if name != "arr_delay"
        for value in (-1440.5, -1441.0, 10080.5, 10081.0, 1e300, NAN, INF, -INF)
    ),
    *(({name: None, "unreadable": name}, f"bad_{name.lower()}") for name in ("DEP_DELAY", "DIVERTED", "NAS_DELAY")),
    ({"unreadable": "NOT_UTF8"}, "not_utf8"),
    ({"unreadable": "DUPLICATE"}, "duplicate"),
]

DROPPED = [
    *((name, value) for name in CLOCKS for value in (2460.0, 2401.0, 1260.0, 60.0, 512.5, -5.0, -0.5, 1e300, NAN, INF)),
    *(("op_carrier_fl_num", value) for value in (-1.0, 1.5, 100_000.0, 1e300, NAN, INF, -INF)),
    *(("arr_delay", value) for value in (-1441.0, 10080.5, NAN, INF, -INF)),
    *((name, value) for name in QUANTITIES for value in (1e6 + 1, -1e7, NAN, INF, -INF)),
]


def reason_of(engine: Engine, **bronze):
    return engine.validate([bronze])["reason"].item()


def test_a_valid_flight_is_kept_as_it_is(engine: Engine):
    """In the table's columns and types, under lower-case names."""
    validated = engine.validate([{}])
    kept = engine.out(silver.keep_valid(engine.into(validated)))
    assert kept.cast(dict(schema_of(FLIGHTS))).columns == list(FLIGHTS.names)
    (row,) = kept.to_dicts()
    known = {name: value for name, value in row.items() if value is not None}
    assert known == {
        "fl_date": DAY,
        "op_carrier": "B6",
        "op_carrier_fl_num": 15,
        "origin": "JFK",
        "dest": "LAX",
        "crs_dep_time": 900,
        "dep_time": 912,
        "dep_delay": 12.0,
        "crs_arr_time": 1230,
        "arr_time": 1240,
        "arr_delay": 10.0,
        "cancelled": False,
        "diverted": False,
        "distance": 2475.0,
    }


def test_every_row_that_is_invalid_is_set_aside_with_its_reason(engine: Engine):
    """Each wrong value alone, among valid neighbours that it does not touch."""
    rows = [row for wrong, _ in WRONG for row in (wrong, {})]
    validated = engine.validate(rows)
    assert validated["reason"].to_list() == [reason for _, wanted in WRONG for reason in (wanted, None)]
    aside = engine.out(silver.keep_invalid(engine.into(validated)))
    assert sorted(aside["source_line"]) == list(range(2, 2 + len(rows), 2))


def test_every_reason_of_silver_is_reached():
    """A reason that no test reaches may be one that cannot be."""
    reached = {reason for _, reason in WRONG}
    assert {reason for _, reason in silver.reasons_of(2009)} <= reached


def test_the_first_reason_names_the_row(engine: Engine):
    """One reason for each row, so the counts add up; a date that is none comes before all else."""
    assert reason_of(engine, FL_DATE=None, ORIGIN=None, DEP_DELAY=INF) == "bad_fl_date"
    assert reason_of(engine, ORIGIN="??", DEP_DELAY=INF) == "bad_origin"
    assert reason_of(engine, ARR_TIME=2500.0, DEP_DELAY=INF) == "bad_dep_delay"


def test_an_invalid_value_that_no_result_is_made_from_costs_no_row(engine: Engine):
    """It becomes null and is counted: 9 of 30,000 real rows of ASA arrive at 24:01 to 25:00."""
    validated = engine.validate([{name.upper(): value} for name, value in DROPPED])
    assert validated["reason"].null_count() == len(DROPPED)
    assert [row[name] for (name, _), row in zip(DROPPED, validated.to_dicts(), strict=True)] == [None] * len(DROPPED)
    (counts,) = engine.out(silver.count_repairs(engine.into(validated))).to_dicts()
    assert counts == {"dep_delay_on_time": 0, "cancelled_from_departure": 0, "value_dropped": len(DROPPED)}


def test_a_source_without_destinations_has_none(engine: Engine):
    """A row without one in a source that has them is invalid."""
    assert reason_of(engine, DEST=None, no_dest=True) is None
    assert reason_of(engine, DEST="x", no_dest=True) == "bad_dest"
    assert reason_of(engine, DEST=None) == "bad_dest"


def test_2400_stays_a_valid_clock(engine: Engine):
    """Midnight at the end of the day; it is neither turned into 0 nor set aside."""
    (row,) = engine.validate([dict.fromkeys(map(str.upper, CLOCKS), 2400.0)]).to_dicts()
    assert row["reason"] is None
    assert {row[name] for name in CLOCKS} == {2400}


def test_a_clock_written_with_decimals_is_the_same_clock(engine: Engine):
    """2012 has 1512.0 where other years have 1512; the engine reads both as one number, and it is whole in silver."""
    clocks = [0.0, 1.0, 59.0, 100.0, 1512.0, 2359.0, 2400.0]
    assert engine.validate([{"DEP_TIME": clock} for clock in clocks])["dep_time"].to_list() == [int(c) for c in clocks]


def test_a_delay_at_the_bounds_is_kept(engine: Engine):
    """A day early and a week late are the last that can be."""
    cases = list(itertools.product(DELAYS, [-1440.0, 10080.0, 0.0, -0.5, 1e-9]))
    rows = engine.validate([{name.upper(): delay} for name, delay in cases]).to_dicts()
    assert [(row["reason"], row[name]) for row, (name, _) in zip(rows, cases, strict=True)] == [
        (None, delay) for _, delay in cases
    ]


REPAIRED = [
    ({"DEP_DELAY": None, "DEP_TIME": 900.0}, False, 0.0, "dep_delay_on_time"),
    ({"DEP_DELAY": None, "DEP_TIME": 901.0}, False, None, None),
    ({"DEP_DELAY": None, "DEP_TIME": None}, False, None, None),
    ({"DEP_DELAY": None, "DEP_TIME": None, "CRS_DEP_TIME": None}, False, None, None),
    ({"DEP_DELAY": None, "DEP_TIME": 900.0, "CANCELLED": 1.0}, True, None, None),
    ({"CANCELLED": 1.0}, True, 12.0, None),
    ({"CANCELLED": None}, False, 12.0, "cancelled_from_departure"),
    ({"CANCELLED": None, "DEP_DELAY": None}, False, None, "cancelled_from_departure"),
    ({"CANCELLED": None, "DEP_TIME": None}, False, 12.0, "cancelled_from_departure"),
    ({"DIVERTED": None}, False, 12.0, None),
    ({"OP_CARRIER": None}, False, 12.0, None),
]
"""What a row has of bronze, whether it is then cancelled, its delay, and the repair that is counted."""


def test_what_is_missing_is_repaired_only_where_one_answer_is_right(engine: Engine):
    """An on-time departure has a delay of 0; a departed flight was not cancelled; nothing else is guessed."""
    rows = engine.validate([bronze for bronze, *_ in REPAIRED]).to_dicts()
    for row, (bronze, cancelled, dep_delay, repair) in zip(rows, REPAIRED, strict=True):
        assert (row["reason"], row["cancelled"], row["dep_delay"]) == (None, cancelled, dep_delay), bronze
        assert {name for name in silver.REPAIRS if row[name]} == ({repair} if repair else set()), bronze


def test_both_repairs_of_one_row_are_counted(engine: Engine):
    """Neither CANCELLED nor DEP_DELAY, but it left on time."""
    (row,) = engine.validate([{"CANCELLED": None, "DEP_DELAY": None, "DEP_TIME": 900.0}]).to_dicts()
    assert (row["cancelled"], row["dep_delay"]) == (False, 0.0)
    assert [row[name] for name in silver.REPAIRS] == [True, True, False]


def test_a_null_diverted_stays_unknown(engine: Engine):
    """It is not turned into "not diverted"."""
    assert engine.validate([{"DIVERTED": None}])["diverted"].to_list() == [None]


def test_repairs_are_counted_over_valid_rows_alone(engine: Engine):
    """A row that is set aside anyway was not repaired."""
    on_time = {"DEP_DELAY": None, "DEP_TIME": 900.0}
    validated = engine.validate([on_time, on_time, on_time | {"ORIGIN": "??"}, {"CANCELLED": None}, {}])
    (counts,) = engine.out(silver.count_repairs(engine.into(validated))).to_dicts()
    assert counts == {"dep_delay_on_time": 2, "cancelled_from_departure": 1, "value_dropped": 0}


def test_no_rows_give_no_rows(engine: Engine):
    """An empty frame keeps its columns, and its repairs are none."""
    validated = engine.validate([])
    assert validated.height == 0
    assert set(FLIGHTS.names) < set(validated.columns)
    assert not any(value for value in engine.out(silver.count_repairs(engine.into(validated))).row(0))


def test_the_year_before_christ_s_calendar_and_after_all_records_are_only_wrong_years(engine: Engine):
    """No date overflows on the way."""
    assert reason_of(engine, FL_DATE=dt.date.min) == "wrong_year"
    assert reason_of(engine, FL_DATE=dt.date.max) == "wrong_year"


any_number = st.none() | st.sampled_from([0.0, 1.0, 900.0, 912.0, 2400.0, -1440.0, 10080.0]) | st.floats()
any_row = st.fixed_dictionaries(
    {},
    optional={
        "FL_DATE": st.none() | st.just(DAY) | st.dates(),
        "ORIGIN": st.none() | st.sampled_from(["JFK", "LGA"]) | st.text(max_size=4),
        "OP_CARRIER": st.none() | st.text(max_size=3),
        **dict.fromkeys(
            ("DEP_TIME", "DEP_DELAY", "CANCELLED", "DIVERTED", "ARR_TIME", "TAXI_IN", "NAS_DELAY"), any_number
        ),
    },
)


def test_a_row_is_validated_by_itself_whatever_its_neighbours(engine: Engine):
    """Rows in = kept + set aside, and the order of rows changes nothing."""

    @settings(deadline=None, max_examples=engine.examples(40))
    @given(rows=st.lists(any_row, max_size=20), random=st.randoms(use_true_random=False))
    def holds(rows, random):
        numbered = bronze_frame(rows).to_dicts()
        validated = engine.validate(numbered)
        assert validated["source_line"].to_list() == [row["source_line"] for row in numbered]
        kept, aside = (engine.out(part(engine.into(validated))) for part in (silver.keep_valid, silver.keep_invalid))
        assert kept.height + aside.height == len(rows)
        assert kept["dep_delay"].is_finite().all()
        assert engine.validate(random.sample(numbered, len(numbered))).equals(validated)

    holds()


@pytest.mark.spark
def test_every_engine_validates_hostile_rows_as_polars_does():
    """Not only each by its own rules."""
    one, *others = ENGINES

    @settings(deadline=None, max_examples=5)
    @given(rows=st.lists(any_row, min_size=20, max_size=80))
    def holds(rows):
        validated = one.validate(rows)
        for other in others:
            assert_frame_equal(other.validate(rows), validated)

    holds()
