"""The options that several commands share, each with its help."""

from pathlib import Path
from typing import Annotated

import typer

Year = Annotated[str, typer.Option("--year", help="A year, or a range like 2009..2018.", metavar="Y[..Z]")]
LakeOption = Annotated[
    str | None,
    typer.Option("--lake", help="A folder or s3://bucket/prefix.", show_default=".tarmac/lake", metavar="LAKE"),
]
WarehouseOption = Annotated[
    str | None,
    typer.Option("--warehouse", help="embedded, or a postgresql:// URL.", show_default="embedded", metavar="W"),
]
Detectors = Annotated[
    str | None,
    typer.Option(
        "--detectors",
        help="Names with commas between.",
        show_default="isolation_forest,arima,disruption",
        metavar="A,B",
    ),
]
Engine = Annotated[
    str | None,
    typer.Option("--engine", help="polars: one machine; spark: a cluster.", show_default="polars", metavar="ENGINE"),
]
SparkMaster = Annotated[
    str | None,
    typer.Option(
        "--spark-master",
        help="The cluster, as spark://host:7077; else spark-submit's, or this machine's cores.",
        show_default=False,
        metavar="URL",
    ),
]
OutliersFraction = Annotated[
    float | None, typer.Option(help="Share of days to flag, 0 to 0.5.", show_default="0.01", metavar="SHARE")
]
MaxP = Annotated[
    int | None, typer.Option("--max-p", help="Largest autoregressive order.", show_default="4", metavar="P")
]
MaxQ = Annotated[
    int | None, typer.Option("--max-q", help="Largest moving-average order.", show_default="4", metavar="Q")
]
Seed = Annotated[int | None, typer.Option(help="Seed of what draws random numbers.", show_default="0", metavar="S")]
Threshold = Annotated[
    str | None,
    typer.Option(
        help="detector (each one's own), budget, false_discovery or reference.", show_default="detector", metavar="T"
    ),
]
Mode = Annotated[
    str | None,
    typer.Option(
        help="hindsight: the year seen whole; online: the past alone.", show_default="hindsight", metavar="MODE"
    ),
]
History = Annotated[
    int | None, typer.Option(help="Earlier years of gold that serve as baseline.", show_default="0", metavar="N")
]
MaxQuarantined = Annotated[
    float | None,
    typer.Option(help="Largest share of rows that may be set aside.", show_default="0.01", metavar="SHARE"),
]
Config = Annotated[
    Path | None, typer.Option("--config", help="JSON file with the reference pipeline's variables.", metavar="FILE")
]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object on standard output.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Say nothing but the result.")]
Steps = Annotated[
    str | None,
    typer.Option("--steps", help="Only these of silver, gold, detect, load.", show_default="all", metavar="A,B"),
]
RunId = Annotated[
    str | None,
    typer.Option(
        "--run-id", help="Go on with this run's record, as a scheduler does.", show_default="a new one", metavar="ID"
    ),
]
