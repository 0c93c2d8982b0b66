"""Tarmac for notebooks and programs: `clean`, `aggregate`, `score` and `explain`, frames in and frames out.

`import tarmac` offers these functions. A frame is anything that narwhals supports: pandas, Polars, PyArrow and others.
Results have the input's type; if that type is not in memory (DuckDB, Spark), and for a file, they are Polars frames.
Heavy packages are imported only when something is computed.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

    import polars as pl
    from narwhals.typing import IntoFrame

    from tarmac.settings import DetectParameters

BY = {
    "airport": "agg_dep_delay_by_date",
    "carrier": "agg_dep_delay_by_carrier",
    "carrier_airport": "agg_dep_delay_by_carrier_origin",
}
"""The groupings of `aggregate` besides the date, and the table in the data dictionary that describes the columns."""


@dataclass(frozen=True, kw_only=True)
class Cleaned:
    """Cleaned flights, invalid rows, repairs and notes.

    Attributes:
        flights: one row per scheduled flight (silver in the data dictionary).
        invalid: one row per invalid row of the source, with its reason (quarantine).
        repairs: rows repaired, by repair.
        notes: remarks on the source, such as a file that may be truncated.
    """

    flights: Any
    invalid: Any
    repairs: dict[str, int]
    notes: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Explained:
    """Disruptions, and their parts (`disruption_events` and `disruption_parts`)."""

    disruptions: Any
    parts: Any


def clean(
    flights: "IntoFrame | str | Path", *, year: int | None = None, max_quarantined: float | None = None
) -> Cleaned:
    """Type and validate flights in any format that Tarmac reads: a frame or a file.

    Args:
        flights: the flights, with the column names of their source (docs/formats.md).
        year: their year, if the flights do not contain it.
        max_quarantined: the largest share (0-1) of invalid rows that is tolerated; by default the setting's default.

    Raises:
        InputError: these are not flights, or too many rows are invalid.
    """
    from pathlib import Path
    from tempfile import TemporaryDirectory

    import polars as pl

    from tarmac.bronze.ingest import ingest_files
    from tarmac.engines.base import BronzeYear
    from tarmac.engines.polars.engine import PolarsEngine
    from tarmac.settings import Parameters
    from tarmac.storage.lake import open_lake
    from tarmac.storage.scratch import scratch_folder

    share = Parameters().max_quarantined if max_quarantined is None else max_quarantined
    with TemporaryDirectory(prefix="tarmac-") as name:
        folder = Path(name)
        lake = open_lake(str(folder / "lake"))
        ingested = ingest_files([_as_file(flights, folder)], lake, year=year, scratch=folder / "scratch")
        kept, invalid, notes, repairs = [], [], list[str](), dict[str, int]()
        for each in sorted({part.year for part in ingested}):
            with scratch_folder(folder / "scratch") as scratch:
                bronze = BronzeYear(lake=lake, year=each, files=lake.bronze_files(each))
                cleaning = PolarsEngine().clean_year(bronze, scratch, max_quarantined=share)
                kept.append(pl.read_parquet(cleaning.silver))
                invalid.append(pl.read_parquet(cleaning.quarantine))
            notes += cleaning.notes
            repairs = {repair: repairs.get(repair, 0) + rows for repair, rows in cleaning.repairs.items()}
    missing = dict.fromkeys(cost for part in ingested for cost in part.missing)
    return Cleaned(
        flights=_like(flights, pl.concat(kept)),
        invalid=_like(flights, pl.concat(invalid)),
        repairs=repairs,
        notes=(*missing, *dict.fromkeys(notes)),
    )


def aggregate(flights: "IntoFrame", *, by: str = "airport") -> Any:
    """Aggregate cleaned flights to days: one row per airport, carrier, or carrier and airport, and local flight date.

    Args:
        flights: as `clean` returns them.
        by: one of `BY`.

    Raises:
        InputError: `by` is unknown, or a column of cleaned flights is missing.
    """
    import narwhals as nw
    import polars as pl

    from tarmac.errors import InputError
    from tarmac.tables.daily import GRAINS
    from tarmac.transform.gold import finish, to_gold

    if by not in BY:
        raise InputError(f"by={by!r} is unknown. Known: {', '.join(BY)}.")
    table = next(grain for grain in GRAINS if grain.name == BY[by])
    days: pl.DataFrame = to_gold(nw.from_native(_cleaned(flights).lazy()), table).to_native().collect()
    return _like(flights, finish(days, table))


def score(
    days: "IntoFrame",
    *,
    detectors: Sequence[str] = ("disruption",),
    history: int = 0,
    parameters: "DetectParameters | None" = None,
) -> Any:
    """Score days of airports or of carriers, and flag the abnormal ones.

    Args:
        days: as `aggregate` returns them, by airport or by carrier, of one year or several.
        detectors: their names (docs/leaderboard.md).
        history: how many earlier years the detectors also use for each year.
        parameters: all parameters of the detectors, instead of `detectors`.

    Returns:
        One row per airport or carrier, day, measure and detector (`anomaly_scores`): the observed and expected values, the
        score (higher is more anomalous, null if the detector cannot score the day) and the flag.

    Raises:
        InputError: a column of days is missing, or no detector could score them.
    """
    import polars as pl

    from tarmac.detect import detect
    from tarmac.errors import InputError
    from tarmac.settings import DetectParameters

    asked = parameters or DetectParameters(detectors=tuple(detectors))
    frame = _to_polars(days)
    unit = "origin" if "origin" in frame.columns else "op_carrier"
    if {unit, "fl_date"} - set(frame.columns):
        raise InputError(
            f"days need origin or op_carrier, and fl_date. They have: {', '.join(frame.columns)}. Make them with aggregate()."
        )
    if {"origin", "op_carrier"} <= set(frame.columns):
        raise InputError("days of carriers at airports cannot be scored. Aggregate by airport or by carrier.")
    named = frame.rename({unit: "origin"})
    scored, failures = [], dict[str, str]()
    for year in named["fl_date"].dt.year().unique().sort():
        seen = named.filter(pl.col("fl_date").dt.year().is_between(year - history, year))
        found = detect(seen, asked, year=year)
        failures |= found.failures
        scored.append(found.anomalies)
    if set(failures) == set(asked.detectors):
        raise InputError("; ".join(f"{name}: {reason}" for name, reason in failures.items()))
    return _like(days, pl.concat(scored).rename({"origin": unit}))


def explain(flights: "IntoFrame") -> Explained:
    """Find the disruptions in cleaned flights: who, why and how badly, each with a one-sentence summary.

    Args:
        flights: as `clean` returns them, of one year or several.

    Raises:
        InputError: a column of cleaned flights is missing.
    """
    import polars as pl

    from tarmac.airports import describe_airports, find_coordinates
    from tarmac.explanation.disruptions import explain_year
    from tarmac.transform.published import published_rows

    frame = _cleaned(flights)
    events, parts = [], []
    for year in frame["fl_date"].dt.year().unique().sort():
        of_year = frame.filter(pl.col("fl_date").dt.year() == year)
        days = aggregate(of_year)
        published = published_rows(days, score(days), chosen="disruption")
        codes = days["origin"].unique().to_list()
        cities = describe_airports(codes).filter(pl.col("city").is_not_null() & (pl.col("city") != ""))
        found = explain_year(
            of_year.lazy(),
            published,
            year,
            coordinates=find_coordinates(codes),
            cities=dict(cities.select("origin", "city").iter_rows()),
        )
        events.append(found.events)
        parts.append(found.parts)
    return Explained(disruptions=_like(flights, pl.concat(events)), parts=_like(flights, pl.concat(parts)))


def _cleaned(flights: "IntoFrame") -> "pl.DataFrame":
    from tarmac.errors import InputError
    from tarmac.tables.flights import FLIGHTS

    frame = _to_polars(flights)
    if missing := [name for name in FLIGHTS.names if name not in frame.columns]:
        raise InputError(
            f"these flights lack the columns {', '.join(missing)}. Clean them first: tarmac.clean(flights).flights"
        )
    return frame


def _as_file(flights: "IntoFrame | str | Path", folder: "Path") -> "Path":
    from pathlib import Path

    if isinstance(flights, str | Path):
        return Path(flights)
    file = folder / "flights.parquet"
    _to_polars(flights).write_parquet(file)
    return file


def _to_polars(frame: "IntoFrame") -> "pl.DataFrame":
    import narwhals as nw

    read = nw.from_native(frame)
    eager = read.collect("polars") if isinstance(read, nw.LazyFrame) else read
    return eager.to_polars()


def _like(given: Any, result: "pl.DataFrame") -> Any:
    """The result as a frame of the input's type."""
    from pathlib import Path

    import narwhals as nw

    if isinstance(given, str | Path):
        return result
    implementation = nw.from_native(given).implementation
    if implementation.is_polars() or (not implementation.is_pandas_like() and not implementation.is_pyarrow()):
        return result
    return nw.from_arrow(result.to_arrow(), backend=implementation).to_native()
