"""The lake on S3 (moto's server): the same tables as on a folder, nothing overwritten, failures told plainly."""

import hashlib
import io
import os
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

import boto3
import polars as pl
import pytest
from lakes import Command, assert_says, in_process
from moto.server import ThreadedMotoServer
from s3fs import S3FileSystem

from flight_lines import bts_csv, flight, flights, gz, kaggle_csv, zipped
from tarmac.download import download_bronze
from tarmac.errors import InputError, SystemFailure
from tarmac.lake import Lake, open_lake
from tarmac.pipeline import Parameters, Place, run_year
from tarmac.s3 import S3Access, md5_of

ROWS = [*flights(150), flight(7, ORIGIN="../../x"), *flights(3)]
CSV = kaggle_csv([*ROWS, b'2009-01-11,"UA'])
PUBLISHED = (
    "02_silver/year/2009/2009_02_silver.parquet",
    "02_silver/year/2009/2009_02_quarantine.parquet",
    "03_gold/agg_dep_delay_by_date/year/2009/2009_03_gold.parquet",
)


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    """The address of an S3 server of our own."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def s3(server: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Any]:
    """A client of the server, with an empty bucket `lake`; the environment knows no other S3."""
    for name, value in {
        "AWS_ENDPOINT_URL": server,
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_REGION": "us-east-1",
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_CONFIG_FILE": str(tmp_path / "none"),
        "AWS_SHARED_CREDENTIALS_FILE": str(tmp_path / "none"),
        "TARMAC_HOME": str(tmp_path / "home"),
    }.items():
        monkeypatch.setenv(name, value)
    # s3fs keeps its clients, and with them the environment in which they were made.
    S3FileSystem.clear_instance_cache()
    client = boto3.client("s3")
    client.create_bucket(Bucket="lake")
    yield client
    for entry in client.list_objects_v2(Bucket="lake").get("Contents", []):
        client.delete_object(Bucket="lake", Key=entry["Key"])
    client.delete_bucket(Bucket="lake")
    client.close()
    S3FileSystem.clear_instance_cache()


@pytest.fixture
def tarmac(capfd: pytest.CaptureFixture[str]) -> Command:
    """The command line."""
    return in_process(capfd)


def _keys(s3: Any) -> dict[str, bytes]:
    entries = s3.list_objects_v2(Bucket="lake").get("Contents", [])
    return {entry["Key"]: s3.get_object(Bucket="lake", Key=entry["Key"])["Body"].read() for entry in entries}


@pytest.mark.parametrize("prefix", ["", "/years/of [flights]*"])
@pytest.mark.parametrize(
    ("name", "text"),
    [("x.csv", CSV), ("x.csv.gz", gz(CSV)), ("x.zip", zipped(readme__html=b"<p>", x__csv=CSV))],
    ids=["csv", "gz", "zip"],
)
def test_the_same_tables_as_on_a_folder(
    name: str, text: bytes, prefix: str, s3: Any, tarmac: Command, tmp_path: Path
) -> None:
    """Silver, quarantine and gold are equal byte for byte, and bronze is the file as it was given."""
    (tmp_path / name).write_bytes(text)
    for lake in (f"s3://lake{prefix}", str(tmp_path / "lake")):
        for command in (("ingest", tmp_path / name), ("silver", "--year", 2009), ("gold", "--year", 2009)):
            limit = ("--max-quarantined", 0.05) if command[0] == "silver" else ()
            answer = tarmac(*command, *limit, "--lake", lake)
            assert answer.code == 0, answer.err
    there = {key.removeprefix(f"{prefix}/".lstrip("/")): body for key, body in _keys(s3).items()}
    for key in PUBLISHED:
        assert there[key] == (tmp_path / "lake" / key).read_bytes()
    suffix = name.removeprefix("x")
    assert there[f"01_bronze/2009{suffix}"] == text
    assert len([key for key in there if key.startswith("runs/")]) == 2
    assert pl.read_parquet(io.BytesIO(there[PUBLISHED[1]]))["reason"].to_list() == [
        "bad_origin",
        "duplicate",
        "duplicate",
        "duplicate",
        "unclosed_quote",
    ]
    assert list((tmp_path / "home/scratch").iterdir()) == []


def test_judging_reads_gold_from_s3(s3: Any, tarmac: Command, tmp_path: Path) -> None:
    """The next step finds the last one's table and publishes its own."""
    (tmp_path / "x.csv").write_bytes(kaggle_csv(flights(800)))
    for command in (("ingest", tmp_path / "x.csv"), ("silver", "--year", 2009), ("gold", "--year", 2009)):
        assert tarmac(*command, "--lake", "s3://lake/p").code == 0
    answer = tarmac("detect", "--year", 2009, "--lake", "s3://lake/p", "--detectors", "isolation_forest")
    assert answer.code == 0, answer.err
    assert "p/03_gold/anomalies_by_date/year/2009/2009_03_anomalies.parquet" in _keys(s3)


def test_several_months_on_s3(s3: Any, tarmac: Command, tmp_path: Path) -> None:
    """A folder of monthly files, as on a disk; what is no flight file in it is passed over."""
    months = []
    for month in (1, 2):
        rows = [flight(i, FL_DATE=f"2009-0{month}-{1 + i % 28:02d}") for i in range(40)]
        months.append(tmp_path / f"m{month}.zip")
        months[-1].write_bytes(zipped(readme__html=b"<p>", m__csv=bts_csv(rows, renamed=month == 2)))
    assert tarmac("ingest", *months, "--lake", "s3://lake").code == 0
    s3.put_object(Bucket="lake", Key="01_bronze/2009/notes.txt", Body=b"x")
    answer = tarmac("silver", "--year", 2009, "--lake", "s3://lake", "--json")
    assert answer.code == 0, answer.err
    assert (answer.run()["rows_in"], answer.run()["rows_kept"]) == (80, 80)


def test_bronze_is_never_overwritten(s3: Any, tarmac: Command, tmp_path: Path) -> None:
    """The same file again was there; another one is refused, with exit code 2."""
    (tmp_path / "a.csv").write_bytes(CSV)
    (tmp_path / "b.csv").write_bytes(CSV.replace(b"EWR", b"JFK"))
    assert tarmac("ingest", tmp_path / "a.csv", "--lake", "s3://lake").code == 0
    again = tarmac("ingest", tmp_path / "a.csv", "--lake", "s3://lake", "--json")
    assert [file["written"] for file in again.json()["files"]] == [False]
    other = tarmac("ingest", tmp_path / "b.csv", "--lake", "s3://lake")
    assert other.code == 2
    assert_says(other.err, ("s3://lake/01_bronze/2009.csv holds another file", "bronze is never changed"))
    assert _keys(s3) == {"01_bronze/2009.csv": CSV}


@pytest.mark.parametrize("size", [1000, 101 << 20], ids=["one-part", "many-parts"])
def test_a_file_that_came_meanwhile_is_not_overwritten(size: int, s3: Any, tmp_path: Path) -> None:
    """S3 itself refuses: also for a file so large that it goes up in parts, whose parts are then dropped."""
    s3.put_object(Bucket="lake", Key="01_bronze/2009.csv", Body=b"theirs")
    copy = tmp_path / "copy"
    with copy.open("wb") as file:
        file.truncate(size)
    with pytest.raises(InputError, match=r"another run put s3://lake/01_bronze/2009\.csv there meanwhile"):
        open_lake("s3://lake").publish(copy, "01_bronze/2009.csv", replace=False)
    assert _keys(s3) == {"01_bronze/2009.csv": b"theirs"}
    assert "Uploads" not in s3.list_multipart_uploads(Bucket="lake")


def test_a_large_file_goes_up_in_parts(s3: Any, tmp_path: Path) -> None:
    """Published whole, with its own bytes; the local copy is gone."""
    copy = tmp_path / "copy"
    body = bytes(range(256)) * (101 << 12)
    copy.write_bytes(body)
    open_lake("s3://lake").publish(copy, "01_bronze/2009.csv", replace=False)
    assert _keys(s3) == {"01_bronze/2009.csv": body}
    assert not copy.exists()


def test_a_file_that_changes_while_it_is_read_is_noticed(s3: Any) -> None:
    """Every part is asked for with the first one's ETag: never the head of one version and the tail of another."""
    s3.put_object(Bucket="lake", Key="x", Body=b"a" * (40 << 20))
    with open_lake("s3://lake").open("x") as stream:
        assert stream.read(1 << 20) == b"a" * (1 << 20)
        s3.put_object(Bucket="lake", Key="x", Body=b"b" * (40 << 20))
        with pytest.raises(OSError, match="no longer exists"):
            stream.read()


def test_no_such_bucket(s3: Any, tarmac: Command, tmp_path: Path) -> None:
    """A bucket is never made: exit code 2, the address, and the next step."""
    (tmp_path / "x.csv").write_bytes(CSV)
    for command in (("silver", "--year", 2009), ("ingest", tmp_path / "x.csv")):
        answer = tarmac(*command, "--lake", "s3://no-such-bucket/p")
        assert answer.code == 2, answer.err
        assert_says(answer.err, ("there is no lake at s3://no-such-bucket/p", "--lake"))


def test_no_bronze_on_s3(s3: Any, tarmac: Command) -> None:
    """An empty lake: the message says what was looked for."""
    answer = tarmac("silver", "--year", 2009, "--lake", "s3://lake/p")
    assert answer.code == 2
    assert_says(answer.err, ("s3://lake/p has no bronze for 2009", "01_bronze/2009.csv"))


def test_no_credentials(s3: Any, tarmac: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither in the environment nor in a file: exit code 2, and which variables to set."""
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    answer = tarmac("silver", "--year", 2009, "--lake", "s3://lake")
    assert answer.code == 2, answer.err
    assert_says(answer.err, ("s3://lake", "AWS_ACCESS_KEY_ID", "AWS_PROFILE"))


@pytest.mark.slow
def test_an_endpoint_where_nobody_listens(s3: Any, tarmac: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    """The system failed: exit code 1, in seconds and not in minutes."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{free.getsockname()[1]}")
    began = time.monotonic()
    answer = tarmac("silver", "--year", 2009, "--lake", "s3://lake")
    assert answer.code == 1, answer.err
    assert_says(answer.err, ("S3 failed at s3://lake", "run the same command again"))
    assert time.monotonic() - began < 30


def test_a_bad_file_on_s3_changes_nothing(s3: Any, tarmac: Command) -> None:
    """Exit code 2; what was published stays, byte for byte."""
    s3.put_object(Bucket="lake", Key="01_bronze/2009.csv", Body=kaggle_csv(flights(150)))
    assert tarmac("silver", "--year", 2009, "--lake", "s3://lake").code == 0
    for suffix, text in ((".csv", b""), (".csv", kaggle_csv(flights(150))[:-5000] + b'"'), (".csv.gz", gz(CSV)[:-9])):
        s3.delete_object(Bucket="lake", Key="01_bronze/2009.csv")
        s3.put_object(Bucket="lake", Key=f"01_bronze/2009{suffix}", Body=text)
        before = {key: body for key, body in _keys(s3).items() if not key.startswith("runs/")}
        answer = tarmac("silver", "--year", 2009, "--lake", "s3://lake", "--max-quarantined", 0)
        assert answer.code == 2, answer.err
        assert_says(answer.err, (f"2009{suffix}",))
        assert {key: body for key, body in _keys(s3).items() if not key.startswith("runs/")} == before


def test_a_full_disk_of_the_scratch_folder_is_told_as_such(s3: Any, tarmac: Command, tmp_path: Path) -> None:
    """The lake on S3 is not full; the folder that is not usable is named."""
    s3.put_object(Bucket="lake", Key="01_bronze/2009.csv", Body=CSV)
    (tmp_path / "home").mkdir()
    (tmp_path / "home/scratch").write_text("a file")
    answer = tarmac("silver", "--year", 2009, "--lake", "s3://lake")
    assert answer.code == 2, answer.err
    assert_says(answer.err, (str(tmp_path / "home/scratch"),))


def test_keys_handed_over_reach_the_lake_without_the_environment(
    server: str, s3: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Reading, Polars' own reading and publishing; nothing of them is left in the environment, nor shown."""
    s3.put_object(Bucket="lake", Key="01_bronze/2009.csv", Body=kaggle_csv(flights(150)))
    for name in ("AWS_ENDPOINT_URL", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_REGION", "AWS_DEFAULT_REGION"):
        monkeypatch.delenv(name)
    before = dict(os.environ)
    access = S3Access(key="given", secret="hidden-one", token="hidden-two", region="us-east-1", endpoint=server)
    lake = open_lake("s3://lake", access=access)
    place = Place(lake=lake, scratch=tmp_path / "scratch", home=tmp_path)
    run_year(2009, place, Parameters(), steps=("silver", "gold"))
    assert set(PUBLISHED) <= set(_keys(s3))
    assert dict(os.environ) == before
    assert "hidden" not in repr(place)


@pytest.mark.parametrize("moment", ["facts_of", "open"])
def test_a_download_of_a_file_that_is_replaced_meanwhile_fails(
    moment: str, s3: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before its facts are asked for or after: never a copy of both, and none is left. Then the new one comes whole."""
    s3.put_object(Bucket="lake", Key="01_bronze/2009.csv", Body=CSV)
    new = CSV.replace(b"EWR", b"JFK")
    asked = Lake.facts_of

    def replaced(lake: Lake, key: str, stream: BinaryIO) -> tuple[int, str | None]:
        facts = asked(lake, key, stream) if moment == "open" else None
        s3.put_object(Bucket="lake", Key="01_bronze/2009.csv", Body=new)
        return facts or asked(lake, key, stream)

    with monkeypatch.context() as patch:
        patch.setattr(Lake, "facts_of", replaced)
        with pytest.raises(SystemFailure, match=r"01_bronze/2009\.csv"):
            download_bronze(2009, open_lake("s3://lake"), tmp_path / "copy")
    assert [path for path in (tmp_path / "copy").rglob("*") if path.is_file()] == []
    copy = download_bronze(2009, open_lake("s3://lake"), tmp_path / "copy")
    assert (tmp_path / "copy/2009_01_bronze.csv").read_bytes() == new
    assert copy.sha256 == {"01_bronze/2009.csv": hashlib.sha256(new).hexdigest()}


def test_a_download_whose_bytes_are_not_the_object_s_is_refused(
    s3: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The object's MD5 is compared where its ETag is that."""
    s3.put_object(Bucket="lake", Key="01_bronze/2009.csv", Body=CSV)
    asked = Lake.facts_of
    monkeypatch.setattr(Lake, "facts_of", lambda *given: (asked(*given)[0], "0" * 32))
    with pytest.raises(SystemFailure, match=r"was not downloaded whole.*MD5"):
        download_bronze(2009, open_lake("s3://lake"), tmp_path / "copy")


@pytest.mark.parametrize(
    ("head", "md5"),
    [
        ({"ETag": f'"{"a" * 32}"'}, "a" * 32),
        ({"ETag": f'"{"a" * 32}"', "ServerSideEncryption": "AES256"}, "a" * 32),
        ({"ETag": f'"{"a" * 32}-7"'}, None),
        ({"ETag": f'"{"a" * 32}"', "ServerSideEncryption": "aws:kms"}, None),
        ({"ETag": f'"{"a" * 32}"', "SSECustomerAlgorithm": "AES256"}, None),
    ],
)
def test_an_etag_is_an_md5_or_it_is_not(head: dict[str, str], md5: str | None) -> None:
    """Of parts and under a key of KMS it is something else, which must not be compared."""
    assert md5_of(head) == md5


def test_parts_are_removed_from_s3_whatever_stars_the_prefix_holds(s3: Any) -> None:
    """Those of the folder alone; a folder that is not there is no error."""
    for key in ("a[*]/parts/x/1", "a[*]/parts/2", "a[*]/partsy", "ab/parts/3"):
        s3.put_object(Bucket="lake", Key=key, Body=b"x")
    lake = open_lake("s3://lake/a[*]")
    lake.remove("parts")
    lake.remove("parts")
    assert set(_keys(s3)) == {"a[*]/partsy", "ab/parts/3"}
