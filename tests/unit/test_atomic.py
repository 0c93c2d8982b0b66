"""Files are written whole: through links, into pipes and devices, on file systems without links, after kills."""

import os
import signal
import socket
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tarmac.errors import InputError, SystemFailure
from tarmac.storage.atomic import move, whole_files


def write(*targets: Path, content: bytes = b"new") -> None:
    """Write the same content to all of them."""
    with whole_files(*targets) as files:
        for file in files:
            file.write(content)


def test_a_link_is_followed_to_its_target_and_stays_a_link(tmp_path: Path) -> None:
    """Relative and absolute links, a chain of them, and one whose target is not there yet."""
    (tmp_path / "there").mkdir()
    target = tmp_path / "there/report.html"
    target.write_bytes(b"old")
    (tmp_path / "relative").symlink_to("there/report.html")
    (tmp_path / "chain").symlink_to(tmp_path / "relative")
    (tmp_path / "dangling").symlink_to("there/new.html")
    for link in ("relative", "chain"):
        write(tmp_path / link, content=link.encode())
        assert (target.read_bytes(), (tmp_path / link).is_symlink()) == (link.encode(), True)
    write(tmp_path / "dangling")
    assert (tmp_path / "there/new.html").read_bytes() == b"new"
    assert sorted(path.name for path in (tmp_path / "there").iterdir()) == ["new.html", "report.html"]


def test_links_in_a_circle_are_refused(tmp_path: Path) -> None:
    """With the system's reason."""
    (tmp_path / "a").symlink_to("b")
    (tmp_path / "b").symlink_to("a")
    with pytest.raises(InputError, match=r"cannot be used: Too many levels of symbolic links.*--out"):
        write(tmp_path / "a")


def test_a_device_stays_a_device() -> None:
    """What is written to it is gone."""
    before = Path("/dev/null").stat()
    write(Path("/dev/null"))
    after = Path("/dev/null").stat()
    assert stat.S_ISCHR(after.st_mode)
    assert (after.st_ino, after.st_rdev) == (before.st_ino, before.st_rdev)


def test_a_full_device_is_a_full_disk() -> None:
    """The system failed: exit code 1."""
    with pytest.raises(SystemFailure, match="the disk is full at /dev/full"):
        write(Path("/dev/full"))


def test_a_fifo_is_written_as_a_stream_and_stays(tmp_path: Path) -> None:
    """Its reader gets everything."""
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    content = os.urandom(300_000)
    got: list[bytes] = []
    reader = threading.Thread(target=lambda: got.append(fifo.read_bytes()))
    reader.start()
    write(fifo, content=content)
    reader.join()
    assert got == [content]
    assert stat.S_ISFIFO(fifo.stat().st_mode)


def test_a_fifo_whose_reader_leaves_is_an_error(tmp_path: Path) -> None:
    """Not a success, and not a defect."""
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    reader = threading.Thread(target=lambda: os.close(os.open(fifo, os.O_RDONLY)))
    reader.start()
    with pytest.raises(SystemFailure, match=r"the reader of .*fifo stopped before all was written"):
        write(fifo, content=bytes(1 << 22))
    reader.join()


_WRITE = "import sys; from pathlib import Path; from tarmac.storage.atomic import whole_files\n"


def _program(code: str, *arguments: str, **options: object) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run([sys.executable, "-c", _WRITE + code, *arguments], check=True, **options)  # type: ignore[call-overload, no-any-return]


@pytest.mark.parametrize("out", ["/dev/stdout", "/dev/fd/1", "/proc/self/fd/1"])
def test_standard_output_is_appended_to_whatever_it_is(out: str, tmp_path: Path) -> None:
    """A pipe, or a file that the shell opened: what was printed before and after is kept."""
    code = (
        "print('before', flush=True)\nwith whole_files(Path(sys.argv[1])) as (f,): f.write(b'page\\n')\nprint('after')"
    )
    assert _program(code, out, stdout=subprocess.PIPE).stdout == b"before\npage\nafter\n"
    with (tmp_path / "file").open("wb") as file:
        _program(code, out, stdout=file)
    assert (tmp_path / "file").read_bytes() == b"before\npage\nafter\n"


def _bind(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as made:
        made.bind(str(path))


@pytest.mark.parametrize("make", [Path.mkdir, _bind])
def test_anything_else_is_refused(make: Callable[[Path], None], tmp_path: Path) -> None:
    """A folder, a socket."""
    make(tmp_path / "out")
    with pytest.raises(InputError, match=r"cannot write .*out: it is .*--out"):
        write(tmp_path / "out")


def test_what_fails_leaves_all_targets_as_they_were(tmp_path: Path) -> None:
    """Several files are renamed only when all are complete."""
    for name in "ab":
        (tmp_path / name).write_text("old")

    def stop() -> None:
        with whole_files(tmp_path / "a", tmp_path / "b") as (one, _):
            one.write(b"new")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        stop()
    assert {path.name: path.read_text() for path in tmp_path.iterdir()} == {"a": "old", "b": "old"}


_HOLD = """
with whole_files(Path(sys.argv[1])) as (f,):
    f.write(b"half"); f.flush()
    print("ready", flush=True)
    import time; time.sleep(60)
"""


def test_what_a_killed_writer_left_is_removed_and_a_living_ones_part_is_not(tmp_path: Path) -> None:
    """By the next writer into that folder, of whatever name."""
    writers = [
        subprocess.Popen([sys.executable, "-c", _WRITE + _HOLD, str(tmp_path / name)], stdout=subprocess.PIPE)
        for name in ("killed", "living")
    ]
    killed, _ = writers
    try:
        for writer in writers:
            assert writer.stdout is not None
            assert writer.stdout.readline() == b"ready\n"
        killed.send_signal(signal.SIGKILL)
        killed.wait()
        assert len(list(tmp_path.iterdir())) == 2
        write(tmp_path / "next")
        left = sorted(path.name for path in tmp_path.iterdir())
        assert [name.split(".")[1] or name for name in left if name != "next"] == ["living"]
    finally:
        for writer in writers:
            writer.kill()
            writer.communicate()
    write(tmp_path / "next")
    assert [path.name for path in tmp_path.iterdir()] == ["next"]


def test_a_file_moves_to_another_file_system_in_one_step(tmp_path: Path) -> None:
    """Copied beside its target, then renamed; nothing else stays on either side."""
    other = Path("/dev/shm") / f"tarmac-{os.getpid()}-{time.time_ns()}"
    if not other.parent.is_dir() or other.parent.stat().st_dev == tmp_path.stat().st_dev:
        pytest.skip("needs a second file system at /dev/shm")
    other.mkdir()
    try:
        for content, replace in ((b"first", False), (b"second", True)):
            file = tmp_path / "file"
            file.write_bytes(content)
            move(file, other / "moved", replace=replace)
            assert (other / "moved").read_bytes() == content
            assert [path.name for path in other.iterdir()] == ["moved"]
            assert list(tmp_path.iterdir()) == []
        (tmp_path / "file").write_bytes(b"third")
        with pytest.raises(FileExistsError):
            move(tmp_path / "file", other / "moved", replace=False)
        assert (other / "moved").read_bytes() == b"second"
    finally:
        for path in other.iterdir():
            path.unlink()
        other.rmdir()
