"""The environment that jobs unpack on a cluster runs the job's entry point, with nothing of this project's own beside it."""

import os
import subprocess
from pathlib import Path

import polars as pl
import pyspark
import pytest

from deploy.spark.pack import build
from tarmac.engines.spark.java import find_java
from tests.support.flight_lines import flights, kaggle_csv

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.spark
@pytest.mark.slow
@pytest.mark.nightly
def test_a_job_runs_in_the_packed_environment(tmp_path: Path) -> None:
    """Driver and workers, Spark alone being the cluster's; the environment is moved first, as unpacking does."""
    environment = build(tmp_path).rename(tmp_path / "unpacked")
    bronze = tmp_path / "lake" / "01_bronze" / "2009.csv"
    bronze.parent.mkdir(parents=True)
    bronze.write_bytes(kaggle_csv(flights(300)))
    python = str(environment / "bin" / "python")
    done = subprocess.run(
        [
            str(Path(pyspark.__path__[0]) / "bin" / "spark-submit"),
            *("--master", "local[2]", "--conf", "spark.ui.enabled=false"),
            str(ROOT / "deploy" / "spark" / "job.py"),
            *("run", "--steps=silver,gold", "--year=2009", f"--lake={tmp_path / 'lake'}", "--engine=spark"),
        ],
        env=os.environ
        | {"PYSPARK_PYTHON": python, "PYSPARK_DRIVER_PYTHON": python, "JAVA_HOME": find_java(tmp_path)}
        | {"SPARK_LOCAL_IP": "127.0.0.1", "TARMAC_HOME": str(tmp_path / "home")},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert pl.read_parquet(tmp_path / "lake/02_silver/year/2009/2009_02_silver.parquet").height == 300
    assert list((tmp_path / "lake/03_gold").rglob("*_03_gold.parquet"))
