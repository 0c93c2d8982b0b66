"""Silver's parser on texts nobody would write: no row is lost, and each value is what an independent parse says."""

import datetime as dt
import math
import re
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tarmac.bronze.reading import FIGURES
from tarmac.bronze.texts import open_flight_texts
from tarmac.engines.base import BronzeYear, Cleaning
from tarmac.engines.polars.engine import PolarsEngine
from tarmac.engines.polars.flights import clean_flights
from tarmac.storage.lake import Lake, open_lake
from tarmac.tables.bronze import FLIGHT_COLUMNS, NULL_MARKERS, TEXT_COLUMNS
from tarmac.tables.flights import CLOCKS, DELAYS, FLIGHTS, QUANTITIES

HEADER = (*FLIGHT_COLUMNS, "Unnamed: 27")
SOUND = dict.fromkeys(HEADER, "") | {
    "FL_DATE": "2009-02-08",
    "OP_CARRIER": "B6",
    "OP_CARRIER_FL_NUM": "15",
    "ORIGIN": "JFK",
    "DEST": "LAX",
    "CRS_DEP_TIME": "900",
    "DEP_TIME": "912.0",
    "DEP_DELAY": "12.0",
    "CANCELLED": "0.0",
    "DIVERTED": "0.0",
}
NUMERIC = [name for name in FLIGHT_COLUMNS if name not in TEXT_COLUMNS]
NUMBER = re.compile(r"[+-]?(?:(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:e[+-]?[0-9]+)?|inf|infinity|nan)", re.IGNORECASE)

whole = st.integers(-1500, 10_100).map(str)
with_decimals = st.floats(-1500, 10_100).map(repr) | whole.map("{}.0".format)
odd_numbers = st.sampled_from(
    ["inf", "-inf", "NaN", "1e400", "1e3", "+5", ".5", "5.", "-0.0", "007", " 5", "\t5.0", "1e-400"]
)
numbers = st.sampled_from(["0", "1", "0.0", "1.0", "900", "2400", ""]) | whole | with_decimals | odd_numbers
garbage = st.text(st.characters(codec="utf-8", exclude_characters='\n\r\0,"'), max_size=6) | st.sampled_from(
    ["5 ", "1_000", "0x10", "--5", "-", "1d3", "TRUE", "١٢", "5f", "2009-02-08", "NULL", "None"]
)
markers = st.sampled_from(["", "NA", r"\N"])


def rows_of(numeric):
    texts = {
        "FL_DATE": st.sampled_from(
            ["2009-02-08", "2009-12-31", "2008-12-31", "2009-02-30", "NA", "8.2.2009", "2009-2-8"]
        ),
        "OP_CARRIER": st.sampled_from(["B6", "9E", "", "NA", r"\N"]),
        "ORIGIN": st.sampled_from(["JFK", "0A1", "jfk", "", "NA", "../x", "JFKX"]),
        "CANCELLATION_CODE": st.sampled_from(["", "A", "NA", "B"]),
    }
    cells = st.fixed_dictionaries({}, optional=texts | dict.fromkeys(NUMERIC, numeric))
    return st.lists(cells, max_size=8).map(lambda changed: [SOUND | row for row in changed])


forms = st.fixed_dictionaries(
    {
        "end": st.sampled_from(["\n", "\r\n"]),
        "quoted": st.booleans(),
        "order": st.permutations(HEADER) | st.just(HEADER),
    }
)
on_disk = settings(deadline=None, max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])


def written(rows, folder: Path, *, end="\n", quoted=False, order=HEADER) -> Lake:
    lines = [order, *([row[name] for name in order] for row in rows)]
    shown = ('"{}"' if quoted else "{}").format
    path = folder / "lake" / "01_bronze" / "2009.csv"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes("".join(",".join(map(shown, line)) + end for line in lines).encode())
    return open_lake(str(folder / "lake"))


def cleaned(lake: Lake, folder: Path) -> tuple[Cleaning, pl.DataFrame, pl.DataFrame]:
    year = BronzeYear(lake=lake, year=2009, files=lake.bronze_files(2009))
    cleaning = PolarsEngine().clean_year(year, folder, max_quarantined=1.0)
    return cleaning, pl.read_parquet(cleaning.silver), pl.read_parquet(cleaning.quarantine)


@on_disk
@given(rows=rows_of(numbers | garbage | markers), form=forms)
def test_every_row_is_kept_with_its_values_or_set_aside(tmp_path: Path, rows, form):
    """Rows in = kept + quarantined; kept are exactly the rows that the independent parse keeps, in their order."""
    rows = [SOUND | {"OP_CARRIER": "XX"}, *rows]
    cleaning, kept, aside = cleaned(written(rows, tmp_path, **form), tmp_path)
    expected = [parsed(row) for row in rows]
    distinct = list(dict.fromkeys(row for row in expected if row is not None))
    assert kept.rows() == distinct
    assert cleaning.rows_in == len(rows)
    assert (
        (cleaning.rows_kept, cleaning.rows_quarantined) == (len(distinct), aside.height) == (kept.height, aside.height)
    )
    assert cleaning.rows_kept + cleaning.rows_quarantined == cleaning.rows_in
    assert aside["source_line"].to_list() == [
        line for line, row in enumerate(expected, 2) if row is None or row in expected[: line - 2]
    ]
    assert sum(cleaning.quarantined.values()) == aside.height


@on_disk
@given(rows=rows_of(numbers), form=forms)
def test_reading_numbers_as_text_or_as_numbers_is_the_same(tmp_path: Path, rows, form):
    """So a cell that is no number never changes what becomes of the other rows of its file."""
    lake = written([SOUND, *rows], tmp_path, **form)
    (text,) = open_flight_texts(lake, lake.bronze_files(2009)[0], tmp_path)
    text.inspect()
    results = []
    for as_text in (True, False):
        out = tmp_path / f"{as_text}.parquet"
        result = clean_flights([text], year=2009, as_text=as_text, out=out)
        results.append((result.kept, sorted(result.quarantined.rows()), result.repairs, pl.read_parquet(out)))
    (*first, first_frame), (*second, second_frame) = results
    assert first == second
    assert first_frame.equals(second_frame)


@pytest.mark.parametrize("blank", [" 12.0", "12.0 ", "\t12.0", " "])
def test_a_number_with_blanks_is_read_the_same_beside_a_cell_that_is_no_number(tmp_path: Path, blank: str):
    """Else one bad row of a file would set others aside."""
    seen = []
    for name, other in (("clean", "7"), ("broken", "seven")):
        rows = [SOUND | {"DEP_DELAY": blank}, SOUND | {"ARR_DELAY": other, "OP_CARRIER_FL_NUM": "16"}]
        _, kept, _ = cleaned(written(rows, tmp_path / name), tmp_path)
        seen.append(kept["dep_delay"][0])
    assert seen[0] == seen[1] == (12.0 if blank.strip() else None)


def test_1512_and_1512_0_are_the_same_flight(tmp_path: Path):
    """Types drift between years; the second is an exact duplicate of the first."""
    rows = [SOUND | {"ARR_TIME": "1512"}, SOUND | {"ARR_TIME": "1512.0"}]
    cleaning, kept, aside = cleaned(written(rows, tmp_path), tmp_path)
    assert kept["arr_time"].to_list() == [1512]
    assert (cleaning.quarantined, aside["source_line"].to_list()) == ({"duplicate": 1}, [3])


def test_exact_duplicates_after_the_first_are_set_aside(tmp_path: Path):
    """The first stays; a row that differs in any value, or in what is unknown, is another flight."""
    bad = SOUND | {"ORIGIN": "?"}
    nearly = SOUND | {"TAXI_IN": "5"}
    rows = [bad, SOUND, nearly, SOUND, bad, SOUND, nearly]
    cleaning, kept, aside = cleaned(written(rows, tmp_path), tmp_path)
    assert kept["taxi_in"].to_list() == [None, 5.0]
    assert cleaning.quarantined == {"bad_origin": 2, "duplicate": 3}
    assert aside.select("source_line", "reason").rows() == [
        (2, "bad_origin"),
        (5, "duplicate"),
        (6, "bad_origin"),
        (7, "duplicate"),
        (8, "duplicate"),
    ]


def parsed(row: dict[str, str]) -> tuple | None:
    """The silver row in plain Python; None where the row is invalid."""
    values = {name.lower(): _text(row[name]) for name in TEXT_COLUMNS}
    for name in NUMERIC:
        cell = row[name].strip()
        if name in FIGURES and cell not in NULL_MARKERS and _number(name, cell) is None:
            return None
        values[name.lower()] = _number(name, cell)
    values["fl_date"] = _date(row["FL_DATE"])
    if values["cancelled"] is None and not (values["dep_time"] is None and values["dep_delay"] is None):
        values["cancelled"] = 0.0
    if not _is_right(values):
        return None
    if values["dep_delay"] is None and not values["cancelled"] and values["dep_time"] is not None:
        values["dep_delay"] = 0.0 if values["dep_time"] == values["crs_dep_time"] else None
    return tuple(_typed(values[column.name], column.kind) for column in FLIGHTS.columns)


def _number(name: str, cell: str) -> float | None:
    if name in {"CANCELLED", "DIVERTED"} and cell.lower() in {"true", "t", "yes", "y", "false", "f", "no", "n"}:
        return float(cell.lower()[0] in "ty")
    value = float(cell) if NUMBER.fullmatch(cell) and cell not in NULL_MARKERS else math.nan
    if math.isnan(value):
        return None
    low = name.lower()
    if low in CLOCKS:
        valid = _whole_up_to(value, 2400) and value % 100 < 60
    elif low in QUANTITIES:
        valid = abs(value) <= 1e6
    else:
        valid = (low != "op_carrier_fl_num" or _whole_up_to(value, 99_999)) and (
            low != "arr_delay" or -1440 <= value <= 10080
        )
    return value if valid else None


def _is_right(values) -> bool:
    codes = all(re.fullmatch("[A-Z0-9]{3}", values[name] or "") for name in ("origin", "dest"))
    flags = values["cancelled"] in {0, 1} and values["diverted"] in {None, 0, 1}
    return (
        (values["fl_date"] or dt.date.min).year == 2009
        and codes
        and flags
        and all(values[name] is None or -1440 <= values[name] <= 10080 for name in DELAYS)
    )


def _whole_up_to(value, most) -> bool:
    return value is None or (math.isfinite(value) and 0 <= value <= most and value == int(value))


def _text(cell: str) -> str | None:
    return None if cell in NULL_MARKERS else cell


def _date(cell: str) -> dt.date | None:
    match = re.fullmatch(r"(\d{4})-(\d\d?)-(\d\d?)", cell)
    try:
        return dt.date(*map(int, match.groups())) if match else None
    except ValueError:
        return None


def _typed(value, kind):
    if value is None or kind in {"text", "date", "double"}:
        return value
    if kind == "real":
        return float(np.float32(value))
    return bool(value) if kind == "boolean" else int(value)
