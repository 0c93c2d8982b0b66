"""A simulated year as twelve zips of BTS and as Parquet, against the same flights as one CSV."""

import shutil
import zipfile
from collections.abc import Iterator
from pathlib import Path

import polars as pl

from benchmarks.figures import Figure, Sizes, median
from benchmarks.measure import Measured, python, tarmac

YEAR = 2009

INGEST_AND_SILVER = """
from pathlib import Path
from tarmac.bronze.ingest import ingest_files
from tarmac.pipeline import Parameters, Workspace, run_year
from tarmac.storage.lake import open_lake
lake = open_lake('{lake}')
ingest_files([Path('{source}')], lake, year=None, scratch=Path('scratch'))
run_year(Workspace(lake=lake, scratch=Path('scratch'), home=Path('.')), {year}, Parameters(), steps=('silver',))
"""

_PLACE = {
    "AirportID": 11298,
    "AirportSeqID": 1129804,
    "CityMarketID": 30194,
    "": None,
    "CityName": "Dallas/Fort Worth, TX",
}
_STATE = {"State": "TX", "StateFips": "48", "StateName": "Texas", "Wac": 74}
_DIVERSION = ["Airport", "AirportID", "AirportSeqID", "WheelsOn", "TotalGTime", "LongestGTime", "WheelsOff", "TailNum"]
_CLOCKS = ("CRS_DEP_TIME", "DEP_TIME", "WHEELS_OFF", "WHEELS_ON", "CRS_ARR_TIME", "ARR_TIME")
_OTHERS = [
    "FirstDepTime",
    "TotalAddGTime",
    "LongestAddGTime",
    "DivAirportLandings",
    "DivReachedDest",
    "DivActualElapsedTime",
    "DivArrDelay",
    "DivDistance",
]


def figures(sizes: Sizes, folder: Path) -> Iterator[Figure]:
    def figure(name: str, value: float, unit: str, target: float | None = None) -> Figure:
        return Figure(suite="formats", figure=name, value=value, unit=unit, target=target)

    runs: dict[str, list[Measured]] = {name: [] for name in write_sources(sizes, folder)}
    for _ in range(sizes.repeats):
        for name, measured in runs.items():
            measured.append(_ingest_and_clean(name, folder))
    for name, measured in runs.items():
        yield figure(f"ingest and silver: {name}", median(run.seconds for run in measured), "s")
        yield figure(f"the same, peak memory: {name}", max(run.peak_megabytes for run in measured), "MB", 1000)
    for name, other, target in (
        ("zips", "bts.csv", 1.3),
        ("bts.parquet", "bts.csv", 0.5),
        ("kaggle.parquet", "kaggle.csv", 0.5),
    ):
        ratio = median(one.seconds / two.seconds for one, two in zip(runs[name], runs[other], strict=True))
        yield figure(f"ingest and silver: {name} / {other}", ratio, "x", target)


def write_sources(sizes: Sizes, folder: Path) -> list[str]:
    """Write the year in each form; their names."""
    size = ("--flights", str(sizes.flights), "--airports", str(sizes.airports), "--seed", "1")
    tarmac("simulate", "--year", str(YEAR), *size, "--out", "source", "--quiet", folder=folder)
    kaggle = folder / "kaggle.csv"
    (folder / "source" / f"{YEAR}.csv").rename(kaggle)
    flights = pl.scan_csv(kaggle, try_parse_dates=True, infer_schema_length=100_000)
    flights.sink_parquet(folder / "kaggle.parquet")
    flights.select(*_bts_columns()).sink_parquet(folder / "bts.parquet")
    (folder / "zips").mkdir()
    with (folder / "bts.csv").open("wb") as joined:
        for month in range(1, 13):
            rows = pl.scan_parquet(folder / "bts.parquet").filter(pl.col("Month") == month).collect(engine="streaming")
            part = folder / "month.csv"
            rows.write_csv(part, quote_style="non_numeric")
            with zipfile.ZipFile(folder / "zips" / f"bts_{YEAR}_{month}.zip", "w", zipfile.ZIP_DEFLATED) as archive:
                archive.write(part, f"bts_{YEAR}_{month}.csv")
            with part.open("rb") as lines:
                if month > 1:
                    lines.readline()
                shutil.copyfileobj(lines, joined, 1 << 20)
    return ["bts.csv", "zips", "bts.parquet", "kaggle.csv", "kaggle.parquet"]


def _bts_columns() -> list[pl.Expr]:
    """The 109 columns of BTS's monthly files and the empty one after them; where a simulated year has none, a constant."""
    date = pl.col("FL_DATE")
    parts = {
        "Year": date.dt.year(),
        "Quarter": date.dt.quarter(),
        "Month": date.dt.month(),
        "DayofMonth": date.dt.day(),
    }
    clocks = {name: pl.col(name).cast(pl.Int64).cast(pl.String).str.zfill(4) for name in _CLOCKS}
    late = pl.col("DEP_DELAY").clip(lower_bound=0)
    columns: dict[str, pl.Expr] = {
        **parts,
        "DayOfWeek": date.dt.weekday(),
        "FlightDate": date,
        "Reporting_Airline": pl.col("OP_CARRIER"),
        "DOT_ID_Reporting_Airline": pl.lit(19805),
        "IATA_CODE_Reporting_Airline": pl.col("OP_CARRIER"),
        "Tail_Number": pl.lit("N4YBAA"),
        "Flight_Number_Reporting_Airline": pl.col("OP_CARRIER_FL_NUM").cast(pl.String),
    }
    for end in ("Origin", "Dest"):
        columns |= {f"{end}{name}": pl.lit(value) for name, value in (_PLACE | _STATE).items()}
        columns[end] = pl.col(end.upper())
    columns |= {"CRSDepTime": clocks["CRS_DEP_TIME"], "DepTime": clocks["DEP_TIME"], "DepDelay": pl.col("DEP_DELAY")}
    columns |= {"DepDelayMinutes": late, "DepDel15": (late > 14).cast(pl.Float64), "DepartureDelayGroups": pl.lit(-1)}
    columns |= {"DepTimeBlk": pl.lit("1100-1159"), "TaxiOut": pl.col("TAXI_OUT"), "WheelsOff": clocks["WHEELS_OFF"]}
    columns |= {"WheelsOn": clocks["WHEELS_ON"], "TaxiIn": pl.col("TAXI_IN"), "CRSArrTime": clocks["CRS_ARR_TIME"]}
    columns |= {"ArrTime": clocks["ARR_TIME"], "ArrDelay": pl.col("ARR_DELAY"), "ArrDelayMinutes": pl.col("ARR_DELAY")}
    columns |= {"ArrDel15": pl.lit(0.0), "ArrivalDelayGroups": pl.lit(-1), "ArrTimeBlk": pl.lit("1400-1459")}
    for name, column in _LAST.items():
        columns[name] = pl.col(column) if column else pl.lit(1.0)
    empty = [*_OTHERS, *(f"Div{number}{name}" for number in range(1, 6) for name in _DIVERSION), ""]
    return [
        *(value.alias(name) for name, value in columns.items()),
        *(pl.lit(None, pl.String).alias(name) for name in empty),
    ]


_LAST = {
    "Cancelled": "CANCELLED",
    "CancellationCode": "CANCELLATION_CODE",
    "Diverted": "DIVERTED",
    "CRSElapsedTime": "CRS_ELAPSED_TIME",
    "ActualElapsedTime": "ACTUAL_ELAPSED_TIME",
    "AirTime": "AIR_TIME",
    "Flights": "",
    "Distance": "DISTANCE",
    "DistanceGroup": "",
    "CarrierDelay": "CARRIER_DELAY",
    "WeatherDelay": "WEATHER_DELAY",
    "NASDelay": "NAS_DELAY",
    "SecurityDelay": "SECURITY_DELAY",
    "LateAircraftDelay": "LATE_AIRCRAFT_DELAY",
}


def _ingest_and_clean(name: str, folder: Path) -> Measured:
    measured = python(INGEST_AND_SILVER.format(lake=f"lake of {name}", source=name, year=YEAR), folder=folder)
    shutil.rmtree(folder / f"lake of {name}")
    return measured
