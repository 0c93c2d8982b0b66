"""Documents that are written from the code are as the code would write them."""

from importlib import import_module
from pathlib import Path

import pytest

from tarmac.storage.lake import open_lake
from tarmac.tables.schema import Table
from tools import cli_reference, decision_index
from tools import data_dictionary as dictionary

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize(
    ("document", "to_markdown"),
    [
        ("docs/data-dictionary.md", dictionary.to_markdown),
        ("docs/cli.md", cli_reference.to_markdown),
        ("docs/decisions/index.md", decision_index.to_markdown),
    ],
)
def test_a_generated_document_is_up_to_date(document: str, to_markdown):
    """After a change of tables, commands or decisions: make docs."""
    assert (ROOT / document).read_text(encoding="utf-8") == to_markdown(), f"{document} is old. Run: make docs"


def test_the_dictionary_names_the_files_where_the_lake_puts_them():
    """Its places are the lake's keys."""
    lake = open_lake("/lake")
    keys = {
        "silver": lake.silver_key(2009),
        "quarantine": lake.quarantine_key(2009),
        "gold": lake.gold_key(2009),
        "gold_carriers": lake.carriers_key(2009),
        "gold_carrier_origins": lake.carrier_origins_key(2009),
        "anomalies": lake.anomalies_key(2009),
        "anomalies_carriers": lake.carrier_anomalies_key(2009),
        "disruptions": lake.disruptions_key(2009),
        "disruption_parts": lake.disruption_parts_key(2009),
        "run": lake.run_key(2009, "r1"),
    }
    assert {name: place.format(year=2009, run_id="r1") for name, place in dictionary.LAKE_PLACES.items()} == keys


def test_the_dictionary_tells_of_every_table_and_column():
    """A table that nobody can look up is not documented."""
    text = dictionary.to_markdown()
    for _, table, _, _ in dictionary.ENTRIES:
        assert table.grain in text
        assert all(f"| `{column.name}` | {column.kind} |" in text for column in table.columns)
        assert all(column.description.endswith(".") for column in table.columns)
    modules = {path.stem for path in (ROOT / "src/tarmac/tables").glob("*.py")} - {"__init__", "schema", "frames"}
    found = [import_module(f"tarmac.tables.{name}") for name in modules]
    tables = {value.name for module in found for value in vars(module).values() if isinstance(value, Table)}
    assert {table.name for _, table, _, _ in dictionary.ENTRIES} == tables
