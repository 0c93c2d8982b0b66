"""A year of 120,000 published rows and 360,000 scores into the embedded warehouse, against a bare COPY and upsert."""

import datetime as dt
import io
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import polars as pl
import psycopg

from benchmarks.figures import Figure, Sizes, median
from tarmac.tables.anomalies import ANOMALIES
from tarmac.tables.frames import DTYPES
from tarmac.tables.published import PUBLISHED
from tarmac.tables.schema import Table
from tarmac.warehouse.load import load_year
from tarmac.warehouse.migrations import migrate
from tarmac.warehouse.postgres import open_warehouse

YEAR = 2009
AIRPORTS = 329


def keys(year: int) -> pl.DataFrame:
    days = pl.DataFrame({"fl_date": pl.date_range(dt.date(year, 1, 1), dt.date(year, 12, 31), eager=True)})
    letters = [chr(65 + n) for n in range(26)]
    codes = [a + b + c for a in letters for b in letters for c in letters][:AIRPORTS]
    return days.join(pl.DataFrame({"origin": codes}), how="cross")


def filled(frame: pl.DataFrame, table: Table, random: np.random.Generator) -> pl.DataFrame:
    """The frame with the table's other columns, full of figures as long as real ones."""
    size = frame.height
    for column in table.columns:
        if column.name in {*frame.columns, "id", "last_update"}:
            continue
        dtype = DTYPES[column.kind]
        values = ["mean_dep_delay"] * size if dtype == pl.String else random.normal(10, 20, size)
        if dtype.is_integer():
            values = random.integers(0, 900, size)
        if dtype == pl.Boolean:
            values = random.random(size) < 0.02
        frame = frame.with_columns(pl.Series(column.name, values).cast(dtype))
    return frame


def year_of(year: int) -> tuple[pl.DataFrame, pl.DataFrame]:
    random = np.random.default_rng(year)
    detectors = pl.DataFrame({"detector": ["isolation_forest", "arima", "stl"]})
    return filled(keys(year), PUBLISHED, random), filled(keys(year).join(detectors, how="cross"), ANOMALIES, random)


def bare(connection: psycopg.Connection, table: Table, frame: pl.DataFrame) -> None:
    """The least that a first load could be: COPY into a temporary table, INSERT … ON CONFLICT."""
    names = ", ".join(frame.columns)
    connection.execute(
        f"CREATE TEMPORARY TABLE given ON COMMIT DROP AS SELECT {names} FROM bare_{table.name} WITH NO DATA"
    )
    text = io.BytesIO()
    frame.write_csv(text, include_header=False)
    with connection.cursor() as cursor, cursor.copy("COPY given FROM STDIN (FORMAT csv)") as copy:
        copy.write(text.getbuffer())
    assigned = ", ".join(f"{name} = excluded.{name}" for name in frame.columns if name not in table.key)
    connection.execute(
        f"INSERT INTO bare_{table.name} ({names}) SELECT * FROM given "
        f"ON CONFLICT ({', '.join(table.key)}) DO UPDATE SET {assigned}"
    )
    connection.execute("DROP TABLE given")


@contextmanager
def bare_tables(connection: psycopg.Connection) -> Iterator[None]:
    for table in (PUBLISHED, ANOMALIES):
        connection.execute(f"CREATE TABLE bare_{table.name} (LIKE {table.name} INCLUDING ALL)")
    connection.execute(f"ALTER TABLE bare_{PUBLISHED.name} ALTER last_update SET DEFAULT now()")
    yield
    for table in (PUBLISHED, ANOMALIES):
        connection.execute(f"DROP TABLE bare_{table.name}")


def seconds(work: Callable[[], object]) -> float:
    begun = time.perf_counter()
    work()
    return time.perf_counter() - begun


def measured(connection: psycopg.Connection, published: pl.DataFrame, scores: pl.DataFrame) -> tuple[float, ...]:
    """Seconds of the bare way, of a first, a second and a wholly changed load."""
    with_id = published.with_columns(id=pl.col("origin") + pl.col("fl_date").dt.strftime("%Y%m%d"))

    def bare_all() -> None:
        with connection.transaction():
            bare(connection, PUBLISHED, with_id)
            if scores.height:
                bare(connection, ANOMALIES, scores)

    def load(rows: pl.DataFrame = published) -> None:
        load_year(connection, YEAR, published=rows, scores=scores)

    with bare_tables(connection):
        least = seconds(bare_all)
    load_year(connection, YEAR, published=published.clear(), scores=scores.clear())
    for table in (PUBLISHED, ANOMALIES):
        connection.execute(f"VACUUM (ANALYZE) {table.name}")
    first, second = seconds(load), seconds(load)
    changed = seconds(lambda: load(published.with_columns(pl.col("flights") + 1)))
    return least, first, second, changed


def figures(sizes: Sizes, folder: Path) -> Iterator[Figure]:
    def figure(name: str, value: float, unit: str, target: float | None = None) -> Figure:
        return Figure(suite="load", figure=name, value=value, unit=unit, target=target)

    published, scores = year_of(YEAR)
    with open_warehouse("embedded", folder) as connection:
        migrate(connection)
        for name, scored in (("published rows", scores.clear()), ("published rows and scores", scores)):
            rounds = [measured(connection, published, scored) for _ in range(sizes.repeats)]
            rows = f"{published.height + scored.height:,} {name}"
            yield figure(f"{rows}: bare COPY and upsert", median(r[0] for r in rounds), "s")
            yield figure(f"{rows}: first load", median(r[1] for r in rounds), "s")
            yield figure(f"{rows}: first load / bare", median(r[1] / r[0] for r in rounds), "x", 2)
            yield figure(f"{rows}: second load / first", median(r[2] / r[1] for r in rounds), "x", 0.5)
            yield figure(f"{rows}: every row changed / bare", median(r[3] / r[0] for r in rounds), "x")
