"""A lake in a folder whose zones and files are links, or on another file system."""

import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tarmac.errors import InputError
from tarmac.storage.lake import Lake, open_lake
from tarmac.storage.scratch import scratch_folder


@pytest.fixture
def other_disk(tmp_path: Path) -> Iterator[Path]:
    """A folder on another file system."""
    folder = Path("/dev/shm") / f"tarmac-{os.getpid()}-{time.time_ns()}"
    if not folder.parent.is_dir() or folder.parent.stat().st_dev == tmp_path.stat().st_dev:
        pytest.skip("needs a second file system at /dev/shm")
    folder.mkdir()
    yield folder
    for path in sorted(folder.rglob("*"), reverse=True):
        path.rmdir() if path.is_dir() else path.unlink()
    folder.rmdir()


def assert_works(lake: Lake) -> None:
    """Publish, publish again, refuse to replace, list, read, fetch; nothing is left beside the files."""
    key = lake.silver_key(2009)
    with scratch_folder(lake.scratch_parent(Path())) as scratch:
        for content, changed in ((b"first", True), (b"second", True), (b"second", False)):
            file = scratch / "file"
            file.write_bytes(content)
            assert lake.publish_changed(file, key) == changed
            assert not file.exists()
            assert lake.read(key) == content
        (scratch / "file").write_bytes(b"third")
        with pytest.raises(InputError, match="another run has written"):
            lake.publish(scratch / "file", key, replace=False)
        assert lake.fetch(key, scratch).read_bytes() == b"second"
    assert lake.files_in(key.rpartition("/")[0]) == [key]
    assert [path.name for path in Path(lake.location(key)).parent.iterdir()] == [key.rpartition("/")[2]]
    assert list(lake.scratch_parent(Path()).iterdir()) == []


@pytest.mark.parametrize("there", [True, False])
def test_a_zone_may_be_a_relative_link(there: bool, tmp_path: Path) -> None:
    """To a folder that is there, or that is made when it is needed."""
    (tmp_path / "lake").mkdir()
    if there:
        (tmp_path / "silver").mkdir()
    (tmp_path / "lake/02_silver").symlink_to("../silver")
    assert_works(open_lake(str(tmp_path / "lake")))
    assert (tmp_path / "lake/02_silver").is_symlink()


def test_a_zone_may_be_on_another_file_system(tmp_path: Path, other_disk: Path) -> None:
    """A rename cannot get there; the copy is renamed there."""
    (tmp_path / "lake").mkdir()
    (tmp_path / "lake/02_silver").symlink_to(other_disk)
    assert_works(open_lake(str(tmp_path / "lake")))


def test_a_lake_may_be_a_link(tmp_path: Path) -> None:
    """Relative or not."""
    (tmp_path / "real").mkdir()
    (tmp_path / "lake").symlink_to("real")
    assert_works(open_lake(str(tmp_path / "lake")))


def test_a_file_may_be_a_relative_link(tmp_path: Path) -> None:
    """It is fetched from where it leads, and published there; the link stays."""
    lake = open_lake(str(tmp_path / "lake"))
    key = lake.silver_key(2009)
    link = Path(lake.location(key))
    link.parent.mkdir(parents=True)
    (tmp_path / "elsewhere").write_bytes(b"old")
    link.symlink_to("../../../../elsewhere")
    with scratch_folder(lake.scratch_parent(Path())) as scratch:
        assert lake.fetch(key, scratch).read_bytes() == b"old"
        (scratch / "file").write_bytes(b"new")
        lake.publish(scratch / "file", key)
    assert link.is_symlink()
    assert (tmp_path / "elsewhere").read_bytes() == b"new"
