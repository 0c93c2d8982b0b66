"""A cluster, or one machine's cores through Spark: the session, and how a frame becomes one Parquet file."""

import logging
import os
import re
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tarmac.engines.spark.java import find_java
from tarmac.errors import InputError, SystemFailure
from tarmac.tables.schema import Kind

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame, SparkSession

TYPES: dict[Kind, str] = {
    "text": "string",
    "date": "date",
    "boolean": "boolean",
    "smallint": "smallint",
    "integer": "int",
    "bigint": "bigint",
    "real": "float",
    "double": "double",
}
"""A column's kind in Spark's words."""

SAME_AS_POLARS: Mapping[str, str] = {
    # Else FL_DATE and fl_date are one column, and silver's replaces the one that it reads.
    "spark.sql.caseSensitive": "true",
    # An overflow is null and a division by zero is none of our errors, as on Polars.
    "spark.sql.ansi.enabled": "false",
    "spark.sql.execution.arrow.pyspark.enabled": "true",
    "spark.sql.execution.arrow.maxRecordsPerBatch": "65536",
    "spark.sql.session.timeZone": "UTC",
}

_QUICK: Mapping[str, str] = {
    # The JVM compiles no method of more bytecode than this: what would be one, such as silver's rules, is run as several.
    "spark.sql.codegen.hugeMethodLimit": "8000",
}

_OF_THE_PROCESS: Mapping[str, str] = {
    "spark.app.name": "tarmac",
    "spark.ui.showConsoleProgress": "false",
    # One task a core: a Python worker of it must not take the others' cores.
    "spark.executorEnv.POLARS_MAX_THREADS": "1",
}

_ON_THIS_MACHINE: Mapping[str, str] = {
    "spark.driver.host": "127.0.0.1",
    "spark.driver.bindAddress": "127.0.0.1",
    "spark.ui.enabled": "false",
    "spark.driver.memory": "3g",
}
"""Nobody else is to reach a Spark that runs within this process."""

_LOGGING = Path(__file__).with_name("log4j2.properties")
"""How Spark logs where Tarmac starts it and nobody has configured it: at its own level from the first line on."""


def start_spark(master: str | None, home: Path, options: Mapping[str, str] | None = None) -> "SparkSession":
    """The session: spark-submit's where that started this process; else one at `master`, by default this machine's cores.

    Raises:
        InputError: where pyspark or Java is not installed.
        SystemFailure: where the master does not answer.
    """
    _check_installed()
    from pyspark.errors import PySparkException
    from pyspark.sql import SparkSession

    submitted = "PYSPARK_GATEWAY_PORT" in os.environ
    master = master or (None if submitted else "local[*]")
    builder = SparkSession.builder
    settings = {**SAME_AS_POLARS, **_QUICK, **_OF_THE_PROCESS}
    if master is not None:
        settings |= {"spark.master": master, **(_ON_THIS_MACHINE if master.startswith("local") else {})}
        os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
        os.environ["JAVA_HOME"] = find_java(home)
    if master is not None and "SPARK_CONF_DIR" not in os.environ:
        settings["spark.driver.extraJavaOptions"] = f"-Dlog4j2.configurationFile={_LOGGING.as_uri()}"
    else:
        settings["spark.log.level"] = "ERROR"
    for name, value in (settings | dict(options or {})).items():
        builder = builder.config(name, value)
    # Otherwise Spark's Python prints the whole trace of each failed query, beside our message.
    logging.getLogger("SQLQueryContextLogger").setLevel(logging.CRITICAL)
    try:
        return builder.getOrCreate()
    except (PySparkException, OSError) as error:
        raise SystemFailure(f"Spark did not start at {master}: {_first_line(error)}. Check --spark-master.") from error


def _check_installed() -> None:
    try:
        import pyspark.errors  # noqa: F401 - an empty folder of that name imports, too
    except ImportError:
        raise InputError(
            "engine 'spark' needs pyspark, which is not installed. Install it: pip install 'tarmac[spark]', or use "
            "--engine polars."
        ) from None


@contextmanager
def spark_errors() -> Iterator[None]:
    """Tell what a failed job says in a sentence.

    Raises:
        InputError: where pyspark is not installed.
        SystemFailure: in place of what Spark raised.
    """
    _check_installed()
    from py4j.protocol import Py4JError
    from pyspark.errors import PySparkException

    try:
        yield
    except (PySparkException, Py4JError) as error:
        raise SystemFailure(
            f"Spark failed: {_first_line(error)}. Nothing was published by this step; run it again."
        ) from error


def spark_uri(location: str, spark: "SparkSession") -> str:
    """A location in the lake as a URI for Spark: file:// for folders, so that HDFS is not used; S3A, or EMR's own S3."""
    if not location.startswith("s3://"):
        return f"file://{location}"
    native = spark.sparkContext.getConf().contains("spark.hadoop.fs.s3.impl")
    return location if native else location.replace("s3://", "s3a://", 1)


def read_parquet(spark: "SparkSession", location: str) -> "DataFrame":
    """The rows of a lake's Parquet file; stars and brackets in its name have no special meaning."""
    return spark.read.parquet(re.sub(r"([\\*?\[\]{}])", r"\\\1", spark_uri(location, spark)))


def typed(frame: "DataFrame", kinds: Mapping[str, Kind]) -> "dict[str, Column]":
    """Each of these columns as its kind."""
    return {name: frame[name].cast(TYPES[kind]) for name, kind in kinds.items()}


def write_parquet(frame: "DataFrame", parts: str, out: Path) -> None:
    """Write the frame's partitions side by side to `parts`, a folder that all executors reach, and join them to the file `out`.

    Joining copies whole row groups: no row is decoded, nor held.
    """
    spark = frame.sparkSession
    frame.write.mode("overwrite").option("compression", "snappy").parquet(parts)
    jvm: Any = spark._jvm
    configuration = spark._jsc.hadoopConfiguration()
    folder = jvm.org.apache.hadoop.fs.Path(parts)
    found = folder.getFileSystem(configuration).listStatus(folder)
    names = sorted(status.getPath().toString() for status in found)
    inputs = [
        jvm.org.apache.parquet.hadoop.util.HadoopInputFile.fromPath(jvm.org.apache.hadoop.fs.Path(name), configuration)
        for name in names
        if name.endswith(".parquet")
    ]
    _join(jvm, inputs, jvm.java.io.File(str(out.absolute())).toPath())


def _join(jvm: Any, inputs: list[Any], out: Any) -> None:
    hadoop = jvm.org.apache.parquet.hadoop
    reader = hadoop.ParquetFileReader.open(inputs[0])
    about = reader.getFooter().getFileMetaData()
    reader.close()
    writer = hadoop.ParquetFileWriter(
        jvm.org.apache.parquet.io.LocalOutputFile(out),
        about.getSchema(),
        getattr(jvm, "org.apache.parquet.hadoop.ParquetFileWriter$Mode").OVERWRITE,
        hadoop.ParquetWriter.DEFAULT_BLOCK_SIZE,
        hadoop.ParquetWriter.MAX_PADDING_SIZE_DEFAULT,
    )
    writer.start()
    for each in inputs:
        writer.appendFile(each)
    writer.end(about.getKeyValueMetaData())


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0][:300].rstrip(".")
