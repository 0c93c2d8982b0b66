"""Damaged, hostile and unusual containers: read right, or refused in one line; never read in part."""

import bz2
import gzip
import io
import json
import lzma
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tarmac.bronze.ingest import ingest_files
from tarmac.engines.base import BronzeYear
from tarmac.engines.polars.engine import PolarsEngine
from tarmac.errors import InputError
from tarmac.storage.lake import open_lake
from tests.support.flight_lines import zipped

ROWS = 60
NAMES = ("FL_DATE", "OP_CARRIER", "OP_CARRIER_FL_NUM", "ORIGIN", "DEST", "DEP_DELAY", "CANCELLED")
TEXT = "".join(
    ",".join(row) + "\n"
    for row in (NAMES, *(("2019-01-05", "AA", str(i), "EWR", "JFK", "5", "0") for i in range(ROWS)))
).encode()
TABLE = pl.read_csv(TEXT).to_arrow()
FLIGHT = {"FL_DATE": "2019-01-05", "ORIGIN": "EWR", "DEST": "JFK", "DEP_DELAY": 5}


def _parquet(table: pa.Table = TABLE) -> bytes:
    file = io.BytesIO()
    pq.write_table(table, file)
    return file.getvalue()


def _arrow(table: pa.Table, *, stream: bool) -> bytes:
    file = io.BytesIO()
    with (pa.ipc.new_stream if stream else pa.ipc.new_file)(file, table.schema) as writer:
        writer.write_table(table)
    return file.getvalue()


def _edited(packed: bytes, at: bytes, offset: int, value: bytes) -> bytes:
    """With these bytes so many after the mark."""
    start = packed.find(at) + offset
    return packed[:start] + value + packed[start + len(value) :]


def _linked() -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        link = zipfile.ZipInfo("latest.csv")
        link.create_system, link.external_attr = 3, 0o120777 << 16
        archive.writestr(link, "flights.csv")
        archive.writestr("flights.csv", TEXT)
    return file.getvalue()


def _origins(offsets: "np.ndarray[tuple[int], np.dtype[np.int32]]", data: bytes) -> pa.Table:
    """The table with a column of airports made of these buffers, whatever is wrong with them."""
    buffers = [None, pa.py_buffer(offsets.tobytes()), pa.py_buffer(data)]
    return TABLE.set_column(3, "ORIGIN", pa.Array.from_buffers(pa.utf8(), ROWS, buffers))


def _offsets(place: int, value: int) -> "np.ndarray[tuple[int], np.dtype[np.int32]]":
    offsets = np.arange(ROWS + 1, dtype=np.int32) * 3
    offsets[place] = value
    return offsets


RIGHT: dict[str, Callable[[], bytes]] = {
    "a gzip of two streams": lambda: gzip.compress(TEXT[:500]) + gzip.compress(TEXT[500:]),
    "a bzip2 of two streams": lambda: bz2.compress(TEXT[:500]) + bz2.compress(TEXT[500:]),
    "an xz of two streams": lambda: lzma.compress(TEXT[:500]) + lzma.compress(TEXT[500:]),
    "a gzip padded with zeros": lambda: gzip.compress(TEXT) + bytes(512),
    "a gzip in a gzip": lambda: gzip.compress(gzip.compress(TEXT)),
    "a Parquet file in a gzip": lambda: gzip.compress(_parquet()),
    "a Parquet file in a zip": lambda: zipped(flights__csv=_parquet(), readme__md=b"notes"),
    "an Arrow file in a zip": lambda: zipped(flights__arrow=_arrow(TABLE, stream=False)),
    "an Arrow stream in a gzip": lambda: gzip.compress(_arrow(TABLE, stream=True)),
    "a Parquet file with a column of lists": lambda: _parquet(TABLE.append_column("notes", pa.array([["a"]] * ROWS))),
    "a zip with a link beside the flights": _linked,
    "a zip that says its sizes are unknown": lambda: _edited(zipped(flights__csv=TEXT), b"PK\x01\x02", 20, b"\xff" * 8),
    "JSON with line ends in texts": lambda: json.dumps(
        [FLIGHT | {"ORIGIN_CITY_NAME": 'New\nark, "NJ"'}] * ROWS
    ).encode(),
}


@pytest.mark.parametrize("what", RIGHT)
def test_an_unusual_container_is_read_right(what: str, tmp_path: Path) -> None:
    """From ingest to silver."""
    file, lake = tmp_path / "flights", open_lake(str(tmp_path / "lake"))
    file.write_bytes(RIGHT[what]())
    (done,) = ingest_files([file], lake, year=None, scratch=tmp_path)
    assert done.rows == ROWS
    cleaning = PolarsEngine().clean_year(
        BronzeYear(lake=lake, year=2019, files=tuple(lake.bronze_files(2019))), tmp_path, max_quarantined=0
    )
    assert pl.read_parquet(cleaning.silver)["dep_delay"].to_list() == [5.0] * ROWS


WRONG: dict[str, tuple[Callable[[], bytes], str]] = {
    "a gzip with text after its end": (lambda: gzip.compress(TEXT) + b"and more", "damaged or cut off"),
    "a bzip2 that was cut": (lambda: bz2.compress(TEXT)[:-9], "damaged or cut off"),
    "an xz that was cut": (lambda: lzma.compress(TEXT)[:-9], "damaged or cut off"),
    "a zstd that was cut": (lambda: pa.compress(TEXT, "zstd", asbytes=True)[:-9], "damaged or cut off"),
    "a zstd that asks for 2 TiB": (lambda: b"\x28\xb5\x2f\xfd\x00\xf8\x01\x00\x00" + TEXT, "too much memory"),
    "a gzip three times over": (lambda: gzip.compress(gzip.compress(gzip.compress(TEXT))), "more than 2 times"),
    "a zip of an absolute name": (lambda: zipped(**{"/etc/flights.csv": TEXT}), "outside the archive's folder"),
    "a zip of a drive's name": (lambda: zipped(**{"C:\\flights.csv": TEXT}), "outside the archive's folder"),
    "a zip with a file twice": (lambda: zipped(a__csv=TEXT, b__csv=TEXT), "same file twice: 'a.csv' and 'b.csv'"),
    "a zip whose file is longer than it says": (
        lambda: _edited(zipped(flights__csv=TEXT), b"PK\x01\x02", 24, struct.pack("<I", 10)),
        "damaged or cut off",
    ),
    "a zip whose directory is elsewhere": (
        lambda: _edited(zipped(flights__csv=TEXT), b"PK\x05\x06", 16, struct.pack("<I", 1 << 30)),
        "damaged or cut off",
    ),
    "Arrow offsets that go back": (lambda: _arrow(_origins(_offsets(9, 0), b"EWR" * ROWS), stream=False), "damaged"),
    "Arrow offsets beyond the text": (
        lambda: _arrow(_origins(_offsets(9, 1 << 30), b"EWR" * ROWS), stream=True),
        "damaged",
    ),
    "Arrow offsets below zero": (lambda: _arrow(_origins(_offsets(9, -9), b"EWR" * ROWS), stream=True), "damaged"),
    "Arrow texts that are not UTF-8": (
        lambda: _arrow(_origins(_offsets(0, 0), b"\xff\xfe\xfd" * ROWS), stream=False),
        "invalid utf8",
    ),
    "an Arrow stream of a negative length": (lambda: b"\xff" * 8 + bytes(100), "negative metadata length"),
    "an Arrow stream that was cut": (lambda: _arrow(TABLE, stream=True)[:1500], "damaged or cut off"),
    "a Parquet file of nothing": (lambda: b"PAR1\0\0\0\0PAR1", "damaged or cut off"),
    "a Parquet file with damaged metadata": (
        lambda: (good := _parquet())[:-80] + bytes(range(72)) + good[-8:],
        "damaged or cut off",
    ),
    "a Parquet file with lists of delays": (
        lambda: _parquet(TABLE.set_column(5, "DEP_DELAY", pa.array([[5.0]] * ROWS))),
        "DEP_DELAY has lists",
    ),
    "JSON that was cut between two flights": (
        lambda: json.dumps([FLIGHT] * ROWS).encode().rpartition(b", {")[0] + b",",
        "cut off: its list of flights has no end",
    ),
    "JSON of brackets": (lambda: b"[" * 300_000, "cut off: its list"),
    "JSON of no flight": (lambda: b"[]", "JSON without any object"),
    "JSON with a list within a flight, very deep": (
        lambda: b'[{"FL_DATE": ' + b"[" * 30_000 + b"]" * 30_000 + b"}]",
        "nests too deep",
    ),
    "a gzip's mark and nothing else": (lambda: b"\x1f\x8b", "damaged or cut off"),
    "a zip's mark and nothing else": (lambda: b"PK\x03\x04", "damaged or cut off"),
    "blank lines": (lambda: b"\n" * 1000, "not the header of a file of flights"),
}


@pytest.mark.parametrize("what", WRONG)
def test_a_damaged_or_hostile_container_is_refused_in_one_line(what: str, tmp_path: Path) -> None:
    """With nothing written."""
    make, said = WRONG[what]
    file, lake = tmp_path / "flights", open_lake(str(tmp_path / "lake"))
    file.write_bytes(make())
    with pytest.raises(InputError, match=said) as refused:
        ingest_files([file], lake, year=None, scratch=tmp_path)
    assert str(refused.value).isprintable()
    assert not Path(lake.root).exists()


def test_a_parquet_file_that_promises_columns_without_end_is_refused_unread(tmp_path: Path) -> None:
    """Its metadata would take memory and time before anything could be said of it."""
    file = tmp_path / "flights.parquet"
    footer = b"\x15\x04\x19\xfc\x80\x89\x7a" + bytes(1000)
    file.write_bytes(b"PAR1" + footer + struct.pack("<I", len(footer)) + b"PAR1")
    with pytest.raises(InputError, match="1,999,999 columns"):
        ingest_files([file], open_lake(str(tmp_path / "lake")), year=None, scratch=tmp_path)
