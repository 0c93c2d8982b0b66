"""The lake on S3: the same tables as on a folder, nothing overwritten, failures told plainly."""

import hashlib
import io
import os
import time
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from tarmac.bronze.local_copy import download_bronze
from tarmac.errors import InputError, SystemFailure
from tarmac.pipeline import Parameters, Workspace, run_year
from tarmac.storage.lake import Lake, open_lake
from tarmac.storage.s3 import S3Access
from tests.support.flight_lines import bts_csv, flight, flights, gz, kaggle_csv, zipped
from tests.support.lakes import Command, assert_says, in_process
from tests.support.machine import need
from tests.support.ports import free_port
from tests.support.s3_server import S3Server

ROWS = [*flights(150), flight(7, ORIGIN="../../x"), *flights(3)]
CSV = kaggle_csv([*ROWS, b'2009-01-11,"UA'])
PUBLISHED = (
    "02_silver/year/2009/2009_02_silver.parquet",
    "02_silver/year/2009/2009_02_quarantine.parquet",
    "03_gold/agg_dep_delay_by_date/year/2009/2009_03_gold.parquet",
)


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


def test_scoring_reads_gold_from_s3(s3: Any, tarmac: Command, tmp_path: Path) -> None:
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
    assert_says(other.err, ("s3://lake/01_bronze/2009.csv contains 154 flights", "--replace", "--add"))
    assert _keys(s3).keys() == {"01_bronze/2009.csv", "01_bronze/ingested/2009.csv.json"}
    assert _keys(s3)["01_bronze/2009.csv"] == CSV


@pytest.mark.parametrize("size", [1000, 101 << 20], ids=["small", "large"])
def test_a_file_that_came_meanwhile_is_not_overwritten(size: int, s3: Any, tmp_path: Path) -> None:
    """S3 itself refuses, whatever the size, and no part of the file stays behind."""
    s3.put_object(Bucket="lake", Key="01_bronze/2009.csv", Body=b"theirs")
    copy = tmp_path / "copy"
    with copy.open("wb") as file:
        file.truncate(size)
    with pytest.raises(InputError, match=r"another run has written s3://lake/01_bronze/2009\.csv in the meantime"):
        open_lake("s3://lake").publish(copy, "01_bronze/2009.csv", replace=False)
    assert _keys(s3) == {"01_bronze/2009.csv": b"theirs"}
    assert "Uploads" not in s3.list_multipart_uploads(Bucket="lake")


def test_a_large_file_goes_up_whole(s3: Any, tmp_path: Path) -> None:
    """Published whole, with its own bytes; the local copy is gone."""
    copy = tmp_path / "copy"
    body = bytes(range(256)) * (101 << 12)
    copy.write_bytes(body)
    open_lake("s3://lake").publish(copy, "01_bronze/2009.csv", replace=False)
    assert _keys(s3) == {"01_bronze/2009.csv": body}
    assert not copy.exists()


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


def test_keys_that_s3_does_not_know(
    s3: Any, s3_server: S3Server, tarmac: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A wrong secret is the user's to mend: exit code 2, and where to look."""
    need("Ceph")  # moto accepts any secret
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "another")
    answer = tarmac("silver", "--year", 2009, "--lake", "s3://lake")
    assert answer.code == 2, answer.err
    assert_says(answer.err, ("no permission for s3://lake", "Check the AWS keys"))


def test_a_profile_is_enough_for_every_step(
    s3: Any, s3_server: S3Server, tarmac: Command, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """AWS_PROFILE names keys and region in files, and no variable holds any."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_REGION", "AWS_DEFAULT_REGION"):
        monkeypatch.delenv(name)
    keys = f"aws_access_key_id = {s3_server.access_key}\naws_secret_access_key = {s3_server.secret_key}\n"
    (tmp_path / "keys").write_text(f"[flights]\n{keys}")
    (tmp_path / "config").write_text("[profile flights]\nregion = us-east-1\n")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "keys"))
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_PROFILE", "flights")
    s3.put_object(Bucket="lake", Key="01_bronze/2009.csv", Body=kaggle_csv(flights(800)))
    for step in (("silver",), ("gold",), ("detect", "--detectors", "isolation_forest")):
        answer = tarmac(*step, "--year", 2009, "--lake", "s3://lake")
        assert answer.code == 0, answer.err


@pytest.mark.slow
def test_an_endpoint_where_nobody_listens(s3: Any, tarmac: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    """The system failed: exit code 1, in seconds and not in minutes."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{free_port()}")
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
    s3_server: S3Server, s3: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Reading and publishing; nothing of them is left in the environment, nor shown."""
    s3.put_object(Bucket="lake", Key="01_bronze/2009.csv", Body=kaggle_csv(flights(150)))
    for name in ("AWS_ENDPOINT_URL", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_REGION", "AWS_DEFAULT_REGION"):
        monkeypatch.delenv(name)
    before = dict(os.environ)
    access = S3Access(key=s3_server.access_key, secret=s3_server.secret_key, region="us-east-1", endpoint=s3_server.url)
    place = Workspace(lake=open_lake("s3://lake", access=access), scratch=tmp_path / "scratch", home=tmp_path)
    run_year(place, 2009, Parameters(), steps=("silver", "gold"))
    assert set(PUBLISHED) <= set(_keys(s3))
    assert dict(os.environ) == before
    assert s3_server.secret_key not in repr(place)


def test_a_download_of_a_file_that_is_replaced_meanwhile_fails(
    s3: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of the same size as well: its MD5 tells. No copy is left, and the next download has the new file whole."""
    s3.put_object(Bucket="lake", Key="01_bronze/2009.csv", Body=CSV)
    new = CSV.replace(b"EWR", b"JFK")
    asked = Lake.facts_of

    def replaced(lake: Lake, key: str) -> tuple[int, str | None]:
        facts = asked(lake, key)
        s3.put_object(Bucket="lake", Key="01_bronze/2009.csv", Body=new)
        return facts

    with monkeypatch.context() as patch:
        patch.setattr(Lake, "facts_of", replaced)
        with pytest.raises(SystemFailure, match=r"01_bronze/2009\.csv was not downloaded completely.*MD5"):
            download_bronze(2009, open_lake("s3://lake"), tmp_path / "copy")
    assert [path for path in (tmp_path / "copy").rglob("*") if path.is_file()] == []
    copy = download_bronze(2009, open_lake("s3://lake"), tmp_path / "copy")
    assert (tmp_path / "copy/2009_01_bronze.csv").read_bytes() == new
    assert copy.sha256 == {"01_bronze/2009.csv": hashlib.sha256(new).hexdigest()}


def test_parts_are_removed_from_s3_whatever_stars_the_prefix_holds(s3: Any) -> None:
    """Those of the folder alone; a folder that is not there is no error."""
    for key in ("a[*]/parts/x/1", "a[*]/parts/2", "a[*]/partsy", "ab/parts/3"):
        s3.put_object(Bucket="lake", Key=key, Body=b"x")
    lake = open_lake("s3://lake/a[*]")
    lake.remove("parts")
    lake.remove("parts")
    assert set(_keys(s3)) == {"a[*]/partsy", "ab/parts/3"}
