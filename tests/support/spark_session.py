"""The Spark session of a test run: two cores, few partitions, no open ports to other machines."""

import tempfile
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from tarmac.engines.spark.engine import SparkEngine
from tarmac.engines.spark.session import start_spark

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

SMALL = {
    "spark.sql.shuffle.partitions": "2",
    "spark.sql.codegen.wholeStage": "false",  # compiling takes longer than processing a test's few rows
    "spark.sql.codegen.factoryMode": "NO_CODEGEN",
    "spark.sql.adaptive.enabled": "false",
    "spark.driver.memory": "1g",
    "spark.ui.enabled": "false",
}


@cache
def spark_session() -> "SparkSession":
    """Started at the first call; its Java ends with this process."""
    return start_spark("local[2]", Path(tempfile.mkdtemp(prefix="tarmac-spark-")), SMALL)


def on_spark(split_bytes: int = 200_000) -> SparkEngine:
    """The pipeline's engine, in this session."""
    engine = SparkEngine(master=None, home=Path(), split_bytes=split_bytes)
    engine.__dict__["spark"] = spark_session()
    return engine
