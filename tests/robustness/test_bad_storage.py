"""S3 that fails: every read and every write is done again, or given up in time with a message; never a wrong result."""

import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from tarmac.bronze.ingest import ingest_files
from tarmac.bronze.local_copy import download_bronze
from tarmac.errors import SystemFailure, TarmacError
from tarmac.pipeline import Workspace, run_year
from tarmac.storage import s3 as s3_module
from tarmac.storage.lake import open_lake
from tests.support.disturbed_sites import ANOMALIES, BRONZE, GOLD, READS, WRITES, Site
from tests.support.fault_proxy import (
    Exchange,
    Fault,
    FaultProxy,
    cuts_the_answer,
    cuts_the_upload,
    fault_proxy,
    loses_the_answer,
    passes,
    resets,
    says_nothing,
    says_slow_down,
)  # fmt: skip
from tests.support.s3_server import S3Server
from tests.support.step_processes import PARAMETERS, YEAR
from tests.support.year_versions import Server, Version

ALWAYS = 10**6
ON_READING = (says_slow_down, says_nothing, resets, cuts_the_answer, loses_the_answer)
ON_WRITING = (says_slow_down, says_nothing, resets, cuts_the_upload, loses_the_answer)


def each_step(faults: tuple[Fault, ...], *, by_day: Fault) -> list[Any]:
    """Every fault in silver's requests, and one in gold's, which go the same way; gold's others are tried at night."""
    at_night = [pytest.param("gold", fault, marks=pytest.mark.nightly) for fault in faults if fault is not by_day]
    return [*(("silver", fault) for fault in faults), ("gold", by_day), *at_night]


@dataclass(frozen=True, kw_only=True)
class Shaky:
    """A site that Tarmac reaches through the proxy, and that the test looks at past it."""

    site: Site
    proxy: FaultProxy

    def do(self, step: str, version: Version) -> str:
        """Do a step within this process; returns its error, or nothing."""
        workspace = self.site.workspace
        try:
            if step == "ingest":
                ingest_files([version.source], workspace.lake, year=None, scratch=workspace.scratch)
            else:
                run_year(workspace, YEAR, PARAMETERS, steps=(step,))
        except TarmacError as error:
            return f"{error.exit_code}: {error}"
        return ""


@pytest.fixture
def shaky(
    request: pytest.FixtureRequest,
    s3: Any,
    s3_server: S3Server,
    server: Server,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Shaky]:
    """Patience is short where a server says nothing, and nowhere else: a busy machine's servers may be slow to answer."""
    fault = request.node.callspec.params.get("fault") if hasattr(request.node, "callspec") else None
    monkeypatch.setattr(s3_module, "READ_SECONDS", 2 if fault is says_nothing else 60)
    monkeypatch.setattr(s3_module, "ATTEMPTS", 3)
    with fault_proxy(s3_server.url) as proxy:
        monkeypatch.setenv("AWS_ENDPOINT_URL", proxy.url)
        workspace = Workspace(lake=open_lake("s3://lake/p"), scratch=tmp_path / "scratch", home=tmp_path / "home")
        yield Shaky(site=Site(workspace=workspace, client=s3), proxy=proxy)


@pytest.mark.parametrize(("step", "fault"), each_step(ON_READING, by_day=cuts_the_answer))
def test_what_fails_once_while_reading_is_done_again(
    step: str, fault: Fault, shaky: Shaky, versions: tuple[Version, Version]
) -> None:
    """Also the listing of bronze, and the question for an object's size; the result is byte for byte the same."""
    versions[0].give(shaky.site, step)
    for key in READS[step]:
        shaky.proxy.will(fault, "GET", key)
        if fault is not cuts_the_answer:  # a HEAD's answer has no body
            shaky.proxy.will(fault, "HEAD", key, skip=1)
    shaky.proxy.will(fault, "GET", "list-type=2")
    assert shaky.do(step, versions[0]) == ""
    assert len(shaky.proxy.done) >= 2
    assert {key: shaky.site.files()[key] for key in WRITES[step]} == {
        key: versions[0].files[key] for key in WRITES[step]
    }


@pytest.mark.parametrize(("step", "fault"), each_step(ON_WRITING, by_day=cuts_the_upload))
def test_what_fails_once_while_writing_is_done_again(
    step: str, fault: Fault, shaky: Shaky, versions: tuple[Version, Version]
) -> None:
    """Each table and the run's record: whole, though the first upload was cut or its answer lost."""
    versions[0].give(shaky.site, step)
    for part in (*WRITES[step], "/runs/"):
        shaky.proxy.will(fault, "PUT", part)
    assert shaky.do(step, versions[0]) == ""
    assert len(shaky.proxy.done) == len(WRITES[step]) + 1
    assert {key: shaky.site.files()[key] for key in WRITES[step]} == {
        key: versions[0].files[key] for key in WRITES[step]
    }
    assert shaky.site.unfinished_uploads() == []


@pytest.mark.parametrize("method", ["GET", "PUT"])
@pytest.mark.parametrize("fault", [says_slow_down, says_nothing, resets])
def test_what_always_fails_is_given_up_in_time(
    fault: Fault, method: str, shaky: Shaky, versions: tuple[Version, Version]
) -> None:
    """Exit code 1, where it failed and what to do; the lake is as it was before."""
    versions[0].give(shaky.site, "silver")
    for key in WRITES["silver"]:
        shaky.site.put(key, versions[1].files[key])
    before = shaky.site.files()
    part = READS["silver"][0] if method == "GET" else WRITES["silver"][0]
    shaky.proxy.will(fault, method, part, times=ALWAYS)
    began = time.monotonic()
    said = shaky.do("silver", versions[0])
    assert said.startswith("1: "), said
    assert f"s3://lake/p/{part}" in said
    assert "Nothing was published; run the same command again" in said
    assert time.monotonic() - began < 60
    assert shaky.site.files() == before
    assert list((shaky.site.workspace.scratch).iterdir()) == []


@pytest.mark.parametrize("step", ["silver", "gold"])
def test_a_body_that_is_always_cut_short_is_never_taken_for_the_whole(
    step: str, shaky: Shaky, versions: tuple[Version, Version]
) -> None:
    """Half a gzip file or table is refused, not read; and it is the network's fault, not the file's."""
    versions[0].give(shaky.site, step)
    before = shaky.site.files()
    shaky.proxy.will(cuts_the_answer, "GET", READS[step][0], times=ALWAYS)
    said = shaky.do(step, versions[0])
    assert said.startswith(f"1: S3 failed at s3://lake/p/{READS[step][0]}"), said
    assert shaky.site.files() == before


@pytest.mark.parametrize("step", ["silver", "gold", "detect"])
def test_an_object_swapped_before_it_is_read(step: str, shaky: Shaky, versions: tuple[Version, Version]) -> None:
    """Between the question for its size and the reading: said plainly, and the next run takes the new one."""
    versions[0].give(shaky.site, step)
    key = READS[step][0]
    shaky.proxy.will(_swaps(shaky.site, key, versions[1].files[key]), "GET", key)
    said = shaky.do(step, versions[0])
    assert (
        said
        == f"1: s3://lake/p/{key} was replaced while it was read. Nothing was published; run the same command again."
    )
    assert set(shaky.site.files()) == set(READS[step])
    versions[1].give(shaky.site, step)
    assert shaky.do(step, versions[1]) == ""
    assert {key: shaky.site.files()[key] for key in WRITES[step]} == {
        key: versions[1].files[key] for key in WRITES[step]
    }


@pytest.mark.parametrize("size", [32 << 20, 17 << 20], ids=["same-size", "smaller"])
def test_an_object_swapped_between_two_ranges(size: int, shaky: Shaky, tmp_path: Path) -> None:
    """Never the head of one version and the tail of another, though both would fit together."""
    shaky.site.put("x", b"a" * (32 << 20))
    shaky.proxy.will(_swaps(shaky.site, "x", b"b" * size), "GET", "/p/x", skip=1)
    with pytest.raises(SystemFailure, match="s3://lake/p/x was replaced while it was read"):
        shaky.site.lake.fetch("x", tmp_path)
    assert len(shaky.proxy.done) == 1


def test_a_large_object_with_a_fault_in_many_ranges(
    shaky: Shaky, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each range is asked for again; the file is whole."""
    monkeypatch.setattr(s3_module, "READ_SECONDS", 2)
    body = bytes(range(256)) * (1 << 17)
    shaky.site.put("x", body)
    for fault in (says_slow_down, resets, cuts_the_answer, says_nothing):
        shaky.proxy.will(fault, "GET", "/p/x")
    assert shaky.site.lake.fetch("x", tmp_path).read_bytes() == body
    assert len(shaky.proxy.done) == 4


def test_an_ingest_whose_answer_is_lost(shaky: Shaky, versions: tuple[Version, Version]) -> None:
    """The file is there, and S3 refuses to have it twice: the same command again finds it."""
    shaky.proxy.will(loses_the_answer, "PUT", BRONZE)
    said = shaky.do("ingest", versions[0])
    assert "Run the same command again: it compares the two" in said
    assert shaky.site.files() == {key: versions[0].files[key] for key in WRITES["ingest"]}
    assert shaky.do("ingest", versions[0]) == ""


@pytest.mark.parametrize("fault", [says_slow_down, says_nothing, resets, cuts_the_upload])
def test_a_cut_ingest_leaves_bronze_empty_or_whole(
    fault: Fault, shaky: Shaky, versions: tuple[Version, Version]
) -> None:
    """Given up: neither the file is there nor the record that is written before it. Once: it is whole."""
    shaky.proxy.will(fault, "PUT", BRONZE, times=3)
    assert shaky.do("ingest", versions[0]).startswith(f"1: S3 failed at s3://lake/p/{BRONZE}")
    assert shaky.site.files() == {}
    shaky.proxy.will(fault, "PUT", BRONZE)
    assert shaky.do("ingest", versions[0]) == ""
    assert shaky.site.files() == {key: versions[0].files[key] for key in WRITES["ingest"]}


@pytest.mark.parametrize("fault", ON_READING)
def test_a_download_over_a_shaky_connection(
    fault: Fault, shaky: Shaky, versions: tuple[Version, Version], tmp_path: Path
) -> None:
    """Failed once, the verified copy is whole; failed always or swapped meanwhile, there is none."""
    bronze, lake = versions[0].files[BRONZE], shaky.site.lake
    shaky.site.put(BRONZE, bronze)
    shaky.proxy.will(fault, "GET", BRONZE)
    copy = download_bronze(YEAR, lake, tmp_path / "copy")
    assert (tmp_path / "copy" / copy.files[0].key).read_bytes() == bronze
    shaky.proxy.will(_swaps(shaky.site, BRONZE, versions[1].files[BRONZE]), "GET", BRONZE)
    with pytest.raises(SystemFailure, match="replaced while it was read"):
        download_bronze(YEAR, lake, tmp_path / "swapped")
    shaky.proxy.will(fault, "GET", BRONZE, times=ALWAYS)
    with pytest.raises(SystemFailure, match=f"S3 failed at s3://lake/p/{BRONZE}"):
        download_bronze(YEAR, lake, tmp_path / "failed")
    assert [list((tmp_path / name).iterdir()) for name in ("swapped", "failed")] == [[], []]


def test_detect_and_load_over_a_shaky_connection(
    shaky: Shaky, versions: tuple[Version, Version], server: Server
) -> None:
    """Their reads and writes go the same way: one fault in each, and the result is the same."""
    site = replace(shaky.site, workspace=replace(shaky.site.workspace, warehouse=server.new_database()))
    versions[0].give(site, "detect")
    for method, part in (("GET", GOLD), ("PUT", ANOMALIES), ("GET", ANOMALIES)):
        shaky.proxy.will(resets, method, part)
        shaky.proxy.will(cuts_the_answer if method == "GET" else cuts_the_upload, method, part)
    calm = replace(shaky, site=site)
    assert [calm.do(step, versions[0]) for step in ("detect", "load")] == ["", ""]
    assert len(shaky.proxy.done) == 6
    assert site.files()[ANOMALIES] == versions[0].files[ANOMALIES]
    assert site.rows() == versions[0].rows


def _swaps(site: Site, key: str, body: bytes) -> Fault:
    """Put another object there, then let the request through."""

    async def swaps(exchange: Exchange) -> None:
        site.put(key, body)
        await passes(exchange)

    return swaps
