"""The engines: base.py has their interface; polars/ and spark/ are the two implementations."""

from pathlib import Path
from typing import TYPE_CHECKING, get_args

from tarmac.errors import InputError
from tarmac.settings import EngineName

if TYPE_CHECKING:
    from tarmac.engines.base import Engine

ENGINES: tuple[str, ...] = get_args(EngineName)


def engine_named(
    name: str, *, master: str | None, home: Path, split_bytes: int, requester_pays: bool = False
) -> "Engine":
    """The engine of that name.

    Args:
        name: one of ENGINES.
        master: the Spark cluster's address; if None, spark-submit's, or this machine's cores.
        home: the folder of local state.
        split_bytes: bytes of a plain file that one Spark task reads.
        requester_pays: whether Spark's own requests to S3 are charged to the requester.

    Raises:
        InputError: the engine is unknown, or a master was given without Spark.
    """
    if name not in ENGINES:
        raise InputError(f"engine {name!r} is unknown. Known: {', '.join(ENGINES)}. Fix --engine or TARMAC_ENGINE.")
    if name == "spark":
        from tarmac.engines.spark.engine import SparkEngine

        options = {"spark.hadoop.fs.s3a.requester.pays.enabled": "true"} if requester_pays else {}
        return SparkEngine(master=master, home=home, split_bytes=split_bytes, options=options)
    if master:
        raise InputError(f"--spark-master {master!r} was given, but the engine is polars. Add --engine spark.")
    from tarmac.engines.polars.engine import PolarsEngine

    return PolarsEngine()
