"""Gold's contract: one row per origin and date, whatever the flights are like."""

import datetime as dt
import hashlib
import math
import os
import statistics
import subprocess
import sys
from collections import defaultdict
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from tarmac.engines.polars.gold import aggregate
from tarmac.tables.daily import CANCELLATION_CODES, CARRIER_DAILY, CARRIER_ORIGIN_DAILY, CAUSES, DAILY, GRAINS
from tarmac.tables.flights import FLIGHTS
from tarmac.tables.frames import schema_of
from tarmac.tables.schema import Table
from tarmac.transform import gold
from tests.support.engine_frames import DAY, ENGINES, Engine, flights_frame


def test_a_single_flight_is_a_day(engine: Engine):
    """One value has a mean, a median and a 90th percentile, but no standard deviation."""
    (row,) = engine.gold([{"dep_delay": 17.0, "weather_delay": 5.0}]).to_dicts()
    assert row == {
        "origin": "JFK",
        "fl_date": DAY,
        "mean_dep_delay": 17.0,
        "flights": 1,
        "departed": 1,
        "cancelled": 0,
        "cancelled_share": 0.0,
        "diverted": 0,
        "dep_del15_share": 1.0,
        "median_dep_delay": 17.0,
        "p90_dep_delay": 17.0,
        "std_dep_delay": None,
        "carrier_delay": None,
        "weather_delay": 5.0,
        "nas_delay": None,
        "security_delay": None,
        "late_aircraft_delay": None,
        "cancelled_carrier": None,
        "cancelled_weather": None,
        "cancelled_nas": None,
        "cancelled_security": None,
    }


def test_no_flights_make_no_days(engine: Engine):
    """Every column is there all the same, and of the table's type."""
    days = engine.gold([])
    assert days.height == 0
    assert days.schema == schema_of(DAILY)


def test_a_day_has_the_table_s_columns_and_types(engine: Engine):
    """In the table's order."""
    assert engine.gold([{"dep_delay": 1.0}, {}]).schema == schema_of(DAILY)


def test_a_day_with_every_flight_cancelled_keeps_its_row(engine: Engine):
    """The mean is null, never zero."""
    (row,) = engine.gold([{"cancelled": True}, {"cancelled": True, "dep_delay": 300.0}]).to_dicts()
    assert (row["flights"], row["departed"], row["cancelled"], row["cancelled_share"]) == (2, 0, 2, 1.0)
    measures = ("mean_dep_delay", "median_dep_delay", "p90_dep_delay", "std_dep_delay", "dep_del15_share")
    assert all(row[name] is None for name in measures)


def test_the_delay_of_a_cancelled_flight_is_not_in_the_mean(engine: Engine):
    """It waited at the gate and never left."""
    (row,) = engine.gold([{"dep_delay": 10.0}, {"cancelled": True, "dep_delay": 500.0}]).to_dicts()
    assert (row["mean_dep_delay"], row["p90_dep_delay"], row["dep_del15_share"]) == (10.0, 10.0, 0.0)
    assert (row["departed"], row["cancelled"], row["std_dep_delay"]) == (1, 1, None)


def test_a_departed_flight_without_a_delay_counts_as_departed_but_not_in_the_mean(engine: Engine):
    """An unknown delay is neither zero nor a cancellation."""
    (row,) = engine.gold([{"dep_delay": 30.0}, {"dep_delay": None}, {"dep_delay": -10.0}]).to_dicts()
    assert (row["flights"], row["departed"], row["mean_dep_delay"], row["dep_del15_share"]) == (3, 3, 10.0, 0.5)


def test_fifteen_minutes_are_late_and_a_little_less_is_not(engine: Engine):
    """BTS's DEP_DEL15."""
    (row,) = engine.gold([{"dep_delay": minutes} for minutes in (15.0, 14.999, 16.0, -20.0)]).to_dicts()
    assert row["dep_del15_share"] == 0.5


def test_an_unknown_diversion_is_not_counted_as_one(engine: Engine):
    """Nor does it make the count unknown."""
    rows = [{"diverted": None}, {"diverted": True}, {"origin": "LGA", "diverted": None}]
    assert engine.gold(rows)["diverted"].to_list() == [1, 0]


def test_a_null_carrier_is_a_flight_like_any_other(engine: Engine):
    """The carrier is no part of the key."""
    (row,) = engine.gold([{"op_carrier": None, "dep_delay": 4.0}, {"op_carrier": "AA", "dep_delay": 6.0}]).to_dicts()
    assert (row["flights"], row["mean_dep_delay"]) == (2, 5.0)


def test_causes_are_null_where_none_is_reported_and_zero_where_zero_is(engine: Engine):
    """A sum of nothing would look like a quiet day."""
    (row,) = engine.gold([{"carrier_delay": 0.0, "nas_delay": 2.5}, {"nas_delay": 4.0, "cancelled": True}]).to_dicts()
    assert [row[cause] for cause in CAUSES] == [0.0, None, 6.5, None, None]


def test_days_and_airports_do_not_mix(engine: Engine):
    """One row per origin and date."""
    keys = [(origin, dt.date(2009, 2, day)) for origin in ("EWR", "JFK") for day in (7, 8)]
    rows = [{"origin": o, "fl_date": d, "dep_delay": float(i)} for i, (o, d) in enumerate(keys)]
    assert engine.gold(rows[::-1]).select("origin", "fl_date", "mean_dep_delay").rows() == [
        (*key, float(i)) for i, key in enumerate(keys)
    ]


def test_equal_delays_far_from_zero_have_no_spread(engine: Engine):
    """Sums of squares of large numbers must not cancel into noise."""
    (row,) = engine.gold([{"dep_delay": 10079.0}] * 1001).to_dicts()
    assert (row["mean_dep_delay"], row["std_dep_delay"]) == (10079.0, 0.0)
    (row,) = engine.gold([{"dep_delay": delay} for delay in (10080.0, 10080.0, 10079.0)]).to_dicts()
    assert row["std_dep_delay"] == pytest.approx(math.sqrt(1 / 3), abs=1e-12)


delays = st.none() | st.integers(-1440, 10080).map(float) | st.integers(-60, 240).map(float)
fractional = delays | st.floats(-1440, 10080) | st.sampled_from([0.1, 0.2, 0.3, -7.7, 1e-9])
causes = st.none() | st.integers(0, 2000).map(float)


def flights(delay):
    return st.lists(
        st.fixed_dictionaries(
            {
                "origin": st.sampled_from(["JFK", "LGA", "0A1"]),
                "fl_date": st.dates(dt.date(2009, 3, 30), dt.date(2009, 4, 2)),
                "dep_delay": delay,
                "cancelled": st.sampled_from([False, False, False, True]),
                "diverted": st.sampled_from([False, True, None]),
                "weather_delay": causes,
                "nas_delay": causes | st.floats(0, 2000),
            }
        ),
        max_size=60,
    )


def test_whole_minutes_give_the_figures_of_an_independent_computation(engine: Engine):
    """To 1e-9, the standard deviation included."""

    @settings(deadline=None, max_examples=engine.examples(25))
    @given(rows=flights(delays))
    def holds(rows):
        _assert_as_computed(engine.gold(rows), rows, std_within=1e-9)

    holds()


def test_fractional_minutes_give_the_figures_of_an_independent_computation(engine: Engine):
    """To 1e-9; a standard deviation next to zero is the root of a difference, which keeps half of the digits."""

    @settings(deadline=None, max_examples=engine.examples(25))
    @given(rows=flights(fractional))
    def holds(rows):
        _assert_as_computed(engine.gold(rows), rows, std_within=1e-9, variance_within=3e-11)

    holds()


def test_gold_has_the_very_same_bits_whatever_the_order_of_flights(engine: Engine):
    """Not only nearly the same: equal input gives equal bytes."""

    @settings(deadline=None, max_examples=engine.examples(25))
    @given(rows=flights(fractional), random=st.randoms(use_true_random=False))
    def holds(rows, random):
        assert engine.gold(rows).equals(engine.gold(random.sample(rows, len(rows))))

    holds()


@pytest.mark.spark
def test_every_engine_aggregates_as_polars_does():
    """To 1e-9, in the same rows and types."""
    one, *others = ENGINES

    @settings(deadline=None, max_examples=4)
    @given(rows=flights(fractional))
    def holds(rows):
        for other in others:
            assert_frame_equal(other.gold(rows), one.gold(rows), check_exact=False, abs_tol=1e-9, rel_tol=0)

    holds()


def _assert_as_computed(days: pl.DataFrame, rows, *, std_within: float, variance_within: float = 0.0) -> None:
    expected = _computed(rows)
    assert list(days.select("origin", "fl_date").rows()) == sorted(expected)
    for found in days.to_dicts():
        wanted = expected[found["origin"], found["fl_date"]]
        for name, value in wanted.items():
            if name == "std_dep_delay" and value is not None and variance_within:
                near = abs(found[name] - value) <= std_within or abs(found[name] ** 2 - value**2) <= variance_within
                assert near, (name, found[name], value)
            elif value is None or isinstance(value, int):
                assert found[name] == value, name
            else:
                # A sum of minutes may be off by a tick for each flight, a mean by one.
                within = 1e-9 * wanted["flights"] if name in CAUSES else 1e-9
                assert found[name] == pytest.approx(value, abs=within, rel=0), name


def _computed(rows) -> dict:
    """Gold in plain Python: no frames, and exact sums of fractions."""
    groups = defaultdict(list)
    for row in rows:
        groups[row["origin"], row["fl_date"]].append(row)
    return {key: _computed_day(group) for key, group in groups.items()}


def _computed_day(group) -> dict:
    known = sorted(row["dep_delay"] for row in group if not row["cancelled"] and row["dep_delay"] is not None)
    cancelled = sum(row["cancelled"] for row in group)
    day = {
        "mean_dep_delay": math.fsum(known) / len(known) if known else None,
        "flights": len(group),
        "departed": len(group) - cancelled,
        "cancelled": cancelled,
        "cancelled_share": float(cancelled / len(group)),
        "diverted": sum(row["diverted"] is True for row in group),
        "dep_del15_share": float(sum(delay >= 15 for delay in known) / len(known)) if known else None,
        "median_dep_delay": float(statistics.median(known)) if known else None,
        "p90_dep_delay": _ninth_decile(known) if known else None,
        "std_dep_delay": statistics.stdev(known) if len(known) > 1 else None,
    }
    for cause in CAUSES:
        minutes = [row[cause] for row in group if row.get(cause) is not None]
        day[cause] = math.fsum(minutes) if minutes else None
    return day | dict.fromkeys(CANCELLATION_CODES)


def _ninth_decile(ordered) -> float:
    place = 0.9 * (len(ordered) - 1)
    low = math.floor(place)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (ordered[high] - ordered[low]) * (place - low)


@pytest.fixture
def silver_file(tmp_path: Path) -> Path:
    """Three thousand flights of a year, some with fractions, at the ends of quarters too."""
    days = [dt.date(2009, 1, 1) + dt.timedelta(days=n) for n in (0, 89, 90, 180, 181, 272, 273, 364)]
    rows = [
        {"origin": origin, "fl_date": days[i % 8], "dep_delay": i % 97 / 7 - 5, "nas_delay": i % 13 / 3}
        for i, origin in enumerate(["JFK", "LGA", "EWR"] * 1000)
    ]
    path = tmp_path / "silver.parquet"
    flights_frame(rows).write_parquet(path)
    return path


def _gold_bytes(silver: Path, out: Path) -> str:
    aggregate(silver, 2009)[DAILY.name].write_parquet(out)
    return hashlib.sha256(out.read_bytes()).hexdigest()


def test_the_gold_file_has_the_same_bytes_for_shuffled_flights(silver_file: Path, tmp_path: Path):
    """Nothing of the order of rows is left in it."""
    first = _gold_bytes(silver_file, tmp_path / "first.parquet")
    shuffled = tmp_path / "shuffled.parquet"
    pl.read_parquet(silver_file).sample(fraction=1, shuffle=True, seed=1).write_parquet(shuffled, row_group_size=100)
    assert first == _gold_bytes(shuffled, tmp_path / "second.parquet")
    days = pl.read_parquet(tmp_path / "first.parquet")
    assert days.height == 24
    assert days.equals(days.sort("origin", "fl_date"))


@pytest.mark.slow
def test_the_gold_file_has_the_same_bytes_on_one_core_and_on_two(silver_file: Path, tmp_path: Path):
    """A laptop and a server agree."""
    code = (
        "import sys; from pathlib import Path; from tarmac.engines.polars.gold import aggregate; "
        "aggregate(Path(sys.argv[1]), 2009)['agg_dep_delay_by_date'].write_parquet(sys.argv[2])"
    )
    digests = set()
    for threads in ("1", "2"):
        out = tmp_path / f"{threads}.parquet"
        environment = os.environ | {"POLARS_MAX_THREADS": threads}
        subprocess.run([sys.executable, "-c", code, str(silver_file), str(out)], env=environment, check=True)
        digests.add(hashlib.sha256(out.read_bytes()).hexdigest())
    assert len(digests) == 1


def test_cancellations_are_counted_by_code(engine: Engine):
    """A code on a flight that left, one that BTS does not know and none at all count for nothing."""
    codes = ["A", "B", "B", "C", "D", "E", None]
    rows = [{"cancelled": True, "cancellation_code": code} for code in codes]
    (day,) = engine.gold([*rows, {"cancellation_code": "A"}]).to_dicts()
    assert [day[name] for name in ("cancelled", *CANCELLATION_CODES)] == [7, 1, 2, 1, 1]


def test_a_day_without_cancellations_has_no_codes_only_where_the_source_reports_none(engine: Engine):
    """Zero where others of the month bear a code; null in a month whose cancellations have none."""
    days = [dt.date(2009, 2, 1), dt.date(2009, 2, 2), dt.date(2009, 3, 1), dt.date(2009, 4, 1)]
    cancelled = [{"cancelled": True, "cancellation_code": "B"}, {}, {"cancelled": True}, {}]
    found = engine.gold([{"fl_date": day} | row for day, row in zip(days, cancelled, strict=True)])
    assert found["cancelled_weather"].to_list() == [1, 0, None, 0]
    assert found["cancelled_carrier"].to_list() == [0, 0, None, 0]
    none = engine.gold([{"fl_date": days[0], "cancelled": True}, {"fl_date": days[2]}])
    assert none["cancelled_weather"].to_list() == [None, None]


def test_carriers_have_the_measures_that_an_airport_with_their_flights_has(engine: Engine):
    """One definition for every grain: a carrier's flights, all put at one airport, give the same day."""
    flights = _carrier_flights()
    found = engine.gold(flights, CARRIER_DAILY)
    at_one_airport = flights.filter(pl.col("op_carrier").is_not_null()).with_columns(origin="op_carrier")
    assert_frame_equal(found.rename({"op_carrier": "origin"}), engine.gold(at_one_airport))


def test_carriers_at_airports_have_the_measures_that_an_airport_with_their_flights_has(engine: Engine):
    """The same for one carrier's flights from one airport."""
    flights = _carrier_flights()
    found = engine.gold(flights, CARRIER_ORIGIN_DAILY)
    both = pl.col("op_carrier") + pl.col("origin")
    at_one_airport = flights.filter(pl.col("op_carrier").is_not_null()).with_columns(origin=both)
    assert_frame_equal(
        found.select(both, pl.exclude("op_carrier", "origin")).rename({"op_carrier": "origin"}),
        engine.gold(at_one_airport),
    )


@pytest.mark.parametrize("table", GRAINS, ids=lambda table: table.name)
def test_sums_of_a_finer_grain_add_up_to_the_sums_of_the_flights(engine: Engine, table: Table):
    """To the last bit: an engine may read the flights once for all grains."""
    lazy = engine.into(_carrier_flights())
    finest = gold.to_sums(lazy, CARRIER_ORIGIN_DAILY)
    rolled_up = engine.out(gold.to_days(gold.roll_up(finest, table), gold.to_ranks(lazy, table), table))
    assert_frame_equal(gold.finish(rolled_up, table), engine.gold(_carrier_flights(), table), check_exact=True)


@pytest.mark.parametrize("table", [CARRIER_DAILY, CARRIER_ORIGIN_DAILY], ids=lambda table: table.name)
def test_a_source_without_carriers_gives_no_carriers_days(engine: Engine, table: Table):
    """An empty table with its columns, not one of a carrier without a name."""
    found = engine.gold([{"dep_delay": 3.0}, {"cancelled": True}], table)
    assert found.height == 0
    assert found.schema == schema_of(table)


def _carrier_flights() -> pl.DataFrame:
    """Flights of three carriers and of none, with fractions, codes and causes."""
    rows = [
        {
            "op_carrier": ["AA", "DL", "MQ", None][i % 4],
            "origin": ["JFK", "ORD"][i // 4 % 2],
            "fl_date": DAY + dt.timedelta(days=i // 8 % 3),
            "dep_delay": i * 37 % 101 / 7 - 4,
            "cancelled": i % 11 == 0,
            "cancellation_code": "ABC"[i % 3],
            "nas_delay": i % 5 / 3 if i % 2 else None,
        }
        for i in range(400)
    ]
    return flights_frame(rows)


def test_negative_zero_is_zero(engine: Engine):
    """Rounding -0.3 writes -0.0 into some files; a median of both zeros must not depend on which comes first."""
    delays = {"JFK": [-0.0, 0.0, 0.0], "LGA": [0.0, -0.0, 0.0], "EWR": [0.0, 0.0, -0.0], "ORD": [-0.0]}
    rows = [{"origin": o, "dep_delay": delay, "nas_delay": delay} for o in delays for delay in delays[o]]
    measures = ("mean_dep_delay", "median_dep_delay", "p90_dep_delay", "nas_delay")
    for row in engine.gold(rows).to_dicts():
        assert [math.copysign(1, row[name]) for name in measures] == [1] * 4


def test_gold_reads_no_column_that_it_does_not_need(engine: Engine):
    """A silver file of another version may lack the others."""
    needed = ["origin", "fl_date", "dep_delay", "cancelled", "cancellation_code", "diverted", *CAUSES]
    assert set(needed) < set(FLIGHTS.names)
    assert engine.gold(flights_frame([{"dep_delay": 3.0}]).select(needed)).height == 1
