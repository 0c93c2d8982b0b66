"""File systems without hard links, without locks, or whose folders cannot be synced: everything works, or says why not."""

import errno
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.support.machine import need

LACKS = r"""
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>
#define REAL(name, type) ((type)dlsym(RTLD_NEXT, name))
static int lacking(const char *call) { const char *value = getenv(call); return value ? atoi(value) : 0; }
int link(const char *from, const char *to) {
    if ((errno = lacking("LACKS_LINK"))) return -1;
    return REAL("link", int (*)(const char *, const char *))(from, to);
}
int linkat(int d, const char *from, int e, const char *to, int flags) {
    if ((errno = lacking("LACKS_LINK"))) return -1;
    return REAL("linkat", int (*)(int, const char *, int, const char *, int))(d, from, e, to, flags);
}
int renameat2(int d, const char *from, int e, const char *to, unsigned flags) {
    if (flags && (errno = lacking("LACKS_RENAMEAT2"))) return -1;
    return REAL("renameat2", int (*)(int, const char *, int, const char *, unsigned))(d, from, e, to, flags);
}
int flock(int file, int operation) {
    if ((errno = lacking("LACKS_FLOCK"))) return -1;
    return REAL("flock", int (*)(int, int))(file, operation);
}
int fsync(int file) {
    struct stat about;
    int number = lacking("LACKS_FSYNC");
    if (number && !fstat(file, &about) && S_ISDIR(about.st_mode)) { errno = number; return -1; }
    return REAL("fsync", int (*)(int))(file);
}
"""

USE = """
import sys
from pathlib import Path
from tarmac.errors import InputError, TarmacError
from tarmac.storage.atomic import whole_files
from tarmac.storage.lake import open_lake
from tarmac.storage.scratch import scratch_folder
folder = Path(sys.argv[1])
lake = open_lake(str(folder / "lake"))
try:
    lake.make()
    with scratch_folder(lake.scratch_parent(folder)) as scratch:
        (scratch / "a").write_bytes(b"bronze")
        lake.publish(scratch / "a", "01_bronze/2009.csv", replace=False)
        (scratch / "a").write_bytes(b"other")
        try:
            lake.publish(scratch / "a", "01_bronze/2009.csv", replace=False)
            sys.exit("bronze was replaced")
        except InputError:
            pass
        lake.publish(scratch / "a", lake.silver_key(2009))
        lake.fetch(lake.silver_key(2009), scratch)
    with whole_files(folder / "report.html") as (file,):
        file.write(b"page")
    print("done")
except TarmacError as error:
    sys.exit(f"{error.exit_code}: {error}")
"""


@pytest.fixture(scope="module")
def lacks(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The library that makes calls fail, as Linux loads it."""
    compiler = need("cc")
    folder = tmp_path_factory.mktemp("lacks")
    (folder / "lacks.c").write_text(LACKS)
    subprocess.run([compiler, "-shared", "-fPIC", "-o", folder / "lacks.so", folder / "lacks.c", "-ldl"], check=True)
    return folder / "lacks.so"


def _use(folder: Path, library: Path, **numbers: int) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {"LD_PRELOAD": str(library)} | {name: str(number) for name, number in numbers.items()}
    return subprocess.run(
        [sys.executable, "-c", USE, folder], env=environment, capture_output=True, text=True, check=False
    )


@pytest.mark.parametrize(
    "numbers",
    [
        *(
            {"LACKS_LINK": number}
            for number in (errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK, errno.EXDEV)
        ),
        *({"LACKS_LINK": errno.EPERM, "LACKS_RENAMEAT2": number} for number in (errno.EINVAL, errno.ENOSYS)),
        *({"LACKS_FSYNC": number} for number in (errno.EINVAL, errno.EOPNOTSUPP, errno.ENOSYS, errno.EACCES)),
        *({"LACKS_FLOCK": number} for number in (errno.ENOLCK, errno.EOPNOTSUPP, errno.ENOSYS)),
        {"LACKS_LINK": errno.EPERM, "LACKS_FSYNC": errno.EINVAL, "LACKS_FLOCK": errno.ENOLCK},
    ],
    ids=str,
)
def test_every_write_works_without_it(numbers: dict[str, int], lacks: Path, tmp_path: Path) -> None:
    """Bronze is never replaced, files are whole, and nothing is left beside them."""
    done = _use(tmp_path, lacks, **numbers)
    assert (done.stdout, done.stderr) == ("done\n", "")
    files = {str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*") if path.is_file()}
    silver = "lake/02_silver/year/2009/2009_02_silver.parquet"
    assert files == {"lake/01_bronze/2009.csv", silver, "report.html"}
    assert (tmp_path / "lake/01_bronze/2009.csv").read_bytes() == b"bronze"


def test_a_disk_that_does_not_confirm_is_told_as_it_is(lacks: Path, tmp_path: Path) -> None:
    """The file is there: to say that nothing was published would be wrong."""
    done = _use(tmp_path, lacks, LACKS_FSYNC=errno.EIO)
    assert done.stderr.startswith("1: the file was published in "), done.stderr
    assert (tmp_path / "lake/01_bronze/2009.csv").read_bytes() == b"bronze"


HOLD = """
import sys, time
from pathlib import Path
from tarmac.storage.scratch import scratch_folder
with scratch_folder(Path(sys.argv[1])) as folder:
    print(folder.name, flush=True)
    time.sleep(float(sys.argv[2]))
"""


def test_without_locks_a_killed_runs_folder_is_removed_and_a_living_ones_is_not(lacks: Path, tmp_path: Path) -> None:
    """Its name says whose it is."""
    environment = os.environ | {"LD_PRELOAD": str(lacks), "LACKS_FLOCK": str(errno.ENOLCK)}

    def hold(seconds: int) -> subprocess.Popen[str]:
        command = [sys.executable, "-c", HOLD, str(tmp_path), str(seconds)]
        return subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True)

    killed, living = hold(600), hold(600)
    try:
        names = [run.stdout.readline().strip() for run in (killed, living) if run.stdout]
        killed.send_signal(signal.SIGKILL)
        killed.wait()
        hold(0).communicate()
        assert sorted(path.name for path in tmp_path.iterdir()) == [names[1], f"{names[1]}.lock"]
    finally:
        for run in (killed, living):
            run.kill()
            run.communicate()


def test_what_a_killed_simulation_left_is_removed_by_the_next(tmp_path: Path) -> None:
    """The command itself, killed with -9 while it writes."""
    out = tmp_path / "out"
    command = [
        sys.executable,
        "-m",
        "tarmac",
        "simulate",
        "--year",
        "2015",
        "--seed",
        "1",
        "--airports",
        "5",
        "--quiet",
    ]
    running = subprocess.Popen([*command, "--flights", "3000000", "--out", str(out)], start_new_session=True)
    try:
        while running.poll() is None and not list(out.glob(".2015.csv.*.part")):
            time.sleep(0.05)
    finally:
        os.killpg(running.pid, signal.SIGKILL)
        running.wait()
    assert len(list(out.glob(".*.part"))) == 3
    subprocess.run([*command, "--flights", "1000", "--out", str(out)], check=True)
    names = sorted(path.name for path in out.iterdir())
    assert names == ["2015.csv", "2015_truth.csv", "2015_truth_events.csv"]
