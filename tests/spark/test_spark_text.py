"""Spark's reader of bronze, task by task but without Spark: the parts of a file give what one machine reads from the whole."""

import gzip
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import narwhals as nw
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tarmac.bronze.texts import find_texts
from tarmac.engines.base import BronzeYear
from tarmac.engines.polars.engine import PolarsEngine
from tarmac.engines.spark.text import (
    ROWS,
    Split,
    SplitReport,
    first_lines,
    line_of,
    pick,
    read_split,
    reports_from,
    split_texts,
)
from tarmac.errors import InputError, SystemFailure
from tarmac.storage.lake import Lake, open_lake
from tarmac.transform import silver
from tests.support.flight_lines import flights, gz, kaggle_csv, kaggle_header, kaggle_line, zipped

on_disk = settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])


def lake_of(folder: Path, content: bytes, suffix: str = ".csv") -> Lake:
    """A lake whose 2009 is this file."""
    bronze = folder / "lake" / "01_bronze"
    bronze.mkdir(parents=True, exist_ok=True)
    for old in bronze.iterdir():
        old.unlink()
    (bronze / f"2009{suffix}").write_bytes(content)
    return open_lake(str(folder / "lake"))


class Reading:
    """All splits of a year's files, read one after the other."""

    def __init__(self, lake: Lake, split_bytes: int) -> None:
        """Read them."""
        self.lake = lake
        self.splits = split_texts([t for file in lake.bronze_files(2009) for t in find_texts(lake, file)], split_bytes)
        batches = [batch for number, split in enumerate(self.splits) for batch in read_split(lake, number, split)]
        rows: pl.DataFrame = pl.DataFrame(pa.Table.from_batches(batches, ROWS))
        self.reports: list[SplitReport] = reports_from(rows["report"].drop_nulls())
        self.rows = rows.filter(pl.col("report").is_null())
        self.before = first_lines(self.splits, self.reports)

    def kept(self) -> pl.DataFrame:
        """The valid flights, exact duplicates among them."""
        lazy = silver.keep_valid(nw.from_native(self._validated().lazy()))
        kept: pl.DataFrame = lazy.to_native().collect()
        return kept

    def aside(self) -> list[tuple[int, str, str]]:
        """Line, reason and text of what is set aside."""
        wrong = self._validated().filter(pl.col("reason").is_not_null()).select("source_line", "reason")
        malformed = self.rows.filter(pl.col("malformed").is_not_null())
        found = [*self._texts(wrong), *malformed.select("source_line", "malformed", "row").iter_rows()]
        return sorted((self._line(place), reason, text) for place, reason, text in found)

    def _validated(self) -> pl.DataFrame:
        well_formed = self.rows.filter(pl.col("malformed").is_null()).lazy()
        validated: pl.DataFrame = silver.validate(nw.from_native(well_formed), year=2009).to_native().collect()
        return validated

    def _texts(self, wrong: pl.DataFrame) -> Iterator[tuple[int, str, str]]:
        for place, reason in wrong.iter_rows():
            split, line = line_of(place)
            yield place, reason, pick(self.lake, self.splits[split], frozenset({line}))[line]

    def _line(self, place: int) -> int:
        split, line = line_of(place)
        return self.before[split] + line


def assert_same(lake: Lake, scratch: Path, split_bytes: int) -> Reading:
    """One machine and the splits give the same rows, lines set aside, counts and digest."""
    scratch.mkdir(exist_ok=True)
    year = BronzeYear(lake=lake, year=2009, files=lake.bronze_files(2009))
    whole = PolarsEngine().clean_year(year, scratch, max_quarantined=1.0)
    parts = Reading(lake, split_bytes)
    kept = pl.read_parquet(whole.silver)
    aside = pl.read_parquet(whole.quarantine).filter(pl.col("reason") != "duplicate")
    assert parts.aside() == aside.select("source_line", "reason", "row").rows()
    assert parts.kept().cast(kept.schema).unique(maintain_order=True).rows() == kept.rows()
    assert sum(report.rows for report in parts.reports) == whole.rows_in
    assert [report.digest for report in parts.reports if report.digest] == [whole.input_hash]
    return parts


LINE = kaggle_line(flights(1)[0])
cells = st.sampled_from(
    [b"", b"NA", b"\\N", b'""', b'"', b" ", b"\xc2\xa0", b"\xff", b"\0", b"5", b"+5.", b"1e3", b"-0", b"inf"]
)
hostile = st.builds(
    lambda parts, at, cell: LINE.replace(at, cell) + b"".join(parts),
    st.lists(st.sampled_from([b",", b'"', b"x", b"\r", b"\xe2\x80\xa8"]), max_size=2),
    st.sampled_from([b"UA", b"EWR", b"1512.0", b"-5.0", b"2009-01-01", b"0.0"]),
    cells | st.text(st.characters(codec="utf-8", exclude_characters="\n"), max_size=5).map(str.encode),
)
odd = hostile | st.sampled_from([b"", b"\r", b"   ", b",", b"x" * 200, b"2009-01-01,UA"])


@on_disk
@given(
    lines=st.lists(odd, max_size=12),
    end=st.sampled_from([b"\n", b"\r\n"]),
    split_bytes=st.integers(1, 2000),
    last=st.booleans(),
)
def test_the_parts_of_a_hostile_file_give_what_the_whole_gives(tmp_path, lines, end, split_bytes, last):
    """Wherever the file is cut: in a line, a line end, a multi-byte letter, or a blank line."""
    text = end.join([kaggle_header(), LINE, *lines])
    assert_same(lake_of(tmp_path, text + (end if last else b"")), tmp_path / "scratch", split_bytes)


@pytest.mark.parametrize("split_bytes", [1, 100, 5000, 1 << 20, 64 << 20])
def test_a_line_of_megabytes_over_many_splits_is_one_malformed_line(tmp_path: Path, split_bytes: int):
    """It belongs to the split in which it begins; the splits within it have no line."""
    rows = [*flights(5), b"x," * (1000 if split_bytes < 5000 else 1_500_000), *flights(5)]
    parts = assert_same(lake_of(tmp_path, kaggle_csv(rows)), tmp_path / "scratch", split_bytes)
    assert [line for line, *_ in parts.aside()] == [7]


@pytest.mark.parametrize(("suffix", "pack"), [(".csv.gz", gz), (".zip", lambda text: zipped(f__csv=text))])
def test_a_packed_file_is_one_split(tmp_path: Path, suffix: str, pack):
    """It can only be read from its beginning."""
    lake = lake_of(tmp_path, pack(kaggle_csv([*flights(50), b"-"])), suffix)
    parts = assert_same(lake, tmp_path / "scratch", 100)
    assert len(parts.splits) == 1


def test_what_is_damaged_within_is_told_and_not_tried_again(tmp_path: Path):
    """A report, not an exception: Spark would only run the task four times."""
    packed = gzip.compress(kaggle_csv(flights(50_000)))
    reading = Reading(lake_of(tmp_path, packed[:-50_000], ".csv.gz"), 100)
    (report,) = reading.reports
    assert (report.exit_code, "damaged or cut off" in report.error) == (InputError.exit_code, True)


def test_splits_are_in_the_order_of_lines_and_cover_the_file_once(tmp_path: Path):
    """With one more, of the whole file, for its digest."""
    lake = lake_of(tmp_path, kaggle_csv(flights(100)))
    (text,) = find_texts(lake, lake.bronze_files(2009)[0])
    digest, *parts = split_texts([text], 1000)
    assert isinstance(digest, Split)
    assert (digest.digest_only, digest.whole) == (True, True)
    assert parts[0].start == len(text.header_line)
    assert all(one.stop == other.start for one, other in pairwise(parts))
    assert (parts[-1].stop or 0) >= text.file.size


def test_parts_of_an_object_on_s3_give_what_the_file_gives(s3: Any, tmp_path: Path):
    """Each task asks for its own bytes alone."""
    text = kaggle_csv([*flights(60), b"-", *flights(3)])
    s3.put_object(Bucket="lake", Key="p/01_bronze/2009.csv", Body=text)
    there, here = Reading(open_lake("s3://lake/p"), 900), Reading(lake_of(tmp_path, text), 900)
    assert len(there.splits) > 5
    assert there.rows.equals(here.rows)
    assert there.reports == here.reports
    assert there.aside() == here.aside()


def test_an_object_that_is_replaced_while_it_is_read_ends_the_reading(s3: Any):
    """All its parts are of one version, in whichever task."""
    s3.put_object(Bucket="lake", Key="p/01_bronze/2009.csv", Body=kaggle_csv(flights(60)))
    lake = open_lake("s3://lake/p")
    (text,) = find_texts(lake, lake.bronze_files(2009)[0])
    s3.put_object(Bucket="lake", Key="p/01_bronze/2009.csv", Body=kaggle_csv(flights(61)))
    (batch,) = read_split(lake, 0, split_texts([text])[0])
    (report,) = reports_from(batch.column("report").to_pylist())
    assert report.exit_code == SystemFailure.exit_code
