"""The flights of a year as the search for disruptions reads them: sums per day, carrier, origin and destination."""

from dataclasses import dataclass, fields
from functools import cached_property
from typing import Any

import narwhals as nw
import numpy as np
import numpy.typing as npt
import polars as pl

from tarmac.detect.panel import DateArray, FloatArray
from tarmac.tables.daily import CANCELLATION_CODES, CAUSES
from tarmac.transform.quarters import QUARTERS, in_quarter

Indices = npt.NDArray[np.int64]

LONGEST_DELAY = 180.0
"""Minutes: a later flight counts as if it were so late, that a few very late ones do not outweigh all others."""

ROUTE = ("fl_date", "op_carrier", "origin", "dest")

CODES = tuple(CANCELLATION_CODES)
TOLD = tuple(cause for cause in CAUSES if cause != "late_aircraft_delay")
"""The causes that may be one: a late aircraft is the consequence of something else."""

SUMS = ("flights", "cancelled", "departed", "late_minutes", "delay_minutes", *CODES, *TOLD)


def to_routes(flights: nw.LazyFrame[Any], key: tuple[str, ...] = ROUTE) -> nw.LazyFrame[Any]:
    """Flights (`tables.flights`) to one row per key, with `SUMS`, in no order.

    `departed` counts flights whose delay is known; `delay_minutes` sums their delays, early ones negative, and
    `late_minutes` the delays without what late aircraft brought, each between 0 and `LONGEST_DELAY`. Minutes of causes are
    of arrival delay.
    """
    delay = nw.when(~nw.col("cancelled")).then(nw.col("dep_delay"))
    # A late aircraft is the consequence of what happened elsewhere, or before.
    own = delay - nw.col("late_aircraft_delay").fill_null(0.0)
    known = flights.with_columns(
        nw.col("op_carrier").fill_null(""),
        delay=delay,
        late=nw.when(own < 0).then(0.0).when(own > LONGEST_DELAY).then(LONGEST_DELAY).otherwise(own),
    )
    return known.group_by(*key).agg(
        nw.len().cast(nw.Int32).alias("flights"),
        nw.col("cancelled").cast(nw.Int32).sum().alias("cancelled"),
        nw.col("delay").count().cast(nw.Int32).alias("departed"),
        nw.col("late").sum().alias("late_minutes"),
        nw.col("delay").sum().alias("delay_minutes"),
        *(
            (nw.col("cancelled") & (nw.col("cancellation_code") == code).fill_null(False))
            .cast(nw.Int32)
            .sum()
            .alias(name)
            for name, code in CANCELLATION_CODES.items()
        ),
        *(nw.col(cause).sum().alias(cause) for cause in TOLD),
    )


@dataclass(frozen=True, kw_only=True)
class Routes:
    """One entry per day, carrier, origin and destination with scheduled flights, sorted by these.

    `day`, `carrier`, `origin` and `dest` are positions in `dates`, `carriers` and `airports`; the other arrays are the
    sums of `to_routes`. An unknown carrier is "".
    """

    dates: DateArray
    carriers: tuple[str, ...]
    airports: tuple[str, ...]
    day: Indices
    carrier: Indices
    origin: Indices
    dest: Indices
    flights: FloatArray
    cancelled: FloatArray
    departed: FloatArray
    late_minutes: FloatArray
    delay_minutes: FloatArray
    codes: FloatArray
    """Cancelled flights by `CODES`, one column each."""
    causes: FloatArray
    """Minutes by `TOLD`, one column each."""

    @property
    def days(self) -> int:
        """How many calendar days there are, from the first with flights to the last."""
        return len(self.dates)

    @cached_property
    def starts(self) -> Indices:
        """Where each day's entries begin, and after them where the last ends."""
        return np.searchsorted(self.day, np.arange(self.days + 1))

    def of_day(self, day: int) -> slice:
        """The entries of a day."""
        return slice(int(self.starts[day]), int(self.starts[day + 1]))

    def take(self, chosen: Indices | npt.NDArray[np.bool_]) -> "Routes":
        """Some of the entries."""
        arrays = {
            field.name: getattr(self, field.name)[chosen]
            for field in fields(self)
            if field.name not in {"dates", "carriers", "airports"}
        }
        return Routes(dates=self.dates, carriers=self.carriers, airports=self.airports, **arrays)


def read_routes(flights: pl.LazyFrame, year: int) -> Routes:
    """The entries of a year's flights (`tables.flights`), grouped a quarter of the year at a time to save memory."""
    quarters = []
    for quarter in QUARTERS:
        grouped: pl.LazyFrame = to_routes(nw.from_native(flights.filter(in_quarter(year, quarter)))).to_native()
        quarters.append(routes_from(grouped.collect(engine="streaming")))
    return _joined(quarters)


def _joined(parts: list[Routes]) -> Routes:
    """Routes of later and later dates as one. The list is emptied, so that no array is there twice for long."""
    known = [part for part in parts if part.day.size]
    if not known:
        return parts[0]
    first = known[0].dates[0]
    names = {
        "carriers": pl.concat([pl.Series(part.carriers, dtype=pl.String) for part in known]).unique().sort(),
        "airports": pl.concat([pl.Series(part.airports, dtype=pl.String) for part in known]).unique().sort(),
    }
    within = {"carrier": "carriers", "origin": "airports", "dest": "airports"}
    dates = np.arange(first, known[-1].dates[-1] + 1)
    held = [dict(vars(part)) for part in known]
    parts.clear()
    known.clear()
    for part in held:
        part["day"] = part["day"] + int((part["dates"][0] - first).astype(int))
        for field, name in within.items():
            part[field] = _positions(pl.Series(part[name], dtype=pl.String), names[name])[part[field]]
    joined = {
        field.name: np.concatenate([part.pop(field.name) for part in held])
        for field in fields(Routes)
        if field.name not in {"dates", *names}
    }
    return Routes(dates=dates, carriers=tuple(names["carriers"]), airports=tuple(names["airports"]), **joined)


def routes_from(frame: pl.DataFrame) -> Routes:
    """The entries of a frame of `to_routes`."""
    carriers = frame["op_carrier"].unique().sort()
    airports = pl.concat([frame["origin"], frame["dest"]]).unique().sort()
    days = frame["fl_date"].to_numpy().astype("datetime64[D]")
    first = days.min() if days.size else np.datetime64("2000-01-01")
    dates = np.arange(first, days.max() + 1) if days.size else days
    day, carrier = (days - first).astype(np.int64), _positions(frame["op_carrier"], carriers)
    origin, dest = _positions(frame["origin"], airports), _positions(frame["dest"], airports)
    # One number per row sorts faster than four columns of which three are texts.
    order = np.argsort(((day * len(carriers) + carrier) * len(airports) + origin) * len(airports) + dest)

    def column(name: str) -> FloatArray:
        return frame[name].cast(pl.Float64).fill_null(0.0).to_numpy()[order]

    return Routes(
        dates=dates,
        carriers=tuple(carriers),
        airports=tuple(airports),
        day=day[order],
        carrier=carrier[order],
        origin=origin[order],
        dest=dest[order],
        codes=np.stack([column(name) for name in CODES], axis=1).astype(np.float32),
        causes=np.stack([column(name) for name in TOLD], axis=1).astype(np.float32),
        **{name: column(name) for name in SUMS[:5]},
    )


def _positions(values: pl.Series, names: pl.Series) -> Indices:
    return names.search_sorted(values).to_numpy().astype(np.int64)
