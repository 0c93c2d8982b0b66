"""The measures of an airport-day that the page shows: each is named here once, and read, packed, unpacked and drawn by this."""

from dataclasses import dataclass
from typing import Literal

Unit = Literal["minutes", "share", "flights", "lost", "number", "severity"]

SCALES: dict[Unit, int] = {"minutes": 10, "share": 1000, "flights": 1, "lost": 10, "number": 100, "severity": 1}
"""What a value is multiplied by to be a whole number, which packs best: delays keep tenths of a minute."""


@dataclass(frozen=True, kw_only=True)
class Shown:
    """A column of `tables.published`.

    `key` is its name in the page's data, `label` what a reader sees. A `daily` one is there of every day, for the charts;
    others of flagged days alone. `table`: it has a column of its own in the tables of flagged days.
    """

    name: str
    key: str
    label: str
    unit: Unit
    daily: bool = False
    table: bool = True


COLUMNS: tuple[Shown, ...] = (
    Shown(name="lost_flights", key="w", label="Lost flights", unit="lost"),
    Shown(name="severity", key="g", label="Severity", unit="severity", daily=True),
    Shown(name="cancelled", key="c", label="Cancelled", unit="flights", daily=True),
    Shown(name="mean_dep_delay", key="d", label="Mean delay", unit="minutes", daily=True),
    Shown(name="flights", key="f", label="Flights", unit="flights", daily=True),
    Shown(name="excess_cancelled", key="x", label="Cancelled above usual", unit="lost", table=False),
    Shown(name="excess_delay_minutes", key="y", label="Delay above usual", unit="minutes", table=False),
    Shown(name="anomaly_score", key="s", label="Score", unit="number"),
)
"""In the order of the tables' columns. Add a line to show one more."""
