"""Tables that cannot be read in pieces are written anew so that they can."""

import io
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tarmac.bronze import pieces
from tarmac.bronze.ingest import ingest_files
from tarmac.engines.base import BronzeYear
from tarmac.engines.polars.engine import PolarsEngine
from tarmac.errors import InputError
from tarmac.storage.lake import Lake, open_lake

ROWS = 200_000
FLIGHTS = pl.DataFrame({"OP_CARRIER_FL_NUM": range(ROWS)}).select(
    FL_DATE=pl.date(2019, 1, 1) + pl.duration(days=pl.col("OP_CARRIER_FL_NUM") % 365),
    OP_CARRIER=pl.lit("AA").cast(pl.Categorical),
    OP_CARRIER_FL_NUM=pl.col("OP_CARRIER_FL_NUM").cast(pl.Int32) % 100_000,
    ORIGIN=pl.lit("EWR"),
    DEST=pl.lit("JFK"),
    DEP_DELAY=pl.col("OP_CARRIER_FL_NUM").cast(pl.Float64) % 7,
    CANCELLED=pl.lit(False),
)


def _written(how: str) -> bytes:
    file = io.BytesIO()
    if how == "parquet of one group":
        pq.write_table(FLIGHTS.to_arrow(), file, row_group_size=ROWS)
    elif how == "arrow stream of texts as views":
        FLIGHTS.rechunk().write_ipc_stream(file)
    else:
        options = pa.ipc.IpcWriteOptions(compression="lz4" if "compressed" in how else None)
        table = FLIGHTS.to_arrow().combine_chunks()
        with pa.ipc.new_file(file, table.schema, options=options) as writer:
            writer.write_table(table)
    return file.getvalue()


def _silver(lake: Lake, folder: Path) -> pl.DataFrame:
    folder.mkdir()
    bronze = BronzeYear(lake=lake, year=2019, files=tuple(lake.bronze_files(2019)))
    return pl.read_parquet(PolarsEngine().clean_year(bronze, folder, max_quarantined=0).silver)


HOWS = (
    "parquet of one group",
    "arrow stream of texts as views",
    "arrow file of one batch",
    "compressed arrow file of one batch",
)


@pytest.mark.parametrize("how", HOWS)
def test_a_table_in_one_piece_gives_the_same_flights(how: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In their order, with the types that they have."""
    monkeypatch.setattr(pieces, "MOST_ROWS", 100_000)
    file, lake = tmp_path / "flights", open_lake(str(tmp_path / "lake"))
    file.write_bytes(_written(how))
    (done,) = ingest_files([file], lake, year=None, scratch=tmp_path)
    assert (done.rows, done.first, done.last) == (ROWS, "2019-01-01", "2019-12-31")
    silver = _silver(lake, tmp_path / "silver")
    assert silver["fl_date"].equals(FLIGHTS["FL_DATE"])
    assert silver["dep_delay"].equals(FLIGHTS["DEP_DELAY"])
    assert set(silver["op_carrier"]) == {"AA"}


@pytest.mark.parametrize("how", HOWS)
def test_no_piece_is_large(how: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever the file's own batches and groups are."""
    monkeypatch.setattr(pieces, "MOST_ROWS", 100_000)
    monkeypatch.setattr(pieces, "_PIECE", 10_000)
    file = tmp_path / "flights"
    file.write_bytes(_written(how))
    kind = "parquet" if how.startswith("parquet") else "arrow"
    with file.open("rb") as table, pieces.in_pieces(table, kind, "flights") as (made, written):
        facts: Any = pq.read_metadata(written)
    assert made == "parquet"
    assert [facts.row_group(i).num_rows for i in range(facts.num_row_groups)] == [40_000] * 5


def test_a_compressed_batch_that_cannot_be_unpacked_in_part_is_bounded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The message says how to save it."""
    monkeypatch.setattr(pieces, "MOST_UNPACKED", 1 << 20)
    file = tmp_path / "flights.feather"
    file.write_bytes(_written("compressed arrow file of one batch"))
    with pytest.raises(InputError, match=r"200,000 compressed rows.*batches of 1,000,000 rows or fewer"):
        ingest_files([file], open_lake(str(tmp_path / "lake")), year=None, scratch=tmp_path)
