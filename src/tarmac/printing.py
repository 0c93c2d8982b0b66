"""Rows of a query on standard output, as they come."""

import csv
import itertools
import json
import sys
from collections.abc import Iterable, Sequence
from typing import Any, Literal

from rich.console import Console
from rich.table import Table

ROWS_IN_A_TABLE = 1000
"""A table must know its widths before its first line, so it cannot be endless."""


def print_rows(
    columns: Sequence[str], rows: Iterable[Sequence[Any]], form: Literal["table", "csv", "json", "object"]
) -> None:
    """Print rows as a table, CSV, a JSON array of objects, or (`object`) one JSON object of columns and rows."""
    if form == "csv":
        writer = csv.writer(sys.stdout, lineterminator="\n")
        writer.writerow(columns)
        writer.writerows(rows)
    elif form == "table":
        _print_table(columns, iter(rows))
    elif form == "object":
        _print_items(rows, '{"columns": ' + json.dumps(list(columns)) + ', "rows": [', "]}", list)
    else:
        _print_items(rows, "[", "]", lambda row: dict(zip(columns, row, strict=True)))


def _print_items(rows: Iterable[Sequence[Any]], start: str, end: str, shape: Any) -> None:
    sys.stdout.write(start)
    for i, row in enumerate(rows):
        sys.stdout.write((",\n " if i else "\n ") + json.dumps(shape(row), default=_as_json, ensure_ascii=False))
    sys.stdout.write(f"\n{end}\n")


def _as_json(value: Any) -> Any:
    from decimal import Decimal

    return float(value) if isinstance(value, Decimal) else str(value)


def _shown(value: Any) -> str:
    if value is None:
        return ""
    return f"{value:.6g}" if isinstance(value, float) else str(value)


def _print_table(columns: Sequence[str], rows: "itertools.chain[Sequence[Any]] | Any") -> None:
    shown = list(itertools.islice(rows, ROWS_IN_A_TABLE))
    table = Table(header_style="bold")
    for i, name in enumerate(columns):
        numeric = any(isinstance(row[i], int | float) or type(row[i]).__name__ == "Decimal" for row in shown)
        table.add_column(name, justify="right" if numeric else "left", overflow="fold")
    for row in shown:
        table.add_row(*(_shown(value) for value in row))
    # Nobody's window limits what goes into a file or another program; and a path like data/[/old] is no style of ours.
    Console(width=None if sys.stdout.isatty() else 10_000, markup=False, emoji=False, highlight=False).print(table)
    if next(rows, None) is not None:
        sys.stderr.write(f"Only the first {ROWS_IN_A_TABLE:,} rows are shown. For all: --format csv\n")
