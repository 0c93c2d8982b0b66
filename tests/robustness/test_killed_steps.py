"""`kill -9` at random moments of every step: readers see old files or new ones, and the retry heals it all."""

import random
import shutil
import signal
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tarmac.bronze.local_copy import download_bronze, open_copy
from tarmac.storage.lake import open_lake
from tests.support.disturbed_sites import BRONZE, WRITES, Site
from tests.support.step_processes import ALL_STEPS, YEAR, Attempt, done, started
from tests.support.year_versions import Version

pytestmark = pytest.mark.slow

KILLS = {"ingest": 4, "silver": 8, "gold": 6, "detect": 6, "load": 6}
"""Thirty on each kind of lake."""


@dataclass
class Kill:
    """One `kill -9`: when, whether it hit a living process, and what that had in its scratch folder."""

    step: str
    after: float
    hit: bool
    scratch: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        """One line of the record."""
        where = f"with {', '.join(self.scratch) or 'an empty scratch folder'}" if self.hit else "too late"
        return f"{self.step:<7} after {1000 * self.after:5.0f} ms {where}"


@pytest.mark.parametrize("new_site", ["folder", pytest.param("s3", marks=pytest.mark.nightly)], indirect=True)
def test_thirty_kills_and_the_retry_leave_what_an_undisturbed_run_leaves(
    site: Site, versions: tuple[Version, Version], tmp_path: Path
) -> None:
    """Steps turn one version of the year into the other; at each kill, every file and all rows are of one of the two."""
    moments = random.Random(2009)
    _begin(site, versions[0])
    kills = [kill for step in ALL_STEPS for kill in _kill_often(site, step, versions, moments)]
    (tmp_path / "kills.txt").write_text("\n".join(map(str, kills)))
    for step in ALL_STEPS:
        _prepare(site, step, versions[1])
        attempt = done(site.task(step, versions[1].source))
        assert attempt.exit_code == 0, attempt.error
    assert site.files() == versions[1].files
    assert site.rows() == versions[1].rows
    assert site.scratch() == []
    assert site.unfinished_uploads() == []
    assert len(kills) == sum(KILLS.values()) == 30
    assert sum(kill.hit for kill in kills) >= 20, (tmp_path / "kills.txt").read_text()


def test_a_killed_download_leaves_no_half_copy(site: Site, versions: tuple[Version, Version]) -> None:
    """The copy is absent or whole under its name; the retry leaves it alone in its folder, with what was verified."""
    moments, bronze, folder = random.Random(4), versions[0].files[BRONZE], site.workspace.scratch / "copy"
    site.put(BRONZE, bronze)
    seconds = done(site.task("download")).seconds
    hits = 0
    for _ in range(6):
        shutil.rmtree(folder)
        with started(site.task("download")) as attempt:
            attempt.process.join(moments.uniform(0, seconds))
            hit = attempt.kill()
        hits += hit
        # The measured one may have been the slowest: after a kill that came too late, the next ones come in time.
        seconds = seconds if hit else min(seconds, attempt.seconds)
        assert all(file.read_bytes() == bronze for file in folder.glob(f"{YEAR}_01_bronze.csv.gz"))
        attempt = done(site.task("download"))
        assert attempt.exit_code == 0, attempt.error
        assert {file.name for file in folder.iterdir()} == {f"{YEAR}_01_bronze.csv.gz", f"{YEAR}_01_bronze.json"}
        assert (folder / f"{YEAR}_01_bronze.csv.gz").read_bytes() == bronze
    assert hits >= 3


def test_a_download_killed_at_its_very_end_leaves_nothing_to_the_retry(
    tmp_path: Path, versions: tuple[Version, Version]
) -> None:
    """When all is written and not yet named."""
    (tmp_path / "01_bronze").mkdir()
    (tmp_path / BRONZE).write_bytes(versions[0].files[BRONZE])
    kill_at_the_name = (
        "import os, pathlib, sys\n"
        "from tarmac.bronze.local_copy import download_bronze\n"
        "from tarmac.storage.lake import open_lake\n"
        "replace = pathlib.Path.replace\n"
        "die = lambda self, new: os.kill(os.getpid(), 9) if new.suffix == '.json' else replace(self, new)\n"
        "pathlib.Path.replace = die\n"
        f"download_bronze({YEAR}, open_lake(sys.argv[1]), pathlib.Path(sys.argv[1], 'copy'))\n"
    )
    killed = subprocess.run([sys.executable, "-c", kill_at_the_name, tmp_path], check=False)
    assert killed.returncode == -signal.SIGKILL
    assert open_copy(YEAR, tmp_path / "copy") is None
    copy = download_bronze(YEAR, open_lake(str(tmp_path)), tmp_path / "copy")
    assert open_copy(YEAR, tmp_path / "copy") == copy
    assert {file.name for file in (tmp_path / "copy").iterdir()} == {
        f"{YEAR}_01_bronze.csv.gz",
        f"{YEAR}_01_bronze.json",
    }


def _begin(site: Site, version: Version) -> None:
    """The site as an undisturbed run of this version leaves it; processes are forked from a warm one from here on."""
    for step in ALL_STEPS:
        assert done(site.task(step, version.source)).exit_code == 0
    assert (site.files(), site.rows()) == (version.files, version.rows)


def _kill_often(site: Site, step: str, versions: tuple[Version, Version], moments: random.Random) -> list[Kill]:
    """Kill one step again and again, within the time that it took last when nobody disturbed it."""
    seconds = _measured(site, step, versions)
    kills = []
    for _ in range(KILLS[step]):
        version = _next(site, step, versions)
        _prepare(site, step, version)
        with started(site.task(step, version.source)) as attempt:
            after = moments.uniform(0, seconds)
            attempt.process.join(after)
            kill = Kill(step=step, after=after, hit=attempt.kill(), scratch=site.scratch())
        if not kill.hit:
            seconds = min(seconds, attempt.seconds)
            _assert_ended_well(attempt)
        kills.append(kill)
        _assert_whole(site, versions)
    return kills


def _measured(site: Site, step: str, versions: tuple[Version, Version]) -> float:
    """Seconds of the step when it has all its work to do."""
    version = _next(site, step, versions)
    _prepare(site, step, version)
    attempt = done(site.task(step, version.source))
    _assert_ended_well(attempt)
    return attempt.seconds


def _next(site: Site, step: str, versions: tuple[Version, Version]) -> Version:
    """The version that the step has not made yet."""
    if step == "load":
        return versions[site.rows() == versions[0].rows]
    files = site.files()
    return versions[all(files.get(key) == versions[0].files[key] for key in WRITES[step])]


def _prepare(site: Site, step: str, version: Version) -> None:
    version.give(site, step)
    if step == "ingest":  # bronze is never changed, so there is something to do only where there is none
        for key in WRITES[step]:
            site.remove(key)


def _assert_whole(site: Site, versions: tuple[Version, Version]) -> None:
    for key, body in site.files().items():
        assert body in (versions[0].files[key], versions[1].files[key]), f"{key} is neither the old nor the new one"
    assert site.rows() in (versions[0].rows, versions[1].rows)


def _assert_ended_well(attempt: Attempt) -> None:
    assert attempt.exit_code == 0, attempt.error
