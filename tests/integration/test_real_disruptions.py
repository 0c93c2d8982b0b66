"""Disruptions of early 2008 and of 2021 that are documented are told with the right who, and why where codes tell."""

import datetime as dt
from pathlib import Path

import polars as pl
import pytest

from tarmac.airports import find_coordinates
from tarmac.explanation.disruptions import explain_year
from tarmac.tables.flights import FLIGHTS
from tarmac.tables.frames import schema_of

pytestmark = pytest.mark.slow

NO_SCORES = pl.DataFrame(schema={"origin": pl.String, "fl_date": pl.Date, "anomaly_score": pl.Float64})


def events_of(file: Path, year: int) -> list[dict]:
    """The disruptions of a file in the schema of the Kaggle yearly files."""
    text = pl.read_csv(file, infer_schema=False)
    casts: list[pl.Expr] = []
    for name, dtype in schema_of(FLIGHTS).items():
        value = pl.col(name.upper())
        casts.append((value.cast(pl.Float64) == 1 if dtype == pl.Boolean else _cast(value, dtype)).alias(name))
    flights = text.select(casts)
    coordinates = find_coordinates(flights["origin"].unique().to_list())
    return explain_year(flights.lazy(), NO_SCORES, year, coordinates=coordinates, cities={}).events.to_dicts()


def _cast(value: pl.Expr, dtype: pl.DataType) -> pl.Expr:
    if dtype == pl.Date:
        return value.str.to_date()
    return value.cast(pl.Float64).cast(dtype) if dtype.is_numeric() else value


def at(events: list[dict], day: dt.date, origin: str) -> dict:
    """The largest disruption of all carriers that includes the airport on the day."""
    found = [
        event
        for event in events
        if event["start_date"] <= day <= event["end_date"]
        and origin in event["origins"].split(",")
        and not event["carriers"]
    ]
    return max(found, key=lambda event: event["excess_cancelled"])


def test_the_storms_of_early_2008_are_told_by_place_and_cause(shared_data: Path):
    """Atlanta's snow, New York's, and Chicago's on three occasions."""
    events = events_of(shared_data / "real" / "us_2008_janfeb.csv.gz", 2008)
    for day, origin, cause, cancelled in (
        (dt.date(2008, 1, 19), "ATL", "weather", 300),
        (dt.date(2008, 2, 22), "LGA", "weather", 500),
        (dt.date(2008, 2, 6), "ORD", "weather", 800),
        (dt.date(2008, 2, 4), "ORD", "weather", 400),
        (dt.date(2008, 1, 31), "ORD", "national air system", 400),
    ):
        event = at(events, day, origin)
        assert (event["cause"], event["scope"] in {"airport", "region"}) == (cause, True), (day, event)
        assert event["excess_cancelled"] > cancelled


def test_the_carriers_failures_of_2021_are_told_by_carrier(shared_data: Path):
    """Southwest's October and American's Halloween; the source has no codes."""
    events = events_of(shared_data / "real" / "dcflights21_2021.csv.gz", 2021)
    for carrier, day in (("WN", dt.date(2021, 10, 10)), ("AA", dt.date(2021, 10, 31))):
        (event,) = [
            event
            for event in events
            if event["start_date"] <= day <= event["end_date"] and carrier in event["carriers"].split(",")
        ]
        assert (event["scope"], event["carriers"], event["cause"]) == ("carrier", carrier, None)
