"""Loads what the notebooks look at: a year of airport-days, and the truth about it where somebody knows it.

One row per origin airport and local flight date. From your lake where TARMAC_LAKE and TARMAC_YEAR name a year of it;
else from a small simulated year, made by Tarmac's own steps and kept below TARMAC_HOME.
"""

import os
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import polars as pl

from tarmac.bronze.ingest import ingest_files
from tarmac.cli.configuration import read_settings
from tarmac.errors import InputError
from tarmac.pipeline import Parameters, Workspace, run_year
from tarmac.settings import Settings, parse_years
from tarmac.simulate import SimulationParameters, write_simulation
from tarmac.storage.lake import Zones, open_lake
from tarmac.storage.scratch import scratch_folder

SIMULATED = SimulationParameters(year=2018, flights=200_000, airports=70, seed=7)
"""Seventy airports, so that the smallest have a flight or two a day and skip days, as real ones do."""

ENOUGH_FLIGHTS = 10
"""Two of three flights cancelled may be chance; with ten a day it hardly is."""

ENOUGH_DAYS = 60
"""An airport with fewer days that have a mean delay shows neither a season nor its weekdays: no lesson."""


@dataclass(frozen=True, kw_only=True)
class AirportDays:
    """Gold of one year; `truth` (origin, fl_date, kind) holds the truly abnormal days, None where nobody knows them."""

    year: int
    source: str
    gold: pl.DataFrame
    truth: pl.DataFrame | None

    def airports(self) -> dict[str, str]:
        """For a dropdown: "ATL: 19,870 flights on 365 days" → "ATL", most flights first; all with enough days."""
        measured = pl.col("mean_dep_delay").count()
        sizes = self.gold.group_by("origin").agg(pl.col("flights").sum(), pl.len().alias("days"), measured)
        enough = sizes.filter(pl.col("mean_dep_delay") >= ENOUGH_DAYS).drop("mean_dep_delay")
        if enough.is_empty():
            raise InputError(
                f"no airport of {self.year} has {ENOUGH_DAYS} days with a mean delay. Choose a fuller year: TARMAC_YEAR."
            )
        rows = enough.sort(["flights", "origin"], descending=[True, False]).iter_rows()
        return {f"{origin}: {flights:,} flights on {days} days": origin for origin, flights, days in rows}

    def airport_of_the_worst_day(self) -> str:
        """The airport with the largest share of a day's flights cancelled, among days with enough flights to tell."""
        shown = self.gold.filter(pl.col("origin").is_in(list(self.airports().values())))
        enough = shown.filter(pl.col("flights") >= ENOUGH_FLIGHTS)
        days = shown if enough.is_empty() else enough
        order = ["cancelled_share", "flights", "origin"]
        return str(days.sort(order, descending=[True, True, False])["origin"][0])

    def label_of_the_worst(self) -> str:
        """The line in the dropdown of the airport with the worst day."""
        worst = self.airport_of_the_worst_day()
        return next(label for label, origin in self.airports().items() if origin == worst)

    def gold_of(self, airport: str) -> pl.DataFrame:
        """The airport's rows, by date: days with scheduled flights alone."""
        return self.gold.filter(pl.col("origin") == airport).sort("fl_date")

    def calendar_of(self, airport: str) -> pl.DataFrame:
        """One row per day of the year; null measures and 0 flights where none was scheduled."""
        days = pl.date_range(date(self.year, 1, 1), date(self.year, 12, 31), eager=True).alias("fl_date")
        counts = pl.col("flights", "departed", "cancelled").fill_null(0)
        return days.to_frame().join(self.gold_of(airport), on="fl_date", how="left").with_columns(counts)

    def truth_of(self, airport: str) -> pl.DataFrame | None:
        """The airport's truly abnormal days (fl_date, kind); None where nobody knows them."""
        if self.truth is None:
            return None
        return self.truth.filter(pl.col("origin") == airport).select("fl_date", "kind").sort("fl_date")


def load_airport_days() -> AirportDays:
    """The year that TARMAC_LAKE and TARMAC_YEAR name; without both, the simulated one.

    Raises:
        InputError: when only one of the two is set, TARMAC_YEAR is not one year, or the lake has no gold of it.
    """
    settings = read_settings()
    lake, year = os.environ.get("TARMAC_LAKE", ""), os.environ.get("TARMAC_YEAR", "")
    if not lake and not year:
        return _simulated(settings.home / "notebooks")
    if not (lake and year):
        there, lacking = ("TARMAC_YEAR", "TARMAC_LAKE") if year else ("TARMAC_LAKE", "TARMAC_YEAR")
        raise InputError(
            f"{there} is set and {lacking} is not. Set both to see your lake, or neither for a simulation."
        )
    return _from_lake(settings, year)


def _from_lake(settings: Settings, named: str) -> AirportDays:
    years = parse_years(named)
    if len(years) > 1:
        raise InputError(f"TARMAC_YEAR is {named}. A notebook looks at one year: set it to {years[0]}, for example.")
    year = years[0]
    zones = Zones(bronze=settings.bronze_folder, silver=settings.silver_folder, gold=settings.gold_folder)
    lake = open_lake(settings.lake, zones)
    lake.check_exists()
    if lake.size(lake.gold_key(year)) is None:
        raise InputError(f"the lake {lake.root} has no gold of {year}. Make it: tarmac run --year {year}")
    with scratch_folder(lake.scratch_parent(settings.scratch or settings.home / "scratch")) as scratch:
        gold = pl.read_parquet(lake.fetch(lake.gold_key(year), scratch), glob=False)
    return AirportDays(year=year, source=f"{year}, as airlines reported it", gold=gold, truth=None)


def _simulated(folder: Path) -> AirportDays:
    made = SIMULATED
    kept = folder / f"{made.year}-{made.flights}-{made.airports}-{made.seed}"
    if not kept.is_dir():
        _simulate_into(kept)
    return AirportDays(
        year=made.year,
        source=f"{made.year}, simulated: {made.flights:,} flights from {made.airports} airports, seed {made.seed}",
        gold=pl.read_parquet(kept / "gold.parquet"),
        truth=pl.read_csv(kept / "truth.csv", try_parse_dates=True),
    )


def _simulate_into(kept: Path) -> None:
    """Simulate, ingest, clean and aggregate in a folder aside; `kept` appears when both of its files are whole."""
    with scratch_folder(kept.parent / ".scratch") as aside:
        workspace = Workspace(lake=open_lake(str(aside / "lake")), scratch=aside / "scratch", home=aside)
        flights = write_simulation(SIMULATED, aside / "source")
        ingest_files([flights.csv], workspace.lake, year=SIMULATED.year, scratch=workspace.scratch)
        run_year(workspace, SIMULATED.year, Parameters(), steps=("silver", "gold"))
        whole = aside / "whole"
        whole.mkdir()
        Path(workspace.lake.location(workspace.lake.gold_key(SIMULATED.year))).rename(whole / "gold.parquet")
        flights.events.rename(whole / "truth.csv")
        # Another notebook may have been first; the same seed gave it the same year.
        with suppress(OSError):
            whole.rename(kept)
