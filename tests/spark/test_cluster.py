"""A year through a real cluster, one of whose workers is killed."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from tarmac.simulate import SimulationParameters, write_simulation
from tests.support.spark_cluster import PATIENCE, Cluster, cluster_of, kill_group, wait_for

pytestmark = [pytest.mark.spark, pytest.mark.slow, pytest.mark.nightly]

YEAR = 2019
TARMAC = str(Path(sys.executable).with_name("tarmac"))


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[Cluster]:
    """Master and nothing else; workers are added by the test."""
    with cluster_of(tmp_path) as running:
        yield running


@pytest.fixture
def lake(tmp_path: Path) -> Path:
    """A simulated year in bronze."""
    bronze = tmp_path / "lake" / "01_bronze"
    bronze.mkdir(parents=True)
    write_simulation(SimulationParameters(year=YEAR, flights=150_000, airports=12, seed=5), tmp_path)
    (tmp_path / f"{YEAR}.csv").rename(bronze / f"{YEAR}.csv")
    return tmp_path / "lake"


def test_a_year_runs_through_although_a_worker_is_killed_in_the_middle(
    cluster: Cluster, lake: Path, tmp_path: Path
) -> None:
    """What it had read is read again by the other worker; silver, gold and scores are those of one machine."""
    events = tmp_path / "events"
    events.mkdir()
    first, _ = cluster.add_worker("first"), cluster.add_worker("second")
    steps = ("silver", "gold", "detect")
    on_spark = ("--engine", "spark", "--spark-master", cluster.url)
    silver = start(cluster, lake, "silver", *on_spark, "--json")
    # An executor that has not reported yet is lost in silence: on a busy machine that may be later than the first job.
    wait_for(lambda: begun(told(events), executors=2) or silver.poll())
    time.sleep(2)
    kill_group(first)
    out, err = silver.communicate(timeout=PATIENCE)
    assert silver.returncode == 0, err
    assert "SparkListenerExecutorRemoved" in told(events).partition("SparkListenerApplicationEnd")[0]
    run = json.loads(out)["runs"][0]
    assert (run["rows_in"], run["rows_kept"]) == (150_000, 150_000)
    for step in steps[1:]:
        finish(cluster, lake, step, *on_spark, "--quiet")
    zones = [pl.read_parquet(file) for file in sorted(lake.glob("0[23]*/**/*.parquet"))]
    for step in steps:
        finish(cluster, lake, step, "--quiet")
    again = [pl.read_parquet(file) for file in sorted(lake.glob("0[23]*/**/*.parquet"))]
    assert len(zones) == 9, "silver, quarantine, three tables of gold, two of scores, disruptions and their parts"
    for there, here in zip(zones, again, strict=True):
        # In gold and after, a deviation's last bits depend on which parts of a sum are added first.
        assert_frame_equal(there, here, check_exact=False, rel_tol=1e-9, abs_tol=1e-9)


def start(cluster: Cluster, lake: Path, step: str, *options: str) -> subprocess.Popen[str]:
    """One step, as a process that ends with the cluster."""
    home = cluster.folder
    (home / "spark-defaults.conf").write_text(
        f"spark.eventLog.enabled true\nspark.eventLog.dir {(home / 'events').as_uri()}\nspark.eventLog.compress false\n"
        "spark.eventLog.rolling.enabled false\nspark.sql.shuffle.partitions 4\nspark.ui.enabled false\n"
    )
    environment = {
        "TARMAC_HOME": str(home / "home"),
        "TARMAC_SPARK_SPLIT_MIB": "1",
        "SPARK_CONF_DIR": str(home),
        "SPARK_LOCAL_IP": "127.0.0.1",
        "PYTHONWARNINGS": "default",
    }
    command = [TARMAC, step, "--year", str(YEAR), "--lake", str(lake), *options]
    process = subprocess.Popen(
        command,
        env=os.environ | environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    cluster.adopt(process)
    return process


def finish(cluster: Cluster, lake: Path, step: str, *options: str) -> None:
    """One step, to its end."""
    process = start(cluster, lake, step, *options)
    _, err = process.communicate(timeout=PATIENCE)
    assert process.returncode == 0, err


def begun(told: str, *, executors: int) -> bool:
    """Whether a job has begun and so many executors have reported to it."""
    return "SparkListenerJobStart" in told and told.count("SparkListenerExecutorAdded") == executors


def told(events: Path) -> str:
    """What Spark has written of its jobs so far."""
    return "".join(file.read_text() for file in events.iterdir() if not file.name.startswith("."))
