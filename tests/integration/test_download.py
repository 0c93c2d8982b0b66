"""tarmac download against a server that does all that BTS's does, and all that goes wrong there."""

import json
import os
import random
import re
import resource
import signal
import ssl
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import pytest

from tarmac.bronze.download.bts import NAME
from tarmac.cli.app import run_command
from tarmac.storage.lake import open_lake
from tests.support.file_server import PAGE, Fault, FileServer, file_server
from tests.support.flight_lines import bts_csv, flight, zipped

QUICK = ("--download-pause", "0.01", "--download-timeout", "5", "--download-attempts", "3")


def name(year: int, month: int) -> str:
    """The archive's name, as BTS has it."""
    return NAME.format(year=year, month=month)


def archive(year: int, month: int, *, rows: int = 40, first: int = 0) -> bytes:
    """A month as BTS publishes it: a table and a page beside it."""
    days = (f"{year}-{month:02d}-{number % 28 + 1:02d}" for number in range(first, first + rows))
    text = bts_csv(flight(first + number, FL_DATE=day) for number, day in enumerate(days))
    page = b"<html>Fields</html>" + random.Random(month).randbytes(5_000)  # a size that packing does not take away
    return zipped(**{f"On_Time_{year}_{month}__csv": text, "readme__html": page})


@pytest.fixture
def server() -> Iterator[FileServer]:
    """With three months of 2019."""
    with file_server() as running:
        running.files = {name(2019, month): archive(2019, month) for month in (1, 2, 3)}
        yield running


@pytest.fixture(autouse=True)
def _home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TARMAC_HOME", str(tmp_path / "home"))
    for variable in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.delenv(variable, raising=False)


def arguments(server: FileServer, month: str | None = "1", *more: str, year: str = "2019") -> list[str]:
    """Of a command line that downloads from this server."""
    months = () if month is None else ("--month", month)
    return ["download", "bts", "--year", year, *months, "--mirror", server.url, *QUICK, *more]


def download(server: FileServer, capsys: pytest.CaptureFixture[str], *given: Any, **named: Any) -> dict[str, Any]:
    """What a download that ends well prints with --json."""
    assert run_command([*arguments(server, *given, **named), "--json"]) == 0
    printed: dict[str, Any] = json.loads(capsys.readouterr().out)
    return printed


def statuses(printed: dict[str, Any]) -> dict[str, str]:
    """Month → what happened."""
    return {month["month"]: month["status"] for month in printed["months"]}


def failed(server: FileServer, capsys: pytest.CaptureFixture[str], *given: Any, code: int = 1) -> str:
    """The last line of what a download that fails says."""
    assert run_command(arguments(server, *given)) == code
    printed = capsys.readouterr()
    assert printed.out == ""
    assert "Traceback" not in printed.err
    return printed.err.splitlines()[-1]


def bronze(tmp_path: Path) -> dict[str, bytes]:
    """The archives in bronze by their names."""
    return {file.name: file.read_bytes() for file in (tmp_path / "home/lake/01_bronze/2019").glob("*")}


def left_over(tmp_path: Path) -> list[str]:
    """Files that downloads have left."""
    return sorted(file.name for file in (tmp_path / "home/downloads").glob("*") if file.name != ".lock")


def test_months_arrive_in_bronze_as_the_server_has_them(server, capsys, tmp_path):
    """All that are published; those that are not are no error."""
    printed = download(server, capsys, None)
    assert statuses(printed) == {
        **{f"2019-{month:02d}": "downloaded" for month in (1, 2, 3)},
        **{f"2019-{month:02d}": "not published" for month in range(4, 13)},
    }
    assert bronze(tmp_path) == server.files
    assert printed["months"][0]["flights"] == 40
    assert left_over(tmp_path) == []
    assert len(open_lake(str(tmp_path / "home/lake")).bronze_files(2019)) == 3


def test_at_most_four_months_are_fetched_at_once(server, capsys):
    """Each of twelve takes a while, so that more would meet."""
    server.files = {name(2019, month): archive(2019, month) for month in range(1, 13)}
    server.faults["*"] = [Fault(stall=0.2) for _ in range(12)]
    download(server, capsys, None)
    assert 2 <= server.most_at_once <= 4


def test_nothing_is_fetched_twice(server, capsys):
    """The server says that the edition is still the present one, without a body."""
    download(server, capsys, "1..2")
    sent = server.sent
    printed = download(server, capsys, "1..3")
    assert statuses(printed) == {"2019-01": "unchanged", "2019-02": "unchanged", "2019-03": "downloaded"}
    assert server.sent - sent == len(server.files[name(2019, 3)])


def test_a_server_without_editions_is_believed_by_size(server, capsys):
    """The body of an answer that cannot be compared otherwise is not read."""
    server.editions = False
    download(server, capsys)
    assert statuses(download(server, capsys)) == {"2019-01": "unchanged"}


def test_a_newer_edition_is_noticed_and_taken_on_request(server, capsys, tmp_path):
    """Bronze is not changed unasked; what it had is kept aside."""
    download(server, capsys)
    old, new = server.files[name(2019, 1)], archive(2019, 1, rows=55)
    server.files[name(2019, 1)] = new
    assert statuses(download(server, capsys)) == {"2019-01": "newer edition"}
    assert bronze(tmp_path) == {name(2019, 1): old}
    assert statuses(download(server, capsys, "1", "--replace")) == {"2019-01": "replaced"}
    assert bronze(tmp_path) == {name(2019, 1): new}
    assert [file.read_bytes() for file in (tmp_path / "home/lake/01_bronze/replaced").rglob("*.zip")] == [old]
    assert statuses(download(server, capsys, "1", "--replace")) == {"2019-01": "unchanged"}


def test_a_month_that_was_ingested_is_not_fetched(server, capsys, tmp_path):
    """Only on request: BTS's edition then replaces it."""
    mine = tmp_path / "mine.zip"
    mine.write_bytes(archive(2019, 1, rows=30))
    assert run_command(["ingest", str(mine), "--quiet"]) == 0
    assert statuses(download(server, capsys)) == {"2019-01": "in bronze"}
    assert server.asked == []
    assert statuses(download(server, capsys, "1", "--replace")) == {"2019-01": "replaced"}


def test_a_month_whose_file_is_gone_is_fetched_again(server, capsys, tmp_path):
    """The note of its edition alone is not its flights."""
    download(server, capsys)
    (tmp_path / f"home/lake/01_bronze/2019/{name(2019, 1)}").unlink()
    assert statuses(download(server, capsys)) == {"2019-01": "downloaded"}


def test_a_month_that_is_not_published_is_said_to_come_later(server, capsys, tmp_path):
    """Exit code 2: the request names what is not there."""
    said = failed(server, capsys, "11", code=2)
    assert "2019-11" in said
    assert "about two months after" in said
    assert bronze(tmp_path) == {}


def test_a_page_of_html_is_no_month(server, capsys, tmp_path):
    """Whether it says that it is HTML, or claims to be an archive."""
    server.faults[name(2019, 1)] = [PAGE]
    assert "a page of HTML" in failed(server, capsys)
    disguised = Fault(status=200, headers={"Content-Type": "application/zip"}, body=PAGE.body)
    server.faults[name(2019, 1)] = [disguised] * 3
    assert "a page of HTML" in failed(server, capsys)
    assert bronze(tmp_path) == {}
    assert left_over(tmp_path) == []


@pytest.mark.parametrize("editions", [True, False])
@pytest.mark.parametrize("ranges", [True, False])
def test_a_body_that_was_cut_is_continued(server, capsys, tmp_path, editions: bool, ranges: bool):
    """By a range where the server has ranges and says which edition it sends; else anew."""
    server.editions, server.ranges = editions, ranges
    whole = server.files[name(2019, 1)]
    server.faults[name(2019, 1)] = [Fault(cut=1000)]
    assert statuses(download(server, capsys)) == {"2019-01": "downloaded"}
    assert bronze(tmp_path) == {name(2019, 1): whole}
    assert server.sent == len(whole) + (0 if editions and ranges else 1000)


def test_each_step_further_earns_new_attempts(server, capsys, tmp_path):
    """A connection that always breaks still brings the file, as long as it brings something."""
    whole = server.files[name(2019, 1)]
    server.faults[name(2019, 1)] = [Fault(cut=300) for _ in range(len(whole) // 300)]
    download(server, capsys)
    assert bronze(tmp_path) == {name(2019, 1): whole}
    assert server.sent == len(whole)


def test_a_month_that_changes_between_two_attempts_is_fetched_anew(server, capsys, tmp_path):
    """Two editions are never put together."""
    server.faults[name(2019, 1)] = [Fault(cut=1000)] + [Fault(status=503)] * 2
    failed(server, capsys)
    server.files[name(2019, 1)] = archive(2019, 1, rows=60)
    download(server, capsys)
    assert bronze(tmp_path) == {name(2019, 1): server.files[name(2019, 1)]}


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        (Fault(cut=1000), "1000 bytes read"),
        (Fault(claimed=10), "what was received is not the file"),
        (Fault(claimed=9_999_999), "more expected"),
        (Fault(status=503), "503"),
        (Fault(status=429, headers={"Retry-After": "0"}), "429"),
        (Fault(status=500), "500"),
        (Fault(status=200, headers={"Content-Type": "application/zip"}, body=b"PK\x03\x04" + bytes(500)), "zip"),
        (Fault(status=200, body=b""), "empty"),
    ],
    ids=["cut", "too short", "too long", "503", "429", "500", "damaged", "empty"],
)
def test_a_server_that_never_sends_the_file_is_given_up(server, capsys, tmp_path, fault: Fault, said: str):
    """Exit code 1, after so many attempts without progress; bronze has nothing of it, and the next run has no trouble."""
    server.ranges = False
    server.faults[name(2019, 1)] = [fault] * 4
    message = failed(server, capsys)
    assert said in message
    assert "Given up after 3 attempts" in message
    assert 3 <= len(server.asked) <= 4
    assert bronze(tmp_path) == {}
    server.faults.clear()
    assert statuses(download(server, capsys)) == {"2019-01": "downloaded"}


def test_another_month_in_the_archive_is_refused(server, capsys, tmp_path):
    """A server that mixes months up would put flights into the wrong one."""
    server.files[name(2019, 1)] = archive(2019, 2)
    assert "it holds flights of 2019-02, not of 2019-01" in failed(server, capsys)
    assert bronze(tmp_path) == {}


@pytest.mark.parametrize("dated", [False, True])
def test_the_pause_that_a_server_asks_for_is_kept(server, capsys, dated: bool):
    """In seconds, or as a date; far longer than the one that would be made without."""
    wait = format_datetime(datetime.now(UTC) + timedelta(seconds=3), usegmt=True) if dated else "1"
    server.faults[name(2019, 1)] = [Fault(status=429, headers={"Retry-After": wait})]
    assert run_command(arguments(server)) == 0
    assert re.search(r"429 Too Many Requests\. Asking again in [123] s", capsys.readouterr().err)


def test_a_pause_of_an_hour_is_not_waited_for(server, capsys):
    """The user hears how long it is."""
    server.faults[name(2019, 1)] = [Fault(status=503, headers={"Retry-After": "3600"})]
    assert "3,600 seconds" in failed(server, capsys)
    assert len(server.asked) == 1


def test_a_server_that_stops_answering_is_given_up(server, capsys):
    """Before the answer or in the middle of it."""
    server.faults[name(2019, 1)] = [Fault(stall=3)] * 4
    assert "nothing for 0.3 seconds" in failed(server, capsys, "1", "--download-timeout", "0.3")


def test_a_slow_server_is_waited_for_as_long_as_something_comes(server, capsys, tmp_path):
    """Longer than the timeout in all; but one that hardly sends anything is given up."""
    size = len(server.files[name(2019, 1)])
    server.faults[name(2019, 1)] = [Fault(block=size // 10, pause=0.1)]
    assert statuses(download(server, capsys, "1", "--download-timeout", "0.4")) == {"2019-01": "downloaded"}
    server.faults[name(2019, 2)] = [Fault(block=2, pause=0.05)] * 4
    said = failed(server, capsys, "2", "--download-timeout", "0.3", "--download-attempts", "1")
    assert "the server sent only" in said


def test_one_failed_month_does_not_undo_the_others(server, capsys, tmp_path):
    """What is done stays; the next run does the rest."""
    server.faults[name(2019, 2)] = [Fault(status=503)] * 3
    said = failed(server, capsys, "1..3", "--download-at-once", "1")
    assert "Of 3 months 1 is done, 1 failed and 1 was not tried." in said
    assert set(bronze(tmp_path)) == {name(2019, 1)}
    assert statuses(download(server, capsys, "1..3")) == {
        "2019-01": "unchanged",
        "2019-02": "downloaded",
        "2019-03": "downloaded",
    }


@pytest.mark.parametrize("status", [401, 403])
def test_a_server_that_refuses_is_asked_once(server, capsys, status: int):
    """Exit code 2: another address or a right is needed."""
    server.faults[name(2019, 1)] = [Fault(status=status)]
    assert str(status) in failed(server, capsys, code=2)
    assert len(server.asked) == 1


def test_no_server_is_a_failed_system(server, capsys):
    """Neither a port nobody listens at, nor a name that is none."""
    server.url = "http://localhost:1/PREZIP"
    assert "connection failed" in failed(server, capsys)
    server.url = "http://no-such-host.invalid/PREZIP"
    assert "no-such-host.invalid" in failed(server, capsys)


@pytest.mark.parametrize(
    "wrong",
    [
        ["download", "faa", "--year", "2019"],
        ["download", "bts", "--year", "2019", "--month", "13"],
        ["download", "bts", "--year", "2019", "--month", "3..1"],
        ["download", "bts", "--year", "19"],
        ["download", "bts", "--year", "2019", "--mirror", "ftp://host/folder"],
        ["download", "bts", "--year", "2019", "--download-at-once", "9"],
        ["download", "kaggle", "--year", "2015", "--month", "1"],
        ["download", "kaggle", "--year", "1995"],
    ],
)
def test_a_wrong_request_is_refused_before_anything_is_fetched(capsys, wrong: list[str]):
    """Exit code 2, with what may be said."""
    assert run_command(wrong) == 2
    assert capsys.readouterr().err.startswith("Error: ")


def test_a_failure_is_one_json_object_too(server, capsys):
    """On standard output, and nothing else there."""
    assert run_command([*arguments(server, "11"), "--json"]) == 2
    told = json.loads(capsys.readouterr().out)
    assert told["exit_code"] == 2
    assert "2019-11" in told["error"]


def test_people_see_a_table_and_where_each_month_is(server, capsys, tmp_path):
    """And what is missing, on standard error."""
    assert run_command(arguments(server, "1..4")) == 0
    printed = capsys.readouterr()
    assert name(2019, 1) in printed.out
    assert "not published" in printed.out
    assert "2019-04" in printed.err


def test_the_proxy_of_the_usual_variable_is_used(server, capsys, monkeypatch):
    """And not for hosts that NO_PROXY names."""
    monkeypatch.setenv("http_proxy", server.url.removesuffix("/PREZIP"))
    server.url = "http://flights.invalid/PREZIP"
    assert statuses(download(server, capsys)) == {"2019-01": "downloaded"}
    monkeypatch.setenv("no_proxy", "flights.invalid")
    assert "flights.invalid" in failed(server, capsys, "2")


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, ssl.SSLContext]:
    """A certificate for localhost that no system trusts: its file, and what a server needs."""
    folder = tmp_path_factory.mktemp("authority")
    certificate, key = folder / "certificate.pem", folder / "key.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
         "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost", "-keyout", key, "-out", certificate],
        check=True, capture_output=True,
    )  # fmt: skip
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    return certificate, context


def test_the_systems_certificates_decide(capsys, monkeypatch, authority):
    """Those of SSL_CERT_FILE, if it is given; an unknown authority is refused at once, with the way out."""
    certificate, context = authority
    with file_server(context) as server:
        server.files[name(2019, 1)] = archive(2019, 1)
        said = failed(server, capsys)
        assert "certificate" in said
        assert "SSL_CERT_FILE" in said
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
        assert statuses(download(server, capsys)) == {"2019-01": "downloaded"}


def _process(server: FileServer, *more: str, **named: Any) -> "subprocess.Popen[str]":
    command = [sys.executable, "-m", "tarmac", *arguments(server, "1", *more)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **named)


def _received(tmp_path: Path) -> int:
    part = tmp_path / f"home/downloads/{name(2019, 1)}.part"
    return part.stat().st_size if part.exists() else 0


def _wait_until_something_came(tmp_path: Path, process: "subprocess.Popen[str]") -> None:
    limit = time.monotonic() + 60
    while _received(tmp_path) == 0:
        assert process.poll() is None
        assert time.monotonic() < limit
        time.sleep(0.01)


def test_a_download_that_was_killed_is_continued(server, capsys, tmp_path):
    """By kill -9 in the middle: nothing is in bronze, and what came is not fetched again."""
    whole = server.files[name(2019, 1)]
    server.faults[name(2019, 1)] = [Fault(block=500, pause=0.5)]
    with _process(server) as process:
        _wait_until_something_came(tmp_path, process)
        process.kill()
    had = _received(tmp_path)
    assert bronze(tmp_path) == {}
    assert 0 < had < len(whole)
    assert statuses(download(server, capsys)) == {"2019-01": "downloaded"}
    assert bronze(tmp_path) == {name(2019, 1): whole}
    assert server.asked[-1][1]["Range"] == f"bytes={had}-"


def test_a_download_that_is_asked_to_end_ends_at_once(server, tmp_path):
    """SIGTERM, while a server that says nothing is waited for."""
    server.faults[name(2019, 1)] = [Fault(cut=1000, block=500, pause=60)]
    with _process(server, "--download-timeout", "300") as process:
        _wait_until_something_came(tmp_path, process)
        process.send_signal(signal.SIGTERM)
        _, said = process.communicate(timeout=30)
    assert process.returncode == 128 + signal.SIGTERM
    assert "Traceback" not in said


def test_of_two_downloads_at_once_one_says_so(server, capsys, tmp_path):
    """The other one goes on undisturbed."""
    server.faults[name(2019, 1)] = [Fault(block=500, pause=0.2)]
    with _process(server) as process:
        _wait_until_something_came(tmp_path, process)
        assert "another tarmac download is running" in failed(server, capsys, "2")
        assert process.wait(timeout=60) == 0
    assert set(bronze(tmp_path)) == {name(2019, 1)}


def test_what_was_whole_when_the_process_was_killed_is_not_fetched_again(server, capsys, tmp_path, monkeypatch):
    """Between the last byte and bronze: the file is checked, so it is ingested."""
    monkeypatch.setenv("TARMAC_BRONZE_FOLDER", "01_bronze")
    from tarmac.bronze.download import bts

    with monkeypatch.context() as patched:
        patched.setattr(bts, "ingest_files", lambda *_, **__: (_ for _ in ()).throw(KeyboardInterrupt))
        assert run_command(arguments(server)) == 130
    capsys.readouterr()
    asked = len(server.asked)
    assert statuses(download(server, capsys)) == {"2019-01": "downloaded"}
    assert len(server.asked) == asked
    assert left_over(tmp_path) == []


def _small_files_only() -> None:
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, resource.RLIM_INFINITY))


def test_a_full_disk_is_said_and_what_came_is_kept(server, capsys, tmp_path):
    """A limit of the system on the size of files stands for it; after it is lifted, the download goes on."""
    environment = os.environ | {"PYTHONDONTWRITEBYTECODE": "1"}
    with _process(server, preexec_fn=_small_files_only, env=environment) as process:
        _, said = process.communicate(timeout=60)
    assert process.returncode == 1
    assert "the disk is full" in said
    assert "Traceback" not in said
    assert bronze(tmp_path) == {}
    assert statuses(download(server, capsys)) == {"2019-01": "downloaded"}
    assert server.asked[-1][1]["Range"] == "bytes=1000-"
