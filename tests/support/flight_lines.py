"""Lines of flights for tests, in Kaggle's and BTS's formats; each test names only its unusual values."""

import gzip
import io
import zipfile
from collections.abc import Iterable, Sequence
from datetime import date, timedelta

from tarmac.tables.bronze import FLIGHT_COLUMNS

KAGGLE_NAMES = (*FLIGHT_COLUMNS, "Unnamed: 27")

BTS_COLUMNS: dict[str, tuple[str, ...]] = {
    "FL_DATE": ("FlightDate",),
    "OP_CARRIER": ("IATA_CODE_Reporting_Airline", "Carrier"),
    "OP_CARRIER_FL_NUM": ("Flight_Number_Reporting_Airline", "FlightNum"),
    "ORIGIN": ("Origin",),
    "DEST": ("Dest",),
    "CRS_DEP_TIME": ("CRSDepTime",),
    "DEP_TIME": ("DepTime",),
    "DEP_DELAY": ("DepDelay",),
    "TAXI_OUT": ("TaxiOut",),
    "WHEELS_OFF": ("WheelsOff",),
    "WHEELS_ON": ("WheelsOn",),
    "TAXI_IN": ("TaxiIn",),
    "CRS_ARR_TIME": ("CRSArrTime",),
    "ARR_TIME": ("ArrTime",),
    "ARR_DELAY": ("ArrDelay",),
    "CANCELLED": ("Cancelled",),
    "CANCELLATION_CODE": ("CancellationCode",),
    "DIVERTED": ("Diverted",),
    "CRS_ELAPSED_TIME": ("CRSElapsedTime",),
    "ACTUAL_ELAPSED_TIME": ("ActualElapsedTime",),
    "AIR_TIME": ("AirTime",),
    "DISTANCE": ("Distance",),
    "CARRIER_DELAY": ("CarrierDelay",),
    "WEATHER_DELAY": ("WeatherDelay",),
    "NAS_DELAY": ("NASDelay",),
    "SECURITY_DELAY": ("SecurityDelay",),
    "LATE_AIRCRAFT_DELAY": ("LateAircraftDelay",),
}
"""Column → its names in BTS's monthly files, the newest first."""

_SOUND = {
    "OP_CARRIER": "UA",
    "ORIGIN": "EWR",
    "DEST": "DEN",
    "CRS_DEP_TIME": "1517",
    "DEP_TIME": "1512.0",
    "DEP_DELAY": "-5.0",
    "TAXI_OUT": "15.0",
    "WHEELS_OFF": "1527.0",
    "WHEELS_ON": "1712.0",
    "TAXI_IN": "10.0",
    "CRS_ARR_TIME": "1745",
    "ARR_TIME": "1722.0",
    "ARR_DELAY": "-23.0",
    "CANCELLED": "0.0",
    "DIVERTED": "0.0",
    "CRS_ELAPSED_TIME": "268.0",
    "ACTUAL_ELAPSED_TIME": "250.0",
    "AIR_TIME": "225.0",
    "DISTANCE": "1605.0",
}


def flight(number: int, *, year: int = 2009, **changed: str) -> dict[str, str]:
    """A valid flight, a different one for each number; `changed` names Kaggle columns."""
    day = date(year, 1, 1) + timedelta(days=number % 365)
    made = {"FL_DATE": day.isoformat(), "OP_CARRIER_FL_NUM": str(number % 9999 + 1)}
    return dict.fromkeys(FLIGHT_COLUMNS, "") | _SOUND | made | changed


def flights(n: int, *, year: int = 2009) -> list[dict[str, str]]:
    """`n` valid flights, all different."""
    return [flight(i, year=year) for i in range(n)]


def kaggle_line(values: dict[str, str], names: Sequence[str] = KAGGLE_NAMES) -> bytes:
    """The values in the order of these names, as one line without its end."""
    return ",".join(values.get(name, "") for name in names).encode()


def kaggle_header(names: Sequence[str] = KAGGLE_NAMES) -> bytes:
    """The header line, without its end."""
    return ",".join(names).encode()


def text_of(lines: Iterable[bytes], *, end: bytes = b"\n") -> bytes:
    """The lines, each with its end."""
    return b"".join(line + end for line in lines)


def kaggle_csv(
    rows: Iterable[dict[str, str] | bytes], *, names: Sequence[str] = KAGGLE_NAMES, end: bytes = b"\n"
) -> bytes:
    """A Kaggle yearly file; a row given as bytes is used unchanged."""
    lines = (row if isinstance(row, bytes) else kaggle_line(row, names) for row in rows)
    return text_of((kaggle_header(names), *lines), end=end)


def bts_names(*, renamed: bool) -> tuple[str, ...]:
    """The columns of a BTS monthly file that Tarmac uses, with some that it does not; `renamed`: as since 2018."""
    used = {column: names[0 if renamed else -1] for column, names in BTS_COLUMNS.items()}
    first = ("FL_DATE", "OP_CARRIER", "OP_CARRIER_FL_NUM")
    return (
        "Year",
        "Quarter",
        "Month",
        *(used[name] for name in first),
        "Reporting_Airline" if renamed else "UniqueCarrier",
        "OriginCityName",
        "DestCityName",
        *(name for column, name in used.items() if column not in first),
        "Div5TailNum",
        "",
    )


def bts_csv(rows: Iterable[dict[str, str]], *, renamed: bool = True) -> bytes:
    """A BTS monthly file: texts quoted, city names with commas in them, a comma at each line's end."""
    names = bts_names(renamed=renamed)
    column_of = {alias: column for column, aliases in BTS_COLUMNS.items() for alias in aliases}
    header = ",".join(f'"{name}"' if name else "" for name in names).encode()
    return text_of((header, *(_bts_line(row, names, column_of) for row in rows)))


def _bts_line(row: dict[str, str], names: Sequence[str], column_of: dict[str, str]) -> bytes:
    own = {
        "Year": row["FL_DATE"][:4],
        "Quarter": "1",
        "Month": row["FL_DATE"][5:7],
        "OriginCityName": '"Newark, NJ"',
        "DestCityName": '"Denver, CO"',
        "Div5TailNum": '""',
    }
    quoted = {"OP_CARRIER", "OP_CARRIER_FL_NUM", "ORIGIN", "DEST", "CRS_DEP_TIME", "DEP_TIME", "CANCELLATION_CODE"}
    values = []
    for name in names:
        column = column_of.get(name, "")
        value = own.get(name, row.get(column, ""))
        values.append(f'"{value}"' if column in quoted else value)
    return ",".join(values).encode()


def gz(text: bytes) -> bytes:
    """The text, gzipped, the same bytes every time."""
    return gzip.compress(text, mtime=0)


def zipped(**members: bytes) -> bytes:
    """An archive of these members; `__` in a name stands for a full stop."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in members.items():
            archive.writestr(name.replace("__", "."), text)
    return packed.getvalue()
