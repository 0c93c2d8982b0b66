"""Rows of a query on standard output, as they come."""

import csv
import itertools
import json
import math
import sys
from collections.abc import Callable, Iterable, Sequence
from decimal import Decimal
from typing import Any, Literal

from rich.console import Console
from rich.table import Table

ROWS_IN_A_TABLE = 1000
"""A table must know its widths before its first line, so it cannot be endless."""

LONGEST_WHOLE = 40
"""Digits of a whole number that is printed in full; Postgres' numeric has up to 131,072."""


def print_rows(
    columns: Sequence[str], rows: Iterable[Sequence[Any]], form: Literal["table", "csv", "json", "object"]
) -> None:
    """Print rows as a table, CSV, a JSON array of objects, or (`object`) one JSON object of columns and rows."""
    if form == "csv":
        writer = csv.writer(_Lines())
        writer.writerow(columns)
        writer.writerows([_as_text(value) for value in row] for row in rows)
    elif form == "table":
        _print_table(columns, iter(rows))
    elif form == "object":
        _print_items(rows, '{"columns": ' + json.dumps(list(columns)) + ', "rows": [', "]}", list)
    else:
        _print_items(rows, "[", "]", lambda values: dict(zip(columns, values, strict=True)))


class _Lines:
    """Ends lines with LF. csv quotes what its own line end consists of: with CRLF also a lone CR, which ends a row too."""

    def write(self, line: str) -> None:
        """Write one row."""
        sys.stdout.write(line.removesuffix("\r\n") + "\n")


def _print_items(rows: Iterable[Sequence[Any]], start: str, end: str, shape: Callable[[list[Any]], Any]) -> None:
    sys.stdout.write(start)
    for i, row in enumerate(rows):
        item = shape([_as_json(value) for value in row])
        sys.stdout.write((",\n " if i else "\n ") + json.dumps(item, default=str, ensure_ascii=False))
    sys.stdout.write(f"\n{end}\n")


def _as_json(value: Any) -> Any:
    """A number that JSON knows: whole ones without a point, and null for those that are not finite."""
    if isinstance(value, Decimal):
        if not value.is_finite():
            return None
        exact = value.adjusted() < LONGEST_WHOLE and value == value.to_integral_value()
        value = int(value) if exact else float(value)
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _as_text(value: Any) -> Any:
    """JSON as JSON, not as Python shows it; the rest is csv's."""
    return json.dumps(value, ensure_ascii=False) if isinstance(value, dict | list) else value


def _shown(value: Any) -> str:
    if value is None:
        return ""
    return f"{value:.6g}" if isinstance(value, float) else str(_as_text(value))


def _print_table(columns: Sequence[str], rows: "itertools.chain[Sequence[Any]] | Any") -> None:
    shown = list(itertools.islice(rows, ROWS_IN_A_TABLE))
    table = Table(header_style="bold")
    for i, name in enumerate(columns):
        numeric = any(isinstance(row[i], int | float | Decimal) for row in shown)
        table.add_column(name, justify="right" if numeric else "left", overflow="fold")
    for row in shown:
        table.add_row(*(_shown(value) for value in row))
    # Nobody's window limits what goes into a file or another program. A value like [/x] is no style of ours.
    width = None if sys.stdout.isatty() else 10_000
    Console(width=width, markup=False, emoji=False, highlight=False).print(table)
    if next(rows, None) is not None:
        sys.stderr.write(f"Only the first {ROWS_IN_A_TABLE:,} rows are shown. For all: --format csv\n")
