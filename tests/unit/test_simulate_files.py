"""A simulated year as files: the genuine schema, flights that agree with themselves, and nothing half written."""

import errno

import polars as pl
import pytest

from tarmac.errors import InputError, SystemFailure
from tarmac.simulate import SimulationParameters, write_simulation

HEADER = (
    "FL_DATE,OP_CARRIER,OP_CARRIER_FL_NUM,ORIGIN,DEST,CRS_DEP_TIME,DEP_TIME,DEP_DELAY,TAXI_OUT,WHEELS_OFF,WHEELS_ON,"
    "TAXI_IN,CRS_ARR_TIME,ARR_TIME,ARR_DELAY,CANCELLED,CANCELLATION_CODE,DIVERTED,CRS_ELAPSED_TIME,"
    "ACTUAL_ELAPSED_TIME,AIR_TIME,DISTANCE,CARRIER_DELAY,WEATHER_DELAY,NAS_DELAY,SECURITY_DELAY,LATE_AIRCRAFT_DELAY,"
    "Unnamed: 27"
)
CAUSES = ["CARRIER_DELAY", "WEATHER_DELAY", "NAS_DELAY", "SECURITY_DELAY", "LATE_AIRCRAFT_DELAY"]

EVENT = ["event", "scope", "carriers", "origins", "start_date", "end_date", "cause", "flights_lost"]


def parameters(**changes):
    return SimulationParameters(**({"year": 2018, "flights": 40_000, "airports": 12, "seed": 1} | changes))


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    return write_simulation(parameters(), tmp_path_factory.mktemp("simulated") / "made" / "on the way")


@pytest.fixture(scope="module")
def flights(written):
    return pl.read_csv(written.csv, infer_schema_length=None)


def minutes(column):
    clock = pl.col(column).cast(pl.Int64)
    return clock // 100 * 60 + clock % 100


def disagreeing(flights, condition):
    return flights.filter(~condition).height


def test_the_header_is_that_of_a_kaggle_yearly_file(written):
    """28 columns, the last one without a name of its own and always empty."""
    with written.csv.open() as lines:
        assert lines.readline() == HEADER + "\n"
        assert lines.readline().endswith(",\n")


def test_whole_numbers_and_decimals_are_written_as_in_the_genuine_files(written):
    """Scheduled clocks and flight numbers are integers; everything measured has one decimal."""
    kinds = {
        "FL_DATE": r"2018-\d\d-\d\d",
        "CRS_DEP_TIME": r"\d{1,4}",
        "CRS_ARR_TIME": r"\d{1,4}",
        "CANCELLED": r"[01]\.0",
    }
    kinds |= {
        "OP_CARRIER_FL_NUM": r"\d+",
        "DIVERTED": r"[01]\.0",
        "DISTANCE": r"\d+\.0",
        "CANCELLATION_CODE": "[ABCD]?",
    }
    kinds |= dict.fromkeys(["DEP_TIME", "DEP_DELAY", "ARR_DELAY", "AIR_TIME", "TAXI_OUT", *CAUSES], r"(-?\d+\.0)?")
    text = pl.read_csv(written.csv, infer_schema=False).fill_null("")
    assert {name for name, kind in kinds.items() if not text[name].str.contains(f"^{kind}$").all()} == set()


def test_there_are_exactly_as_many_flights_as_asked_for(written, flights):
    """The request says about how many; the answer is exact, and in order of date."""
    assert (written.flights, flights.height) == (40_000, 40_000)
    assert flights["FL_DATE"].is_sorted()
    assert flights["ORIGIN"].n_unique() == written.airports == 12


def test_departure_clocks_are_schedule_plus_delay(flights):
    """Modulo 24 hours, and midnight is 2400."""
    left = flights.drop_nulls(["DEP_TIME", "DEP_DELAY"])
    late = minutes("CRS_DEP_TIME") + pl.col("DEP_DELAY").cast(pl.Int64) - minutes("DEP_TIME")
    assert disagreeing(left, late % 1440 == 0) == 0
    off = minutes("DEP_TIME") + pl.col("TAXI_OUT").cast(pl.Int64) - minutes("WHEELS_OFF")
    assert disagreeing(left.drop_nulls("TAXI_OUT"), off % 1440 == 0) == 0
    for clock in ("DEP_TIME", "WHEELS_OFF", "WHEELS_ON", "ARR_TIME", "CRS_DEP_TIME", "CRS_ARR_TIME"):
        assert (
            disagreeing(flights.drop_nulls(clock), pl.col(clock).is_between(1, 2400) & (pl.col(clock) % 100 < 60)) == 0
        )


def test_arrivals_agree_with_departures(flights):
    """Elapsed time is taxi, air and taxi; the delay at arrival follows from it."""
    arrived = flights.drop_nulls(["ARR_DELAY", "DEP_DELAY"])
    elapsed = pl.col("TAXI_OUT") + pl.col("AIR_TIME") + pl.col("TAXI_IN")
    assert disagreeing(arrived, pl.col("ACTUAL_ELAPSED_TIME") == elapsed) == 0
    gained = pl.col("ACTUAL_ELAPSED_TIME") - pl.col("CRS_ELAPSED_TIME")
    assert disagreeing(arrived, pl.col("ARR_DELAY") == pl.col("DEP_DELAY") + gained) == 0
    late = minutes("CRS_ARR_TIME") + pl.col("ARR_DELAY").cast(pl.Int64) - minutes("ARR_TIME")
    assert disagreeing(arrived, late % 1440 == 0) == 0
    landed = minutes("WHEELS_ON") + pl.col("TAXI_IN").cast(pl.Int64) - minutes("ARR_TIME")
    assert disagreeing(arrived, landed % 1440 == 0) == 0


def test_causes_are_given_for_late_arrivals_alone_and_sum_to_the_delay(flights):
    """Fifteen minutes is where the Bureau begins to ask why."""
    late = pl.col("ARR_DELAY").fill_null(0) >= 15
    assert disagreeing(flights, late == pl.all_horizontal(pl.col(CAUSES).is_not_null())) == 0
    assert disagreeing(flights, late == pl.any_horizontal(pl.col(CAUSES).is_not_null())) == 0
    assert disagreeing(flights.filter(late), pl.sum_horizontal(CAUSES) == pl.col("ARR_DELAY")) == 0


def test_a_cancelled_flight_has_a_code_and_nothing_measured(flights):
    """Few left the gate first and have a departure, as in the genuine files."""
    cancelled = flights.filter(pl.col("CANCELLED") == 1)
    assert cancelled["CANCELLATION_CODE"].null_count() == 0
    assert (
        flights.filter(pl.col("CANCELLED") == 0)["CANCELLATION_CODE"].null_count() == flights.height - cancelled.height
    )
    for column in ("TAXI_OUT", "WHEELS_OFF", "ARR_TIME", "ARR_DELAY", "AIR_TIME", *CAUSES):
        assert cancelled[column].null_count() == cancelled.height
    assert 0 < cancelled["DEP_TIME"].count() < 0.1 * cancelled.height
    assert 0.003 < cancelled.height / flights.height < 0.05


def test_a_diverted_flight_departs_and_never_arrives(flights):
    """It is not cancelled either."""
    diverted = flights.filter(pl.col("DIVERTED") == 1)
    assert 0 < diverted.height < 0.005 * flights.height
    assert diverted["DEP_TIME"].null_count() == 0
    assert diverted["ARR_DELAY"].count() == 0
    assert diverted["CANCELLED"].sum() == 0


def test_on_time_departures_of_9e_have_an_empty_delay(tmp_path):
    """So have the genuine ones; of the other carriers only cancelled flights lack it."""
    flights = pl.read_csv(write_simulation(parameters(airports=150), tmp_path).csv, infer_schema_length=None)
    on_time = flights.filter((pl.col("CRS_DEP_TIME") == pl.col("DEP_TIME")) & (pl.col("CANCELLED") == 0))
    blank = on_time.filter(pl.col("DEP_DELAY").is_null())
    assert blank.height > 0
    assert blank["OP_CARRIER"].unique().to_list() == ["9E"]
    assert on_time.filter(pl.col("OP_CARRIER") == "9E").height == blank.height


def test_no_flight_is_a_duplicate_of_another(flights):
    """Date, carrier, number, route and clock together name one flight."""
    key = ["FL_DATE", "OP_CARRIER", "OP_CARRIER_FL_NUM", "ORIGIN", "DEST", "CRS_DEP_TIME"]
    assert flights.select(key).n_unique() == flights.height


def test_delays_look_like_real_ones(flights):
    """The median of real years is −4 to +1, 42 to 72 % leave early, and the tail reaches hundreds of minutes."""
    delay = flights["DEP_DELAY"].drop_nulls()
    assert -4 <= delay.median() <= 1
    assert 0.42 <= (delay < 0).mean() <= 0.72
    assert delay.quantile(0.999) > 150
    assert delay.min() > -60
    assert delay.max() < 3348


def test_the_truth_names_airport_days_with_flights_sorted_once(written, flights):
    """A day without flights can be no abnormal day, however bad the weather."""
    truth = pl.read_csv(written.truth)
    assert truth.columns == ["origin", "fl_date"]
    assert truth.height == written.anomalous_days == truth.unique().height
    assert truth.rows() == sorted(truth.rows())
    flown = flights.select(origin="ORIGIN", fl_date="FL_DATE").unique()
    assert flown.height == written.airport_days
    assert truth.join(flown, on=["origin", "fl_date"], how="anti").height == 0
    assert 0.005 < written.anomalous_days / written.airport_days < 0.015


def test_the_events_say_what_went_wrong_on_each_true_anomaly(written):
    """Same rows as the truth, with kind, severity and flights beside them, and the event that they are part of."""
    events, truth = pl.read_csv(written.events), pl.read_csv(written.truth)
    assert events.columns == ["origin", "fl_date", "kind", "severity", "flights", *EVENT]
    assert events.select(EVENT).n_unique() == events["event"].n_unique()
    assert events.select("origin", "fl_date").equals(truth)
    assert set(events["kind"]) <= {
        "storm", "blizzard", "outage", "drift", "low", "carrier", "carrier_at_airport", "nation",
    }  # fmt: skip
    assert events["flights"].min() >= 1


def test_true_anomalies_are_later_than_other_days(written, flights):
    """Not every one, but clearly so on average."""
    days = flights.group_by(origin="ORIGIN", fl_date="FL_DATE").agg(pl.col("DEP_DELAY").mean())
    abnormal = days.join(pl.read_csv(written.truth), on=["origin", "fl_date"])
    assert abnormal["DEP_DELAY"].mean() > days["DEP_DELAY"].mean() + 20


def test_equal_parameters_give_equal_bytes(tmp_path):
    """Whichever thread made which chunk."""
    first, again = (write_simulation(parameters(flights=250_000), tmp_path / name) for name in ("first", "again"))
    for one, other in ((first.csv, again.csv), (first.truth, again.truth), (first.events, again.events)):
        assert one.read_bytes() == other.read_bytes()


@pytest.mark.parametrize("change", [{"seed": 2}, {"year": 2019}, {"shape": "outages"}])
def test_another_seed_year_or_shape_gives_another_year(written, tmp_path, change):
    """Nothing is shared by accident."""
    assert write_simulation(parameters(**change), tmp_path).csv.read_bytes() != written.csv.read_bytes()


def test_a_big_year_is_written_in_several_chunks_and_progress_is_told(tmp_path):
    """Progress ends at the number of flights and never falls."""
    seen = []
    write_simulation(parameters(flights=250_000), tmp_path, progress=lambda done, total: seen.append((done, total)))
    assert len(seen) > 1
    assert seen == sorted(seen)
    assert seen[-1] == (250_000, 250_000)


def test_one_flight_of_one_airport_is_a_year_too(tmp_path):
    """The smallest request is answered like the largest."""
    result = write_simulation(parameters(flights=1, airports=1), tmp_path)
    assert (result.flights, result.airport_days, len(result.csv.read_text().splitlines())) == (1, 1, 2)


def test_a_year_without_anomalies_has_an_empty_truth(tmp_path):
    """The header stays."""
    result = write_simulation(parameters(anomalous_share=0.0), tmp_path)
    assert result.truth.read_text() == "origin,fl_date\n"
    assert result.anomalous_days == 0


def test_a_folder_that_is_a_file_is_refused(tmp_path):
    """Exit code 2: only the user can fix it."""
    (tmp_path / "taken").write_text("a file")
    with pytest.raises(InputError, match=r"taken cannot be used: .*Name another place with --out"):
        write_simulation(parameters(), tmp_path / "taken")


def test_a_full_disk_leaves_what_was_there_and_nothing_else(tmp_path, monkeypatch):
    """Exit code 1: with more space the same command works."""
    (tmp_path / "2018.csv").write_text("the year before")

    def full(*_arguments, **_named):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(pl.DataFrame, "write_csv", full)
    with pytest.raises(SystemFailure, match="No space left on device"):
        write_simulation(parameters(), tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["2018.csv"]
    assert (tmp_path / "2018.csv").read_text() == "the year before"


def test_an_interrupted_run_leaves_nothing_under_the_final_names(tmp_path):
    """Ctrl-C between two chunks."""

    def interrupt(done: int, total: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_simulation(parameters(), tmp_path, progress=interrupt)
    assert list(tmp_path.iterdir()) == []


@pytest.fixture(scope="module")
def disrupted(tmp_path_factory):
    """A year of many disruptions: its flights, and one row per event."""
    year = parameters(flights=600_000, airports=80, shape="disruptions", anomalous_share=0.04, seed=3)
    written = write_simulation(year, tmp_path_factory.mktemp("disrupted"))
    flights = pl.read_csv(written.csv, try_parse_dates=True, infer_schema_length=None)
    events = pl.read_csv(written.events, try_parse_dates=True).fill_null("")
    return flights, events.select("kind", *EVENT).unique().sort("event")


def flights_of(flights, event):
    """The flights that an event is about."""
    mine = pl.col("FL_DATE").is_between(event["start_date"], event["end_date"])
    mine &= pl.col("ORIGIN").is_in(event["origins"].split())
    if event["carriers"]:
        mine &= pl.col("OP_CARRIER").is_in(event["carriers"].split())
    return flights.filter(mine)


@pytest.mark.slow
def test_a_carriers_failure_cancels_its_flights_and_no_others(disrupted):
    """At all its airports."""
    flights, events = disrupted
    failures = events.filter(pl.col("kind") == "carrier").to_dicts()
    assert failures
    for event in failures:
        days = flights.filter(pl.col("FL_DATE").is_between(event["start_date"], event["end_date"]))
        others = days.filter(~pl.col("OP_CARRIER").is_in(event["carriers"].split()))
        hit = flights_of(flights, event)
        assert hit["CANCELLED"].mean() > others["CANCELLED"].mean() + 0.1
        assert hit["CANCELLED"].sum() > 0.6 * event["flights_lost"]


@pytest.mark.slow
def test_three_quarters_of_codes_and_two_thirds_of_minutes_name_the_true_cause(disrupted):
    """The rest names anything else; late aircraft is named beside."""
    flights, events = disrupted
    for kinds, code, column in ((("carrier", "carrier_at_airport"), "A", 0), (("nation",), "C", 2)):
        of_kind = events.filter(pl.col("kind").is_in(kinds)).to_dicts()
        assert of_kind
        hit = pl.concat([flights_of(flights, event) for event in of_kind])
        codes = hit["CANCELLATION_CODE"].drop_nulls()
        minutes = hit.select(CAUSES[:4]).sum().row(0)
        assert (codes == code).mean() == pytest.approx(0.75, abs=0.05)
        assert minutes[column] / sum(minutes) == pytest.approx(2 / 3, abs=0.07)


@pytest.mark.slow
def test_the_flights_an_event_costs_are_those_it_is_expected_to(disrupted):
    """Cancelled ones, and late ones at 300 minutes for one, over all events of carriers."""
    flights, events = disrupted
    usual = flights["CANCELLED"].mean()
    delay = flights["DEP_DELAY"].mean()
    told = events.filter(pl.col("kind").str.starts_with("carrier"))
    hit = pl.concat([flights_of(flights, event) for event in told.to_dicts()])
    left = hit.filter(pl.col("CANCELLED") == 0)
    lost = hit["CANCELLED"].sum() - usual * hit.height + (left["DEP_DELAY"] - delay).sum() / 300
    assert lost == pytest.approx(told["flights_lost"].sum(), rel=0.15)
