"""The panel that detectors score: airports × calendar days, dense, NaN where there is nothing to score."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import polars as pl

from tarmac.errors import InputError

FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]
DateArray = npt.NDArray[np.datetime64]

COUNTS = ("flights", "departed", "cancelled")
KEY = ("origin", "fl_date")


@dataclass(frozen=True, kw_only=True)
class Panel:
    """One measure of some airports over contiguous calendar days.

    `value` and the counts have one row per airport and one column per day. A day without flights, and a day whose
    measure is null, is NaN in `value`; nothing is carried forward. Days before `first_scored` are history: they
    serve as baseline and are not scored. `also` has further columns of gold, NaN where null.
    """

    measure: str
    origins: tuple[str, ...]
    dates: DateArray
    value: FloatArray
    flights: FloatArray
    departed: FloatArray
    cancelled: FloatArray
    first_scored: int = 0
    also: Mapping[str, FloatArray] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Reject arrays of another shape, dates with gaps, and a first scored day beyond the last."""
        shape = (len(self.origins), len(self.dates))
        named = {"value": self.value, **{name: getattr(self, name) for name in COUNTS}, **self.also}
        if wrong := {name: array.shape for name, array in named.items() if array.shape != shape}:
            raise ValueError(f"the panel's arrays must be airports × days {shape}; these are not: {wrong}")
        if len(self.dates) > 1 and not (np.diff(self.dates) == np.timedelta64(1, "D")).all():
            raise ValueError("the panel's dates must be contiguous calendar days")
        if not 0 <= self.first_scored <= len(self.dates):
            raise ValueError(f"first_scored is {self.first_scored}; it must be in 0…{len(self.dates)}")

    @property
    def shape(self) -> tuple[int, int]:
        """Airports, days."""
        return len(self.origins), len(self.dates)

    @property
    def weekdays(self) -> npt.NDArray[np.int64]:
        """0 is Monday."""
        # 1970-01-01 was a Thursday.
        return (self.dates.astype("datetime64[D]").astype(np.int64) + 3) % 7

    @property
    def scored(self) -> slice:
        """The days that are scored."""
        return slice(self.first_scored, len(self.dates))


def panel_from_gold(gold: pl.DataFrame, measure: str, *, year: int, also: tuple[str, ...] = ()) -> Panel:
    """The panel of `measure` for the airports with rows in `year`; earlier days are history.

    Independent of the order of rows. Columns of `also` that gold lacks are all NaN.
    """
    if missing := [name for name in (*KEY, *COUNTS, measure) if name not in gold.columns]:
        raise InputError(
            f"gold lacks the column(s) {', '.join(missing)}. It has: {', '.join(gold.columns)}. "
            "Create gold again: tarmac gold."
        )
    rows = _rows_until(gold, year)
    origins = rows.filter(pl.col("fl_date").dt.year() == year)["origin"].unique().sort()
    rows = rows.filter(pl.col("origin").is_in(origins.implode()))
    if rows.is_empty():
        return _empty_panel(measure, also)
    days = rows["fl_date"].to_numpy().astype("datetime64[D]")
    first = days.min()
    dates = np.arange(first, days.max() + 1)
    place = (origins.search_sorted(rows["origin"]).to_numpy(), (days - first).astype(np.int64))

    def dense(name: str, fill: float) -> FloatArray:
        array = np.full((len(origins), len(dates)), fill)
        if name in rows.columns:
            array[place] = rows[name].cast(pl.Float64).to_numpy()
        return np.where(np.isfinite(array), array, fill)

    return Panel(
        measure=measure,
        origins=tuple(origins),
        dates=dates,
        value=dense(measure, np.nan),
        flights=dense("flights", 0.0),
        departed=dense("departed", 0.0),
        cancelled=dense("cancelled", 0.0),
        first_scored=int(np.searchsorted(dates, np.datetime64(f"{year:04d}-01-01"))),
        also={name: dense(name, np.nan) for name in also},
    )


def _rows_until(gold: pl.DataFrame, year: int) -> pl.DataFrame:
    """Gold up to the end of the year, sorted by its key; raises InputError if a key is null or repeated."""
    rows = gold.filter(pl.col("fl_date").dt.year() <= year).sort(KEY)
    if nulls := gold.select(pl.any_horizontal(pl.col(*KEY).is_null()).sum()).item():
        raise InputError(f"gold has {nulls} row(s) without origin or fl_date. Create gold again: tarmac gold.")
    double = rows.filter(pl.struct(KEY).is_duplicated())
    if not double.is_empty():
        origin, day = double.row(0)[0], double["fl_date"][0]
        raise InputError(
            f"gold has {double.height} rows that share origin and fl_date, the first is {origin} on {day}. "
            "It must have one row per airport and day. Create gold again: tarmac gold."
        )
    return rows


def _empty_panel(measure: str, also: tuple[str, ...]) -> Panel:
    nothing = np.empty((0, 0))
    return Panel(
        measure=measure,
        origins=(),
        dates=np.empty(0, dtype="datetime64[D]"),
        value=nothing,
        flights=nothing,
        departed=nothing,
        cancelled=nothing,
        also=dict.fromkeys(also, nothing),
    )
