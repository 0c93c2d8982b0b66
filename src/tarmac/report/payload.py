"""What the browser gets: one compact object, gzipped and base64, so that nothing in it can end a script."""

import base64
import gzip
import json
from collections.abc import Sequence
from dataclasses import asdict
from datetime import date
from typing import Any

import polars as pl

from tarmac.airlines import AIRLINES
from tarmac.airports import Airport, land_dots
from tarmac.report.columns import COLUMNS, SCALES, Unit
from tarmac.report.scored import OWN_CAUSES
from tarmac.report.stories import CAUSE_WORDS

_DAILY = [column.key for column in COLUMNS if column.daily]
_OF_FLAGS = [column.key for column in COLUMNS if not column.daily]


def pack(text: str | bytes) -> str:
    """Gzip and base64; equal input gives equal text."""
    raw = text.encode() if isinstance(text, str) else text
    # Some Pythons write the operating system into gzip's header, some do not; 255 is "unknown".
    zipped = bytearray(gzip.compress(raw, compresslevel=6, mtime=0))
    zipped[9] = 255
    return base64.b64encode(zipped).decode("ascii")


def to_payload(
    rows: pl.DataFrame,
    places: Sequence[Airport],
    carriers: pl.DataFrame | None = None,
    stories: Sequence[dict[str, Any]] | None = None,
) -> str:
    """JSON of airports, their series and flagged days, the same of carriers, and the disruptions (None: no table of them).

    Days count from January 1 of the first year.
    """
    years = rows["year"].unique().sort().to_list()
    known = [rows] if carriers is None else [rows, carriers]
    measures = pl.concat([each["measure"] for each in known]).unique().sort().to_list()
    start = date(years[0], 1, 1)
    content = {
        "years": years,
        "start": f"{years[0]}-01-01",
        "measures": measures,
        "scales": [SCALES[_unit_of(name)] for name in measures],
        "columns": [asdict(column) | {"scale": SCALES[column.unit]} for column in COLUMNS],
        "causes": [CAUSE_WORDS[name.removesuffix("_delay")] for name in OWN_CAUSES],
        "airports": [asdict(place) for place in places],
        **_to_group(_scale(rows, start, measures)),
        "carriers": None if carriers is None else _to_carriers(_scale(carriers, start, measures)),
        "land": _land(places),
        "stories": stories,
    }
    return json.dumps(content, separators=(",", ":"), allow_nan=False)


def _to_group(scaled: pl.DataFrame) -> dict[str, Any]:
    """The series and flagged days of airports, or of carriers, in the order of their codes."""
    return {"series": _to_series(scaled), "flags": _to_flags(scaled, scaled["origin"].unique().sort().to_list())}


def _to_carriers(scaled: pl.DataFrame) -> dict[str, Any]:
    codes = scaled["origin"].unique().sort().to_list()
    return {"entries": [{"code": code, "city": AIRLINES.get(code, "")} for code in codes], **_to_group(scaled)}


def _unit_of(measure: str) -> Unit:
    if measure.endswith("_share"):
        return "share"
    return "minutes" if measure.endswith("_delay") else "number"


def _scale(rows: pl.DataFrame, start: date, measures: Sequence[str]) -> pl.DataFrame:
    scales = {name: SCALES[_unit_of(name)] for name in measures}
    factor = pl.col("measure").replace_strict(scales, return_dtype=pl.Int64)

    def whole(value: pl.Expr, by: pl.Expr | int) -> pl.Expr:
        # Beyond 1e12 nothing is a delay any more; the bound keeps the cast to whole numbers safe.
        return (value * by).clip(-1e12, 1e12).round().cast(pl.Int64)

    def ran(flag: str) -> pl.Expr:
        return pl.col(flag).fill_null(value=False).cast(pl.Int64)

    expected = whole(pl.col("expected"), factor)
    return rows.select(
        "origin",
        (pl.col("fl_date") - start).dt.total_days().alias("day"),
        *(whole(pl.col(column.name), SCALES[column.unit]).alias(column.key) for column in COLUMNS),
        expected.alias("e"),
        # Offsets from the expected value repeat from day to day, so they pack to almost nothing.
        (expected - whole(pl.col("lower"), factor)).alias("l"),
        (whole(pl.col("upper"), factor) - expected).alias("u"),
        pl.col("scored").cast(pl.Int8).alias("j"),
        pl.col("measure").replace_strict({m: i for i, m in enumerate(measures)}, return_dtype=pl.Int64).alias("m"),
        "flag",
        whole(pl.col("observed"), factor).alias("v"),
        pl.col("direction").alias("r"),
        pl.col("cause").struct.field("index").alias("k"),
        whole(pl.col("cause").struct.field("share"), 100).alias("p"),
        (ran("by_forest") + 2 * ran("by_arima")).alias("o"),
    )


def _to_series(scaled: pl.DataFrame) -> list[dict[str, Any]]:
    """One object an airport: `day` of its first flight, then a value a day; null on days without flights."""
    columns = [*_DAILY, "e", "l", "u", "j", "m"]
    spans = scaled.group_by("origin").agg(pl.int_range(pl.col("day").min(), pl.col("day").max() + 1).alias("day"))
    dense = spans.explode("day").join(scaled, on=["origin", "day"], how="left", validate="1:1").sort("origin", "day")
    grouped = dense.group_by("origin", maintain_order=True).agg(pl.col("day").first(), *columns)
    return [_without_repeats(row) for row in grouped.drop("origin").iter_rows(named=True)]


def _without_repeats(row: dict[str, Any]) -> dict[str, Any]:
    """A column with one value throughout becomes that value: most airports are scored daily, by one measure."""
    for name in ("j", "m"):
        if len(kinds := set(row[name]) - {None}) == 1:
            row[name] = kinds.pop()
    return row


def _to_flags(scaled: pl.DataFrame, codes: Sequence[str]) -> dict[str, list[Any]]:
    """The flagged days as columns; `a` is the airport's index."""
    index = {code: i for i, code in enumerate(codes)}
    flagged = scaled.filter("flag").with_columns(
        pl.col("origin").replace_strict(index, return_dtype=pl.Int64).alias("a")
    )
    return flagged.select("a", pl.col("day").alias("t"), *_OF_FLAGS, "v", "r", "k", "p", "o").to_dict(as_series=False)


def _land(places: Sequence[Airport]) -> dict[str, list[tuple[int, int]]]:
    """Land of the mainland, and of every inset that an airport lies in."""
    used = {"", *(place.region for place in places)}
    return {name: dots for name, dots in land_dots().items() if name in used}
