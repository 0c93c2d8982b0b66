"""The data dictionary, written from the tables: `python -m tools.data_dictionary` prints docs/data-dictionary.md."""

import sys

from tarmac.tables.airports import AIRPORTS
from tarmac.tables.anomalies import ANOMALIES
from tarmac.tables.bronze import FLIGHT_COLUMNS, NULL_MARKERS
from tarmac.tables.daily import CARRIER_DAILY, CARRIER_ORIGIN_DAILY, DAILY
from tarmac.tables.disruption_parts import DISRUPTION_PARTS
from tarmac.tables.events import EVENTS
from tarmac.tables.flights import FLIGHTS
from tarmac.tables.loads import LOADS
from tarmac.tables.published import CARRIER_DAYS, PUBLISHED
from tarmac.tables.quarantine import QUARANTINE
from tarmac.tables.runs import RUNS
from tarmac.tables.schema import Table

LAKE_PLACES: dict[str, str] = {
    "silver": "02_silver/year/{year}/{year}_02_silver.parquet",
    "quarantine": "02_silver/year/{year}/{year}_02_quarantine.parquet",
    "gold": "03_gold/agg_dep_delay_by_date/year/{year}/{year}_03_gold.parquet",
    "gold_carriers": "03_gold/agg_dep_delay_by_carrier/year/{year}/{year}_03_gold_carriers.parquet",
    "gold_carrier_origins": "03_gold/agg_dep_delay_by_carrier_origin/year/{year}/{year}_03_gold_carrier_origins.parquet",
    "anomalies": "03_gold/anomalies_by_date/year/{year}/{year}_03_anomalies.parquet",
    "anomalies_carriers": "03_gold/anomalies_by_carrier/year/{year}/{year}_03_anomalies_carriers.parquet",
    "disruptions": "03_gold/disruptions/year/{year}/{year}_03_disruptions.parquet",
    "disruption_parts": "03_gold/disruptions/year/{year}/{year}_03_disruption_parts.parquet",
    "run": "runs/year/{year}/{run_id}.json",
}
"""Where each file is below the lake's root; a test holds them to `Lake`'s keys."""

ENTRIES: tuple[tuple[str, Table, str | None, bool], ...] = (
    ("Silver: flights", FLIGHTS, "silver", False),
    ("Silver: quarantine", QUARANTINE, "quarantine", False),
    ("Gold: airport-days", DAILY, "gold", False),
    ("Gold: carriers' days", CARRIER_DAILY, "gold_carriers", False),
    ("Gold: carriers' days at airports", CARRIER_ORIGIN_DAILY, "gold_carrier_origins", False),
    ("Scores", ANOMALIES, "anomalies", True),
    ("Published airport-days", PUBLISHED, None, True),
    ("Published carriers' days", CARRIER_DAYS, None, True),
    ("Disruptions", EVENTS, "disruptions", True),
    ("Disruptions' parts", DISRUPTION_PARTS, "disruption_parts", True),
    ("Airports", AIRPORTS, None, True),
    ("Runs", RUNS, "run", True),
    ("Loads", LOADS, None, True),
)
"""Title, table, its file in the lake, and whether the warehouse has it."""

NOTES: dict[str, str] = {
    "Runs": "The lake's file is a JSON object with these columns and a further one, `steps`: for each step that is done, "
    "by name, the rows it has `written`, its `seconds`, its `notes` for the user (`text`, `facts`) and, for detect, "
    "`seconds_by_detector`, `flags` and `failed_detectors`. A step is done if and only if it is in `steps`.",
}
"""What is to be said of an entry beside its columns."""

_OPENING = """\
# Data dictionary

Generated from `src/tarmac/tables/` by `make docs`; a test holds it up to date. The zones' folders and the name of the
published table are those without options that change them. Times are in UTC, dates and clock times local.

## Bronze: the source's files

Lake: `01_bronze/{year}.csv`, `.csv.gz` or `.zip`, or several files in `01_bronze/{year}/`

One row per scheduled flight, as the source wrote it. A Kaggle yearly file has these columns, in any order; a BTS monthly
file has the same under BTS's names. Other columns are left out.
"""


def to_markdown() -> str:
    """The whole page."""
    columns = ", ".join(f"`{name}`" for name in FLIGHT_COLUMNS)
    markers = ", ".join(f"`{marker}`" for marker in NULL_MARKERS if marker)
    bronze = f"{_OPENING}\n{columns}\n\nNo value is written as an empty field, {markers}.\n"
    return "\n".join([bronze, *(_entry(*entry) for entry in ENTRIES)])


def _entry(title: str, table: Table, place: str | None, warehouse: bool) -> str:
    places = [f"Lake: `{LAKE_PLACES[place]}`"] if place else []
    places += [f"Warehouse: table `{table.name}`"] if warehouse else []
    key = ", ".join(f"`{name}`" for name in table.key)
    rows = [
        f"| `{column.name}` | {column.kind} | {column.unit} | {'yes' if column.nullable else 'no'} | {column.description} |"
        for column in table.columns
    ]
    return "\n".join(
        [
            f"## {title}",
            "",
            "  \n".join(places),
            "",
            f"{table.grain} Key: {key}.",
            "",
            "| column | type | unit | null | what it is |",
            "|---|---|---|---|---|",
            *rows,
            "",
            *([NOTES[title], ""] if title in NOTES else []),
        ]
    )


if __name__ == "__main__":
    sys.stdout.write(to_markdown())
